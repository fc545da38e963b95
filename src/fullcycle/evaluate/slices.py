"""Where is the model weak? The score again, on the rows of each value of a column."""

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from fullcycle.evaluate.bootstrap import Array, Codes, interval, resampled
from fullcycle.evaluate.evaluation import Measured, Slice
from fullcycle.evaluate.score import Rows, Score
from fullcycle.kernel import NotEnoughData, later

if TYPE_CHECKING:
    import numpy as np
else:
    np = later("numpy")

FEWEST = 50  # rows below which a slice says nothing
_VALUES = 12  # a column with more values is cut into quarters, or its rare values left out
DRAWS = 300  # of a slice


def slices(score: Score, rows: Rows, predicted: Array, column: pl.Series, *, seed: int) -> list[Slice]:
    """The score with its interval for each value of ``column``, in the values' order."""
    return [
        _slice(score, rows.take(chosen), predicted[chosen], column.name, value, seed)
        for value, chosen in parts(column)
    ]


def _slice(score: Score, rows: Rows, predicted: Array, column: str, value: str, seed: int) -> Slice:
    if len(rows) < FEWEST:
        return Slice(column=column, value=value, rows=len(rows), note=f"too few rows: fewer than {FEWEST}")
    try:
        of = score.prepare(rows, predicted)
        draws = resampled(
            [of], rows.weight, strata=score.strata(rows), clusters=rows.group, draws=DRAWS, seed=seed
        )[0]
        low, high = interval(draws)
    except NotEnoughData as reason:
        return Slice(column=column, value=value, rows=len(rows), note=reason.what)
    measured = Measured(float(of(rows.weight[None, :])[0]), low, high)
    return Slice(column=column, value=value, rows=len(rows), score=measured)


def parts(column: pl.Series) -> Iterator[tuple[str, Codes]]:
    """The values of a column as text, and the positions of their rows."""
    if column.dtype.is_numeric() and column.n_unique() > _VALUES:
        column = _quarters(column)
    counted = column.value_counts(sort=True).head(_VALUES)[column.name].sort(nulls_last=True)
    for value in counted.to_list():
        chosen = column.is_null() if value is None else (column == value).fill_null(False)
        yield _text(value), np.flatnonzero(chosen.to_numpy())


def _quarters(column: pl.Series) -> pl.Series:
    """Numbers as the quarter of the rows they are in, in ascending order."""
    edges = {f"{edge:g}": edge for q in (0.25, 0.5, 0.75) if (edge := column.quantile(q)) is not None}
    ends = list(edges)
    labels = [f"≤ {ends[0]}", *(f"{low} to {high}" for low, high in pairwise(ends)), f"> {ends[-1]}"]
    codes = np.searchsorted(list(edges.values()), column.fill_null(0).to_numpy())
    cut = pl.Series(column.name, [labels[code] for code in codes], dtype=pl.Enum(labels))
    return cut.set(column.is_null(), None)


def _text(value: object) -> str:
    match value:
        case None:
            return "missing"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case _:
            return str(value)
