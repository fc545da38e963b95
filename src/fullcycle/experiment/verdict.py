"""The verdict, by a rule that is fixed before anything is seen.

1. *unknown*, whatever the effect, where a check blocks, such as a sample ratio that is broken.
2. *stop* an arm that breaks a guardrail, whose primary metric is worse, or that at best
   gains less than ``matters``. *Ship* the one with the largest gain among those whose
   primary metric is better and whose guardrails all hold; it is held back while the ratio looks
   broken in a segment.
3. Where neither: *keep going* while the plan has days left, *unknown* after it; with the arm of the
   largest gain among those that are not stopped, and beside it those that are.

A fixed analysis is concluded once, at the end of the plan; before it: *keep going*. A
group-sequential one is concluded at its looks; before the first: *keep going*.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from fullcycle.experiment.boundary import Boundary
from fullcycle.experiment.effect import Effect
from fullcycle.experiment.forecast import days_until_clear, days_until_kept, longest
from fullcycle.experiment.guardrail import Guardrail
from fullcycle.experiment.pairing import FEWEST_EVENTS, FEWEST_UNITS
from fullcycle.experiment.spec import Analysis
from fullcycle.experiment.telling import change, told_gain, told_guardrail
from fullcycle.kernel import counted

Decision = Literal["ship", "stop", "keep going", "unknown"]

_NEEDED = (
    f"each arm needs {FEWEST_UNITS} for a mean, for a proportion {FEWEST_EVENTS} to which it happened and "
    f"{FEWEST_EVENTS} to which it did not, and {FEWEST_UNITS} for each covariate"
)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is concluded, in a sentence, and what would change it.

    ``arm`` is the one that is shipped, or that came nearest; ``days_left`` how long the
    plan goes on, its last windows included. ``forecast_days`` is how many days of such traffic it
    takes until what keeps it open is decided, if effect and spread stay as they are; None where
    that is more than a year, or nothing is to be forecast. ``held`` is why an arm that would be
    shipped is not, ``qualified`` the names of the checks to know before this is believed. ``stopped``
    says which arms are out, and why, where another is still open.
    """

    decision: Decision
    reason: str
    would_change: str
    arm: str | None = None
    days_left: int = 0
    forecast_days: int | None = None
    held: str = ""
    qualified: tuple[str, ...] = ()
    stopped: str = ""

    @property
    def told(self) -> str:
        """The reason, and what qualifies it."""
        return f"{self.reason}; qualified by: {', '.join(self.qualified)}" if self.qualified else self.reason


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the rule looks at.

    ``units_per_day`` is by arm; ``assigned`` counts the units of all arms, ``known_on`` is the day (ISO
    date, UTC) from which the first of them have a value.
    """

    primary: Sequence[Effect]  # one per arm but the control
    guardrails: Sequence[Guardrail]
    boundary: Boundary
    analysis: Analysis
    days_left: int
    units_per_day: Mapping[str, float]
    assigned: int
    planned: bool = True  # whether there is a plan of days; a table of units has none
    known_on: str | None = None
    matters: float | None = None
    matters_told: str = ""  # where it was declared in money
    blocked: str = ""  # why nothing may be concluded
    held: str = ""  # why nothing may be shipped
    qualified: tuple[str, ...] = ()  # by which checks
    looked: bool = True  # a group-sequential plan has had a look
    next_look: str | None = None  # ISO date


def verdict(evidence: Evidence) -> Verdict:
    """Conclude by the rule above."""
    return msgspec.structs.replace(_concluded(evidence), qualified=evidence.qualified)


def _concluded(evidence: Evidence) -> Verdict:
    left = evidence.days_left
    if evidence.blocked:
        return Verdict(
            decision="unknown",
            reason=evidence.blocked,
            would_change="finding the cause, which units are missing or counted twice; then a new experiment",
            days_left=left,
        )
    best = max(evidence.primary, key=_gained)
    if evidence.analysis == "fixed" and left > 0:
        return Verdict(
            decision="keep going",
            reason=f"a fixed analysis is read once, at its end, which is in {counted(left, 'day')}",
            would_change="the end of the plan; a look before it counts as one look too many",
            arm=best.arm,
            days_left=left,
        )
    if not evidence.looked:
        return Verdict(
            decision="keep going",
            reason=_before_looks(evidence),
            would_change="the first look",
            arm=best.arm,
            days_left=left,
        )
    shipped = [found for found in evidence.primary if _better(found) and _safe(found.arm, evidence)]
    if shipped:
        winner = max(shipped, key=lambda found: found.gain[0] if found.gain else 0.0)
        return _held(winner, evidence) if evidence.held else _ship(winner, evidence)
    losses = {found.arm: _loss(found, evidence) for found in evidence.primary}
    still = [found for found in evidence.primary if not losses[found.arm]]
    if not still:
        return Verdict(
            decision="stop",
            reason="; ".join(losses.values()),
            would_change="another policy in a new experiment; more days with this one would not",
            arm=best.arm,
            days_left=left,
        )
    out = "; ".join(f"stop {arm}: {why}" for arm, why in losses.items() if why)
    return _open(max(still, key=_gained), out, evidence)


def _gained(found: Effect) -> float:
    return found.gain[0] if found.gain else float("-inf")


def _better(found: Effect) -> bool:
    return found.reliable and found.gain is not None and found.gain[1] > 0


def _safe(arm: str, evidence: Evidence) -> bool:
    return all(rail.standing == "holds" for rail in evidence.guardrails if rail.arm == arm)


def _loss(found: Effect, evidence: Evidence) -> str:
    """Why an arm is to be stopped; empty where it is not."""
    for rail in evidence.guardrails:
        if rail.arm == found.arm and rail.standing == "broken":
            return (
                f"{found.arm} worsens {rail.metric} by more than the tolerated {100 * rail.margin:.4g}%"
                + (f" (by at least {change(rail.best, plus=False)})" if rail.best is not None else "")
            )
    if not found.reliable or found.gain is None:
        return ""
    if found.gain[2] < 0:
        return told_gain(found)
    if evidence.matters is not None and found.gain[2] < evidence.matters:
        matters = evidence.matters_told or f"{evidence.matters:g}"
        return f"{told_gain(found)}: at best less than the {matters} that matters"
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


def _held(winner: Effect, evidence: Evidence) -> Verdict:
    """It would be shipped, and is not."""
    goes_on = evidence.days_left > 0 and not _over(evidence)
    return Verdict(
        decision="keep going" if goes_on else "unknown",
        reason=f"{told_gain(winner)}, but {evidence.held}",
        would_change="finding what loses units there, then a new experiment; or more units that bring the "
        "ratio right",
        arm=winner.arm,
        days_left=evidence.days_left if goes_on else 0,
        held=evidence.held,
    )


def _over(evidence: Evidence) -> bool:
    """Whether all planned looks are."""
    return evidence.analysis == "group-sequential" and evidence.next_look is None


def _before_looks(evidence: Evidence) -> str:
    if not evidence.assigned:
        return "nobody was exposed yet"
    return f"no planned look is over yet; the first can be read on {evidence.next_look}"


def _open(best: Effect, out: str, evidence: Evidence) -> Verdict:
    """Neither shipped nor stopped: why, and what would decide it; ``out`` are the arms that are stopped."""
    left = evidence.days_left
    days: int | None = None
    if not best.reliable or best.gain is None:
        reason, mend = _nothing_to_compare(best, evidence)
    elif _better(best):
        unclear = [
            rail for rail in evidence.guardrails if rail.arm == best.arm and rail.standing == "unclear"
        ]
        names = ", ".join(told_guardrail(rail) for rail in unclear)
        reason = f"{told_gain(best)}, but {names}"
        days = longest(days_until_kept(rail, evidence.boundary, _traffic(best, evidence)) for rail in unclear)
        if any(_untrusted(rail) for rail in unclear):
            days = None
            mend = f"more units: {_NEEDED}; or a wider margin, decided beforehand"
        else:
            mend = f"{_forecast(days, left, evidence)}; or a wider margin, decided beforehand"
    else:
        reason = f"{told_gain(best)}: the interval holds zero"
        days = days_until_clear(best, evidence.boundary, _traffic(best, evidence))
        mend = _forecast(days, left, evidence)
    told = f"; {out}" if out else ""
    over = _over(evidence)
    if left > 0 and not over:
        return Verdict(
            decision="keep going",
            reason=f"{reason}{told}; the plan has {counted(left, 'day')} left",
            would_change=mend,
            arm=best.arm,
            days_left=left,
            forecast_days=None if evidence.next_look else days,
            stopped=out,
        )
    over_too = f", and the planned {'looks' if over else 'days'} are over" if evidence.planned else ""
    return Verdict(
        decision="unknown",
        reason=f"{reason}{over_too}{told}",
        would_change=mend,
        arm=best.arm,
        stopped=out,
    )


def _untrusted(rail: Guardrail) -> bool:
    """Whether a guardrail's bound is clear of its margin, and only units are lacking to trust it."""
    return rail.slack_low is not None and rail.slack_high is not None and rail.slack_low * rail.slack_high > 0


def _nothing_to_compare(best: Effect, evidence: Evidence) -> tuple[str, str]:
    """Why there is no interval, or none to be trusted."""
    units = {best.control: best.control_units, best.arm: best.arm_units}
    empty = [arm for arm, known in units.items() if not known]
    if not evidence.assigned:
        return "nobody was exposed yet", "the first units"
    if len(empty) == len(units) and not evidence.planned:
        return f"no unit has a value of {best.metric}", "units that have one"
    if len(empty) == len(units):
        when = f"; the first will be on {evidence.known_on}" if evidence.known_on else ""
        return f"{best.metric} is known of no unit yet{when}", "the end of the first units' window"
    if empty:
        return f"{best.metric} is known of no unit with {empty[0]}", f"units with {empty[0]}"
    if best.difference is None:
        return (
            f"{best.metric} is the same for every unit of {best.control} and {best.arm}, so that there is "
            "nothing to compare",
            "units that differ",
        )
    needed = (
        f"{FEWEST_EVENTS} to whom it happened and {FEWEST_EVENTS} to whom it did not"
        if best.kind == "proportion"
        else f"{FEWEST_UNITS}"
    )
    if best.reduction is not None:
        needed += f", and {FEWEST_UNITS} for each covariate"
    if best.kind == "ratio":
        needed += ", and something to divide by that is clearly not zero"
    return (
        f"{best.arm} and {best.control} have too few units for an interval that can be trusted: "
        f"each needs {needed}",
        "more units in both arms",
    )


def _traffic(found: Effect, evidence: Evidence) -> float:
    """Units a day of the two arms."""
    return sum(evidence.units_per_day.get(arm, 0.0) for arm in (found.control, found.arm))


def _forecast(days: int | None, left: int, evidence: Evidence) -> str:
    if evidence.next_look is not None:
        return f"the next look, on {evidence.next_look}"
    if not evidence.planned:
        return _as_many(days)
    if days is None:
        return "a larger effect: at the present one, a year of such traffic would not decide it"
    told = f"about {counted(max(days, 1), 'day')} more of such traffic, if effect and spread stay as they are"
    if days > left > 0:
        return f"{told}: more than the plan has, so that it will most likely stay open"
    return told


def _as_many(times: int | None) -> str:
    """How many times as many units it takes, where nothing is known of days."""
    if times is None:
        return "a larger effect: at the present one, a hundred times as many units would not decide it"
    return f"about {max(times, 1) + 1:,} times as many units, if effect and spread stay as they are"
