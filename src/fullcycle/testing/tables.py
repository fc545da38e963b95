"""Tables for users' tests: frames that keep a contract, and a warehouse made of frames."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl

from fullcycle.data import Query, Row, dtype_of, fields
from fullcycle.kernel import Invalid
from fullcycle.testing.generation import rows


def frame(contract: type[Row], n: int, *, seed: int = 7, **fixed: object) -> pl.DataFrame:
    """A table of ``n`` rows that keep ``contract``: ``fc.testing.rows`` as a frame."""
    return frame_of(contract, rows(contract, n, seed=seed, **fixed))


def frame_of(contract: type[Row], rows: Sequence[Row]) -> pl.DataFrame:
    """Rows of a contract as a frame, in the contract's dtypes."""
    return pl.DataFrame(
        [
            pl.Series(field.name, [getattr(row, field.name) for row in rows], dtype=dtype_of(field))
            for field in fields(contract)
        ]
    )


def warehouse(**tables: pl.DataFrame) -> "FrameWarehouse":
    """A warehouse that holds these frames; a schema goes into the name: ``**{"shop.visits": frame}``.

    It speaks the SQL of Polars, which is less than a real warehouse speaks.
    """
    return FrameWarehouse(tables)


class FrameWarehouse:
    """A ``Warehouse`` over frames in memory."""

    def __init__(self, tables: Mapping[str, pl.DataFrame]) -> None:
        self._tables = dict(tables)

    def sql(self, query: str, /, **values: object) -> Query:
        """A query over the frames; ``$name`` in it stands for ``values["name"]``."""
        return Query(query, values, self._fetch)

    def _fetch(self, text: str, values: Mapping[str, Any]) -> pl.DataFrame:
        def literal(found: re.Match[str]) -> str:
            if found[1] not in values:
                raise Invalid(f"${found[1]} has no value", "a test's query", f"pass {found[1]}=… to sql()")
            return _literal(values[found[1]])

        with pl.SQLContext(self._tables) as context:
            try:
                return context.execute(re.sub(r"\$([A-Za-z_]\w*)", literal, text), eager=True)
            except pl.exceptions.PolarsError as error:
                raise Invalid(
                    f"Polars cannot answer it: {str(error)[:200]}",
                    f"a test's query {' '.join(text.split())[:80]!r}",
                    f"it knows the tables {', '.join(sorted(self._tables)) or 'of none'}, and plain SQL",
                ) from error


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime):
        return f"CAST('{value:%Y-%m-%d %H:%M:%S.%f}' AS TIMESTAMP)"
    if isinstance(value, date):
        return f"CAST('{value}' AS DATE)"
    text = str(value).replace("'", "''")
    return f"'{text}'"
