"""What an expression of a feature function is worth on every row at once.

Numbers stand in NumPy arrays, whose float64 and int64 arithmetic is Python's own. All
other values (text, dates, None, anything) are *coded*: a number per row that points to
one of the distinct Python values, so that Python itself computes on each value once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fullcycle.data import Row

Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

EXACT = 2**53
"""Integers up to here are exact as floats."""


@dataclass(frozen=True, slots=True, eq=False)
class Const:
    """One Python value, the same on every row."""

    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """A bool, int64 or float64 per row, shape ``(n_rows,)``.

    ``missing`` marks None. ``whole`` marks, in float64 data, the rows that hold an int
    (of at most 2**53): what ``a / b if b else 0`` gives.
    """

    data: npt.NDArray[Any]
    missing: Mask | None = None
    whole: Mask | None = None

    @property
    def kind(self) -> str:
        """NumPy's letter: ``b``, ``i`` or ``f``; ``m`` for ints and floats mixed."""
        return "m" if self.whole is not None else self.data.dtype.kind


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Any Python values: row ``i`` holds ``labels[codes[i]]``."""

    codes: Codes
    labels: Sequence[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """A list of floats of one length per row, shape ``(n_rows, length)``."""

    data: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A row of ``contract`` per row of the table, field by field; ``missing`` marks None."""

    contract: type[Row]
    column: Callable[[str], "Column"]
    missing: Mask | None = None


Column = Const | Numbers | Coded | Vectors | Rows


def values(column: Column, at: Codes) -> list[Any]:
    """The Python values on the rows ``at``."""
    match column:
        case Const(value):
            return [value] * len(at)
        case Coded(codes, labels):
            return [labels[code] for code in codes[at].tolist()]
        case Vectors(data):
            listed: list[Any] = data[at].tolist()
            return listed
        case Numbers(data, missing, whole):
            numbers: list[Any] = data[at].tolist()
            if whole is not None:
                numbers = [int(v) if w else v for v, w in zip(numbers, whole[at].tolist(), strict=True)]
            return _with_none(numbers, missing, at)
        case Rows(contract, field, missing):
            names = contract.__struct_fields__
            made = [contract(*row) for row in zip(*(values(field(n), at) for n in names), strict=True)]
            return _with_none(made if names else [contract() for _ in at], missing, at)


def _with_none(listed: list[Any], missing: Mask | None, at: Codes) -> list[Any]:
    if missing is None:
        return listed
    return [None if none else value for value, none in zip(listed, missing[at].tolist(), strict=True)]


def coded(column: Column, n: int) -> Coded:
    """The same values as codes and labels."""
    match column:
        case Coded():
            return column
        case Const(value):
            return Coded(np.zeros(n, np.int64), [value])
        case Numbers(data, missing, None) if data.dtype.kind in "bi":
            distinct, codes = np.unique(data, return_inverse=True)
            labels: list[Any] = distinct.tolist()
            if missing is not None:
                codes, labels = np.where(missing, len(labels), codes), [*labels, None]
            return Coded(codes.astype(np.int64, copy=False), labels)
        case _:
            return Coded(np.arange(n), values(column, np.arange(n)))


def typed(labels: list[Any], codes: Codes) -> Column:
    """The narrowest column that holds ``labels[codes]`` exactly."""
    kinds = set(map(type, labels))
    if kinds == {type(None)}:
        return Const(None)
    missing = None
    if type(None) in kinds and len(kinds) == 2:
        kinds.discard(type(None))
        if kinds <= {bool, int, float}:
            missing = np.array([label is None for label in labels])[codes]
            zero = kinds.copy().pop()()
            labels = [zero if label is None else label for label in labels]
    if kinds == {float}:
        return Numbers(np.array(labels, dtype=np.float64)[codes], missing)
    if kinds == {bool}:
        return Numbers(np.array(labels, dtype=np.bool_)[codes], missing)
    if kinds == {int} and min(labels) >= -(2**63) and max(labels) < 2**63:
        return Numbers(np.array(labels, dtype=np.int64)[codes], missing)
    return Coded(codes, labels)


def broadcast(column: Column, n: int) -> Column:
    """A constant number as numbers, a constant list of floats as vectors; others as they are."""
    if not isinstance(column, Const):
        return column
    value = column.value
    if type(value) in (bool, float) or (type(value) is int and -(2**63) <= value < 2**63):
        return Numbers(np.full(n, value))
    if type(value) is list and value and all(type(item) is float for item in value):
        return Vectors(np.tile(np.array(value), (n, 1)))
    return column


def merge(chosen: Mask, a: Column, b: Column) -> Column:
    """``a`` where ``chosen``, else ``b``."""
    if a is b:
        return a
    n = len(chosen)
    if isinstance(a, Rows | Const) and isinstance(b, Rows | Const):
        rows = _merged_rows(chosen, a, b)
        if rows is not None:
            return rows
    a, b = _lifted(a, b, n), _lifted(b, a, n)
    if isinstance(a, Numbers) and isinstance(b, Numbers):
        numbers = _merged_numbers(chosen, a, b)
        if numbers is not None:
            return numbers
    if isinstance(a, Vectors) and isinstance(b, Vectors) and a.data.shape == b.data.shape:
        return Vectors(np.where(chosen[:, None], a.data, b.data))
    left, right = coded(a, n), coded(b, n)
    codes = np.where(chosen, left.codes, right.codes + len(left.labels))
    return Coded(codes, [*left.labels, *right.labels])


def _lifted(column: Column, other: Column, n: int) -> Column:
    """A constant in the shape of its partner, where it has one; None beside numbers is numbers missing."""
    if isinstance(column, Const) and column.value is None and isinstance(other, Numbers):
        return Numbers(np.zeros_like(other.data), np.ones(n, np.bool_), other.whole)
    if isinstance(column, Const) and column.value is None:
        return column
    return broadcast(column, n)


def _merged_rows(chosen: Mask, a: Rows | Const, b: Rows | Const) -> Rows | None:
    missing_a, missing_b = _missing_rows(a, len(chosen)), _missing_rows(b, len(chosen))
    both = [side for side in (a, b) if isinstance(side, Rows)]
    if missing_a is None or missing_b is None or not both or len({side.contract for side in both}) > 1:
        return None
    missing = np.where(chosen, missing_a, missing_b)

    def column(name: str) -> Column:
        if len(both) == 1:
            return both[0].column(name)
        return merge(chosen, both[0].column(name), both[1].column(name))

    return Rows(both[0].contract, column, missing if missing.any() else None)


def _missing_rows(side: Rows | Const, n: int) -> Mask | None:
    if isinstance(side, Const):
        return np.ones(n, np.bool_) if side.value is None else None
    return np.zeros(n, np.bool_) if side.missing is None else side.missing


def _merged_numbers(chosen: Mask, a: Numbers, b: Numbers) -> Numbers | None:
    missing = None
    if a.missing is not None or b.missing is not None:
        none = np.zeros(len(chosen), np.bool_)
        missing = np.where(
            chosen, none if a.missing is None else a.missing, none if b.missing is None else b.missing
        )
    if a.kind == b.kind and a.kind != "m":
        return Numbers(np.where(chosen, a.data, b.data), missing)
    if "b" in (a.kind, b.kind):
        return None
    whole = np.where(chosen, _whole(a), _whole(b))
    if any(side.kind == "i" and (np.abs(side.data) > EXACT).any() for side in (a, b)):
        return None
    return Numbers(np.where(chosen, a.data.astype(np.float64), b.data.astype(np.float64)), missing, whole)


def _whole(side: Numbers) -> Mask | np.bool_:
    return np.bool_(side.kind == "i") if side.whole is None else side.whole
