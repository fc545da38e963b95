"""What one arm caused, in one metric: estimate, interval, and whether there are units enough."""

from typing import Literal

import msgspec

from fullcycle.experiment.boundary import Boundary, Fixed
from fullcycle.experiment.comparison import comparable, contrast, relative_interval
from fullcycle.experiment.moments import Moments
from fullcycle.metric import Good, Kind, MetricSpec

Role = Literal["primary", "secondary", "guardrail"]

FEWEST_UNITS = 50
FEWEST_EVENTS = 10
"""Below these in either arm the normal approximation is not trusted and nothing is concluded:
units for a mean; for a proportion, units to which it happened and units to which it did not."""


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One arm against the control in one metric.

    ``low`` to ``high`` is the interval of the experiment's own analysis, ``fixed_low`` to
    ``fixed_high`` the one of a single planned look. They are None where there is no
    standard error; the relative ones also where the control may be zero. ``reliable``
    says whether there are units enough for the intervals to hold what they promise.
    """

    metric: str
    role: Role
    kind: Kind
    good: Good
    control: str
    arm: str
    control_units: int
    control_mean: float
    arm_units: int
    arm_mean: float
    reliable: bool
    difference: float | None = None
    stderr: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    relative: float | None = None
    relative_low: float | None = None
    relative_high: float | None = None
    fixed_low: float | None = None
    fixed_high: float | None = None
    fixed_p: float | None = None

    @property
    def gain(self) -> tuple[float, float, float] | None:
        """Estimate, low and high, turned so that more is better; None without an interval."""
        if self.difference is None or self.low is None or self.high is None:
            return None
        if self.good == "up":
            return self.difference, self.low, self.high
        return -self.difference, -self.high, -self.low


class DayEstimate(msgspec.Struct, frozen=True):
    """The effect over all units exposed up to and including a day (ISO date, UTC)."""

    day: str
    arm: str
    units: int
    difference: float
    low: float
    high: float


def effect(
    metric: MetricSpec,
    role: Role,
    arms: tuple[str, str],
    moments: tuple[Moments, Moments],
    boundary: Boundary,
) -> Effect:
    """Estimate what an arm caused.

    Args:
        metric: what is compared.
        role: what it is to the experiment.
        arms: the control and the arm compared with it.
        moments: those of the one and of the other.
        boundary: the interval's rule.
    """
    (control, arm), (ours, theirs) = arms, moments
    plain = Effect(
        metric=metric.name,
        role=role,
        kind=metric.kind,
        good=metric.good,
        control=control,
        arm=arm,
        control_units=ours.units,
        control_mean=ours.mean,
        arm_units=theirs.units,
        arm_mean=theirs.mean,
        reliable=enough(ours, metric.kind) and enough(theirs, metric.kind),
    )
    if not comparable(ours, theirs):
        return plain
    found = contrast(ours, theirs)
    fixed = Fixed(boundary.alpha)
    low, high = found.interval(boundary)
    fixed_low, fixed_high = found.interval(fixed)
    relative = relative_interval(ours, theirs, boundary)
    return msgspec.structs.replace(
        plain,
        difference=found.value,
        stderr=found.stderr,
        low=low,
        high=high,
        p=found.p_value(boundary),
        relative=found.value / abs(ours.mean) if ours.mean else None,
        relative_low=relative[0] if relative else None,
        relative_high=relative[1] if relative else None,
        fixed_low=fixed_low,
        fixed_high=fixed_high,
        fixed_p=found.p_value(fixed),
    )


def enough(moments: Moments, kind: Kind) -> bool:
    """Whether an arm has units enough for the normal approximation."""
    if kind == "mean":
        return moments.units >= FEWEST_UNITS
    return min(moments.total, moments.units - moments.total) >= FEWEST_EVENTS
