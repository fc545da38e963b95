"""Did each arm get the units that it was promised, and if not, where did they get lost?

A ratio that is broken in one segment is the loss of units seen where it happens; in the whole it is
thinned by all who are sound. So it stands against the effect as one in the whole does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fullcycle.experiment.ratio_check import (
    ALARM,
    SampleRatio,
    exact_ratio,
    sample_ratio,
    sequential_ratio,
)
from fullcycle.experiment.situation import UNLIKELY, Check, Situation
from fullcycle.experiment.statistics import Count, per_arm
from fullcycle.experiment.telling import told_p
from fullcycle.kernel import counted

BY_SEGMENT = "ratio by segment"

_MOST_NAMED = 4  # levels that are named
_IN_PARTS = 1_000.0  # units that the prior is worth in a segment, to which fewer come than to the whole


def ratios(found: Situation) -> list[Check]:
    """Of the assigned units, and of those that were triggered."""
    told = [_ratio("sample ratio", "assigned", found, found.statistics.assigned)]
    if found.spec.triggered is not None:
        told.append(_ratio("triggered ratio", "triggered", found, found.statistics.counted))
    return told


def ratio_by_segment(found: Situation, *, broken: bool) -> list[Check]:
    """The ratio in each level of each segment, all of them together at one rate (Bonferroni).

    What the test for every day finds blocks, as in the whole. What only the test for this one look
    finds may be chance that looking often brought up: it holds an arm back from being shipped.

    Args:
        found: what is known.
        broken: whether the ratio of all units is broken: then this tells where, and no more.
    """
    levels = _levels(found)
    if not levels:
        return []
    least = min(level.once for level in levels)
    rings = [level for level in levels if level.once < UNLIKELY]
    sure = [level for level in levels if level.always < ALARM]
    among = f"over {counted(len(levels), 'level')} of segments"
    if broken and (rings or sure):
        where = _named([level.name for level in rings or sure])
        said = f"the ratio is broken among {where}: look there for what loses units"
        return [Check(name=BY_SEGMENT, standing="qualifies", said=said, p=least)]
    if sure:
        said = (
            f"the ratio is broken among {_named(map(str, sure))}: {told_p(min(one.always for one in sure))} "
            f"{among}, alarm below {ALARM}; something there lets one arm's units get lost, so no effect can "
            "be believed"
        )
        return [Check(name=BY_SEGMENT, standing="blocks", said=said, p=min(one.always for one in sure))]
    if rings:
        short = f"one arm's units seem to get lost among {_named(level.name for level in rings)}"
        said = (
            f"the ratio looks broken among {_named(map(str, rings))}: {told_p(least)} {among} at this one "
            "look; whatever loses one arm's units there has to be found before an effect is believed"
        )
        return [Check(name=BY_SEGMENT, standing="qualifies", said=said, p=least, short=short)]
    return [Check(name=BY_SEGMENT, standing="ok", said="no segment stands out by its ratio", p=least)]


@dataclass(frozen=True, slots=True)
class _Level:
    """One level of a segment; both p values are of all levels together: at this look, and at any."""

    name: str
    ratio: SampleRatio
    once: float
    always: float

    def __str__(self) -> str:
        return f"{self.name} ({_counts(self.ratio)})"


def _levels(found: Situation) -> list[_Level]:
    """Each level by itself, its p values times how many levels there are."""
    spec, statistics = found.spec, found.statistics
    names = [(segment, level) for segment in spec.segments for level in statistics.levels(segment)]
    told = []
    for segment, level in names:
        counts = [Count(count.arm, count.day, count.units) for count in statistics.by_level[segment, level]]
        ratio = sample_ratio(per_arm(counts, spec.order), spec.weights)
        once = min(exact_ratio(ratio.counts, spec.weights) * len(names), 1.0)
        always = (
            once if found.ended else min(_at_any_day(found, counts, strength=_IN_PARTS) * len(names), 1.0)
        )
        told.append(_Level(f"{segment} = {level}", ratio, once, always))
    return sorted(told, key=lambda level: level.once)


def _ratio(name: str, which: str, found: Situation, counts: Sequence[Count]) -> Check:
    """At the end of a fixed plan chi-square is the sharpest; else a test for every day."""
    ratio = sample_ratio(per_arm(counts, found.spec.order), found.spec.weights)
    p = ratio.p if found.ended else _at_any_day(found, counts)
    if p >= ALARM:
        return Check(name=name, standing="ok", said=f"the {which} units have the promised ratio", p=p)
    return Check(
        name=name,
        standing="blocks",
        said=(
            f"the {which} units do not have the promised ratio ({_counts(ratio)}; {told_p(p)}, alarm below "
            f"{ALARM}): something lets one arm's units get lost, so no effect can be believed"
        ),
        p=p,
    )


def _at_any_day(found: Situation, counts: Sequence[Count], **options: float) -> float:
    days = sorted({count.day for count in counts})
    each = [per_arm((count for count in counts if count.day == day), found.spec.order) for day in days]
    return sequential_ratio(each, found.spec.weights, **options)


def _counts(ratio: SampleRatio) -> str:
    return ", ".join(f"{arm} {n:,} of {ratio.expected[arm]:,.0f} expected" for arm, n in ratio.counts.items())


def _named(levels: Iterable[str]) -> str:
    """The worst of them."""
    every = list(levels)
    more = len(every) - _MOST_NAMED
    return ", ".join(every[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
