"""From what a feature function returned to the columns of a frame."""

from typing import Any

import numpy as np
import polars as pl

from fullcycle.data import Field, dtype_of
from fullcycle.feature.table.column import (
    EXACT,
    Coded,
    Codes,
    Column,
    Const,
    Numbers,
    Rows,
    Vectors,
    broadcast,
    coded,
    values,
)
from fullcycle.feature.table.place import Place
from fullcycle.kernel import Invalid

_HELD_BY: dict[type, str] = {bool: "b", int: "bi", float: "bifm"}
_STANDS_FOR: dict[type, tuple[type, ...]] = {float: (float, int, bool), int: (int, bool)}


def to_series(column: Column, field: Field, at: Place) -> pl.Series:
    """A column of a feature row; rows that its field cannot hold are in doubt."""
    column = broadcast(column, at.n)
    if isinstance(column, Numbers) and field.type in (bool, int, float):
        return _numbers(column, field, at)
    if isinstance(column, Vectors) and field.type is list and field.item is float:
        if field.length is not None and column.data.shape[1] != field.length:
            at.doubt(True)
        shape = pl.Array(pl.Float64, column.data.shape[1])
        return pl.Series(field.name, np.ascontiguousarray(column.data), dtype=shape).arr.to_list()
    if isinstance(column, Rows):
        at.doubt(True)
        return pl.Series(field.name, [None] * at.n, dtype=dtype_of(field))
    listed = coded(column, at.n)
    return _labelled(listed, field, at)


def patched(series: pl.Series, field: Field, rows: Codes, found: list[Any]) -> pl.Series:
    """The series with Python's own values in ``rows``."""
    if len(rows) == len(series):
        return pl.Series(field.name, found, dtype=dtype_of(field))
    if field.type is list:
        everything = series.to_list()
        for row, value in zip(rows.tolist(), found, strict=True):
            everything[row] = value
        return pl.Series(field.name, everything, dtype=dtype_of(field))
    new = pl.Series(field.name, found, dtype=dtype_of(field))
    return series.scatter(rows.tolist(), new)


def held(value: Any, field: Field, row: int, where: str) -> Any:
    """A value that Python gave, as its field holds it.

    Raises:
        Invalid: for None in a field that is never None, or a value of another type.
    """
    if value is None and field.optional:
        return None
    if field.type is list and isinstance(value, list | tuple):
        return [_item(item, field, row, where) for item in value]
    if field.type is not list and _fits(value, field.type):
        return field.type(value) if field.type in (bool, int, float) else value
    raise _unfit(value, field, row, where)


def _item(item: Any, field: Field, row: int, where: str) -> Any:
    if field.item is None or not _fits(item, field.item):
        raise _unfit(item, field, row, where)
    return item


def _fits(value: Any, kind: type) -> bool:
    """Whether a value stands for one of ``kind``; an int beyond 64 bits does not."""
    if kind is int and isinstance(value, int) and not -(2**63) <= value < 2**63:
        return False
    if isinstance(value, np.generic) and kind in (bool, int, float):
        value = value.item()
    return type(value) in _STANDS_FOR.get(kind, (kind,)) or (kind is not int and isinstance(value, kind))


def _unfit(value: Any, field: Field, row: int, where: str) -> Invalid:
    given = "None" if value is None else f"a {type(value).__name__}"
    if isinstance(value, int) and field.type is int:
        given = "an int beyond 64 bits"
    return Invalid(
        f"{field.name!r} is {given} in row {row}, and its row says {field.type_name}",
        where,
        f"return {field.type_name}, or change what the row says",
    )


def _numbers(column: Numbers, field: Field, at: Place) -> pl.Series:
    data, kind = column.data, column.kind
    if field.type is float and kind == "i":
        at.doubt((data > EXACT) | (data < -EXACT))
    elif kind not in _HELD_BY[field.type]:
        at.doubt(True)  # Python says what is wrong
    series = pl.Series(
        field.name, data.astype({bool: np.bool_, int: np.int64, float: np.float64}[field.type])
    )
    if column.missing is None:
        return series
    if not field.optional:
        at.doubt(column.missing)
    missing = pl.Series(column.missing)
    return series.zip_with(~missing, pl.Series([None], dtype=series.dtype))


def _labelled(column: Coded, field: Field, at: Place) -> pl.Series:
    """Distinct values, each held against the field once."""
    shown: list[Any] = []
    bad: list[bool] = []
    for label in column.labels:
        try:
            shown.append(held(label, field, 0, ""))
            bad.append(False)
        except Invalid:
            shown.append(None)
            bad.append(True)
    if any(bad):
        at.doubt(np.array(bad)[column.codes])
    return pl.Series(field.name, shown, dtype=dtype_of(field)).gather(column.codes).rename(field.name)


def row_values(column: Column, rows: Codes) -> list[Any]:
    """What Python is given on some rows."""
    return [column.value] * len(rows) if isinstance(column, Const) else values(column, rows)
