"""Group-sequential designs: a few planned looks that share one chance to be wrong.

What a boundary spends is computed by the recursion of Armitage, McPherson & Rowe: the density
of the estimate over those paths that crossed at no earlier look, carried from look to look by
Gauss-Legendre quadrature.

Source:
    Jennison & Turnbull, "Group Sequential Methods with Applications to Clinical Trials",
    2000: chapters 2 (Pocock, O'Brien & Fleming), 7 (spending), 9 (repeated intervals) and 19
    (the recursion). Lan & DeMets, "Discrete Sequential Boundaries for Clinical Trials",
    Biometrika 1983.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, e, inf, log, sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from fullcycle.experiment.spec import Spending
from fullcycle.kernel import Invalid

_WHERE = "the looks of a group-sequential experiment"
_FARTHEST = 12.0  # standard errors; what lies beyond has no chance that a double could tell from none
_NEAREST = 1e-3  # of the information: looks that are nearer count as so far apart, which widens the later one
_STEPS = 60  # halvings of a bracket, to the last bit of a boundary
_CLOSE = 1e-14  # standard errors: nearer to it, a bound is found
_GRID = 56
_ALMOST_NEVER = (
    7.130  # standard errors that a single look needs at an alpha of 1e-12: no p value is told below
)
Numbers = npt.NDArray[np.float64]


def crossing(
    fractions: Sequence[float], bounds: Sequence[float], *, sides: int = 2, drift: float = 0.0
) -> tuple[float, ...]:
    """The chance to cross first at each look.

    Args:
        fractions: the share of the planned information at each look, rising.
        bounds: standard errors at which each look is crossed.
        sides: 2 where either side counts, 1 where only the upper one does.
        drift: how many standard errors the effect will be once all of the plan is there.

    Raises:
        Invalid: where the fractions do not rise from above zero.

    >>> [round(chance, 4) for chance in crossing([1.0], [1.959964])]
    [0.05]
    """
    _check_fractions(fractions)
    walk = _Walk(sides, drift)
    return tuple(walk.crossed(t, bound) for t, bound in zip(fractions, bounds, strict=True))


def spent(spending: Spending, fraction: float, alpha: float, *, sides: int = 2) -> float:
    """How much of ``alpha`` is spent once ``fraction`` of the planned information is there.

    Source: Lan & DeMets 1983: α₁* (O'Brien & Fleming) and α₂* (Pocock), each side on its own.
    """
    if fraction >= 1:
        return alpha
    side = alpha / sides
    if spending == "pocock":
        return sides * side * log(1 + (e - 1) * fraction)
    return float(sides * 2 * ndtr(-_upper(side / 2) / sqrt(fraction)))


@lru_cache(maxsize=4096)
def spending_bounds(
    fractions: tuple[float, ...],
    spending: Spending,
    alpha: float,
    *,
    sides: int = 2,
    information: tuple[float, ...] = (),
) -> tuple[float, ...]:
    """Standard errors at which each look is crossed, so that the looks spend just what they may.

    Args:
        fractions: the share of the planned information at each look, rising: what is spent by then.
        spending: the rule by which ``alpha`` is spent.
        alpha: the chance, in all, to cross where there is no effect.
        sides: 2 where either side counts, 1 where only the upper one does.
        information: how much there was at each look, in any unit, where that is not as planned.
            How much two looks go together depends on it, and not on what is spent (Lan & DeMets,
            "Group Sequential Procedures: Calendar versus Information Time", 1989).

    Raises:
        Invalid: where the fractions do not rise from above zero, or alpha is no chance.

    >>> [round(bound, 3) for bound in spending_bounds((0.2, 0.4, 0.6, 0.8, 1.0), "obrien-fleming", 0.05)]
    [4.877, 3.357, 2.68, 2.29, 2.031]
    """
    _check_fractions(fractions)
    if not 0 < alpha < 1:
        raise Invalid(f"alpha={alpha!r}", _WHERE, "write a chance between 0 and 1")
    bounds: list[float] = []
    walk, before = _Walk(sides), 0.0
    for fraction, time in zip(fractions, information or fractions, strict=True):
        until = spent(spending, fraction, alpha, sides=sides)
        bounds.append(walk.bound(time, until - before))
        if len(bounds) < len(fractions):
            walk.crossed(time, bounds[-1])
        before = until
    return tuple(bounds)


def drift_needed(fractions: Sequence[float], bounds: Sequence[float], power: float) -> float:
    """How many standard errors an effect must be at the end to be found, by any of the looks, so surely.

    The square of it, over that of a fixed design, is by how much the plan grows for its looks.

    >>> round(drift_needed([1.0], [1.959964], 0.8), 3)
    2.802
    """
    low, high = 0.0, _FARTHEST
    for _ in range(_STEPS):
        middle = (low + high) / 2
        found = sum(crossing(fractions, bounds, drift=middle))
        low, high = (middle, high) if found < power else (low, middle)
    return high


def false_alarms(looks: int, alpha: float = 0.05) -> float:
    """The chance that a test for one look at ``alpha`` is crossed at any of ``looks``, evenly spread.

    What it costs to peek, where there is no effect.

    >>> round(false_alarms(1), 3), round(false_alarms(5), 3)
    (0.05, 0.142)
    """
    fractions = [(k + 1) / looks for k in range(looks)]
    return sum(crossing(fractions, [_upper(alpha / 2)] * looks))


@dataclass(frozen=True, slots=True)
class GroupSequential:
    """A boundary for looks that were planned; ``fractions`` are those that happened, the present one last.

    ``information`` is how many units each of them saw, where that is not as was planned.

    Its interval is the repeated confidence interval: it holds at all looks together. Between
    two looks there is none to be read.

    Source: Jennison & Turnbull, "Interim Analyses: The Repeated Confidence Interval Approach",
    JRSS B 1989. Quantiles of Student's t at the boundary's level take the normal's place, as
    in their book, section 4.4.
    """

    fractions: tuple[float, ...]
    spending: Spending = "obrien-fleming"
    alpha: float = 0.05
    information: tuple[float, ...] = ()

    def two_sided(self, df: float, units: int) -> float:
        """Standard errors to either side."""
        return _student(self._bound(2), df)

    def one_sided(self, df: float, units: int) -> float:
        """Standard errors to one side."""
        return _student(self._bound(1), df)

    def p_value(self, z: float, df: float, units: int) -> float:
        """The smallest ``alpha`` at which this look's interval leaves out zero (repeated p value).

        Read off bounds at a fixed grid of alphas, which all p values of a schedule share: one bound
        takes milliseconds, and a readout may have a thousand p values.
        """
        sought = -float(ndtri(stdtr(df, -abs(z))))  # the normal bound that Student's t is in place of
        first, last = 0, _GRID
        if sought >= self._bound_of(first):
            return _alpha_of(_normal_of(first))
        if sought < self._bound_of(last):
            return _alpha_of(_normal_of(last))
        while last - first > 1:
            middle = (first + last) // 2
            first, last = (first, middle) if sought >= self._bound_of(middle) else (middle, last)
        near = range(max(first - 2, 0), min(last + 2, _GRID) + 1)
        known = {self._bound_of(n): _normal_of(n) for n in near}
        if max(known) >= _FARTHEST:  # where bounds end, no curve goes on
            return _alpha_of(_normal_of(last))
        return _alpha_of(min(max(_between(known, sought), _normal_of(last)), _normal_of(first)))

    def at(self, alpha: float) -> "GroupSequential":
        """The same rule at another ``alpha``."""
        return replace(self, alpha=alpha)

    def among(self, share: float) -> "GroupSequential":
        """The same rule."""
        return self

    def _bound_of(self, n: int) -> float:
        """The bound at an alpha of the grid."""
        return self.at(_alpha_of(_normal_of(n)))._bound(2)

    def _bound(self, sides: int) -> float:
        bounds = spending_bounds(
            self.fractions, self.spending, self.alpha, sides=sides, information=self.information
        )
        return bounds[-1]


def looks_until(planned: Sequence[float], days: int, day: int) -> tuple[int, ...]:
    """The days of exposure after which a plan has looked by ``day``, both counted from 1.

    >>> looks_until([0.5, 1.0], 28, 20)
    (14,)
    """
    return tuple(at for at in (ceil(share * days - 1e-9) for share in planned) if at <= day)


class _Walk:
    """The estimate's path over looks, as the density of those that have not crossed."""

    def __init__(self, sides: int, drift: float = 0.0) -> None:
        self._sides = sides
        self._drift = drift
        self._time = 0.0
        self._nodes: Numbers = np.zeros(1)  # of the score, z times the root of the information
        self._mass: Numbers = np.ones(1)  # density times the weight of the node

    def chance(self, time: float, bound: float) -> float:
        """The chance to cross at a look for the first time."""
        spread, moved = self._step(time)
        end = bound * sqrt(time)
        above = ndtr((moved - end) / spread)
        below = ndtr((-end - moved) / spread) if self._sides == 2 else 0.0
        return float(self._mass @ (above + below))

    def bound(self, time: float, wanted: float) -> float:
        """Where a look is crossed with that chance; as far as one may lie where next to nothing is wanted.

        By Newton's steps on the logarithm, from a single look's bound, which is never nearer; halved
        where a step leaves the bracket.
        """
        if not wanted > 0:
            return _FARTHEST
        spread, moved = self._step(time)
        low, high = -_FARTHEST, _FARTHEST
        bound = min(_upper(min(wanted / self._sides, 0.5)), _FARTHEST)
        for _ in range(_STEPS):
            off = np.array([moved, -moved][: self._sides])
            off = (off - bound * sqrt(time)) / spread
            chance = float((self._mass * ndtr(off)).sum())
            slope = float((self._mass * np.exp(-0.5 * off * off)).sum()) * sqrt(time / (2 * np.pi)) / spread
            low, high = (bound, high) if chance > wanted else (low, bound)
            step = log(chance / wanted) * chance / slope if chance > 0 and slope > 0 else inf
            after = bound + step if low < bound + step < high else (low + high) / 2
            if abs(after - bound) < _CLOSE:
                return after
            bound = after
        return bound

    def crossed(self, time: float, bound: float) -> float:
        """Go on to a look; the chance to cross there for the first time."""
        found = self.chance(time, bound)
        spread, moved = self._step(time)
        high = min(bound, _FARTHEST) * sqrt(time)
        low = -high if self._sides == 2 else min(-_FARTHEST * sqrt(time) + self._drift * time, high - spread)
        nodes, weights = _quadrature(low, high, spread)
        steps = (nodes[:, None] - moved[None, :]) / spread
        density = np.exp(-0.5 * steps**2) @ self._mass / (spread * sqrt(2 * np.pi))
        self._time, self._nodes, self._mass = time, nodes, density * weights
        return found

    def _step(self, time: float) -> tuple[float, Numbers]:
        """The spread of the step to a look, and where the nodes drift to in it."""
        step = max(time - self._time, _NEAREST * time)
        return sqrt(step), self._nodes + self._drift * (time - self._time)


def _quadrature(low: float, high: float, spread: float) -> tuple[Numbers, Numbers]:
    """Nodes and weights on [low, high], close enough for a normal density of that spread."""
    panels = max(ceil((high - low) / (3 * spread)), 1)
    nodes, weights = _legendre()
    edges = np.linspace(low, high, panels + 1)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (nodes + 1)).ravel(), (half * weights).ravel()


@lru_cache(maxsize=1)
def _legendre() -> tuple[Numbers, Numbers]:
    nodes, weights = np.polynomial.legendre.leggauss(24)
    return nodes, weights


def _normal_of(n: int) -> float:
    """The bound of a single look at the n-th alpha of the grid: even steps of it."""
    return _ALMOST_NEVER * (1 - n / _GRID)


def _alpha_of(normal: float) -> float:
    return min(float(2 * ndtr(-normal)), 1 - 1e-12)


def _between(known: Mapping[float, float], at: float) -> float:
    """The polynomial through some points, by Neville's scheme."""
    places, found = list(known), list(known.values())
    for gap in range(1, len(places)):
        found = [
            ((at - places[i + gap]) * found[i] + (places[i] - at) * found[i + 1])
            / (places[i] - places[i + gap])
            for i in range(len(places) - gap)
        ]
    return found[0]


def _student(bound: float, df: float) -> float:
    """The quantile of Student's t at the tail that a normal bound leaves."""
    tail = float(ndtr(-bound))
    return float(-stdtrit(df, tail)) if tail > 0 else bound


def _upper(tail: float) -> float:
    """The normal quantile that leaves ``tail`` above it."""
    return float(-ndtri(tail))


def _check_fractions(fractions: Sequence[float]) -> None:
    if not fractions or any(b <= a for a, b in zip((0.0, *fractions), fractions, strict=False)):
        raise Invalid(
            f"the looks {tuple(fractions)!r} do not rise from above zero",
            _WHERE,
            "write the shares of the plan in order, such as looks=[0.25, 0.5, 0.75, 1]",
        )
