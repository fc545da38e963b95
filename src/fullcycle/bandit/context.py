"""The context of a bandit: the encoded row of features, its choices one column each, its numbers in scale.

Plain Python on one row; over a matrix the same arithmetic, so that both give the same bits.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fullcycle.bandit.form import Column
from fullcycle.data import Field, Row, fields
from fullcycle.kernel import later

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]
else:
    np = later("numpy")  # one row is told without it


def context(columns: Sequence[Column], numbers: Sequence[float]) -> list[float]:
    """The context of one row; its first number is always 1, a missing number (NaN) is 0."""
    found = [1.0]
    for column, number in zip(columns, numbers, strict=True):
        missing = number != number
        if column.choices:
            found += [0.0] * column.choices
            if not missing:
                found[int(number) - column.choices] = 1.0
        else:
            found.append(0.0 if missing else (number - column.center) / column.scale)
        if column.optional:
            found.append(1.0 if missing else 0.0)
    return found


def contexts(columns: Sequence[Column], matrix: "Array") -> "Array":
    """The contexts ``(n_rows, width)`` of a matrix ``(n_rows, len(columns))``."""
    parts = [np.ones((len(matrix), 1))]
    for column, numbers in zip(columns, matrix.T, strict=True):
        missing = np.isnan(numbers)
        if column.choices:
            parts.append((numbers[:, None] == np.arange(column.choices)).astype(np.float64))
        else:
            parts.append(np.where(missing, 0.0, (numbers - column.center) / column.scale)[:, None])
        if column.optional:
            parts.append(missing.astype(np.float64)[:, None])
    return np.hstack(parts)


def columns_of(row: type[Row], matrix: "Array") -> tuple[Column, ...]:
    """How each column of a matrix becomes part of the context; a quantity by its mean and spread there."""
    kinds = [field for field in fields(row) for _ in range(field.length or 1 if field.type is list else 1)]
    return tuple(_column(field, numbers) for field, numbers in zip(kinds, matrix.T, strict=True))


def _column(field: Field, numbers: "Array") -> Column:
    if field.choices is not None:
        return Column(choices=len(field.choices), optional=field.optional)
    known = numbers[~np.isnan(numbers)]
    if field.type is bool or not len(known):
        return Column(optional=field.optional)
    spread = float(known.std())
    return Column(float(known.mean()), spread if spread > 0 else 1.0, 0, field.optional)
