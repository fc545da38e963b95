"""The primary metric's effect by segment: which of many are findings, and not chance."""

from collections.abc import Iterable

import msgspec

from fullcycle.experiment.boundary import Boundary
from fullcycle.experiment.comparison import Contrast, comparable, contrast
from fullcycle.experiment.discovery import adjusted_p, selected_alpha
from fullcycle.experiment.pairing import Where, pair
from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.experiment.statistics import Statistics

MOST_LEVELS = 300
"""A field with more of them tells units apart, and no segments: nearly all hold too few to be compared."""


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


class SegmentUnits(msgspec.Struct, frozen=True, kw_only=True):
    """The units of one level of a segment, of all arms together."""

    segment: str
    level: str
    units: int


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
        whole = sum(units.values())
        for level in levels:
            for arm in spec.treatments:
                where = Where(segment=segment, level=level)
                both = pair(spec.metrics[spec.primary], statistics, (spec.control, arm), where)
                if both.reliable and comparable(both.control, both.treated):
                    found.append((segment, level, arm, contrast(both.control, both.treated)))
                    rules.append(boundary.among(units[level] / whole))
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


def small_levels(
    spec: ExperimentSpec, statistics: Statistics, told: Iterable[SegmentEffect]
) -> list[SegmentUnits]:
    """The levels that have too few units for any arm's effect; none while no segment is told."""
    if not (any(one.segment for one in statistics.cells) or any(one.segment for one in statistics.quantiles)):
        return []
    there = {(one.segment, one.level) for one in told}
    return [
        SegmentUnits(segment=segment, level=level, units=_units(statistics, segment, level))
        for segment in spec.segments
        for level in statistics.levels(segment)
        if (segment, level) not in there
    ]


def largest_levels(spec: ExperimentSpec, statistics: Statistics) -> tuple[Statistics, list[str]]:
    """The statistics without all but the largest levels of a segment, and what is said of it.

    By units alone: an outcome has no part in which levels are read.
    """
    gone: set[tuple[str, str]] = set()
    said = []
    for segment in spec.segments:
        levels = statistics.levels(segment)
        if len(levels) <= MOST_LEVELS:
            continue
        levels.sort(key=lambda level: -_units(statistics, segment, level))
        gone |= {(segment, level) for level in levels[MOST_LEVELS:]}
        said.append(f"{segment} has {len(levels):,} levels: the {MOST_LEVELS} with most units are read")
    if not gone:
        return statistics, []
    kept = msgspec.structs.replace(
        statistics,
        cells=tuple(one for one in statistics.cells if (one.segment, one.level) not in gone),
        quantiles=tuple(one for one in statistics.quantiles if (one.segment, one.level) not in gone),
        by_segment=tuple(one for one in statistics.by_segment if (one.segment, one.level) not in gone),
    )
    return kept, said


def _units(statistics: Statistics, segment: str, level: str) -> int:
    """Those of all arms that had a level; one where none is counted, for a share is above zero."""
    return max(sum(count.units for count in statistics.by_level.get((segment, level), ())), 1)
