"""Guardrails: what may not get worse by more than a margin, tested to one side."""

from math import copysign
from typing import Literal

import msgspec

from fullcycle.experiment.boundary import Boundary
from fullcycle.experiment.comparison import comparable, contrast
from fullcycle.experiment.pairing import Pair
from fullcycle.metric import MetricSpec

Standing = Literal["holds", "broken", "unclear"]


class Guardrail(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an arm kept a metric within its margin.

    ``margin`` is the largest relative change for the worse that is tolerated. ``slack`` is
    how much of it is left, in the metric's unit, between ``slack_low`` and ``slack_high``
    (one-sided bounds): it *holds* where the low one is above zero, is *broken* where the
    high one is below. ``worst`` and ``best`` are the same bounds told as relative changes for the
    worse, to be held against the margin; None where the control's mean is zero.
    """

    metric: str
    arm: str
    margin: float
    standing: Standing
    slack: float | None = None
    slack_low: float | None = None
    slack_high: float | None = None
    worst: float | None = None
    best: float | None = None
    stderr: float | None = None  # of the slack
    units: int = 0


def guardrail(metric: MetricSpec, arm: str, pair: Pair, margin: float, boundary: Boundary) -> Guardrail:
    """Judge one guardrail in one arm."""
    control, treated = pair.control, pair.treated
    if not comparable(control, treated):
        return Guardrail(metric=metric.name, arm=arm, margin=margin, standing="unclear")
    better = 1 if metric.good == "up" else -1
    factor = 1 - better * copysign(margin, control.mean)
    found = contrast(control, treated, factor=factor)
    slack, reach = better * found.value, found.reach(boundary)
    level = abs(control.mean)
    return Guardrail(
        metric=metric.name,
        arm=arm,
        margin=margin,
        standing=_standing(slack, reach, trusted=pair.reliable),
        slack=slack,
        slack_low=slack - reach,
        slack_high=slack + reach,
        worst=margin - (slack - reach) / level if level else None,
        best=margin - (slack + reach) / level if level else None,
        stderr=found.stderr,
        units=found.units,
    )


def _standing(slack: float, reach: float, *, trusted: bool) -> Standing:
    if not trusted or abs(slack) <= reach:
        return "unclear"
    return "holds" if slack > 0 else "broken"
