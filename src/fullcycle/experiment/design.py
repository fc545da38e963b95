"""Before it starts: how many units and days it takes, and what could be seen in the days there are.

The variance is the baseline's in both arms. A fixed analysis has its power at the end; an
always-valid one has it at the end at the latest, and usually decides earlier.
"""

from collections.abc import Sequence
from math import ceil, sqrt

import msgspec
from scipy.special import ndtr, ndtri

from fullcycle.experiment.boundary import AlwaysValid, Boundary, Fixed
from fullcycle.experiment.moments import Moments
from fullcycle.experiment.spec import Analysis
from fullcycle.kernel import Invalid, NotEnoughData

_WHERE = "the design of an experiment"
_MANY = 1e15  # degrees of freedom: the normal limit of Student's t


class Design(msgspec.Struct, frozen=True, kw_only=True):
    """What an experiment on a metric takes, for one treatment against the control.

    ``effect`` is the smallest absolute effect that ``days`` show with chance ``power``,
    ``relative`` the same over the baseline. ``units`` counts both arms.
    """

    metric: str
    analysis: Analysis
    alpha: float
    power: float
    baseline: float
    sd: float
    units_per_day: float
    days: int
    units: int
    effect: float
    relative: float | None


def units_needed(
    baseline: Moments,
    effect: float,
    *,
    weights: Sequence[float] = (0.5, 0.5),
    analysis: Analysis = "always-valid",
    alpha: float = 0.05,
    power: float = 0.8,
) -> int:
    """Units in both arms together that show an absolute ``effect`` with chance ``power``.

    The chance to find the effect with the wrong sign is left out.

    Raises:
        NotEnoughData: where the baseline has no spread.
        Invalid: for an effect of zero, or numbers that are no chance.

    >>> units_needed(Moments(1000, 0.1, 89.91), 0.01, analysis="fixed")
    28256
    """
    if effect == 0:
        raise Invalid("an effect of zero takes for ever", _WHERE, "name the smallest effect worth having")
    reach = _reach(analysis, alpha, power)
    return ceil(_unit_variance(baseline, weights) * (reach / effect) ** 2)


def minimum_effect(
    baseline: Moments,
    units: int,
    *,
    weights: Sequence[float] = (0.5, 0.5),
    analysis: Analysis = "always-valid",
    alpha: float = 0.05,
    power: float = 0.8,
) -> float:
    """The smallest absolute effect that ``units`` in both arms together show with chance ``power``.

    Raises:
        NotEnoughData: where the baseline has no spread, or there are no units.
        Invalid: for numbers that are no chance.
    """
    if units < 2:
        raise NotEnoughData(f"{units} unit(s) show nothing", _WHERE, "plan more days, or find more traffic")
    return _reach(analysis, alpha, power) * sqrt(_unit_variance(baseline, weights) / units)


def smallest_margin(
    baseline: Moments,
    units: int,
    *,
    weights: Sequence[float] = (0.5, 0.5),
    analysis: Analysis = "always-valid",
    alpha: float = 0.05,
    power: float = 0.8,
) -> float:
    """The smallest relative margin within which a guardrail that did not move is shown to hold.

    A guardrail with a smaller one will most likely stay unclear. Arguments and errors as
    for :func:`minimum_effect`.
    """
    if baseline.mean == 0:
        raise NotEnoughData("the past holds nothing to be kept", _WHERE, "widen the past it is taken from")
    reach = _reach(analysis, alpha, power, sides=1)
    return reach * sqrt(_unit_variance(baseline, weights) / max(units, 1)) / abs(baseline.mean)


def power_of(
    baseline: Moments, effect: float, units: int, boundary: Boundary, *, weights: Sequence[float] = (0.5, 0.5)
) -> float:
    """The chance that one look at ``units`` in both arms together tells ``effect`` from zero."""
    stderr = sqrt(_unit_variance(baseline, weights) / units)
    return float(ndtr(abs(effect) / stderr - boundary.two_sided(_MANY, units)))


def days_needed(units: int, units_per_day: float) -> int:
    """Days until there are ``units``.

    Raises:
        NotEnoughData: without traffic.
    """
    if units_per_day <= 0:
        raise NotEnoughData("there is no traffic", _WHERE, "say how many units a day are to be expected")
    return ceil(units / units_per_day)


def planned(
    metric: str,
    baseline: Moments,
    *,
    units_per_day: float,
    days: int,
    weights: Sequence[float] = (0.5, 0.5),
    analysis: Analysis = "always-valid",
    alpha: float = 0.05,
    power: float = 0.8,
) -> Design:
    """What ``days`` of such traffic can show; arguments and errors as for :func:`minimum_effect`."""
    units = int(units_per_day * days)
    found = minimum_effect(baseline, units, weights=weights, analysis=analysis, alpha=alpha, power=power)
    return Design(
        metric=metric,
        analysis=analysis,
        alpha=alpha,
        power=power,
        baseline=baseline.mean,
        sd=sqrt(baseline.variance),
        units_per_day=units_per_day,
        days=days,
        units=units,
        effect=found,
        relative=found / abs(baseline.mean) if baseline.mean else None,
    )


def _reach(analysis: Analysis, alpha: float, power: float, *, sides: int = 2) -> float:
    """Standard errors between zero and an effect that is shown with chance ``power``."""
    if not (0 < alpha < 1 and 0 < power < 1):
        raise Invalid(f"alpha={alpha!r}, power={power!r}", _WHERE, "write chances between 0 and 1")
    # At the units it is tuned to, the always-valid boundary does not depend on how many they are.
    boundary: Boundary = Fixed(alpha) if analysis == "fixed" else AlwaysValid(1, alpha)
    reach = boundary.two_sided(_MANY, 1) if sides == 2 else boundary.one_sided(_MANY, 1)
    return reach + float(ndtri(power))


def _unit_variance(baseline: Moments, weights: Sequence[float]) -> float:
    """The variance of the difference, times the units of both arms together."""
    if len(weights) != 2 or min(weights) <= 0:
        raise Invalid(f"weights={tuple(weights)!r}", _WHERE, "give the shares of control and treatment")
    if baseline.units < 2 or baseline.m2 <= 0:
        raise NotEnoughData(
            f"the past holds {baseline.units} unit(s) without any spread",
            _WHERE,
            "widen the past it is taken from",
        )
    total = sum(weights)
    return baseline.variance * sum(total / weight for weight in weights)
