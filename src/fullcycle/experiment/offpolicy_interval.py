"""Intervals of off-policy estimates: the influence function's variance, with its skewness taken off.

Every estimate here is a sum of ratios of means, so that one formula serves all of them, and
the differences of two on the same rows: the spread of its influence function. A plain
normal interval falls short where rewards are rare and weights large, as both make sums
skewed; Hall's transformation takes the skewness off in closed form, and leaves the normal
interval where there is none. Of a ratio it is the skewness of the linearised estimate.

Weighed against it: the studentised bootstrap is right to the same order (Hall 1988), and
brings a seed and a thousand times the work. Empirical Bernstein bounds (Maurer & Pontil 2009)
hold at every size of sample, but with weights up to 100, 10,000 rows and a reward of 1 % they
reach more than six times as far: 0.13 instead of 0.02 about a value of 0.01.
"""

from dataclasses import dataclass
from math import cbrt, expm1, log1p, sqrt

import numpy as np
from scipy.special import ndtr, ndtri

from fullcycle.experiment.offpolicy_log import DecisionLog, Vector


@dataclass(frozen=True, slots=True, eq=False)
class Ratios:
    """``sum(sign * mean(top) / mean(bottom))`` over rows, or over units where rows have them."""

    parts: tuple[tuple[float, Vector, Vector], ...]  # sign, top, bottom; each (n_units,)

    @classmethod
    def of(cls, log: DecisionLog, top: Vector, bottom: Vector) -> "Ratios":
        """One ratio, its rows summed by unit."""
        return cls(((1.0, log.per_unit(top), log.per_unit(bottom)),))

    def less(self, other: "Ratios") -> "Ratios":
        """The difference of two, row by row."""
        return Ratios((*self.parts, *((-sign, top, bottom) for sign, top, bottom in other.parts)))

    @property
    def value(self) -> float:
        """The estimate."""
        return float(sum(sign * top.sum() / bottom.sum() for sign, top, bottom in self.parts))

    @property
    def influence(self) -> Vector:
        """How much each row, or unit, moves the estimate; it averages to 0, ``(n_units,)``."""
        found = np.zeros_like(self.parts[0][1])
        for sign, top, bottom in self.parts:
            found += (top - top.sum() / bottom.sum() * bottom) * (sign / bottom.mean())
        return found


@dataclass(frozen=True, slots=True)
class Spread:
    """An estimate with its standard error and its interval."""

    value: float
    stderr: float
    low: float
    high: float


def spread_of(ratios: Ratios, *, alpha: float, bias: float = 0.0) -> Spread:
    """The estimate and its interval, which misses with chance ``alpha`` also if it is off by ``bias``.

    Source:
        Hall, "On the removal of skewness by transformation", JRSS B 1992, for the interval;
        Armstrong & Kolesár, "Optimal inference in a class of regression models",
        Econometrica 2018, for the critical value under a bounded bias.
    """
    value, influence = ratios.value, ratios.influence
    n = len(influence)
    stderr = float(np.std(influence, ddof=1)) / sqrt(n) if n > 1 else float("nan")
    if stderr == 0.0:
        return Spread(value, 0.0, value - bias, value + bias)
    skew = float(np.mean(influence * influence * influence)) / (stderr * sqrt(n)) ** 3 / sqrt(n)
    reach = critical(bias / stderr, alpha)
    return Spread(
        value,
        stderr,
        value - stderr * _without_skew(reach, skew),
        value - stderr * _without_skew(-reach, skew),
    )


def critical(bias: float, alpha: float) -> float:
    """By how many standard errors to reach out, where the bias is at most ``bias`` of them.

    >>> round(critical(0.0, 0.05), 4), round(critical(1.0, 0.05), 2)
    (1.96, 2.65)
    """
    low = float(-ndtri(alpha / 2))
    high = low + bias
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        missed = float(ndtr(bias - middle) + ndtr(-bias - middle))
        low, high = (middle, high) if missed > alpha else (low, middle)
    return high


def _without_skew(x: float, skew: float) -> float:
    """The studentised mean that Hall's cubic maps to ``x``; ``skew`` is per square root of the sample."""
    if skew == 0.0:
        return x
    bent = skew * (x - skew / 6)
    if abs(bent) < 0.5:  # the same number, without losing digits to 1
        return 3 / skew * expm1(log1p(bent) / 3)
    return 3 / skew * (cbrt(1 + bent) - 1)
