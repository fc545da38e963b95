"""What an arm is worth in a year, as it was measured and as it is to be expected of a winner."""

import msgspec

from fullcycle.experiment.effect import Effect
from fullcycle.experiment.shrink import shrunken
from fullcycle.kernel import Interval


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """What a change of one in the primary metric per unit is worth in a year.

    ``per_year`` is for the better: a fall where ``good="down"``. ``arithmetic`` says it in words.
    """

    per_year: float
    currency: str
    arithmetic: str


class Prior(msgspec.Struct, frozen=True, kw_only=True):
    """How far effects on the primary metric spread around nothing, and whence that is known.

    ``effects`` is on how many it was measured; None where nobody measured it.
    """

    spread: float
    origin: str
    effects: int | None = None


class ArmWorth(msgspec.Struct, frozen=True, kw_only=True):
    """Money per year of one arm in place of the control.

    ``low`` to ``high`` is the experiment's own interval. ``expected`` with its credible interval is
    the same freed from the arm's having been picked for its looks; None without a prior.
    ``weight`` is the share of the measured effect that is left.
    """

    arm: str
    currency: str
    measured: float
    low: float
    high: float
    arithmetic: str
    expected: float | None = None
    expected_low: float | None = None
    expected_high: float | None = None
    weight: float | None = None
    prior: str = ""


def arm_worth(found: Effect, rate: Rate, prior: Prior | None, *, alpha: float) -> ArmWorth | None:
    """What an arm is worth; None where its effect has no interval."""
    if found.gain is None or found.stderr is None:
        return None
    gain, low, high = found.gain
    ends = Interval(low, high).scaled(rate.per_year)
    plain = ArmWorth(
        arm=found.arm,
        currency=rate.currency,
        measured=gain * rate.per_year,
        low=ends.low,
        high=ends.high,
        arithmetic=rate.arithmetic,
    )
    if prior is None or found.stderr <= 0:
        return plain
    told = shrunken(gain, found.stderr, prior.spread, alpha=alpha, effects=prior.effects)
    ends = Interval(told.low, told.high).scaled(rate.per_year)
    return msgspec.structs.replace(
        plain,
        expected=told.value * rate.per_year,
        expected_low=ends.low,
        expected_high=ends.high,
        weight=told.weight,
        prior=prior.origin,
    )
