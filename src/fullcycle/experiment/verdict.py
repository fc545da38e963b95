"""The verdict, by a rule that is fixed before anything is seen.

1. *unknown*, whatever the effect, where the sample ratio is broken.
2. *stop* an arm that breaks a guardrail, whose primary metric is worse, or that at best
   gains less than ``matters``. *Ship* the one with the largest gain among those whose
   primary metric is better and whose guardrails all hold.
3. Where neither: *keep going* while the plan has days left, *unknown* after it.

A fixed analysis is concluded once, at the end of the plan; before it: *keep going*. A
group-sequential one is concluded at its looks; before the first: *keep going*.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

import msgspec

from fullcycle.experiment.boundary import Boundary
from fullcycle.experiment.effect import Effect
from fullcycle.experiment.guardrail import Guardrail
from fullcycle.experiment.spec import Analysis
from fullcycle.experiment.telling import told_gain

Decision = Literal["ship", "stop", "keep going", "unknown"]

_LONGEST = 365  # days; beyond that a forecast is no help


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is concluded, in a sentence, and what would change it.

    ``arm`` is the one that is shipped, or that came nearest; ``days_left`` how long the
    plan goes on, its last windows included.
    """

    decision: Decision
    reason: str
    would_change: str
    arm: str | None = None
    days_left: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the rule looks at."""

    primary: Sequence[Effect]  # one per arm but the control
    guardrails: Sequence[Guardrail]
    boundary: Boundary
    analysis: Analysis
    days_left: int
    units_per_day: float
    matters: float | None = None
    blocked: str = ""  # why nothing may be concluded
    looked: bool = True  # a group-sequential plan has had a look
    next_look: str | None = None  # ISO date


def verdict(evidence: Evidence) -> Verdict:
    """Conclude by the rule above."""
    left = evidence.days_left
    if evidence.blocked:
        return Verdict(
            decision="unknown",
            reason=evidence.blocked,
            would_change="finding the cause, which units are missing or counted twice; then a new experiment",
            days_left=left,
        )
    best = max(evidence.primary, key=lambda found: found.gain[0] if found.gain else float("-inf"))
    if evidence.analysis == "fixed" and left > 0:
        return Verdict(
            decision="keep going",
            reason=f"a fixed analysis is read once, at its end, which is in {_days(left)}",
            would_change="the end of the plan; a look before it counts as one look too many",
            arm=best.arm,
            days_left=left,
        )
    if not evidence.looked:
        return Verdict(
            decision="keep going",
            reason=f"no planned look is over yet; the first can be read on {evidence.next_look}",
            would_change="the first look",
            arm=best.arm,
            days_left=left,
        )
    shipped = [found for found in evidence.primary if _better(found) and _safe(found.arm, evidence)]
    if shipped:
        winner = max(shipped, key=lambda found: found.gain[0] if found.gain else 0.0)
        return _ship(winner, evidence)
    losses = [_loss(found, evidence) for found in evidence.primary]
    if all(losses):
        return Verdict(
            decision="stop",
            reason="; ".join(losses),
            would_change="another policy in a new experiment; more days with this one would not",
            arm=best.arm,
            days_left=left,
        )
    return _open(best, evidence)


def days_until_clear(found: Effect, boundary: Boundary, units_per_day: float) -> int | None:
    """How many more days of units until the interval leaves zero, if effect and spread stay as they are.

    None where that takes longer than a year.
    """
    if found.stderr is None or found.difference is None or units_per_day <= 0:
        return None
    units = found.control_units + found.arm_units
    for days in range(_LONGEST + 1):
        grown = units + round(days * units_per_day)
        stderr = found.stderr * (units / grown) ** 0.5
        if abs(found.difference) > boundary.two_sided(grown - 2, grown) * stderr:
            return days
    return None


def _better(found: Effect) -> bool:
    return found.reliable and found.gain is not None and found.gain[1] > 0


def _safe(arm: str, evidence: Evidence) -> bool:
    return all(rail.standing == "holds" for rail in evidence.guardrails if rail.arm == arm)


def _loss(found: Effect, evidence: Evidence) -> str:
    """Why an arm is to be stopped; empty where it is not."""
    for rail in evidence.guardrails:
        if rail.arm == found.arm and rail.standing == "broken":
            return f"{found.arm} worsens {rail.metric} by more than the tolerated {rail.margin:.0%}"
    if not found.reliable or found.gain is None:
        return ""
    if found.gain[2] < 0:
        return told_gain(found)
    if evidence.matters is not None and found.gain[2] < evidence.matters:
        return f"{told_gain(found)}: at best less than the {evidence.matters:g} that matters"
    return ""


def _ship(winner: Effect, evidence: Evidence) -> Verdict:
    rails = [rail.metric for rail in evidence.guardrails if rail.arm == winner.arm]
    kept = f", and {', '.join(rails)} kept within the margin" if rails else ""
    return Verdict(
        decision="ship",
        reason=f"{told_gain(winner)}{kept}",
        would_change="a sample ratio that breaks, or a guardrail that does, while it is rolled out",
        arm=winner.arm,
        days_left=evidence.days_left,
    )


def _open(best: Effect, evidence: Evidence) -> Verdict:
    left = evidence.days_left
    unclear = [rail for rail in evidence.guardrails if rail.arm == best.arm and rail.standing == "unclear"]
    if not best.reliable or best.gain is None:
        reason = f"{best.arm} and {best.control} have too few units for an interval that can be trusted"
        change = "more units in both arms"
    elif _better(best):
        names = ", ".join(f"{rail.metric} may be worse by more than {rail.margin:.0%}" for rail in unclear)
        reason = f"{told_gain(best)}, but {names}"
        change = (
            "more units, until the guardrail's bound leaves its margin; or a wider margin, decided beforehand"
        )
    else:
        reason = f"{told_gain(best)}: the interval holds zero"
        change = _forecast(best, evidence)
    return Verdict(
        decision="keep going" if left > 0 else "unknown",
        reason=f"{reason}; the plan has {_days(left)} left"
        if left > 0
        else f"{reason}, and the planned days are over",
        would_change=change,
        arm=best.arm,
        days_left=left,
    )


def _forecast(found: Effect, evidence: Evidence) -> str:
    days = days_until_clear(found, evidence.boundary, evidence.units_per_day)
    if days is None:
        return "a larger effect: at the present one, a year of such traffic would not tell it from zero"
    return f"about {_days(max(days, 1))} more of such traffic, if effect and spread stay as they are"


def _days(n: float) -> str:
    return f"{ceil(n):,} day{'s' if ceil(n) != 1 else ''}"
