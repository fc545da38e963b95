"""What a walk through a project's code finds, as plain data."""

import msgspec

from fullcycle.kernel import Digest


class Symbol(msgspec.Struct, frozen=True):
    """Something that is reached, by keys such as ``library/money.py:euro``.

    ``label`` is how to speak of it: ``euro()``. A distribution has no path, and its version
    as digest; a ``declared`` thing has no path, and a digest that tells a reader nothing.
    """

    digest: Digest
    path: str
    line: int
    label: str = ""
    declared: bool = False


class Found(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is reached of an archive alone, whatever is installed beside it.

    ``libraries`` are the top-level modules of other distributions; ``texts`` those that may
    name a file: path and line of the code, and the text; ``looks`` where code looks at which
    files there are; the rest as in ``Reach``.
    """

    symbols: dict[str, Symbol]
    libraries: list[str]
    unfollowed: list[str]
    files: list[str]
    texts: list[tuple[str, int, str]] = []
    looks: list[str] = []
