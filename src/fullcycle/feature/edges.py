"""A table of rows at the edges of what a feature set accepts: bounds, nulls, the odd value.

Columns are those of a table that it was asked for before. What features read is drawn from the
edges of its contract and from that table, each cell by itself, so that rare values meet.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import polars as pl

from fullcycle.data import Field, Row, described, fields, unwrapped
from fullcycle.feature.declare import FeatureSet

ROWS = 500
_AT_EDGE = 0.4  # the share of cells drawn from the edges, else from the table
_MISSING = 0.15  # of cells that may be missing
_WIDE = 2**31  # where a contract leaves an end open: products of two still are integers of 64 bits

_INTEGERS = (0, 1, -1, 2, 7, 255, 256, 2**31 - 1, _WIDE, -_WIDE)
_NUMBERS = (0.0, -0.0, 1.0, -1.0, 0.1, 1 / 3, 1e-9, 5e-324, 1e9, -1e9, 2.0**53, 1e15, -1e15)
_TEXTS = ("", " ", "a", "A", "0", "Ärger", "日本", "a b", "x" * 300)
_DATES = (date(1970, 1, 1), date(2000, 2, 29), date(2023, 12, 31), date(2038, 1, 19))
_TIMES = (
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2000, 2, 29, 12, tzinfo=UTC),
    datetime(2023, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC),
)


def at_the_edges(
    features: FeatureSet[..., Any], frame: pl.DataFrame, n: int = ROWS, *, seed: int = 7
) -> pl.DataFrame:
    """``n`` rows of the columns of ``frame``, which has at least one; the same for the same seed."""
    random = Random(seed)
    base = frame[[random.randrange(frame.height) for _ in range(n)]]
    read = dict(_columns(features, frame))
    return base.with_columns([_drawn(base[name], field, random) for name, field in read.items()])


def edges(field: Field) -> list[Any]:
    """Values that a field may have, at the ends of what it allows; none where only a pattern tells."""
    if field.pattern is not None:
        return []
    if field.choices is not None:
        return list(field.choices)
    if field.item is not None:
        return [[value] * (2 if field.length is None else field.length) for value in _PLAIN[field.item]]
    if field.type in (int, float):
        return _numbers(field)
    if field.type is str and field.length is not None:
        return ["a" * field.length, "ä" * field.length]
    return list(_PLAIN[field.type])


def _numbers(field: Field) -> list[Any]:
    low, high = field.low, field.high
    near = [_next(field.type, end, way) for end, way in ((low, 1), (high, -1)) if end is not None]
    ends = [field.type(end) for end in (low, high) if end is not None]
    return [
        value
        for value in dict.fromkeys([*ends, *near, *_PLAIN[field.type]])
        if (low is None or value >= low) and (high is None or value <= high)
    ]


def _next(kind: type, end: float, way: int) -> Any:
    return int(end) + way if kind is int else math.nextafter(end, way * math.inf)


def _columns(features: FeatureSet[..., Any], frame: pl.DataFrame) -> Iterator[tuple[str, Field]]:
    """The columns that features read, and what each may hold."""
    for name, hint in features.inputs.items():
        kind, _, _ = unwrapped(hint)
        if not (isinstance(kind, type) and issubclass(kind, Row)):
            if name in frame.columns:
                yield name, described(name, hint, features.where)
            continue
        for field in fields(kind):
            column = f"{name}.{field.name}"
            column = column if column in frame.columns else field.name
            if column in frame.columns:
                yield column, field


def _drawn(known: pl.Series, field: Field, random: Random) -> pl.Series:
    """A column with cells at the edges of a field, of the dtype that it has in the table."""
    values, pool = known.to_list(), edges(field)
    for row in range(len(values)):
        if field.optional and random.random() < _MISSING:
            values[row] = None
        elif pool and random.random() < _AT_EDGE:
            values[row] = random.choice(pool)
    try:
        return pl.Series(known.name, values, dtype=known.dtype)
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        return known  # a narrower column than the contract allows holds what the table has


_PLAIN: Mapping[type, tuple[Any, ...]] = {
    bool: (False, True),
    int: _INTEGERS,
    float: _NUMBERS,
    str: _TEXTS,
    date: _DATES,
    datetime: _TIMES,
}
