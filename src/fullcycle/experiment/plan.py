"""What the one query has to add up: which rows, which value of a unit, which metrics together."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.kernel import Invalid
from fullcycle.metric import MetricSpec

LADDER = tuple(2.0**-n for n in range(2, 15))
"""How far beside a quantile its neighbours are read, as shares of the rows."""


@dataclass(frozen=True, slots=True)
class Value:
    """One number per unit: what its rows between ``after`` and ``end`` come to, in µs from its exposure.

    A row that came later than ``known`` is left out where that can be told.
    """

    metric: MetricSpec
    after: int
    end: int
    known: int

    @property
    def total(self) -> bool:
        """Whether rows are summed; else it is whether there is one."""
        return self.metric.kind != "proportion"


@dataclass(frozen=True, slots=True)
class Scan:
    """One pass over a source: the values, by number, that its rows make, and the quantiles of its rows.

    ``start`` is the moment of a unit that its rows are told from.
    """

    source: str
    unit: str
    time: str
    start: str = "fc_start"
    values: dict[int, Value] = field(default_factory=dict)
    quantiles: dict[int, Value] = field(default_factory=dict)

    @property
    def window(self) -> tuple[int, int]:
        """From the first to the last moment that any of them looks at."""
        every = [*self.values.values(), *self.quantiles.values()]
        return min(one.after for one in every), max(one.end for one in every)


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric as numbers of a unit: the value, and what it is divided by."""

    metric: str
    value: int
    over: int | None = None

    @property
    def numbers(self) -> list[int]:
        """The numbers of its values."""
        return [self.value] if self.over is None else [self.value, self.over]


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole of it. ``groups`` holds the measures by when they are known, in µs from the exposure."""

    values: list[Value]
    scans: list[Scan]
    groups: dict[int, list[Measure]]
    quantiles: list[Value]
    covariates: list[int | None]  # the number of its value; None for a field of the request


def plan_of(spec: ExperimentSpec, *, before: str = "fc_start") -> Plan:
    """Plan what an experiment's metrics and covariates need.

    Args:
        spec: the experiment.
        before: the moment of a unit at which the window of a covariate ends.

    Raises:
        Invalid: for a covariate that is no value per unit.
    """
    plan = Plan([], [], {}, [], [])
    for metric in spec.metrics.values():
        known = micros(metric.known_after_s)
        if metric.kind == "quantile":
            plan.quantiles.append(_after_exposure(metric, known))
            _scan(plan, metric).quantiles[len(plan.quantiles) - 1] = plan.quantiles[-1]
            plan.groups.setdefault(known, [])
            continue
        sides = [_number(plan, _after_exposure(side, known)) for side in _sides(metric)]
        over = sides[1] if metric.over is not None else None
        measure = Measure(metric.name, sides[0], over)
        plan.groups.setdefault(known, []).append(measure)
    for covariate in spec.covariates:
        plan.covariates.append(None if covariate.before is None else _before(plan, covariate.before, before))
    return plan


def micros(seconds: float) -> int:
    """Seconds as whole microseconds."""
    return round(seconds * 1_000_000)


def _sides(metric: MetricSpec) -> Iterator[MetricSpec]:
    yield metric
    if metric.over is not None:
        yield metric.over


def _after_exposure(metric: MetricSpec, known: int) -> Value:
    after = micros(metric.after_s)
    return Value(metric, after, after + micros(metric.within_s), known)


def _before(plan: Plan, metric: MetricSpec, start: str) -> int:
    """The value in a window as long as the metric's that ends where its unit starts."""
    if metric.kind not in ("mean", "proportion") or metric.winsor is not None:
        raise Invalid(
            f"{metric.name} is a {metric.kind}{' cut at a quantile' if metric.winsor else ''}",
            "the covariates of an experiment",
            "name a mean or a proportion, or a field of the request",
        )
    return _number(plan, Value(metric, -micros(metric.within_s), 0, 0), start)


def _number(plan: Plan, value: Value, start: str = "fc_start") -> int:
    """The number of a value; one that is there already is not made again."""
    for number, known in enumerate(plan.values):
        if _alike(known, value):
            return number
    plan.values.append(value)
    _scan(plan, value.metric, start).values[len(plan.values) - 1] = value
    return len(plan.values) - 1


def _alike(one: Value, other: Value) -> bool:
    windows = (one.after, one.end, one.known, one.total) == (other.after, other.end, other.known, other.total)
    names = ("source", "unit", "time", "column", "where", "cap", "winsor")
    return windows and all(getattr(one.metric, name) == getattr(other.metric, name) for name in names)


def _scan(plan: Plan, metric: MetricSpec, start: str = "fc_start") -> Scan:
    read = (metric.source, metric.unit, metric.time, start)
    for scan in plan.scans:
        if (scan.source, scan.unit, scan.time, scan.start) == read:
            return scan
    plan.scans.append(Scan(*read))
    return plan.scans[-1]
