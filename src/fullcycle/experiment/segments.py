"""The primary metric's effect by segment: which of many are findings, and not chance."""

import msgspec

from fullcycle.experiment.boundary import Boundary
from fullcycle.experiment.comparison import Contrast, comparable, contrast
from fullcycle.experiment.discovery import adjusted_p, selected_alpha
from fullcycle.experiment.pairing import Where, pair
from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.experiment.statistics import Statistics, per_arm


class SegmentEffect(msgspec.Struct, frozen=True, kw_only=True):
    """One arm against the control among the units of one level of a segment.

    ``rate`` is the false-discovery rate at which it would be a finding, over all segments and
    arms; it is one where that is at most the experiment's alpha. The interval of a finding is
    widened for its having been picked.
    """

    segment: str
    level: str
    arm: str
    units: int
    difference: float
    low: float
    high: float
    p: float
    rate: float
    finding: bool


def segment_effects(spec: ExperimentSpec, statistics: Statistics, boundary: Boundary) -> list[SegmentEffect]:
    """The effects of all segments that have units enough to be compared.

    Each at the boundary for its share of the units: one that is tightest where all are planned would
    be more than twice as wide in a segment of two in a hundred.
    """
    found: list[tuple[str, str, str, Contrast]] = []
    rules: list[Boundary] = []
    for segment in spec.segments:
        levels = statistics.levels(segment)
        units = {level: _units(statistics, segment, level) for level in levels}
        for level in levels:
            for arm in spec.treatments:
                where = Where(segment=segment, level=level)
                both = pair(spec.metrics[spec.primary], statistics, (spec.control, arm), where)
                if both.reliable and comparable(both.control, both.treated):
                    found.append((segment, level, arm, contrast(both.control, both.treated)))
                    rules.append(boundary.among(units[level] / sum(units.values())))
    p = [one.p_value(rule) for (*_, one), rule in zip(found, rules, strict=True)]
    rates = adjusted_p(p)
    picked = selected_alpha(p, spec.alpha)
    told = []
    for (segment, level, arm, one), rule, each, rate in zip(found, rules, p, rates, strict=True):
        finding = rate <= spec.alpha
        low, high = one.interval(rule.at(picked) if finding else rule)
        told.append(
            SegmentEffect(
                segment=segment,
                level=level,
                arm=arm,
                units=one.units,
                difference=one.value,
                low=low,
                high=high,
                p=each,
                rate=rate,
                finding=finding,
            )
        )
    return told


def _units(statistics: Statistics, segment: str, level: str) -> int:
    """Those of all arms that had a level; one where none is counted, for a share is above zero."""
    arms = {count.arm for count in statistics.by_segment}
    return max(sum(per_arm(statistics.by_segment, arms, segment=segment, level=level).values()), 1)
