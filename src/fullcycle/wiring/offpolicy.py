"""Policies met with the past: what each is worth on decisions that were logged before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from fullcycle.experiment import (
    DecisionLog,
    ExperimentRecord,
    Method,
    Moments,
    PolicyDifference,
    PolicyValue,
    Refusal,
    Weights,
    evened,
    policy_difference,
    policy_value,
    weight_diagnostics,
    weights_of,
    why_refused,
)
from fullcycle.experiment import reference as refer
from fullcycle.kernel import FullcycleError, Missing, NotEnoughData, Refused, UnknownName
from fullcycle.release import (
    LoadedRelease,
    Policy,
    keep_manifest,
    load_release,
    read_signature,
)
from fullcycle.serve import Service
from fullcycle.wiring.gathering import Making, also, draft
from fullcycle.wiring.past import Matrix, Past, decided, predictions, why_no_past
from fullcycle.wiring.past import past_of as past_of
from fullcycle.wiring.predictors import serving_codecs
from fullcycle.wiring.project import Project
from fullcycle.wiring.relearning import judged


class OffPolicyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What each policy is worth on the held-out past, and how much more than the first.

    ``values`` and ``differences`` are by SNIPS, ``modelled`` and ``modelled_differences`` doubly
    robust, by the predictions of the step ``model``; ``unmodelled`` says why there are none.
    What was refused stands in ``refused`` and nowhere else.
    """

    metric: str
    rows: int
    values: dict[str, PolicyValue]  # by policy: the arms of an experiment, or functions of the service
    differences: dict[str, PolicyDifference]  # from the control, by each other policy
    control: str = ""
    weights: dict[str, Weights] = {}
    refused: dict[str, Refusal] = {}
    modelled: dict[str, PolicyValue] = {}
    modelled_differences: dict[str, PolicyDifference] = {}
    model: str = ""
    unmodelled: str = ""
    kept_aside: bool = True  # whether the rows were kept from the run's models
    anew: dict[str, tuple[str, ...]] = {}  # by policy, the steps that were made again from earlier rows
    learnt: int = 0  # those rows
    since: int | None = None  # when the rows that judge begin, in µs since 1970 UTC
    methods: dict[str, dict[str, PolicyValue]] = {}  # other estimates that were asked for, by policy
    methods_refused: dict[str, dict[str, Refusal]] = {}


def value_policies(
    past: Past, policies: Mapping[str, Policy], control: str, *, methods: Sequence[Method] = ()
) -> OffPolicyReport:
    """Value policies on the past; where one is refused, it is said why and what to log instead.

    What has learnt from the past is learnt anew from its first half, and the second judges all.
    """
    apart = judged(past, policies)
    past, policies = apart.past, apart.policies
    chances, log = decided(past, policies)
    weights = {name: weight_diagnostics(log, found) for name, found in chances.items()}
    told = {name: apart.refused.get(name) or why_refused(one) for name, one in weights.items()}
    refused = {name: one for name, one in told.items() if one is not None}
    values: dict[str, PolicyValue] = {}
    for name in chances:
        if name not in refused:
            try:
                values[name] = policy_value(log, chances[name])
            except Refused as error:
                refused[name] = Refusal(why=error.what, instead=error.mend)
    predicted, model, unmodelled = predictions(past, policies, log)
    against = [name for name in values if name != control] if control in values else []
    modelled = [] if predicted is None else list(values)
    others = _Others(past, log, chances, predicted, unmodelled)
    every = {method: {name: others.by(method, name) for name in values} for method in methods}
    return OffPolicyReport(
        metric=past.metric,
        rows=len(log),
        values=values,
        differences={name: policy_difference(log, chances[name], chances[control]) for name in against},
        control=control,
        weights=weights,
        refused=refused,
        modelled={
            name: policy_value(log, chances[name], method="dr", predicted=predicted) for name in modelled
        },
        modelled_differences={
            name: policy_difference(log, chances[name], chances[control], method="dr", predicted=predicted)
            for name in (against if modelled else [])
        },
        model=model if modelled else "",
        kept_aside=bool(past.model),
        unmodelled=unmodelled,
        anew={name: steps for name, steps in apart.anew.items() if name in values},
        learnt=apart.learnt,
        since=apart.since,
        methods={
            method: {name: one for name, one in found.items() if isinstance(one, PolicyValue)}
            for method, found in every.items()
        },
        methods_refused={
            method: {name: one for name, one in found.items() if isinstance(one, Refusal)}
            for method, found in every.items()
        },
    )


@dataclass(frozen=True, slots=True)
class _Others:
    """Further estimates of policies whose weights can carry one."""

    past: Past
    log: DecisionLog
    chances: Mapping[str, Matrix]
    predicted: Matrix | None
    unmodelled: str

    def by(self, method: Method, name: str) -> PolicyValue | Refusal:
        """The value of a policy by a method, or why there is none."""
        log, chances = self.log, self.chances[name]
        if method in ("dr", "switch-dr") and self.predicted is None:
            return Refusal(why=self.unmodelled, instead="ask for ips or snips, which need no model")
        try:
            if method == "replay":  # is of logs that were drawn evenly
                log, kept = evened(log, self.past.ids)
                chances = chances[kept]
            return policy_value(log, chances, method=method, predicted=self.predicted)
        except (Refused, NotEnoughData) as error:
            return Refusal(why=error.what, instead=error.mend)


def control_moments(past: Past, policy: Policy) -> Moments:
    """The outcome where what was done is what a policy would have done, each weighted by its chance.

    Raises:
        NotEnoughData: where fewer than two rows are such.
    """
    chances, log = decided(past, {"control": policy})
    weight = weights_of(log, chances["control"])
    agrees = weight > 0
    units = int(np.count_nonzero(agrees))
    if units < 2:
        raise NotEnoughData(
            "the control's own decisions are not among the past",
            "the design",
            "log decisions that leave room for chance",
        )
    share, reward = weight[agrees] / weight.sum(), log.reward[agrees]
    mean = float(share @ reward)
    return Moments(units, mean, float(share @ (reward - mean) ** 2) * units)


def off_policy(
    making: Making, *, policy: str | None = None, methods: Sequence[Method] = ()
) -> OffPolicyReport:
    """Value the arms of a capability's experiment on its past; or one function of its service.

    Without an experiment, the service and its fallback are valued. ``policy`` names a function
    of ``service.py`` that takes the service's request and returns its answer; it is held
    against the control. ``methods`` are told beside SNIPS and the doubly robust one.

    Raises:
        Missing: where no past decisions were kept from the model, with outcome and propensity.
        UnknownName: where there is no such function.
    """
    if policy is None:
        manifest = draft(making)
    else:
        function = _named(making, policy)
        making = also(making, function)
        manifest = msgspec.structs.replace(draft(making), fallback=refer(function))
    loaded = load_release(
        making.project.objects, keep_manifest(making.project.objects, manifest), serving_codecs()
    )
    past = past_of(making, loaded)
    if past is None:
        why, mend = why_no_past(making)
        raise Missing(why, f"{making.capability}/flow.py", mend)
    policies, control = _policies(loaded, policy)
    return value_policies(past, policies, control, methods=methods)


def off_policy_of(project: Project, record: ExperimentRecord) -> OffPolicyReport | None:
    """What was estimated before launch; old records told numbers with a warning, which count as refused."""
    if record.designed is None or record.designed.body.off_policy is None:
        return None
    kept = msgspec.convert(project.artifacts.load(record.designed.body.off_policy), OffPolicyReport)
    again = f"design it again: fullcycle experiment design {record.capability}"
    warned = {name: one.warning for name, one in kept.values.items() if one.warning}
    warned |= {name: one.warning for name, one in kept.differences.items() if one.warning}
    return msgspec.structs.replace(
        kept,
        values={name: one for name, one in kept.values.items() if not one.warning},
        differences={name: one for name, one in kept.differences.items() if not one.warning},
        refused={**kept.refused, **{name: Refusal(why=why, instead=again) for name, why in warned.items()}},
    )


def _policies(loaded: LoadedRelease, asked: str | None) -> tuple[dict[str, Policy], str]:
    """What is to be valued, by name, and which of them the others are held against."""
    experiment = loaded.manifest.experiment
    arms = {arm: loaded.arms[arm] for arm in experiment.order} if experiment is not None else {}
    service, other = loaded.service, loaded.fallback
    if asked is None and arms:
        return arms, next(iter(arms))
    if asked is None:
        both = [one for one in (other, service) if one is not None]
        return {_name(one): one for one in both}, _name(both[0])
    first, control = next(iter(arms.items())) if arms else (_name(service), service)
    if other is None or other.reference == control.reference:
        return {first: control}, first
    return {first: control, _name(other) if _name(other) != first else other.reference: other}, first


def _name(policy: Policy) -> str:
    return policy.reference.partition(":")[2]


def _named(making: Making, policy: str) -> Callable[..., Any]:
    """A function of ``service.py`` that could answer in the service's place."""
    module = making.flow.module("service")
    found: dict[str, Callable[..., Any]] = {}
    for name, value in vars(module).items():
        function = value.function if isinstance(value, Service) else value
        if not callable(function) or getattr(function, "__module__", "") != module.__name__:
            continue
        try:
            signature = read_signature(function, name)
        except (FullcycleError, TypeError, ValueError):
            continue  # another function, or a class: no policy
        if (signature.row, signature.answer) == (making.signature.row, making.signature.answer):
            found[name] = function
    if policy not in found:
        raise UnknownName.among(policy, found, where=f"the policies of {making.capability}/service.py")
    return found[policy]
