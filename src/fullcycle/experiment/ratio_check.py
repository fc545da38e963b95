"""Did the arms get the share of units that they were promised? Where not, nothing else can be believed."""

from collections.abc import Mapping

import msgspec
from scipy.special import chdtrc

ALARM = 0.001
"""A p value below this blocks the verdict: one false alarm in a thousand readouts."""


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
    return SampleRatio(dict(counts), expected, statistic, float(chdtrc(len(expected) - 1, statistic)))
