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
    ``given`` is the text that a call of ``fc.File`` is given; empty where it is only a type;
    of a call such as ``os.listdir``, the text that it is given; of any other, the file that it
    names in a package: ``__package__/rates.csv``.
    """

    chain: Chain
    line: int
    called: bool = False
    origin: Imported | None = None
    asked: str = ""
    given: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is made when the statement runs; no ``function`` where it has no dotted name.

    ``method`` is the last of the dots; ``given`` are the global names among the arguments,
    ``gives_local`` tells of others. ``local`` tells that the function's own name belongs to a
    scope inside the statement, ``own`` that it is a variable of a called function. ``made``
    tells that what is called is what a call of ``function`` returned, as by ``@on("paid")``.
    """

    function: Chain
    given: frozenset[Chain] = frozenset()
    method: str = ""
    local: bool = False
    own: bool = False
    gives_local: bool = False
    made: bool = False


@dataclass(slots=True)
class Reading:
    """What a statement uses and does.

    ``uses`` are all its global names, those in functions included, ``hints`` those that only
    optional annotations use. ``words`` are its texts; ``reads_text`` tells of a call, such as
    ``duckdb.sql``, that may look up names of the module in a text; ``looks`` are the lines and
    methods, such as ``glob`` of a path, that may tell which files there are.

    What it does when run: ``now`` (names read), ``bare`` (those read other than by a call),
    ``calls``, ``attributes`` (read of what has no name here), ``sets`` (parameters of the
    called function whose attributes or items it sets), ``stores`` (names of attributes that it
    sets), ``takes_items`` (of anything), ``acts`` (by its very form it changes something that
    others may hold).
    """

    uses: set[Use] = field(default_factory=set)
    hints: set[Use] = field(default_factory=set)
    imports: list[Imported] = field(default_factory=list)
    now: set[str] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    acts: bool = False
    takes_items: bool = False
    sets: set[str] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    bare: set[Chain] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    reads_text: bool = False
    looks: set[tuple[int, str]] = field(default_factory=set)
