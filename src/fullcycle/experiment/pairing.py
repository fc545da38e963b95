"""The control and an arm, side by side in one metric: what can be compared, whatever the metric's kind."""

from dataclasses import dataclass, replace
from math import isfinite

from fullcycle.experiment.estimate import Estimate, Sample, adjusted, mean_of, quantile_of, ratio_of
from fullcycle.experiment.gram import Gram
from fullcycle.experiment.statistics import Statistics
from fullcycle.metric import MetricSpec

FEWEST_UNITS = 50
FEWEST_EVENTS = 10
"""Below these in either arm the normal approximation is not trusted and nothing is concluded:
units for a mean or a ratio, and as many again for each covariate, whose slopes are estimated, too;
for a proportion, units to which it happened and units to which it did not; for a quantile, rows on
either side of it. What a ratio divides by must be as clear of zero as a count of so many events."""

SMALL_ARM = 10_000
_UNEVEN = 2
"""An arm with fewer units than this, and than half of the other's, is taken to spread at least as much
as that one: of a skewed value, few units tell a low mean and too little spread at once. Read every day
at 99 : 1, one null experiment in four was shipped; arms of like size are free of it, since what skews
the one skews the other. A proportion is, too: its few events are counted instead."""


@dataclass(frozen=True, slots=True)
class Where:
    """Which units: up to a day of exposure, or of one level of a segment; all unless told."""

    until: str | None = None
    segment: str = ""
    level: str = ""


ALL = Where()
_NOBODY = Estimate(0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Pair:
    """The control and an arm in one metric.

    ``control`` and ``treated`` are what is compared: freed from chance differences of the
    covariates, where there are any. ``raw`` is the same as it was measured. ``reduction`` is the
    share of the variance that the covariates took away, ``imbalance`` the p value of their being
    alike in both arms; None without covariates.
    """

    control: Sample
    treated: Sample
    raw: tuple[Sample, Sample]
    reliable: bool
    reduction: float | None = None
    imbalance: float | None = None


def pair(metric: MetricSpec, statistics: Statistics, arms: tuple[str, str], where: Where = ALL) -> Pair:
    """Put two arms side by side.

    Args:
        metric: what is compared.
        statistics: what one query brought home.
        arms: the control, and the arm compared with it.
        where: which units. A quantile is told until the days at which its plan is read, and no others.
    """
    if metric.kind == "quantile":
        return _quantiles(metric, statistics, arms, where)
    grams = [
        statistics.gram(metric.name, arm, until=where.until, segment=where.segment, level=where.level)
        for arm in arms
    ]
    ratio = metric.kind == "ratio"
    least = 2 if ratio else 1
    plain = [_known(gram, ratio=ratio) for gram in grams]
    if min(one.units for one in plain) == 0:
        return Pair(plain[0], plain[1], (plain[0], plain[1]), reliable=False)
    plain = _cautious(metric, plain)
    reliable = all(enough(metric, gram) for gram in grams)
    if grams[0].size == least or min(gram.units for gram in grams) < 2:
        return Pair(plain[0], plain[1], (plain[0], plain[1]), reliable)
    found = adjusted(grams[0], grams[1], ratio=ratio)
    freed = _cautious(metric, [found.control, found.treated])
    return Pair(freed[0], freed[1], (plain[0], plain[1]), reliable, found.reduction, found.imbalance)


def enough(metric: MetricSpec, gram: Gram) -> bool:
    """Whether an arm has units enough for the normal approximation."""
    ratio = metric.kind == "ratio"
    covariates = gram.size - (2 if ratio else 1)
    if gram.units < FEWEST_UNITS * (covariates + (metric.kind != "proportion")):
        return False
    if ratio:
        return gram.units * gram.means[1] * gram.means[1] >= FEWEST_EVENTS * gram.covariance(1, 1)
    if metric.kind == "proportion":
        happened = gram.units * gram.means[0]
        return min(happened, gram.units - happened) >= FEWEST_EVENTS
    return True


def _cautious(metric: MetricSpec, arms: list[Estimate]) -> list[Estimate]:
    """A small arm beside a large one spreads as much as that one at least."""
    small, large = sorted(arms, key=lambda one: one.units)
    if metric.kind == "proportion" or small.units >= min(SMALL_ARM, large.units / _UNEVEN):
        return arms
    least = large.variance_of_mean * large.units / small.units
    if not least > small.variance_of_mean:
        return arms
    return [replace(one, variance_of_mean=least) if one is small else one for one in arms]


def _known(gram: Gram, *, ratio: bool) -> Estimate:
    """One arm by itself; of a ratio over nothing, no unit is known."""
    if not gram.units:
        return _NOBODY
    found = ratio_of(gram) if ratio else mean_of(gram)
    return found if isfinite(found.mean) else _NOBODY


def _quantiles(metric: MetricSpec, statistics: Statistics, arms: tuple[str, str], where: Where) -> Pair:
    found: list[Estimate] = []
    reliable = True
    for arm in arms:
        cell = statistics.quantile(
            metric.name, arm, until=where.until, segment=where.segment, level=where.level
        )
        if cell is None:
            found.append(_NOBODY)
            reliable = False
            continue
        found.append(quantile_of(cell.units, cell.value, cell.spread_of_share, cell.ladder))
        beside = cell.rows * min(cell.q, 1 - cell.q)
        reliable = reliable and cell.units >= FEWEST_UNITS and beside >= FEWEST_EVENTS
    return Pair(found[0], found[1], (found[0], found[1]), reliable)
