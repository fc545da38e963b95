"""Points in time as whole microseconds since 1970 UTC, which is all that a contract keeps."""

import polars as pl

from fullcycle.kernel import Invalid, UnknownName

_PER_DAY = 86_400_000_000
_TO_MICROS = {"ms": (1000, 1), "us": (1, 1), "ns": (1, 1000)}


def micros_of(column: str, dtype: pl.DataType) -> pl.Expr:
    """A column of dates or times as Int64 microseconds; a date is its midnight, in UTC."""
    number = pl.col(column).to_physical().cast(pl.Int64)
    if dtype == pl.Date:
        return number * _PER_DAY
    times, over = _TO_MICROS[dtype.time_unit]  # type: ignore[attr-defined]  # a Datetime has one
    return number * times // over


def time_dtype(frame: pl.DataFrame, column: str, where: str) -> pl.DataType:
    """The dtype of a column of dates or times.

    Raises:
        UnknownName: where there is no such column.
        Invalid: where it holds something else.
    """
    if column not in frame.columns:
        raise UnknownName.among(column, frame.columns, where=where)
    dtype = frame.schema[column]
    if dtype != pl.Date and not isinstance(dtype, pl.Datetime):
        raise Invalid(f"column {column!r} is {dtype}, no time", where, "cast it to a date or a datetime")
    return dtype
