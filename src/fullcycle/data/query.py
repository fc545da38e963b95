"""Rows that still live in a warehouse, and the port through which they are asked for."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import polars as pl


class Query:
    """A question to a warehouse: SQL text and the values bound into it, not yet asked.

    ``fetch`` is the warehouse's own way to answer it.
    """

    __slots__ = ("_fetch", "text", "values")

    def __init__(
        self, text: str, values: Mapping[str, Any], fetch: Callable[[str, Mapping[str, Any]], "pl.DataFrame"]
    ) -> None:
        self.text = text
        self.values = dict(values)
        self._fetch = fetch

    def frame(self) -> "pl.DataFrame":
        """Ask it: fetch the rows into memory."""
        return self._fetch(self.text, self.values)

    def another(self, text: str, values: Mapping[str, Any]) -> "Query":
        """Another question to the same warehouse."""
        return Query(text, values, self._fetch)

    def __repr__(self) -> str:
        return f"Query({' '.join(self.text.split())[:80]!r})"


class PartitionWriter(Protocol):
    """What a batch capability writes its answers with: its own credentials, for nothing else."""

    def replace(self, table: str, frame: "pl.DataFrame", *, time: str) -> int:
        """Let ``frame`` take the place of all rows of the days (UTC) in its column ``time``, in one step.

        ``table`` is ``schema.name``, and made where it is not there. Returns how many rows went.

        Raises:
            Invalid: where the table holds other columns.
            Misconfigured: where it cannot be written.
        """
        ...


class Warehouse(Protocol):
    """Where tables live. Inside a source it can only be read."""

    def sql(self, query: str, /, **values: object) -> Query:
        """A query over its tables; ``$name`` in it stands for ``values["name"]``."""
        ...
