"""Python's own functions over columns: each is called once for every distinct combination of values."""

from collections.abc import Callable, Iterable, Sequence
from itertools import starmap
from typing import Any

import numpy as np

from fullcycle.feature.table.column import Coded, Codes, Column, Const, Numbers, coded, typed, values
from fullcycle.feature.table.place import Place

MANY = 10_000
"""Calls of Python functions above which an evaluation says that it is slow."""

_FAILED: Any = object()


def mapped(function: Callable[..., Any], arguments: Sequence[Column], at: Place, *, why: str = "") -> Column:
    """``function`` of the columns, on the rows that come here; rows on which it raises are in doubt.

    Rows that do not come here hold anything. Where that takes many calls, ``why`` is noted.
    """
    rows = at.live()
    if len(rows) == 0:
        return Const(None)
    if all(isinstance(argument, Const) for argument in arguments):
        return _once(function, [a.value for a in arguments if isinstance(a, Const)], at)
    calls, codes = _combinations(arguments, rows, at.n)
    results = _called(function, calls)
    if why and len(results) > MANY:
        at.slow.setdefault(why, f"{len(results):,} different values")
    failed = [result is _FAILED for result in results]
    if any(failed):
        at.doubt(_spread(np.array(failed)[codes], rows, at.n))
        good = next((result for result in results if result is not _FAILED), None)
        results = [good if bad else result for result, bad in zip(results, failed, strict=True)]
    everywhere = np.zeros(at.n, np.int64)
    everywhere[rows] = codes
    return typed(results, everywhere)


def _once(function: Callable[..., Any], arguments: list[Any], at: Place) -> Column:
    try:
        return Const(function(*arguments))
    except Exception:  # noqa: BLE001 - whatever it is, Python will raise it again on the row itself
        at.doubt(True)
        return Const(None)


def _combinations(
    arguments: Sequence[Column], rows: Codes, n: int
) -> tuple[Iterable[tuple[Any, ...]], Codes]:
    """The calls to make, and which of them answers each of ``rows``."""
    if any(map(_endless, arguments)):
        return zip(*(values(argument, rows) for argument in arguments), strict=True), np.arange(len(rows))
    combined, columns = _codes(arguments, rows, n)
    found, first, codes = np.unique(combined, return_index=True, return_inverse=True)
    del found
    chosen = rows[first]
    return zip(*(values(column, chosen) for column in columns), strict=True), codes.astype(
        np.int64, copy=False
    )


def _endless(argument: Column) -> bool:
    """Whether looking for equal values costs more than it saves: floats, vectors, whole rows."""
    if isinstance(argument, Numbers):
        return argument.data.dtype.kind == "f"
    return not isinstance(argument, Const | Coded)


def _codes(arguments: Sequence[Column], rows: Codes, n: int) -> tuple[Codes, list[Column]]:
    columns: list[Column] = [a if isinstance(a, Const) else coded(a, n) for a in arguments]
    combined = np.zeros(len(rows), np.int64)
    for column in columns:
        if isinstance(column, Coded):
            size = max(len(column.labels), 1)
            if len(combined) and int(combined.max()) > 2**62 // size:
                combined = np.unique(combined, return_inverse=True)[1].astype(np.int64, copy=False)
            combined = combined * size + column.codes[rows]
    return combined, columns


def _called(function: Callable[..., Any], calls: Iterable[tuple[Any, ...]]) -> list[Any]:
    listed = list(calls)
    try:
        return list(starmap(function, listed))
    except Exception:  # noqa: BLE001 - found out one by one, and raised by Python where it belongs
        return [_attempt(function, arguments) for arguments in listed]


def _attempt(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return function(*arguments)
    except Exception:  # noqa: BLE001 - the row is in doubt: Python raises it again, with its row and line
        return _FAILED


def _spread(mask: Any, rows: Codes, n: int) -> Any:
    whole = np.zeros(n, np.bool_)
    whole[rows] = mask
    return whole
