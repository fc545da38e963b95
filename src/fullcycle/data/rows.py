"""Rows of a table as objects, and objects as columns, without a dict for each."""

from collections.abc import Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, TypeVar

import polars as pl

from fullcycle.data.columns import dtype_of
from fullcycle.data.contract import Field, fields
from fullcycle.data.row import Row

R = TypeVar("R", bound=Row)


def rows_of(frame: pl.DataFrame, contract: type[R]) -> list[R]:
    """The rows of a table that keeps ``contract``, in its columns and dtypes: see ``check`` and ``conform``.

    They are what a request of the same values is decoded into.
    """
    declared = fields(contract)
    columns = [_values(frame[field.name], field) for field in declared]
    if not columns:
        return [contract() for _ in range(frame.height)]
    if contract.__match_args__ == contract.__struct_fields__:
        return list(map(contract, *columns))
    names = [field.name for field in declared]  # some may only be given by name
    return [contract(**dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True)]


def columns_of(rows: Sequence[Row | None], contract: type[Row]) -> list[pl.Series]:
    """A column for each field of ``contract``; None among ``rows`` is null in all of them."""
    there = all(row is not None for row in rows)
    found = []
    for field in fields(contract):
        get = attrgetter(field.name)
        values = list(map(get, rows)) if there else [None if row is None else get(row) for row in rows]
        found.append(_series(field, values))
    return found


def _series(field: Field, values: list[Any]) -> pl.Series:
    if field.type is datetime:
        values = [_in_utc(at) for at in values]
    return pl.Series(field.name, values, dtype=dtype_of(field), strict=False)


def _in_utc(at: datetime | None) -> datetime | None:
    if at is None:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _values(column: pl.Series, field: Field) -> list[Any]:
    if field.type is not datetime:
        return column.to_list()
    plain = column.dt.replace_time_zone(None).to_list()  # which is UTC: Polars' own zone is slower
    return [None if at is None else at.replace(tzinfo=UTC) for at in plain]
