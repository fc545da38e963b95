"""Policies met with the past: what each is worth on decisions that were logged before."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from fullcycle.data import Row, fields
from fullcycle.evaluate import Split
from fullcycle.experiment import (
    DecisionLog,
    ExperimentRecord,
    Moments,
    PolicyDifference,
    PolicyValue,
    Refusal,
    Weights,
    decision_log,
    policy_difference,
    policy_value,
    weight_diagnostics,
    weights_of,
    why_refused,
)
from fullcycle.experiment import reference as refer
from fullcycle.flow import ModelStep
from fullcycle.kernel import FullcycleError, Invalid, Missing, NotEnoughData, Refused, UnknownName
from fullcycle.release import (
    LoadedRelease,
    Policy,
    ReleasedModel,
    keep_manifest,
    load_release,
    read_signature,
    scores_of,
)
from fullcycle.serve import Service
from fullcycle.wiring.branching import branches
from fullcycle.wiring.gathering import Making, draft
from fullcycle.wiring.predictors import serving_codecs
from fullcycle.wiring.project import Project

Matrix = npt.NDArray[np.float64]


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


@dataclass(frozen=True, slots=True)
class Past:
    """Past decisions that no model has learnt from, outcome and propensity beside each."""

    making: Making
    loaded: LoadedRelease
    frame: pl.DataFrame
    model: str  # the step that kept these rows aside
    label: str  # what that model predicts
    action: str  # the column that holds what was done

    @property
    def metric(self) -> str:
        """What the outcome is a value of."""
        graph = self.making.flow.graph
        past = next((node.declared.metric for node in graph.nodes.values() if node.role == "outcomes"), None)
        return next((name for name, metric in graph.metrics.items() if metric is past), "outcome")


def past_of(making: Making, loaded: LoadedRelease) -> Past | None:
    """The rows of the past that no model has learnt from; None where none hold outcome and propensity.

    Raises:
        Invalid: where it cannot be told which column holds what was done.
    """
    for node in making.flow.graph.nodes.values():
        if isinstance(node.declared, ModelStep):
            split = making.flow.artifacts.load(making.run.steps[next(iter(node.inputs))].artifact)
            if isinstance(split, Split) and {"outcome", "propensity"} <= set(split.test.frame.columns):
                frame = split.test.frame
                return Past(making, loaded, frame, node.name, split.test.label, _action(loaded, frame))
    return None


def value_policies(past: Past, policies: Mapping[str, Policy], control: str) -> OffPolicyReport:
    """Value policies on the past; where one is refused, it is said why and what to log instead."""
    chances, log = _decided(past, policies)
    weights = {name: weight_diagnostics(log, found) for name, found in chances.items()}
    told = {name: why_refused(one) for name, one in weights.items()}
    refused = {name: one for name, one in told.items() if one is not None}
    values: dict[str, PolicyValue] = {}
    for name in chances:
        if name not in refused:
            try:
                values[name] = policy_value(log, chances[name])
            except Refused as error:
                refused[name] = Refusal(why=error.what, instead=error.mend)
    predicted, unmodelled = _predictions(past, policies, log)
    against = [name for name in values if name != control] if control in values else []
    modelled = [] if predicted is None else list(values)
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
        model=past.model if modelled else "",
        unmodelled=unmodelled,
    )


def control_moments(past: Past, policy: Policy) -> Moments:
    """The outcome where what was done is what a policy would have done, each weighted by its chance.

    Raises:
        NotEnoughData: where fewer than two rows are such.
    """
    chances, log = _decided(past, {"control": policy})
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


def off_policy(making: Making, *, policy: str | None = None) -> OffPolicyReport:
    """Value the arms of a capability's experiment on its past; or one function of its service.

    Without an experiment, the service and its fallback are valued. ``policy`` names a function
    of ``service.py`` that takes the service's request and returns its answer; it is held
    against the control.

    Raises:
        Missing: where no past decisions were kept from the model, with outcome and propensity.
        UnknownName: where there is no such function.
    """
    manifest = draft(making)
    if policy is not None:
        manifest = msgspec.structs.replace(manifest, fallback=_named(making, policy))
    loaded = load_release(
        making.project.objects, keep_manifest(making.project.objects, manifest), serving_codecs()
    )
    past = past_of(making, loaded)
    if past is None:
        raise Missing(
            f"{making.run.ref} kept no past decisions aside with their outcome and propensity",
            f"{making.capability}/flow.py",
            "let a model learn from fc.split of fc.outcomes(…, of=…), whose rows hold the propensity",
        )
    policies, control = _policies(loaded, policy)
    return value_policies(past, policies, control)


def off_policy_of(project: Project, record: ExperimentRecord) -> OffPolicyReport | None:
    """What was estimated before launch; old records told numbers with a warning, which count as refused."""
    if record.designed is None or record.designed.body.off_policy is None:
        return None
    kept = msgspec.convert(project.artifacts.load(record.designed.body.off_policy), OffPolicyReport)
    again = f"design it again: fullcycle experiment design {record.capability}"
    warned = {
        name: one.warning for name, one in (*kept.values.items(), *kept.differences.items()) if one.warning
    }
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


def _named(making: Making, policy: str) -> str:
    """The reference of a function of ``service.py`` that could answer in the service's place."""
    module = making.flow.module("service")
    found: dict[str, str] = {}
    for name, value in vars(module).items():
        function = value.function if isinstance(value, Service) else value
        if not callable(function) or getattr(function, "__module__", "") != module.__name__:
            continue
        try:
            signature = read_signature(function, name)
        except (FullcycleError, TypeError, ValueError):
            continue  # another function, or a class: no policy
        if (signature.row, signature.answer) == (making.signature.row, making.signature.answer):
            found[name] = refer(function)
    if policy not in found:
        raise UnknownName.among(policy, found, where=f"the policies of {making.capability}/service.py")
    return found[policy]


def _action(loaded: LoadedRelease, frame: pl.DataFrame) -> str:
    """The column that holds what was done: a field of the answer that the past has, too."""
    answer = loaded.service.answer_type
    promised = answer.__struct_fields__ if isinstance(answer, type) and issubclass(answer, Row) else ()
    asked = set(loaded.row.__struct_fields__)
    found: list[str] = [name for name in promised if name in frame.columns and name not in asked]
    if len(found) != 1:
        raise Invalid(
            f"the past holds {len(found)} columns of the answer",
            "the off-policy estimate",
            "name the action alike in the service's answer and in the contract of the past",
        )
    return found[0]


def _decided(past: Past, policies: Mapping[str, Policy]) -> tuple[dict[str, Matrix], DecisionLog]:
    """Each policy's chances ``(n_rows, n_actions)``, and the log with all actions that occur."""
    rows = [
        past.loaded.row(**named) for named in past.frame.select(past.loaded.row.__struct_fields__).to_dicts()
    ]
    told = {name: [_chances(policy, row, past.action) for row in rows] for name, policy in policies.items()}
    done = past.frame[past.action].to_list()
    declared = next(f for f in fields(past.loaded.service.answer_type) if f.name == past.action).choices or ()
    chosen = (action for each in told.values() for row in each for action in row)
    log = decision_log(
        done,
        past.frame["propensity"].cast(pl.Float64).to_numpy(),
        past.frame["outcome"].cast(pl.Float64).to_numpy(),
        actions=list(dict.fromkeys([*declared, *done, *chosen])),
        unit=_units(past),
    )
    return {name: _matrix(each, log.actions) for name, each in told.items()}, log


def _units(past: Past) -> Sequence[Any] | None:
    """Whose decision each row was, where somebody has several."""
    keys = [field.name for field in fields(past.loaded.row) if field.key]
    if not keys or past.frame.select(keys).n_unique() == past.frame.height:
        return None
    return past.frame.select(keys).rows()


def _chances(policy: Policy, row: Row, action: str) -> dict[Any, float]:
    """A policy's chance of each action for one request, exact: every way its draws may fall is taken."""
    found: dict[Any, float] = {}
    for answer, chance in branches(lambda draw: policy.call(row, draw)):
        chosen = getattr(answer, action)
        found[chosen] = found.get(chosen, 0.0) + chance
    return found


def _matrix(told: Sequence[Mapping[Any, float]], actions: Sequence[Any]) -> Matrix:
    places = {action: place for place, action in enumerate(actions)}
    found = np.zeros((len(told), len(actions)))
    for row, chances in enumerate(told):
        for action, chance in chances.items():
            found[row, places[action]] = chance
    return found


def _predictions(past: Past, policies: Mapping[str, Policy], log: DecisionLog) -> tuple[Matrix | None, str]:
    """The reward that the run's model expects of each action in each row; or why it tells none.

    The rows are those it was judged on, so it has seen none of them.
    """
    node = past.making.flow.graph.nodes[past.model]
    features = node.declared.features
    model = next(
        (
            given
            for policy in (past.loaded.service, *policies.values())
            for given in policy.given.values()
            if isinstance(given, ReleasedModel) and given.step == past.model
        ),
        None,
    )
    if past.label != "outcome":
        return None, f"the model {past.model} predicts {past.label}, not the outcome"
    if past.action not in features.inputs:
        return None, f"the model {past.model} does not see the {past.action}, so it expects the same of each"
    if model is None:
        return None, f"no policy asks the model {past.model} by itself"
    asked = [
        _asked(model, features.matrix(past.frame.with_columns(_all_alike(past, action))))
        for action in log.actions
    ]
    return np.column_stack(asked), ""


def _all_alike(past: Past, action: Any) -> pl.Series:
    return pl.Series(past.action, [action], dtype=past.frame.schema[past.action]).new_from_index(
        0, past.frame.height
    )


def _asked(model: ReleasedModel, matrix: Matrix) -> Matrix:
    numbers = array("d")
    numbers.frombytes(matrix.tobytes())
    return np.asarray(scores_of(model.predictor, numbers), dtype=np.float64)
