"""Projections: look-up tables made from facts, dropped and rebuilt at will, never the truth."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from fullcycle.kernel import Invalid, digest_value
from fullcycle.record.facts import Fact
from fullcycle.record.ports import Ledger

ColumnType = Literal["text", "integer", "real"]
Rows = Iterable[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """A table kept from the facts of all streams that start with one of ``prefixes``.

    ``rows`` turns a fact into rows, each with at least the ``key`` columns. A row that is
    there already takes over the columns given and keeps the others, so facts of different
    streams may come in any order as long as each writes columns of its own. Raise
    ``version`` whenever ``rows`` changes: the table is then rebuilt.
    """

    name: str
    prefixes: Sequence[str]
    columns: Mapping[str, ColumnType]
    key: Sequence[str]
    rows: Callable[[Fact], Rows]
    version: int = 1

    def __post_init__(self) -> None:
        names = (self.name, *self.columns)
        unknown = [name for name in self.key if name not in self.columns]
        if unknown or not self.key or not all(name.isidentifier() for name in names):
            raise Invalid(
                f"its key is {list(self.key)}, its columns are {list(self.columns)}",
                f"the projection {self.name!r}",
                "give it a key of its own columns, and names that are identifiers",
            )

    @property
    def definition(self) -> str:
        """Digest of all that decides what the table holds, ``rows`` by its version."""
        parts = [self.version, list(self.prefixes), list(self.columns.items()), list(self.key)]
        return digest_value("projection@1", parts)


class Lookups(Protocol):
    """Where projections are kept."""

    def rebuild(self, ledger: Ledger, projections: Sequence[Projection]) -> dict[str, int]:
        """Drop every table and make it again from the first fact; rows by table."""
        ...

    def catch_up(self, ledger: Ledger, projections: Sequence[Projection]) -> None:
        """Bring tables up to the ledger's heads, reading only facts not seen yet."""
        ...

    def rows(self, projection: Projection, **where: object) -> list[dict[str, Any]]:
        """Rows by their key's order, those only whose columns equal what is asked."""
        ...
