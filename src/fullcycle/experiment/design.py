"""Before it starts: how many units and days it takes, and what could be seen in the days there are.

The variance is the baseline's in both arms. A fixed analysis has its power at the end; an
always-valid and a group-sequential one have it at the end at the latest, and usually decide earlier.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import msgspec
from scipy.special import ndtr, ndtri

from fullcycle.experiment.boundary import AlwaysValid, Boundary, Fixed
from fullcycle.experiment.history import Found
from fullcycle.experiment.moments import Moments
from fullcycle.experiment.sequential import drift_needed, spending_bounds
from fullcycle.experiment.spec import Analysis, ExperimentSpec, Spending
from fullcycle.kernel import Invalid, Money, NotEnoughData

_WHERE = "the design of an experiment"
_MANY = 1e15  # degrees of freedom: the normal limit of Student's t


@dataclass(frozen=True, slots=True)
class Rule:
    """By which rule an experiment will be read, and how surely it is to find what is there.

    ``looks`` and ``spending`` are those of a group-sequential one.
    """

    analysis: Analysis = "always-valid"
    alpha: float = 0.05
    power: float = 0.8
    looks: tuple[float, ...] = ()
    spending: Spending = "obrien-fleming"

    @classmethod
    def of(cls, spec: ExperimentSpec) -> "Rule":
        """That of an experiment, for one of its treatments: each is read at its share of ``alpha``."""
        alpha = spec.alpha / len(spec.treatments)
        return cls(spec.analysis, alpha, spec.power, spec.looks or (1.0,), spec.spending)

    def reach(self, *, sides: int = 2) -> float:
        """Standard errors between zero and an effect that is shown with chance ``power``.

        Raises:
            Invalid: for numbers that are no chance.
        """
        if not (0 < self.alpha < 1 and 0 < self.power < 1):
            raise Invalid(
                f"alpha={self.alpha!r}, power={self.power!r}", _WHERE, "write chances between 0 and 1"
            )
        if self.analysis == "group-sequential":
            looks = self.looks or (1.0,)
            bounds = spending_bounds(looks, self.spending, self.alpha, sides=sides)
            return drift_needed(looks, bounds, self.power)
        # At the units it is tuned to, the always-valid boundary does not depend on how many they are.
        boundary: Boundary = Fixed(self.alpha) if self.analysis == "fixed" else AlwaysValid(1, self.alpha)
        reach = boundary.two_sided(_MANY, 1) if sides == 2 else boundary.one_sided(_MANY, 1)
        return reach + float(ndtri(self.power))


_ALWAYS_VALID = Rule()


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to find an ``effect``: ``units`` of all arms together, and ``days`` of exposure.

    ``unadjusted`` are the units without covariates. ``per_year`` is what the effect is worth in a
    year, ``cost`` what the units' decisions cost; None where nobody says.
    """

    effect: float
    units: int
    days: int
    unadjusted: int | None = None
    per_year: Money | None = None
    cost: Money | None = None


class Design(msgspec.Struct, frozen=True, kw_only=True):
    """What an experiment on a metric takes, for one treatment against the control.

    ``effect`` is the smallest absolute effect that ``days`` of exposure show with chance ``power``,
    ``relative`` the same over the baseline, ``unadjusted`` the same without covariates, ``per_year``
    what it is worth. ``units`` counts both arms, ``units_per_day`` those of all arms.
    ``by_days`` tells the effect for other numbers of days. ``found`` is the chance that an effect of
    ``sought`` is found by the end of a day, on simulated experiments.
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
    unadjusted: float | None = None
    per_year: Money | None = None
    cost: Money | None = None
    wanted: Wanted | None = None
    by_days: list[tuple[int, float]] = []
    sought: float | None = None
    found: list[Found] = []


def units_needed(
    baseline: Moments,
    effect: float,
    *,
    weights: Sequence[float] = (0.5, 0.5),
    rule: Rule = _ALWAYS_VALID,
) -> int:
    """Units in both arms together that show an absolute ``effect`` with chance ``power``.

    The chance to find the effect with the wrong sign is left out.

    Raises:
        NotEnoughData: where the baseline has no spread.
        Invalid: for an effect of zero, or numbers that are no chance.

    >>> units_needed(Moments(1000, 0.1, 89.91), 0.01, rule=Rule("fixed"))
    28256
    """
    if effect == 0:
        raise Invalid("an effect of zero takes for ever", _WHERE, "name the smallest effect worth having")
    reach = rule.reach()
    return ceil(_unit_variance(baseline, weights) * (reach / effect) ** 2)


def minimum_effect(
    baseline: Moments,
    units: int,
    *,
    weights: Sequence[float] = (0.5, 0.5),
    rule: Rule = _ALWAYS_VALID,
) -> float:
    """The smallest absolute effect that ``units`` in both arms together show with chance ``power``.

    Raises:
        NotEnoughData: where the baseline has no spread, or there are no units.
        Invalid: for numbers that are no chance.
    """
    if units < 2:
        raise NotEnoughData(f"{units} unit(s) show nothing", _WHERE, "plan more days, or find more traffic")
    return rule.reach() * sqrt(_unit_variance(baseline, weights) / units)


def smallest_margin(
    baseline: Moments,
    units: int,
    *,
    weights: Sequence[float] = (0.5, 0.5),
    rule: Rule = _ALWAYS_VALID,
) -> float:
    """The smallest relative margin within which a guardrail that did not move is shown to hold.

    A guardrail with a smaller one will most likely stay unclear. Arguments and errors as
    for :func:`minimum_effect`.
    """
    if baseline.mean == 0:
        raise NotEnoughData("the past holds nothing to be kept", _WHERE, "widen the past it is taken from")
    reach = rule.reach(sides=1)
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
    rule: Rule = _ALWAYS_VALID,
) -> Design:
    """What ``days`` of such traffic can show; arguments and errors as for :func:`minimum_effect`.

    ``weights`` are shares of the traffic: where they sum to less than 1, the rest goes to other arms.
    """
    units = int(units_per_day * days * _both(weights))
    found = minimum_effect(baseline, units, weights=weights, rule=rule)
    return Design(
        metric=metric,
        analysis=rule.analysis,
        alpha=rule.alpha,
        power=rule.power,
        baseline=baseline.mean,
        sd=sqrt(baseline.variance),
        units_per_day=units_per_day,
        days=days,
        units=units,
        effect=found,
        relative=found / abs(baseline.mean) if baseline.mean else None,
    )


def wanted(
    baseline: Moments,
    effect: float,
    *,
    units_per_day: float,
    weights: Sequence[float] = (0.5, 0.5),
    rule: Rule = _ALWAYS_VALID,
) -> Wanted:
    """What it takes to find an effect; arguments and errors as for :func:`units_needed`.

    ``weights`` are shares of the traffic, as for :func:`planned`.
    """
    units = ceil(units_needed(baseline, effect, weights=weights, rule=rule) / _both(weights))
    return Wanted(effect=abs(effect), units=units, days=days_needed(units, units_per_day))


def compared(spec: ExperimentSpec) -> tuple[float, float]:
    """The shares of the traffic that the control and the smallest treatment get."""
    return spec.weights[spec.control], min(spec.weights[arm] for arm in spec.treatments)


def share_admitted(spec: ExperimentSpec) -> float:
    """The share of all units that an experiment takes in; a condition on the request is not known here."""
    layer = spec.layer.high - spec.layer.low if spec.layer is not None else 1.0
    held = spec.holdout.share if spec.holdout is not None else 0.0
    return spec.coverage * layer * (1 - held)


def planned_units(spec: ExperimentSpec, units_per_day: float) -> int:
    """The units of all arms together that the planned days bring, two at least."""
    return max(int(units_per_day * spec.days), 2)


def _both(weights: Sequence[float]) -> float:
    return min(sum(weights), 1.0)


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
