"""The primary metric's effect by segment: which of many are findings, and not chance."""

import msgspec

from fullcycle.experiment.boundary import Boundary
from fullcycle.experiment.comparison import Contrast, comparable, contrast
from fullcycle.experiment.discovery import adjusted_p, selected_alpha
from fullcycle.experiment.pairing import Where, pair
from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.experiment.statistics import Statistics


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
    """The effects of all segments that have units enough to be compared."""
    found: list[tuple[str, str, str, Contrast]] = []
    for segment in spec.segments:
        for level in statistics.levels(segment):
            for arm in spec.treatments:
                where = Where(segment=segment, level=level)
                both = pair(spec.metrics[spec.primary], statistics, (spec.control, arm), where)
                if both.reliable and comparable(both.control, both.treated):
                    found.append((segment, level, arm, contrast(both.control, both.treated)))
    p = [one.p_value(boundary) for *_, one in found]
    rates = adjusted_p(p)
    picked = boundary.at(selected_alpha(p, spec.alpha))
    told = []
    for (segment, level, arm, one), each, rate in zip(found, p, rates, strict=True):
        finding = rate <= spec.alpha
        low, high = one.interval(picked if finding else boundary)
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
