"""What stands against believing an experiment: each check blocks the verdict, qualifies it, or is passed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import msgspec
from scipy.special import ndtr

from fullcycle.experiment.comparison import comparable, contrast
from fullcycle.experiment.discovery import adjusted_p
from fullcycle.experiment.effect import Effect
from fullcycle.experiment.gram import Gram
from fullcycle.experiment.looks import last_planned
from fullcycle.experiment.ratio_check import ALARM, sample_ratio, sequential_ratio
from fullcycle.experiment.sequential import false_alarms
from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.experiment.statistics import Count, Statistics, per_arm
from fullcycle.experiment.telling import told_p

Standing = Literal["ok", "qualifies", "blocks"]

MOST_CROSSED = 0.01
"""Above this share of units that got two arms, those left over are no random sample any more."""

_UNLIKELY = 0.01  # a check that only qualifies rings once in a hundred readouts by chance


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check: what was found, in a sentence, and its p value where it is a test."""

    name: str
    standing: Standing
    said: str
    p: float | None = None


class AgeEffect(msgspec.Struct, frozen=True):
    """The effect of what units did in one day after their exposure; day 0 is the first 24 hours."""

    arm: str
    age: int
    difference: float
    stderr: float


@dataclass(frozen=True, slots=True)
class Situation:
    """What checks look at beside the statistics."""

    spec: ExperimentSpec
    statistics: Statistics
    primary: Sequence[Effect]
    days_left: int


def checks(found: Situation) -> list[Check]:
    """All checks, those that block first."""
    told = [
        *_ratios(found),
        *_ratio_by_segment(found),
        *([_crossed(found)] if found.spec.days else []),  # a table has one row per unit: it cannot tell
        *_triggered(found),
        *_peeking(found),
        *_before(found),
        *_novelty(found),
        *_late(found),
    ]
    order = {"blocks": 0, "qualifies": 1, "ok": 2}
    return sorted(told, key=lambda check: order[check.standing])


def blocked(told: Iterable[Check]) -> str:
    """Why nothing may be concluded; empty where something may."""
    return "; ".join(check.said for check in told if check.standing == "blocks")


def age_effects(spec: ExperimentSpec, statistics: Statistics) -> list[AgeEffect]:
    """The primary metric's effect by days since the exposure, where units enough are that old."""
    found = []
    for arm in spec.treatments:
        for age in sorted({int(cell.day) for cell in statistics.by_age}):
            ours, theirs = (_aged(statistics, one, age) for one in (spec.control, arm))
            if ours is None or theirs is None or not comparable(ours.moments(), theirs.moments()):
                continue
            step = contrast(ours.moments(), theirs.moments())
            found.append(AgeEffect(arm, age, step.value, step.stderr))
    return found


def _ratios(found: Situation) -> list[Check]:
    spec = found.spec
    told = [_ratio("sample ratio", "assigned", found, found.statistics.assigned)]
    if spec.triggered is not None:
        told.append(_ratio("triggered ratio", "triggered", found, found.statistics.counted))
    return told


def _ratio(name: str, which: str, found: Situation, counted: Sequence[Count]) -> Check:
    """At the end of a fixed plan, over its units, chi-square is the sharpest; else a test for every day."""
    spec = found.spec
    ended = spec.analysis == "fixed" and found.days_left <= 0
    if ended and (last := last_planned(spec, found.statistics)) is not None:
        counted = [count for count in counted if count.day <= last]
    ratio = sample_ratio(per_arm(counted, spec.order), spec.weights)
    if ended:
        p = ratio.p
    else:
        days = sorted({count.day for count in counted})
        p = sequential_ratio(
            [per_arm((count for count in counted if count.day == day), spec.order) for day in days],
            spec.weights,
        )
    if p >= ALARM:
        return Check(name=name, standing="ok", said=f"the {which} units have the promised ratio", p=p)
    counts = ", ".join(
        f"{arm} {n:,} of {ratio.expected[arm]:,.0f} expected" for arm, n in ratio.counts.items()
    )
    return Check(
        name=name,
        standing="blocks",
        said=(
            f"the {which} units do not have the promised ratio ({counts}; {told_p(p)}, alarm below {ALARM}):"
            " something lets one arm's units get lost, so no effect can be believed"
        ),
        p=p,
    )


def _ratio_by_segment(found: Situation) -> list[Check]:
    """Where the units of one arm get lost: it helps to find the cause, and blocks nothing by itself."""
    spec, statistics = found.spec, found.statistics
    told: list[tuple[str, float]] = []
    for segment in spec.segments:
        for level in statistics.levels(segment):
            counts = per_arm(statistics.by_segment, spec.order, segment=segment, level=level)
            told.append((f"{segment} = {level}", sample_ratio(counts, spec.weights).p))
    rings = [
        name for (name, _), p in zip(told, adjusted_p([p for _, p in told]), strict=True) if p < _UNLIKELY
    ]
    if not told:
        return []
    if not rings:
        return [Check(name="ratio by segment", standing="ok", said="no segment stands out by its ratio")]
    where = ", ".join(rings)
    said = f"the ratio is broken among {where}: look there for what loses units"
    return [Check(name="ratio by segment", standing="qualifies", said=said)]


def _crossed(found: Situation) -> Check:
    crossed = found.statistics.crossed
    assigned = sum(per_arm(found.statistics.assigned, found.spec.order).values())
    share = crossed / (assigned + crossed) if crossed else 0.0
    if not crossed:
        return Check(name="crossed units", standing="ok", said="no unit got two arms")
    said = f"{crossed:,} units ({share:.2%}) got two arms and are left out"
    if share > MOST_CROSSED:
        return Check(
            name="crossed units",
            standing="blocks",
            said=f"{said}: those left are no random sample; see whether the unit is told apart everywhere",
        )
    return Check(name="crossed units", standing="qualifies", said=said)


def _triggered(found: Situation) -> list[Check]:
    if found.spec.triggered is None:
        return []
    stray, idle = found.statistics.exposed_without_decision, found.statistics.decided_without_exposure
    if not stray:
        said = "every exposure has its decision" + (
            f"; {idle:,} units were decided for and never exposed" if idle else ""
        )
        return [Check(name="exposures", standing="ok", said=said)]
    said = (
        f"{stray:,} exposures name a decision that is not in the log: they cannot be counted, and if one "
        "arm has more of them than the other, the ratio breaks"
    )
    return [Check(name="exposures", standing="qualifies", said=said)]


def _peeking(found: Situation) -> list[Check]:
    spec = found.spec
    if spec.analysis != "fixed" or found.days_left <= 0:
        return []
    daily = false_alarms(max(spec.days, 1), spec.alpha)
    said = (
        f"this is a look before the end of a fixed design: read every day of its {spec.days}, it would find "
        f"an effect where there is none with a chance of {daily:.0%} instead of {spec.alpha:.0%}"
    )
    return [Check(name="peeking", standing="qualifies", said=said)]


def _before(found: Situation) -> list[Check]:
    """Covariates are known before the exposure, so that no arm can have changed them."""
    told = [one for one in found.primary if one.imbalance is not None]
    if not told:
        return []
    p = min(min(one.imbalance for one in told if one.imbalance is not None) * len(told), 1.0)
    if p >= _UNLIKELY:
        said = "the arms were alike before the exposure"
        return [Check(name="before the exposure", standing="ok", said=said, p=p)]
    said = (
        f"the arms differed before the exposure ({told_p(p)}): chance does that once in a while, and a "
        "broken assignment does it always; the adjusted effect is freed from what the covariates say"
    )
    return [Check(name="before the exposure", standing="qualifies", said=said, p=p)]


def _novelty(found: Situation) -> list[Check]:
    """Whether the effect of the first day is gone, or still growing, after it.

    Days of one unit go together, by how much is not known; the test takes the worst case, in which
    their errors add up.
    """
    told = []
    for arm in found.spec.treatments:
        by_age = [one for one in age_effects(found.spec, found.statistics) if one.arm == arm]
        if len(by_age) < 3 or by_age[0].age != 0:
            continue
        first, rest = by_age[0], by_age[1:]
        weights = [1 / one.stderr**2 for one in rest if one.stderr > 0]
        if len(weights) < len(rest) or first.stderr <= 0:
            continue
        later = sum(w * one.difference for w, one in zip(weights, rest, strict=True)) / sum(weights)
        spread = first.stderr + sum(w * sqrt(1 / w) for w in weights) / sum(weights)
        p = float(2 * ndtr(-abs(first.difference - later) / spread))
        grows = abs(later) > abs(first.difference)
        told.append((arm, p, "grows after" if grows else "is larger on"))
    if not told:
        return []
    rings = [(arm, how) for arm, p, how in told if p * len(told) < _UNLIKELY]
    least = min(p for _, p, _ in told)
    if not rings:
        said = "the effect does not depend on how long ago the exposure was"
        return [Check(name="novelty", standing="ok", said=said, p=min(least * len(told), 1.0))]
    where = "; ".join(f"the effect of {arm} {how} the first day" for arm, how in rings)
    said = f"{where}: what it is in the long run may differ from what is measured"
    return [Check(name="novelty", standing="qualifies", said=said, p=min(least * len(told), 1.0))]


def _late(found: Situation) -> list[Check]:
    late = sum(count.units for count in found.statistics.late)
    if not found.statistics.late:
        return []
    if not late:
        return [Check(name="late rows", standing="ok", said="no row came after its unit was counted")]
    said = (
        f"{late:,} rows came after their unit's value had counted as known, and are left out: raise late_by"
    )
    return [Check(name="late rows", standing="qualifies", said=said)]


def _aged(statistics: Statistics, arm: str, age: int) -> Gram | None:
    return next((cell.gram for cell in statistics.by_age if cell.arm == arm and cell.day == str(age)), None)
