"""What stands against believing an experiment: each check blocks the verdict, qualifies it, or is passed."""

from collections.abc import Iterable
from math import sqrt

import msgspec
from scipy.special import ndtr

from fullcycle.experiment.comparison import comparable, contrast
from fullcycle.experiment.gram import Gram
from fullcycle.experiment.ratio_checks import BY_SEGMENT, ratio_by_segment, ratios
from fullcycle.experiment.sequential import false_alarms
from fullcycle.experiment.situation import UNLIKELY, Check, Situation
from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.experiment.statistics import Statistics, per_arm
from fullcycle.experiment.telling import told_p
from fullcycle.kernel import counted

MOST_CROSSED = 0.01
"""Above this share of units that got two arms, those left over are no random sample any more."""


class AgeEffect(msgspec.Struct, frozen=True):
    """The effect of what units did in one day after their exposure; day 0 is the first 24 hours."""

    arm: str
    age: int
    difference: float
    stderr: float


def checks(found: Situation, more: Iterable[Check] = ()) -> list[Check]:
    """All checks, and ``more`` that others made; those that block first."""
    told = [
        *more,
        *(whole := ratios(found)),
        *ratio_by_segment(found, broken=any(one.standing == "blocks" for one in whole)),
        *_unitless(found),
        *([_crossed(found)] if found.spec.days else []),  # a table has one row per unit: it cannot tell
        *_moved(found),
        *_triggered(found),
        *_early(found),
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


def held(told: Iterable[Check]) -> str:
    """Why no arm is shipped yet, though nothing is blocked; empty where one may be."""
    return "; ".join(
        check.short for check in told if check.standing == "qualifies" and check.name == BY_SEGMENT
    )


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


def _unitless(found: Situation) -> list[Check]:
    many = found.statistics.unitless
    if not many:
        return []
    name, verb = "units without an id", "was" if many == 1 else "were"
    said = f"{counted(many, 'decision')} {verb} made for requests that name no unit"
    if not found.spec.days:
        name, verb = "rows without an arm", "names" if many == 1 else "name"
        said = f"{counted(many, 'row')} of the table {verb} no arm"
    said += f": {'it takes' if many == 1 else 'they take'} part in nothing, and in no count"
    return [Check(name=name, standing="qualifies", said=said)]


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


def _moved(found: Situation) -> list[Check]:
    """Units that another arm had in an earlier phase stay: without them, an arm would have fewer old ones."""
    moved = found.statistics.moved
    if not moved:
        return []
    units = sum(per_arm(found.statistics.assigned, found.spec.order).values())
    said = (
        f"{moved:,} units ({moved / units:.2%}) had another arm in an earlier phase: they count in the arm "
        "that they have now, and what the other one did to them is in the effect"
    )
    return [Check(name="moved units", standing="qualifies", said=said)]


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


def _early(found: Situation) -> list[Check]:
    """What was decided before the planned start is an exposure, too: it was drawn by the same lot."""
    starts = found.spec.starts
    if starts is None:
        return []
    early = sum(count.units for count in found.statistics.counted if count.day < starts)
    if not early:
        return []
    said = f"{early:,} units were exposed before the planned start, {starts}, and are counted like all others"
    return [Check(name="early units", standing="qualifies", said=said)]


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
    if p >= UNLIKELY:
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
    rings = [(arm, how) for arm, p, how in told if p * len(told) < UNLIKELY]
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
