"""What an arm's units say of a metric: its value and the variance of that, from sufficient statistics.

A mean and a proportion are plain. A ratio is taken by the delta method. With covariates, chance
differences between the arms' units are taken out by regression. A quantile's spread comes from
the order statistics beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log, nan, sqrt
from typing import Protocol

import numpy as np
from scipy.special import chdtrc

from fullcycle.experiment.gram import Gram, at, merged_grams

_SAME = 1e-10  # of the largest eigenvalue: below it, a covariate only repeats the others
_NOTHING = 1e-12  # of a variance: below it, what is left is rounding


class Sample(Protocol):
    """What can be compared: a value over some units, and its variance."""

    @property
    def units(self) -> int:
        """How many units it is of."""
        ...

    @property
    def mean(self) -> float:
        """The value: a mean, a ratio or a quantile."""
        ...

    @property
    def variance_of_mean(self) -> float:
        """Its squared standard error; NaN where there are too few units."""
        ...


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its squared standard error; a :class:`Sample`.

    Two arms that are freed from covariates stand at one level of them, that of both together, which
    chance moves, too. It is the same in both, so their difference knows nothing of it, and
    ``variance_of_mean`` leaves it out; but a multiple of one arm beside the other does. ``level`` is
    the variance of this arm's part of it, and ``along`` how that goes along with the arm's own value.
    """

    units: int
    mean: float
    variance_of_mean: float
    level: float = 0.0
    along: float = 0.0


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Two arms freed from chance differences of their covariates.

    ``slopes`` are by how much the value changes per unit of each covariate; ``reduction`` the
    share of the difference's variance that is gone; ``imbalance`` the p value of the covariates'
    being alike in both arms, all together, which chance alone makes small once in a while.
    """

    control: Estimate
    treated: Estimate
    slopes: tuple[float, ...]
    reduction: float
    imbalance: float


def mean_of(gram: Gram) -> Estimate:
    """The mean of the first value."""
    return _linear(gram, [1.0], gram.means[0])


def ratio_of(gram: Gram) -> Estimate:
    """The sum of the first value divided by that of the second, by the delta method.

    NaN where the second sums to zero. The unit of randomisation is the row of ``gram``, so
    rows of one unit that go together are taken care of.

    Source:
        Deng, Knoblich & Lu, "Applying the Delta Method in Metric Analytics", KDD 2018, section 3.1.
    """
    below = gram.means[1]
    if not below:
        return Estimate(gram.units, nan, nan)
    ratio = gram.means[0] / below
    return _linear(gram, [1 / below, -ratio / below], ratio)


def adjusted(control: Gram, treated: Gram, *, ratio: bool = False) -> Adjusted:
    """Compare two arms at the same covariates: those of both together.

    The slopes are one regression over both arms' units. Whatever they are, the difference stays
    unbiased, and its variance is that of the residuals, arm by arm; a slope only decides how
    much is gained.

    Args:
        control: values (y, x₁ … x_k) per unit; (y, d, x₁ … x_k) for a ratio.
        treated: the same of the other arm.
        ratio: whether the value is Σy / Σd; it is made linear about the ratio of both arms together.

    Source:
        Deng, Xu, Kohavi & Walker, "Improving the Sensitivity of Online Controlled Experiments by
        Utilizing Pre-Experiment Data" (CUPED), WSDM 2013; for several covariates Lin, "Agnostic
        Notes on Regression Adjustments to Experimental Data", Annals of Applied Statistics 2013.
    """
    first = 2 if ratio else 1
    both = merged_grams([control, treated], size=control.size)
    slopes = _slopes(both, _weights(both, ratio=ratio), first)
    arms = [_at_the_same(gram, both, slopes, ratio=ratio) for gram in (control, treated)]
    plain = [ratio_of(gram) if ratio else mean_of(gram) for gram in (control, treated)]
    before, after = (sum(arm.variance_of_mean for arm in pair) for pair in (plain, arms))
    if after <= 0 < before:  # the covariates are the value itself: there is no chance to take out
        slopes, arms, after = np.zeros_like(slopes), plain, before
    return Adjusted(
        control=arms[0],
        treated=arms[1],
        slopes=tuple(float(slope) for slope in slopes),
        reduction=1 - after / before if before > 0 else 0.0,
        imbalance=imbalance(control.of(range(first, control.size)), treated.of(range(first, treated.size))),
    )


def imbalance(control: Gram, treated: Gram) -> float:
    """The p value of all covariates' means being the same in both arms, by a Wald test.

    Asymptotic: chi-square with as many degrees of freedom as covariates do not repeat each other.
    1 where there are too few units, or no covariate that varies.
    """
    if min(control.units, treated.units) < 2:
        return 1.0
    steps = np.subtract(treated.means, control.means)
    if _apart(control, treated, steps):
        return 0.0
    spread = _covariance(control) / control.units + _covariance(treated) / treated.units
    inverse, rank = _inverse(spread)
    return float(chdtrc(rank, steps @ inverse @ steps)) if rank else 1.0


def quantile_of(
    units: int, value: float, share_variance: float, ladder: Sequence[tuple[float, float, float]]
) -> Estimate:
    """A quantile's value, and its variance by the slope of the order statistics about it.

    Args:
        units: how many units the rows are of.
        value: the order statistic.
        share_variance: the variance of the share of rows that are not above it, clustered by unit.
        ladder: for offsets δ of the share, the order statistics at q - δ and at q + δ. The
            offset next to 1.96 standard errors of the share is taken.

    Rows that are rounded, such as whole milliseconds, stand in steps: the quantile is one step or
    the next. So the spread within a step is added, and where one side of the quantile is level, the
    slope is that of the other; without this, every third interval of a median missed at steps of
    three of its standard errors. Where both sides are level, there is no spread to be told.

    Source:
        Woodruff, "Confidence Intervals for Medians and Other Position Measures", JASA 1952;
        clustered as Deng, Knoblich & Lu, KDD 2018, section 4.2.
    """
    if not share_variance > 0 or not ladder:
        return Estimate(units, value, nan)
    wanted = log(1.96 * sqrt(share_variance))
    offset, low, high = min(ladder, key=lambda step: abs(log(step[0]) - wanted))
    if not high > low:
        return Estimate(units, value, 0.0)
    level = not low < value < high
    slope = (max(value - low, high - value) if level else (high - low) / 2) / offset
    step = min(gap for _, below, above in ladder for gap in (value - below, above - value) if gap > 0)
    return Estimate(units, value, slope**2 * share_variance + step**2 / 12)


def _apart(control: Gram, treated: Gram, steps: np.ndarray) -> bool:
    """Whether a value that is the same for all units of an arm is another one in the other arm."""
    levels = np.maximum(np.abs(control.means), np.abs(treated.means))
    fixed = [control.products[at(i, i)] + treated.products[at(i, i)] <= 0 for i in range(control.size)]
    return bool((np.abs(steps) > _SAME * levels)[fixed].any())


def _at_the_same(gram: Gram, both: Gram, slopes: np.ndarray, *, ratio: bool) -> Estimate:
    """An arm's value where its covariates are those of both arms."""
    plain = ratio_of(gram) if ratio else mean_of(gram)
    first = gram.size - len(slopes)
    off = np.subtract(gram.means[first:], both.means[first:])
    weights = [*_weights(gram, ratio=ratio), *(-slopes)]
    leaning = np.array([*[0.0] * first, *slopes])
    spread, share = _covariance(gram), gram.units / both.units
    return replace(
        _linear(gram, weights, float(plain.mean - slopes @ off)),
        level=share * float(leaning @ spread @ leaning) / both.units,
        along=float(np.array(weights) @ spread @ leaning) / both.units,
    )


def _weights(gram: Gram, *, ratio: bool) -> list[float]:
    """What each value adds to the metric, per unit: a ratio is made linear about its own value."""
    if not ratio:
        return [1.0]
    below = gram.means[1]
    return [1 / below, -gram.means[0] / below**2] if below else [nan, nan]


def _slopes(both: Gram, weights: Sequence[float], first: int) -> np.ndarray:
    """The regression of the value on the covariates, the least of them where some repeat others."""
    spread = _covariance(both)
    values = np.array([*weights, *[0.0] * (both.size - first)])
    inverse, _ = _inverse(spread[first:, first:])
    slopes: np.ndarray = inverse @ (spread @ values)[first:]
    return slopes


def _linear(gram: Gram, weights: Sequence[float], value: float) -> Estimate:
    """A value that is, per unit, the weighted sum of the first values."""
    if gram.units < 2:
        return Estimate(gram.units, value, nan)
    used = np.asarray(weights)
    size = len(used)
    spread = _covariance(gram)[:size, :size]
    left, parts = used @ spread @ used, np.abs(used) @ np.abs(spread) @ np.abs(used)
    return Estimate(gram.units, value, float(left) / gram.units if left > _NOTHING * parts else 0.0)


def _covariance(gram: Gram) -> np.ndarray:
    rows = [[gram.covariance(i, j) for j in range(gram.size)] for i in range(gram.size)]
    return np.array(rows, dtype=np.float64).reshape(gram.size, gram.size)


def _inverse(spread: np.ndarray) -> tuple[np.ndarray, int]:
    """The inverse of a covariance and its rank; the pseudo-inverse of the correlations where it has none."""
    scale = np.sqrt(np.diag(spread))
    varies = scale > 0
    inverse = np.zeros_like(spread)
    if not varies.any():
        return inverse, 0
    scale = scale[varies]
    values, vectors = np.linalg.eigh(spread[np.ix_(varies, varies)] / np.outer(scale, scale))
    kept = values > _SAME * values[-1]
    part = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T / np.outer(scale, scale)
    inverse[np.ix_(varies, varies)] = part
    return inverse, int(kept.sum())
