"""An experiment as a user declares it: arms are functions, and a metric decides between them."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from fullcycle.data import Row, Source, fields
from fullcycle.experiment.admission import Admission
from fullcycle.experiment.assign import HashVersion
from fullcycle.experiment.judged import Judged
from fullcycle.experiment.spec import HOLDOUT, ExperimentSpec, Spending
from fullcycle.experiment.taking_part import TakingPart
from fullcycle.kernel import Invalid, UnknownName
from fullcycle.metric import Metric, Outcomes

_WHAT = "fc.Experiment"
Refer = Callable[[Callable[..., Any]], str]


def reference(function: Callable[..., Any]) -> str:
    """Name a function as a release does: ``"winback.service:choose"``, its module without the package.

    >>> from fullcycle.experiment.assign import choose
    >>> reference(choose)
    'experiment.assign:choose'
    """
    module: str = function.__module__
    return f"{module.partition('.')[2] or module}:{function.__qualname__}"


class Experiment:
    """Who gets which policy, and how it is judged. The first arm is the control.

    ``guardrails`` maps a metric to the largest relative change for the worse that is
    tolerated; ``matters`` is the smallest absolute effect on the primary metric worth having, or
    what it is to be worth in a year (``"20000 USD"``); ``triggered`` a source whose
    ``decision_id`` tells which exposures count; ``past`` the outcomes that it is designed, and
    its policies valued, on.

    ``covariates`` are known before the exposure, and chance differences in them are taken out of
    the effects: fields of the request, or metrics, which then stand for their value over an equally
    long window that ends at the exposure. ``segments`` are fields of the request by which the effect
    is told, too. With ``analysis="group-sequential"``, ``looks`` are the shares of the plan at which
    it is read, the last being 1, and ``spending`` says how the chance to be wrong is spent on them.

    Who takes part: ``coverage`` is a share of the units, and raising it moves nobody; ``layer``
    a part of a namespace, such as ``"checkout:0-50%"``, which experiments with other parts do not
    touch; ``holdout`` a share that is kept on the control, such as ``"5%"``, or ``"winter:5%"``
    where several experiments keep the same units out; ``held_out`` the function that answers them, the
    control unless told, so that they stay on it from one experiment to the next; with ``coverage=0`` the
    holdout goes on while no experiment runs; ``condition`` what a request must meet, in
    GrowthBook's language; ``sticky`` the unit's field, where a unit is to keep its arm though
    weights or coverage change; ``forced`` maps units to arms, for trying them out: never counted.
    ``seed`` and ``hash_version`` take over an assignment of GrowthBook's; unless told, the seed is
    ``capability/name``, and so each experiment shuffles anew.
    """

    def __init__(
        self,
        arms: Mapping[str, Callable[..., Any]],
        *,
        primary: Metric,
        secondary: Sequence[Metric] = (),
        guardrails: Mapping[Metric, float] | None = None,
        weights: Mapping[str, float] | None = None,
        by: str | None = None,
        design: Literal["parallel", "interleaving", "switchback"] = "parallel",
        analysis: Literal["always-valid", "fixed", "group-sequential", "bayesian"] = "always-valid",
        past: Outcomes | None = None,
        covariates: Sequence[str | Metric] = (),
        segments: Sequence[str] = (),
        looks: Sequence[float] = (),
        spending: Spending = "obrien-fleming",
        starts: date | None = None,
        days: int = 28,
        matters: float | str | None = None,
        power: float = 0.8,
        coverage: float = 1.0,
        layer: str | None = None,
        holdout: str | None = None,
        held_out: Callable[..., Any] | None = None,
        condition: Mapping[str, Any] | None = None,
        sticky: str | None = None,
        forced: Mapping[object, str] | None = None,
        seed: str | None = None,
        hash_version: HashVersion = 2,
        triggered: Source[...] | None = None,
    ) -> None:
        self.arms = _checked_arms(arms)
        self.primary = _checked_metric(primary, "primary")
        self.secondary = _checked_secondary(secondary)
        self.guardrails = _checked_guardrails(guardrails or {})
        self.weights = _checked_weights(weights, self.arms)
        self.by = by
        self.design = _one_of(design, ("parallel",), "design")
        self.judged = Judged(analysis, covariates, segments, looks, spending, matters, power)
        self.judged.check()
        self.past = _checked_past(past)
        self.starts = _checked_start(starts)
        self.days = days
        self.triggered = triggered
        self.taking_part = TakingPart(
            coverage, layer, holdout, condition, sticky, forced or {}, seed, hash_version, held_out
        )
        self.taking_part.check(self.arms)
        self.name = ""
        self._spec: ExperimentSpec | None = None
        self._rule: Admission | None = None
        _check_days(days)
        _check_triggered(triggered)
        _check_distinct([self.primary, *self.secondary])

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that it is judged by, the primary first, each once."""
        return tuple(dict.fromkeys([self.primary, *self.secondary, *self.guardrails]))

    def spec(
        self,
        name: str,
        *,
        capability: str,
        unit: str,
        refer: Refer = reference,
        request: type[Row] | None = None,
    ) -> ExperimentSpec:
        """This experiment as plain data, which a release freezes and a readout reads.

        Args:
            name: what it is bound to.
            capability: the capability it stands in.
            unit: the request's key, randomised unless ``by`` names another field.
            refer: how a release names an arm's function.
            request: what the service takes; its fields are not checked without it.

        Raises:
            Invalid: where a metric has no name, or its source lacks the unit; where a field of the
                request cannot serve.
            UnknownName: for a field that the request has not.
        """
        randomised = self.by or unit
        _check_names(self.metrics)
        self.name = name
        held_out = self.taking_part.held_out
        functions = self.arms if held_out is None else {**self.arms, HOLDOUT: held_out}
        self._rule = None
        self._spec = ExperimentSpec(
            name=name,
            capability=capability,
            order=tuple(self.arms),
            arms={arm: refer(function) for arm, function in functions.items()},
            weights=self.weights,
            seed=self.taking_part.seed or f"{capability}/{name}",
            hash_version=self.taking_part.hash_version,
            unit=randomised,
            metrics={metric.name: metric.spec(unit=randomised) for metric in self.metrics},
            primary=self.primary.name,
            secondary=tuple(metric.name for metric in self.secondary),
            guardrails={metric.name: margin for metric, margin in self.guardrails.items()},
            starts=None if self.starts is None else self.starts.isoformat(),
            days=self.days,
            triggered=None if self.triggered is None else self.triggered.name,
            **self.judged.as_spec(unit=randomised, request=request),
            **self.taking_part.as_spec(capability=capability, unit=randomised),
        )
        return self._spec

    def arm(self, unit: object, request: Mapping[str, Any] | None = None) -> str | None:
        """The arm whose policy answers a unit, as the service assigns it; None outside the experiment.

        A unit that is held out gets the control. Arms that are kept from before are not looked up.

        Args:
            unit: the unit, as the request holds it.
            request: the request's fields, where a condition asks them.

        Raises:
            Invalid: before its capability has been read, which is what names it; where there is a
                condition and no request.
        """
        if self._spec is None:
            raise Invalid(
                "this experiment has no name yet, and the name is what decides who gets what",
                f"{_WHAT}.arm",
                "let the capability be read first, or call .spec(name, capability=…, unit=…)",
            )
        rule = self._rule = self._rule or Admission.of(self._spec)
        if rule.condition is not None and request is None:
            raise Invalid(
                f"its condition asks {', '.join(rule.fields)}",
                f"{_WHAT}.arm",
                "pass the request's fields, too: .arm(unit, {…})",
            )
        return rule.standing(str(unit), (request or {}).get)[1]


def _checked_arms(arms: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    if len(arms) < 2:
        raise Invalid(
            f"{len(arms)} arm(s): nothing is compared",
            _WHAT,
            'give two or more: {"today": today, "chosen": choose}',
        )
    for name, function in arms.items():
        if not name or not name.isprintable():
            raise Invalid(
                f"{name!r} is no name of an arm", _WHAT, "name it by a printable word, such as today"
            )
        if not callable(function):
            weighed = isinstance(function, tuple | list) and any(map(callable, function))
            raise Invalid(
                f"the arm {name!r} is {function!r}",
                _WHAT,
                f"let an arm be a function, and weigh arms apart: weights={{{name!r}: 0.6, …}}"
                if weighed
                else "let an arm be a function from the request to the answer; shares go to weights=",
            )
    return dict(arms)


def _checked_metric(metric: Any, role: str) -> Metric:
    if not isinstance(metric, Metric):
        raise Invalid(
            f"{role} is {metric!r}", _WHAT, "pass a metric of flow.py: what fc.mean or fc.proportion returns"
        )
    return metric


def _checked_secondary(metrics: Any) -> tuple[Metric, ...]:
    if isinstance(metrics, str | Metric) or not isinstance(metrics, Iterable):
        raise Invalid(f"secondary is {metrics!r}", _WHAT, "write a list of metrics: secondary=[spent]")
    return tuple(_checked_metric(metric, "secondary") for metric in metrics)


def _checked_guardrails(guardrails: Any) -> dict[Metric, float]:
    if not isinstance(guardrails, Mapping):
        raise Invalid(
            f"guardrails is {guardrails!r}",
            _WHAT,
            "say how much worse each may get, relative: guardrails={converted: 0.05}",
        )
    for metric, margin in guardrails.items():
        _checked_metric(metric, "a guardrail")
        if not 0 < margin < 1:
            raise Invalid(
                f"the guardrail {metric.name or 'metric'} has a margin of {margin!r}",
                _WHAT,
                "write the largest relative change for the worse that you tolerate: 0.05 for 5 %",
            )
    return dict(guardrails)


def _checked_weights(weights: Mapping[str, float] | None, arms: Mapping[str, object]) -> dict[str, float]:
    if weights is None:
        return {arm: 1 / len(arms) for arm in arms}
    for name in weights:
        if name not in arms:
            raise UnknownName.among(name, arms, where=f"the weights of {_WHAT}")
    for name in arms:
        if not (weight := weights.get(name, 0.0)) > 0 or not math.isfinite(weight):
            raise Invalid(
                f"the arm {name!r} has "
                + (f"the weight {weights[name]!r}" if name in weights else "no weight"),
                _WHAT,
                "give every arm a weight above zero",
            )
    if abs((total := sum(weights.values())) - 1) > 1e-6:
        raise Invalid(f"the weights sum to {total:g}", _WHAT, "let them sum to 1")
    return {arm: weights[arm] for arm in arms}


def _one_of(value: Any, known: Sequence[str], option: str) -> Any:
    if value not in known:
        raise Invalid(
            f"{option}={value!r} cannot be analysed, or not yet",
            _WHAT,
            f"use {option}=" + " or ".join(repr(name) for name in known),
        )
    return value


def _checked_start(starts: Any) -> date | None:
    if starts is None:
        return None
    if isinstance(starts, datetime) or not isinstance(starts, date):
        raise Invalid(f"starts={starts!r}", _WHAT, "write a day: starts=date(2026, 11, 1)")
    return starts


def _check_days(days: int) -> None:
    if days < 1:
        raise Invalid(f"days={days!r}", _WHAT, "plan at least one day")


def _checked_past(past: Any) -> Outcomes | None:
    if past is not None and not isinstance(past, Outcomes):
        raise Invalid(
            f"past={past!r}", _WHAT, "pass what fc.outcomes returns: past = fc.outcomes(visited, of=…)"
        )
    return past


def _check_triggered(source: Any) -> None:
    if source is None:
        return
    if not isinstance(source, Source):
        raise Invalid(f"triggered={source!r}", _WHAT, "pass a source whose rows have a decision_id")
    if "decision_id" not in {field.name for field in fields(source.contract)}:
        raise Invalid(
            f"{source.contract.__name__} has no decision_id",
            f"triggered= of {_WHAT}",
            "pass a source whose rows tell which decisions were carried out",
        )


def _check_distinct(metrics: Sequence[Metric]) -> None:
    if len(set(metrics)) != len(metrics):
        raise Invalid("a metric is primary and secondary, or secondary twice", _WHAT, "name each metric once")


def _check_names(metrics: Sequence[Metric]) -> None:
    names = [metric.name for metric in metrics]
    for name in names:
        if names.count(name) > 1 and name:
            raise Invalid(f"two metrics are called {name!r}", _WHAT, "give each its own name in flow.py")
