"""What a metric was in the past, and how much it varies from unit to unit: what a design stands on."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from fullcycle.experiment.estimate import quantile_of
from fullcycle.experiment.gram import Gram, at, merged_grams
from fullcycle.experiment.history import Past
from fullcycle.experiment.moments import Moments
from fullcycle.experiment.statistics import Statistics
from fullcycle.kernel import NotEnoughData
from fullcycle.metric import MetricSpec

_WHERE = "the past that a design stands on"


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """A metric over ``units`` of the past.

    ``variance`` is that of one unit: what the squared standard error of an arm is, times its units.
    ``adjusted`` is the same once what the covariates explain is taken out; None without covariates.
    """

    metric: str
    units: int
    mean: float
    variance: float
    adjusted: float | None = None

    @property
    def reduction(self) -> float | None:
        """The share of the variance that the covariates take away; None without covariates."""
        if self.adjusted is None:
            return None
        return 1 - self.adjusted / self.variance if self.variance > 0 else 0.0

    def moments(self, *, adjusted: bool = True) -> Moments:
        """As moments of one value per unit, with the variance that the analysis will meet."""
        variance = self.variance if self.adjusted is None or not adjusted else self.adjusted
        return Moments(self.units, self.mean, variance * max(self.units - 1, 0))


def baseline_of(metric: MetricSpec, statistics: Statistics) -> Baseline:
    """A metric over all units of the past.

    Args:
        metric: which one.
        statistics: of the past, in whatever arms; of a quantile in one, since quantiles of parts
            cannot be put together.

    Raises:
        NotEnoughData: where fewer than two units of the past are known, or their denominator is zero.
    """
    if metric.kind == "quantile":
        return _quantile(metric, statistics)
    whole = merged_grams([one for _, _, one in _cells(metric, statistics)], size=statistics.size(metric.name))
    if whole.units < 2:
        raise _too_few(metric, whole.units)
    ratio = metric.kind == "ratio"
    linear = linearised(whole, whole) if ratio else whole
    spread = _covariance(linear)
    return Baseline(
        metric=metric.name,
        units=whole.units,
        mean=whole.means[0] / whole.means[1] if ratio else whole.means[0],
        variance=float(spread[0, 0]),
        adjusted=_residual(spread) if linear.size > 1 else None,
    )


def past_of(metric: MetricSpec, statistics: Statistics) -> Past:
    """A metric's units of the past by bucket and day; a ratio is made linear about its own value.

    Raises:
        NotEnoughData: where too few buckets of units are known, or their denominator is zero.
    """
    cells = list(_cells(metric, statistics))
    if metric.kind == "ratio":
        whole = merged_grams([one for _, _, one in cells], size=statistics.size(metric.name))
        cells = [(bucket, day, linearised(gram, whole)) for bucket, day, gram in cells]
    return Past.of(cells)


def linearised(gram: Gram, whole: Gram) -> Gram:
    """A ratio's two values as one, per unit: by how much the unit moves the ratio of ``whole``.

    Source: Deng, Knoblich & Lu, "Applying the Delta Method in Metric Analytics", KDD 2018, section 3.1.

    Raises:
        NotEnoughData: where the denominator of ``whole`` is zero.
    """
    below = whole.means[1]
    if not below:
        raise NotEnoughData("the past's denominator is zero", _WHERE, "widen the past it is taken from")
    ratio = whole.means[0] / below
    turn = np.zeros((gram.size - 1, gram.size))
    turn[0, :2] = 1 / below, -ratio / below
    turn[1:, 2:] = np.eye(gram.size - 2)
    products = turn @ _square(gram) @ turn.T
    size = gram.size - 1
    triangle = tuple(float(products[i, j]) for i in range(size) for j in range(i + 1))
    return Gram(gram.units, tuple((turn @ np.array(gram.means)).tolist()), triangle)


def _quantile(metric: MetricSpec, statistics: Statistics) -> Baseline:
    found = [cell for cell in statistics.quantiles if cell.metric == metric.name and not cell.segment]
    if len(found) != 1:
        raise _too_few(metric, sum(cell.units for cell in found))
    cell = found[0]
    told = quantile_of(cell.units, cell.value, cell.spread_of_share, cell.ladder)
    return Baseline(
        metric=metric.name, units=cell.units, mean=cell.value, variance=told.variance_of_mean * cell.units
    )


def _cells(metric: MetricSpec, statistics: Statistics) -> Sequence[tuple[str, str, Gram]]:
    return [
        (cell.arm, cell.day, cell.gram)
        for cell in statistics.cells
        if cell.metric == metric.name and not cell.segment
    ]


def _square(gram: Gram) -> npt.NDArray[np.float64]:
    rows = [[gram.products[at(i, j)] for j in range(gram.size)] for i in range(gram.size)]
    return np.array(rows, dtype=np.float64)


def _covariance(gram: Gram) -> npt.NDArray[np.float64]:
    return _square(gram) / (gram.units - 1)


def _residual(spread: npt.NDArray[np.float64]) -> float:
    """The variance of the first value that the others do not explain."""
    scale = np.sqrt(np.diag(spread))
    scale[scale == 0] = 1.0  # what does not vary explains nothing
    alike = spread / np.outer(scale, scale)
    explained = alike[0, 1:] @ np.linalg.pinv(alike[1:, 1:], hermitian=True) @ alike[0, 1:]
    return float(spread[0, 0] * min(max(1.0 - explained, 0.0), 1.0))


def _too_few(metric: MetricSpec, units: int) -> NotEnoughData:
    return NotEnoughData(
        f"the past knows {metric.name} of {units} unit(s)",
        _WHERE,
        "widen it by --history, or say it by hand: --units-per-day, --baseline and --sd",
    )
