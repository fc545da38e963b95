"""An effect in a sentence."""

from fullcycle.experiment.effect import Effect

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
