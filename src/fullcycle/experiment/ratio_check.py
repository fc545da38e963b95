"""Did the arms get the share of units that they were promised? Where not, nothing else can be believed."""

from collections.abc import Mapping, Sequence
from math import exp, log

import msgspec
from scipy.special import bdtr, bdtrc, chdtrc, gammaln

from fullcycle.experiment.boundary import LEAST_P

ALARM = 0.01
"""A p value below this blocks the verdict: one false alarm in a hundred experiments.

Of a fixed analysis, by chi-square at its end; of one that is read all along, by the test that
may be, so that it is one in a hundred over all of its days together.
"""

_STRENGTH = 10_000.0  # units that the prior is worth: shares that are off by a hundredth are found soonest


class SampleRatio(msgspec.Struct, frozen=True):
    """The check of sample-ratio mismatch: Pearson's chi-square of the counts against the weights."""

    counts: dict[str, int]
    expected: dict[str, float]
    statistic: float
    p: float

    @property
    def ok(self) -> bool:
        """Whether the counts are what chance would give."""
        return self.p >= ALARM


def sample_ratio(counts: Mapping[str, int], weights: Mapping[str, float]) -> SampleRatio:
    """Check how many units each arm got against its weight; without units, all is well.

    Source:
        Fabijan et al., "Diagnosing Sample Ratio Mismatch in Online Controlled Experiments",
        KDD 2019.

    >>> round(sample_ratio({"gate_30": 44_700, "gate_40": 45_489}, {"gate_30": 1, "gate_40": 1}).p, 4)
    0.0086
    """
    total = sum(counts.values())
    share = sum(weights.values())
    expected = {arm: total * weight / share for arm, weight in weights.items()}
    if total == 0:
        return SampleRatio(dict(counts), expected, 0.0, 1.0)
    statistic = sum((counts.get(arm, 0) - wanted) ** 2 / wanted for arm, wanted in expected.items())
    p = max(float(chdtrc(len(expected) - 1, statistic)), LEAST_P)
    return SampleRatio(dict(counts), expected, statistic, p)


def exact_ratio(counts: Mapping[str, int], weights: Mapping[str, float]) -> float:
    """The p value of the promised ratio at one look, right however few units there are.

    Of two arms, the binomial test to both sides, the smaller doubled; of more, each arm against the
    rest, at as many times its p value as there are arms (Bonferroni).

    >>> exact_ratio({"a": 0, "b": 8}, {"a": 1, "b": 1})
    0.0078125
    """
    total, share = sum(counts.values()), sum(weights.values())
    if not total:
        return 1.0
    found = []
    for arm, weight in weights.items():
        seen = counts.get(arm, 0)
        below = float(bdtr(seen, total, weight / share))
        above = float(bdtrc(seen - 1, total, weight / share)) if seen else 1.0
        found.append(min(2 * below, 2 * above, 1.0))
    many = len(found) if len(found) > 2 else 1
    return max(min(min(found) * many, 1.0), LEAST_P)


def sequential_ratio(
    days: Sequence[Mapping[str, int]], weights: Mapping[str, float], *, strength: float = _STRENGTH
) -> float:
    """The p value of the promised ratio that may be read every day: at most ``p`` of all readers are wrong.

    The Bayes factor of a Dirichlet prior about the promised shares against those shares is a
    martingale where they hold, so that it ever exceeds ``1 / p`` has at most the chance ``p``.

    Args:
        days: the new units of each arm, a mapping for each day, in order.
        weights: the share promised to each arm.
        strength: how many units the prior is worth; about a tenth of those that come finds a broken
            ratio soonest. It may follow from the plan, and not from the units.

    Source:
        Lindon & Malek, "Anytime-Valid Inference for Multinomial Count Data", NeurIPS 2022,
        section 3; Ville's inequality.

    >>> sequential_ratio([{"a": 500, "b": 500}] * 3, {"a": 0.5, "b": 0.5})
    1.0
    """
    share = sum(weights.values())
    counts = dict.fromkeys(weights, 0)
    least = 1.0
    for day in days:
        for arm in counts:
            counts[arm] += day.get(arm, 0)
        least = min(least, exp(-_evidence(counts, {arm: w / share for arm, w in weights.items()}, strength)))
    return max(least, LEAST_P)


def _evidence(counts: Mapping[str, int], shares: Mapping[str, float], strength: float) -> float:
    """The logarithm of the Bayes factor against the shares; never so low that its inverse overflows."""
    total = sum(counts.values())
    found = float(gammaln(strength) - gammaln(strength + total))
    for arm, share in shares.items():
        prior, seen = strength * share, counts[arm]
        found += float(gammaln(prior + seen) - gammaln(prior)) - seen * log(share)
    return max(found, 0.0)
