"""An effect, and what is concluded from it, in a sentence."""

from typing import TYPE_CHECKING

from fullcycle.experiment.effect import Effect
from fullcycle.kernel import counted

if TYPE_CHECKING:
    from fullcycle.experiment.reading import Readout
    from fullcycle.experiment.worth import ArmWorth

_POINTS = " points"


def told_gain(found: Effect) -> str:
    """What an arm caused in a metric, with its interval.

    Proportions are told in percentage points, means in the metric's own unit.
    """
    if found.difference is None or found.low is None or found.high is None:
        return f"{found.metric} cannot be compared between {found.arm} and {found.control}"
    word = "higher" if found.difference >= 0 else "lower"
    shown = amount(found, found.difference).lstrip("+-")
    low, high = (amount(found, end).removesuffix(_POINTS) for end in (found.low, found.high))
    return (
        f"{found.metric} is {shown} {word} with {found.arm} than with {found.control}"
        f" (interval {low} to {high})"
    )


def amount(found: Effect, value: float) -> str:
    """A difference as it is told: ``+1.23 points`` of a proportion, ``+0.4567`` of a mean."""
    return f"{100 * value:+.2f}{_POINTS}" if found.kind == "proportion" else f"{value:+.4g}"


def level(found: Effect, value: float) -> str:
    """A metric's value as it is told: ``15.2 %`` of a proportion, ``3.142`` else."""
    return f"{100 * value:.1f} %" if found.kind == "proportion" else f"{value:,.4g}"


def headline(told: "Readout") -> str:
    """What a readout comes to, in one sentence for somebody who reads no other.

    It says what to do, what the arm does to the primary metric, and what that is worth.
    """
    verdict = told.verdict
    best = next((found for found in told.primary if found.arm == verdict.arm), None)
    does = _does(best) if best is not None else ""
    worth = next((one for one in told.worth if best is not None and one.arm == best.arm), None)
    match verdict.decision:
        case "ship":
            return f"Ship {verdict.arm}: {does}{_worth(worth)}."
        case "stop":
            return f"Stop: {verdict.reason}."
        case "keep going":
            left = f" for another {counted(verdict.days_left, 'day')}" if verdict.days_left else ""
            so_far = f": so far {does}, which may still be chance" if does else f": {verdict.reason}"
            clear = best is not None and best.gain is not None and best.gain[1] > 0
            return f"Keep going{left}{f': so far {does}' if clear and does else so_far}."
    return f"Nothing can be concluded: {verdict.reason}."


def _does(found: Effect) -> str:
    """What an arm does to its metric."""
    if found.difference is None or found.low is None or found.high is None:
        return ""
    verb = "raises" if found.difference >= 0 else "lowers"
    low, high = (amount(found, end).removesuffix(_POINTS) for end in (found.low, found.high))
    by = amount(found, found.difference).lstrip("+-")
    return (
        f"it {verb} {found.metric} by {by}, from {level(found, found.control_mean)}"
        f" (between {low} and {high})"
    )


def _worth(worth: "ArmWorth | None") -> str:
    if worth is None:
        return ""
    said = f", worth {worth.measured:,.0f} {worth.currency} a year"
    if worth.expected is None:
        return said
    return f"{said}, of which {worth.expected:,.0f} are to be expected: a winner looks better than it is"
