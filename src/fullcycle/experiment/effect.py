"""What one arm caused, in one metric: estimate, interval, and whether there are units enough."""

from typing import Literal

import msgspec

from fullcycle.experiment.boundary import Boundary, Fixed
from fullcycle.experiment.comparison import comparable, contrast, has_level, relative_interval
from fullcycle.experiment.pairing import Pair
from fullcycle.metric import Good, Kind, MetricSpec

Role = Literal["primary", "secondary", "guardrail"]


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One arm against the control in one metric.

    ``low`` to ``high`` is the interval of the experiment's own analysis, ``fixed_low`` to
    ``fixed_high`` the one of a single planned look. They are None where there is no
    standard error; the relative ones also where the control may be zero. ``reliable``
    says whether there are units enough for the intervals to hold what they promise.

    With covariates, difference and intervals are those of arms that are alike in them. What was
    measured without is in ``raw_difference`` with its interval ``raw_low`` to ``raw_high``;
    ``reduction`` is the share of the variance that they took away, and ``imbalance`` the p value
    of their being alike in both arms. ``control_mean`` and ``arm_mean`` are as measured.
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
    raw_difference: float | None = None
    raw_low: float | None = None
    raw_high: float | None = None
    reduction: float | None = None
    imbalance: float | None = None

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
    stderr: float = 0.0


def effect(metric: MetricSpec, role: Role, arms: tuple[str, str], pair: Pair, boundary: Boundary) -> Effect:
    """Estimate what an arm caused.

    Args:
        metric: what is compared.
        role: what it is to the experiment.
        arms: the control and the arm compared with it.
        pair: the one and the other in that metric.
        boundary: the interval's rule.
    """
    control, arm = arms
    ours, theirs = pair.raw
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
        reliable=pair.reliable,
        reduction=pair.reduction,
        imbalance=pair.imbalance,
    )
    if not comparable(pair.control, pair.treated):
        return plain
    found = contrast(pair.control, pair.treated)
    fixed = Fixed(boundary.alpha)
    low, high = found.interval(boundary)
    fixed_low, fixed_high = found.interval(fixed)
    relative = relative_interval(pair.control, pair.treated, boundary)
    return msgspec.structs.replace(
        plain,
        difference=found.value,
        stderr=found.stderr,
        low=low,
        high=high,
        p=found.p_value(boundary),
        relative=found.value / abs(pair.control.mean) if has_level(pair.control, found.value) else None,
        relative_low=relative[0] if relative else None,
        relative_high=relative[1] if relative else None,
        fixed_low=fixed_low,
        fixed_high=fixed_high,
        fixed_p=found.p_value(fixed),
        **_as_measured(pair, boundary),
    )


def _as_measured(pair: Pair, boundary: Boundary) -> dict[str, float]:
    """What the arms say without covariates, where there are any."""
    if pair.reduction is None or not comparable(*pair.raw):
        return {}
    found = contrast(*pair.raw)
    low, high = found.interval(boundary)
    return {"raw_difference": found.value, "raw_low": low, "raw_high": high}
