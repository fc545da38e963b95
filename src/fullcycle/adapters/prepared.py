"""What a pipeline does to its columns before the model sees them: one row, or a matrix, the same bits.

Each column that the model sees comes from one that it is asked with, by operations one after
the other, in float64 as the library has them. A row that the library would refuse (a category
that it does not know, an infinity) is refused here, too.
"""

from collections.abc import Callable, Sequence
from functools import partial
from math import isfinite, isinf, isnan
from typing import TYPE_CHECKING, Any

import msgspec

from fullcycle.kernel import later

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]
else:
    np = later("numpy")  # one row is prepared without it


class Operation(msgspec.Struct, frozen=True, array_like=True):
    """One operation on a column, such as ``minus`` its mean; ``numbers`` are texts where not finite."""

    kind: str
    numbers: tuple[float | str, ...] = ()

    @classmethod
    def of(cls, kind: str, *numbers: float) -> "Operation":
        """An operation with its numbers."""
        return cls(kind, tuple(float(n) if isfinite(n) else str(float(n)) for n in numbers))

    def one(self) -> Callable[[float], float]:
        """What it does to one number."""
        return _ONE[self.kind](*map(float, self.numbers))

    def many(self, column: "Array") -> "Array":
        """What it does to a column."""
        made: Array = _MANY[self.kind](column, *map(float, self.numbers))
        return made


class Column(msgspec.Struct, frozen=True, array_like=True):
    """A column: the place of the one it comes from, and what is done to it.

    ``known`` are the only values that it may have then; none where any are.
    """

    source: int
    operations: tuple[Operation, ...] = ()
    known: tuple[float | str, ...] = ()

    def then(self, *operations: Operation) -> "Column":
        """The same, with more done to it."""
        return Column(self.source, (*self.operations, *operations))

    def among(self, known: Sequence[float]) -> "Column":
        """What has to be among these values."""
        return Column(self.source, self.operations, Operation.of("known", *known).numbers)


class Preparation(msgspec.Struct, frozen=True):
    """The columns that a model sees, of ``width`` that it is asked with, and what has to be known."""

    width: int
    columns: tuple[Column, ...]
    required: tuple[Column, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether every column is there and every operation known here."""
        every = (*self.columns, *self.required)
        return all(0 <= one.source < self.width for one in every) and all(
            operation.kind in _ONE for one in every for operation in one.operations
        )


class Prepared:
    """A preparation, ready to be asked."""

    def __init__(self, form: Preparation) -> None:
        self._form = form
        self._columns = [(one.source, [each.one() for each in one.operations]) for one in form.columns]
        self._required = [
            (one.source, [each.one() for each in one.operations], _Known(map(float, one.known)))
            for one in form.required
        ]
        self._touched = sorted({one.source for one in (*form.columns, *form.required) if one.operations})

    def row(self, values: Sequence[float]) -> list[float] | None:
        """One row as the model sees it; None where the library would refuse it."""
        for place in self._touched:
            if isinf(values[place]):
                return None
        for place, operations, known in self._required:
            if _through(values[place], operations) not in known:
                return None
        return [_through(values[place], operations) for place, operations in self._columns]

    def matrix(self, matrix: "Array") -> tuple["Array", "npt.NDArray[np.bool_]"]:
        """Rows as the model sees them, and which of them the library would refuse."""
        refused = np.zeros(len(matrix), dtype=np.bool_)
        refused |= np.isinf(matrix[:, self._touched]).any(axis=1)
        for one, (_, _, known) in zip(self._form.required, self._required, strict=True):
            refused |= ~known.of(_column(matrix, one))
        with np.errstate(all="ignore"):  # what overflows is infinite, as in one row
            columns = [_column(matrix, one) for one in self._form.columns]
        return np.stack(columns, axis=1) if columns else matrix[:, :0], refused


class _Known:
    """Values of which one has to be; NaN is one that is equal to itself."""

    def __init__(self, values: Any) -> None:
        values = list(values)
        self._finite = frozenset(value for value in values if not isnan(value))
        self._missing = any(isnan(value) for value in values)

    def __contains__(self, value: float) -> bool:
        return value in self._finite or (self._missing and value != value)

    def of(self, column: "Array") -> "npt.NDArray[np.bool_]":
        known = np.isin(column, list(self._finite))
        return known | np.isnan(column) if self._missing else known


def _through(value: float, operations: list[Callable[[float], float]]) -> float:
    for operation in operations:
        value = operation(value)
    return value


def _column(matrix: "Array", one: Column) -> "Array":
    column = matrix[:, one.source]
    for operation in one.operations:
        column = operation.many(column)
    return column


def _clip(low: float, high: float) -> Callable[[float], float]:
    return lambda value: value if value != value else min(max(value, low), high)


def _is(wanted: float) -> Callable[[float], float]:
    if wanted != wanted:
        return lambda value: float(value != value)
    return lambda value: float(value == wanted)


def _code(unknown: float, missing: float, *categories: float) -> Callable[[float], float]:
    codes = {value: float(code) for code, value in enumerate(categories) if value == value}
    return lambda value: missing if value != value else codes.get(value, unknown)


def _codes(column: "Array", unknown: float, missing: float, *categories: float) -> "Array":
    codes = np.full(len(column), unknown)
    for code, value in enumerate(categories):
        codes[column == value] = code
    codes[np.isnan(column)] = missing
    return codes


def _each(one: Callable[..., Any], column: "Array", *numbers: float) -> "Array":
    return np.where(one(column, *numbers), 1.0, 0.0)


_ONE: dict[str, Callable[..., Callable[[float], float]]] = {
    "fill": lambda number: lambda value: number if value != value else value,
    "minus": lambda number: lambda value: value - number,
    "plus": lambda number: lambda value: value + number,
    "times": lambda number: lambda value: value * number,
    "over": lambda number: lambda value: value / number,
    "clip": _clip,
    "is": _is,
    "code": _code,
}
_MANY: dict[str, Callable[..., Any]] = {
    "fill": lambda column, number: np.where(np.isnan(column), number, column),
    "minus": lambda column, number: column - number,
    "plus": lambda column, number: column + number,
    "times": lambda column, number: column * number,
    "over": lambda column, number: column / number,
    "clip": lambda column, low, high: np.clip(column, low, high),
    "is": partial(_each, lambda column, wanted: np.isnan(column) if wanted != wanted else column == wanted),
    "code": _codes,
}
