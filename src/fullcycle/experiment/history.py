"""Experiments that never were: past units split at random, again and again, and analysed each time.

Where nothing was done, the analysis must find nothing, but for its share of false alarms: if it
finds more, something about the data breaks what it promises. Where an effect is put in, the
days until it is found tell how long the real one may take.

The past comes in buckets of units, by a hash: a split hands out whole buckets. So nothing per
unit leaves the warehouse, and a thousand splits cost one query.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, gammaincinv, ndtr, ndtri

from fullcycle.experiment.boundary import Boundary
from fullcycle.experiment.gram import Gram, at, merged_grams
from fullcycle.experiment.pairing import FEWEST_UNITS
from fullcycle.kernel import NotEnoughData

FEWEST_BUCKETS = 20
_WHERE = "splits of the past"
_MOST_LAPS = 50
_STEPS = 200  # of a distribution that is averaged over
_COARSEST = 7  # days of a plan that one day of the past may stand for

Numbers = npt.NDArray[np.float64]
Looks = Mapping[int, Boundary]
"""By day of exposure, from 0: the boundary of the look after it. Days without one are not looked at."""


class FalseAlarms(msgspec.Struct, frozen=True, kw_only=True):
    """How often an analysis found an effect where there was none.

    ``rate`` of ``splits`` were alarms at any look; chance alone leaves it between ``low`` and
    ``high`` in 99 of 100 cases where the analysis keeps ``alpha``: the wider, the fewer buckets of
    units there are to split. An analysis that promises at most ``alpha`` may well stay below.
    """

    splits: int
    alarms: int
    rate: float
    alpha: float
    low: float
    high: float

    @property
    def kept(self) -> bool:
        """Whether the promise was kept: no more alarms than chance explains."""
        return self.rate <= self.high


class Found(msgspec.Struct, frozen=True):
    """The share of splits in which an effect was found by the end of a day of exposure, from 1."""

    day: int
    share: float


@dataclass(frozen=True, slots=True)
class Past:
    """Units of the past by bucket and day of exposure, as sums of values less their overall mean.

    ``units`` has the shape ``(n_buckets, n_days)``, ``sums`` ``(n_buckets, n_days, k)`` and
    ``products`` ``(n_buckets, n_days, k (k + 1) / 2)`` for k values: the metric's, then the
    covariates'. ``means`` are the overall means.
    """

    units: Numbers
    sums: Numbers
    products: Numbers
    means: Numbers

    @classmethod
    def of(cls, cells: Sequence[tuple[str, str, Gram]]) -> "Past":
        """From each bucket, day and the statistics of its units; days in order, gaps closed.

        Raises:
            NotEnoughData: for fewer than :data:`FEWEST_BUCKETS` buckets.
        """
        buckets = {name: n for n, name in enumerate(sorted({bucket for bucket, _, _ in cells}))}
        days = {name: n for n, name in enumerate(sorted({day for _, day, _ in cells}))}
        if len(buckets) < FEWEST_BUCKETS:
            raise NotEnoughData(
                f"the past falls into {len(buckets)} buckets of units",
                _WHERE,
                f"widen it until there are at least {FEWEST_BUCKETS}",
            )
        size = cells[0][2].size
        whole = merged_grams([gram for _, _, gram in cells], size=size)
        triangle = size * (size + 1) // 2
        units = np.zeros((len(buckets), len(days)))
        sums, products = np.zeros((*units.shape, size)), np.zeros((*units.shape, triangle))
        for bucket, day, gram in cells:
            place = buckets[bucket], days[day]
            off = np.subtract(gram.means, whole.means)
            units[place] += gram.units
            sums[place] += gram.units * off
            for i in range(size):
                for j in range(i + 1):
                    products[place][at(i, j)] += gram.products[at(i, j)] + gram.units * off[i] * off[j]
        return cls(units, sums, products, np.array(whole.means))

    @property
    def days(self) -> int:
        """How many days of exposure there are."""
        return int(self.units.shape[1])

    def over(self, days: int, units_per_day: float, *, seed: int = 0) -> "Past":
        """The past as a plan of ``days`` on each of which so many units come.

        Its days follow each other, as many in one of the plan as have its units. Where they do not
        suffice, it begins again, with its buckets in another order: a unit that comes again then
        goes to either arm, as another unit would.

        Raises:
            NotEnoughData: where it would begin again too often, or a day of it is many of the plan.
        """
        step = units_per_day * self.days / float(self.units.sum())  # days of the past in one of the plan
        ends = [int((day + 1) * step + 1e-9) for day in range(days)]
        laps = -(-ends[-1] // self.days)
        if laps > _MOST_LAPS or step * _COARSEST < 1:
            raise NotEnoughData(
                f"a day of the plan is {step:.2g} days of the past, which has {self.days}",
                _WHERE,
                "take a past with more days, or whose days are more like those of the plan",
            )
        order = np.random.default_rng(seed).random((max(laps, 1), len(self.units))).argsort(axis=1)
        shape = len(self.units), days
        units, sums = np.zeros(shape), np.zeros((*shape, self.sums.shape[2]))
        products = np.zeros((*shape, self.products.shape[2]))
        for n in range(ends[-1]):
            (lap, day), planned = divmod(n, self.days), int(np.searchsorted(ends, n, side="right"))
            units[:, planned] += self.units[order[lap], day]
            sums[:, planned] += self.sums[order[lap], day]
            products[:, planned] += self.products[order[lap], day]
        return Past(units, sums, products, self.means)


def false_alarms_of(
    past: Past, looks: Looks, *, weights: tuple[float, float] = (0.5, 0.5), splits: int = 1_000, seed: int = 0
) -> FalseAlarms:
    """Split the past at random and analyse it, as if an experiment had run on it: an A/A check.

    Args:
        past: the units, in buckets.
        looks: when it is looked at, and by which boundary.
        weights: the shares of control and treatment.
        splits: how many.
        seed: of the splits.
    """
    ever = _crossings(past, looks, weights, splits, seed, effect=0.0).any(axis=1)
    alpha = next(iter(looks.values())).alpha
    low, high = _band(splits, alpha, len(past.units))
    alarms = int(ever.sum())
    return FalseAlarms(
        splits=splits, alarms=alarms, rate=alarms / splits, alpha=alpha, low=low / splits, high=high / splits
    )


def found_by_day(
    past: Past,
    looks: Looks,
    effect: float,
    *,
    weights: tuple[float, float] = (0.5, 0.5),
    splits: int = 1_000,
    seed: int = 0,
) -> list[Found]:
    """How soon an effect would have been found on the past, had each treated unit gained so much.

    Args:
        past: the units, in buckets.
        looks: when it is looked at, and by which boundary.
        effect: what is added to the metric's value of each treated unit.
        weights: the shares of control and treatment.
        splits: how many.
        seed: of the splits.
    """
    crossed = _crossings(past, looks, weights, splits, seed, effect=effect)
    by_day = np.logical_or.accumulate(crossed, axis=1).mean(axis=0)
    return [Found(day + 1, float(share)) for day, share in enumerate(by_day)]


def _crossings(
    past: Past, looks: Looks, weights: tuple[float, float], splits: int, seed: int, *, effect: float
) -> npt.NDArray[np.bool_]:
    """Whether zero is outside the interval, ``(n_splits, n_days)``; never on a day without a look."""
    treated = _splits(len(past.units), weights, splits, seed)
    arms = [_arm(past, mask) for mask in (1.0 - treated, treated)]
    slopes = _slopes(past)
    (n0, mean0, variance0), (n1, mean1, variance1) = (_adjusted(arm, slopes) for arm in arms)
    stderr = np.sqrt(variance0 / n0 + variance1 / n1)
    z = np.abs(mean1 - mean0 + effect) / stderr
    df = stderr**4 / ((variance0 / n0) ** 2 / (n0 - 1) + (variance1 / n1) ** 2 / (n1 - 1))
    crossed = np.zeros(z.shape, dtype=bool)
    for day, boundary in looks.items():
        enough = (np.minimum(n0, n1)[:, day] >= FEWEST_UNITS) & np.isfinite(z[:, day])
        for split in np.flatnonzero(enough):
            units = int(n0[split, day] + n1[split, day])
            crossed[split, day] = z[split, day] > boundary.two_sided(float(df[split, day]), units)
    return crossed


def _splits(buckets: int, weights: tuple[float, float], splits: int, seed: int) -> Numbers:
    """Which buckets are treated, ``(n_splits, n_buckets)``: as many in each split, drawn without regard."""
    treated = min(max(round(buckets * weights[1] / sum(weights)), 1), buckets - 1)
    order = np.random.default_rng(seed).random((splits, buckets)).argsort(axis=1)
    return (order < treated).astype(np.float64)


def _arm(past: Past, mask: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Units, sums and products of one arm up to and including each day; the first axis is the split."""
    units = (mask @ past.units).cumsum(axis=1)
    sums = np.tensordot(mask, past.sums, axes=1).cumsum(axis=1)
    products = np.tensordot(mask, past.products, axes=1).cumsum(axis=1)
    return units, sums, products


def _slopes(past: Past) -> Numbers:
    """The regression on the covariates over all units up to each day, ``(n_days, k - 1)``."""
    units = past.units.sum(axis=0).cumsum()
    sums, products = past.sums.sum(axis=0).cumsum(axis=0), past.products.sum(axis=0).cumsum(axis=0)
    size = sums.shape[1]
    slopes = np.zeros((len(units), size - 1))
    for day, n in enumerate(units):
        if size == 1 or n < 2:
            continue
        spread = np.array(
            [
                [products[day, at(i, j)] - sums[day, i] * sums[day, j] / n for j in range(size)]
                for i in range(size)
            ]
        )
        slopes[day] = np.linalg.pinv(spread[1:, 1:], hermitian=True) @ spread[1:, 0]
    return slopes


def _adjusted(arm: tuple[Numbers, Numbers, Numbers], slopes: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Units, mean and variance of the value less what the covariates explain."""
    units, sums, products = arm
    weights = np.concatenate([np.ones((len(slopes), 1)), -slopes], axis=1)  # (n_days, k)
    size = weights.shape[1]
    total = (sums * weights).sum(axis=2)
    square = np.zeros_like(total)
    for i in range(size):
        for j in range(size):
            square += weights[:, i] * weights[:, j] * products[:, :, at(i, j)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return units, total / units, np.maximum(square - total**2 / units, 0.0) / (units - 1)


def _band(splits: int, alpha: float, buckets: int) -> tuple[int, int]:
    """The alarms that chance gives in 99 of 100 cases, to an analysis that keeps ``alpha`` exactly.

    Splits of the same past are not so many pasts: how much the buckets differ from each other is
    chance, too, and all splits share it. Their variance is about chi-square with one degree of
    freedom less than there are buckets; given it, alarms are binomial.
    """
    shares = (np.arange(_STEPS) + 0.5) / _STEPS
    spread = 2 * gammaincinv((buckets - 1) / 2, shares) / (buckets - 1)
    rates = 2 * ndtr(ndtri(alpha / 2) / np.sqrt(spread))
    chances = bdtr(np.arange(splits + 1)[:, None], splits, rates[None, :]).mean(axis=1)
    return int(np.searchsorted(chances, 0.005)), int(np.searchsorted(chances, 0.995))
