"""An effect, and what is concluded from it, in a sentence. Loads no SciPy: reports are told with it."""

from math import floor, log10
from typing import TYPE_CHECKING

from fullcycle.kernel import counted

if TYPE_CHECKING:
    from fullcycle.experiment.effect import Effect
    from fullcycle.experiment.guardrail import Guardrail
    from fullcycle.experiment.reading import Readout
    from fullcycle.experiment.worth import ArmWorth

_POINTS = " points"
_DOUBTED = ("before the exposure", "novelty")  # what qualifies the effect itself, or how long it lasts
_MOST_DECIMALS = 8


def told_gain(found: "Effect") -> str:
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


def amount(found: "Effect", value: float) -> str:
    """A difference as it is told: ``+1.23 points`` of a proportion, ``+0.457`` else.

    It has the decimals that the effect's standard error leaves any meaning to.
    """
    if found.kind == "proportion":
        return f"{_unsigned_zero(f'{100 * value:+.{max(_decimals(found, 100), 2)}f}')}{_POINTS}"
    return _unsigned_zero(f"{value:+,.{_decimals(found)}f}")


def level(found: "Effect", value: float) -> str:
    """A metric's value as it is told: ``15.2 %`` of a proportion, ``3.142`` else."""
    if found.kind == "proportion":
        return f"{100 * value:.{1 if abs(value) >= 0.05 or not value else 2}f} %"
    return f"{value:,.{_decimals(found)}f}" if value else "0"


def change(value: float, *, plus: bool = True) -> str:
    """A relative change: ``+12.3%``.

    >>> change(0.1234), change(-0.0001), change(12.5)
    ('+12.3%', '0.0%', '+1,250%')
    """
    decimals = 1 if abs(value) < 1 else 0
    return _unsigned_zero(f"{100 * value:{'+' if plus else ''},.{decimals}f}") + "%"


def told_p(p: float) -> str:
    """A p value, as far as anybody should read it.

    >>> told_p(0.04321), told_p(3e-12)
    ('p = 0.043', 'p < 0.0001')
    """
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"


def told_guardrail(rail: "Guardrail") -> str:
    """How far an arm may have worsened a guardrail, beside what is tolerated."""
    margin = f"{100 * rail.margin:.4g}% tolerated"
    if rail.slack is not None and rail.worst is None:
        return f"{rail.metric} with {rail.arm}: {rail.standing} ({margin})"
    if rail.worst is None or rail.best is None:
        return f"{rail.metric} is not known yet with {rail.arm} ({margin})"
    if rail.standing == "broken":
        return f"{rail.metric} is at least {change(rail.best, plus=False)} worse with {rail.arm} ({margin})"
    if rail.standing == "unclear" and not rail.best < rail.margin < rail.worst:
        return f"of {rail.metric} too little is known with {rail.arm} to trust an interval ({margin})"
    if rail.worst <= 0:
        return f"{rail.metric} is not worse with {rail.arm} ({margin})"
    worst = change(rail.worst, plus=False)
    if worst == change(rail.margin, plus=False):  # on which side of it must be seen
        worst = f"{100 * rail.worst:.5g}%"
    if rail.standing == "holds":
        return f"{rail.metric} is at most {worst} worse with {rail.arm} ({margin})"
    return f"{rail.metric} may be up to {worst} worse with {rail.arm} ({margin})"


UNSHRUNKEN = (
    "a winner looks better than it is; by how much is not known here, for the brief expects nothing of "
    "this metric"
)
"""What is said of money that no prior frees from chance."""


def rounded(value: float) -> str:
    """Money to three digits: nobody knows more of it.

    >>> rounded(12345.6), rounded(-87.4), rounded(0.0)
    ('12,300', '-87', '0')
    """
    if not value:
        return "0"
    digits = max(3 - floor(log10(abs(value))) - 1, -15)
    return f"{round(value, digits):,.0f}" if abs(value) >= 10 else f"{value:,.2f}"


def headline(told: "Readout") -> str:
    """What a readout comes to, in one sentence for somebody who reads no other.

    It says what to do, what the arm does to the primary metric, and what that is worth.
    """
    verdict = told.verdict
    best = next((found for found in told.primary if found.arm == verdict.arm), None)
    does = _does(best) if best is not None else ""
    worth = next((one for one in told.worth if best is not None and one.arm == best.arm), None)
    if verdict.held:
        return f"Do not ship {verdict.arm} yet: {does}, but {verdict.held}; find out why first."
    match verdict.decision:
        case "ship":
            return f"Ship {verdict.arm}: {does}{_worth(worth)}.{_doubt(told)}"
        case "stop":
            return f"Stop: {verdict.reason}.{_doubt(told)}"
        case "keep going":
            if told.analysis == "fixed" and told.verdict.days_left:
                return f"Keep going{_how_long(told)}: this plan is read once, at its end."
            clear = best is not None and best.gain is not None and best.gain[1] > 0
            if not does or best is None or not best.reliable:
                why = verdict.reason.removesuffix(f"; the plan has {counted(verdict.days_left, 'day')} left")
                wait = _how_long(told) if told.looks or told.next_look is None else ""
                return f"Keep going{wait}: {why}."
            chance = "" if clear else ", which may still be chance"
            out = f" But {verdict.stopped}." if verdict.stopped else ""
            does = _does(best, best.arm) if len(told.primary) > 1 else does
            return f"Keep going{_how_long(told)}: so far {does}{chance}.{out}"
    return f"Nothing can be concluded: {verdict.reason}."


def _doubt(told: "Readout") -> str:
    """What the checks have against what is concluded, though they do not block it."""
    against = [
        check.said for check in told.checks if check.standing == "qualifies" and check.name in _DOUBTED
    ]
    return f" But {'; and '.join(against)}." if against else ""


def _how_long(told: "Readout") -> str:
    """The days that are left, and those that it would take."""
    left, forecast = told.verdict.days_left, told.verdict.forecast_days
    if not left:
        return ""
    if told.next_look is not None:
        return f" until the next look on {told.next_look}"
    days = f" for another {counted(left, 'day')}"
    if forecast is None:
        return days
    if forecast > left:
        return f"{days}, though what is seen so far would take about {forecast:,} to decide"
    return f"{days}; what is seen so far would be decided in about {forecast:,}"


def _does(found: "Effect", who: str = "it") -> str:
    """What an arm does to its metric."""
    if found.difference is None or found.low is None or found.high is None:
        return ""
    verb = "raises" if found.difference >= 0 else "lowers"
    low, high = (amount(found, end).removesuffix(_POINTS) for end in (found.low, found.high))
    by = amount(found, found.difference).lstrip("+-")
    start = level(found, found.control_mean)
    return f"{who} {verb} {found.metric} by {by} (between {low} and {high}), from {start}"


def _worth(worth: "ArmWorth | None") -> str:
    if worth is None:
        return ""
    said = f", worth {rounded(worth.measured)} {worth.currency} a year"
    if worth.expected is None:
        return said
    return f"{said}; expect {rounded(worth.expected)}, since a winner looks better than it is"


def _decimals(found: "Effect", scale: float = 1.0) -> int:
    """Decimals that show two digits of the standard error; without one, four digits of the larger mean."""
    error = (found.stderr or 0.0) * scale
    if error > 0:
        return min(max(1 - floor(log10(error)), 0), _MOST_DECIMALS)
    largest = max(abs(found.control_mean), abs(found.arm_mean)) * scale
    return min(max(3 - floor(log10(largest)), 0), _MOST_DECIMALS) if largest else 0


def _unsigned_zero(text: str) -> str:
    return text if text.strip("+-0.,") else text.lstrip("+-")
