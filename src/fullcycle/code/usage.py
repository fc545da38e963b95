"""What a statement was read to use and to do, as plain data."""

from dataclasses import dataclass, field

from fullcycle.code.binding import Imported

Chain = tuple[str, ...]
"""A dotted use of a name: ``("money", "euro")`` of ``money.euro(3)``."""


@dataclass(frozen=True, slots=True)
class Use:
    """A global name that is used; ``called`` where it is what a call calls.

    ``origin`` is the import inside a function that binds it there; ``asked`` how it is asked:
    by a ``"computed"`` attribute, in a ``"text"`` that may name it, or plainly (``""``).
    """

    chain: Chain
    line: int
    called: bool = False
    origin: Imported | None = None
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is made when the statement runs; no ``function`` where it has no dotted name.

    ``given`` are the names among its arguments; ``on_result`` tells a method of what another
    call gave, ``local`` that the function's name belongs to a scope inside the statement.
    """

    function: Chain
    given: frozenset[Chain]
    on_result: bool = False
    local: bool = False


@dataclass(slots=True)
class Reading:
    """What a statement uses and does.

    ``uses`` are all its global names, those in functions included, ``hints`` those that only
    optional annotations use. What it does when run: ``now`` (names read), ``calls``, ``acts``
    (it changes something that others may hold, by its very form), ``stores`` (items set of
    local objects), ``bare`` (names read as they are, not called and without a dot).
    """

    uses: set[Use] = field(default_factory=set)
    hints: set[Use] = field(default_factory=set)
    imports: list[Imported] = field(default_factory=list)
    now: set[str] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    acts: bool = False
    bare: set[Chain] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    reads_text: bool = False
