"""Past decisions that a policy can be valued on: what was done, how likely, what came of it."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fullcycle.data import Decisions, Field, Row, fields
from fullcycle.evaluate import Split
from fullcycle.experiment import DecisionLog, cross_fit, decision_log
from fullcycle.flow import ModelStep
from fullcycle.kernel import Invalid
from fullcycle.release import LoadedRelease, Policy, ReleasedModel, scores_of
from fullcycle.wiring.branching import branches
from fullcycle.wiring.gathering import Making

Matrix = npt.NDArray[np.float64]

NEEDED = {"outcome", "propensity"}


@dataclass(frozen=True, slots=True)
class Past:
    """Past decisions with outcome and propensity; ``model`` kept them aside, or is empty where none did."""

    making: Making
    loaded: LoadedRelease
    frame: pl.DataFrame
    source: str  # the outcomes that they are of, by name
    action: str  # the field of the answer that says what is done
    column: str  # where the frame has it
    model: str = ""
    label: str = ""  # what that model predicts

    @property
    def metric(self) -> str:
        """What the outcome is a value of."""
        graph = self.making.flow.graph
        metric = graph.nodes[self.source].declared.metric if self.source in graph.nodes else None
        return next((name for name, known in graph.metrics.items() if known is metric), "outcome")

    @property
    def ids(self) -> Sequence[Any]:
        """What names each row: a decision's id, its key, or the row by all that it holds."""
        names = ["decision_id"] if "decision_id" in self.frame.columns else self.frame.columns
        return self.frame.select(names).rows()

    def log(self, more: Sequence[Any] = ()) -> DecisionLog:
        """The decisions as estimates read them, with all actions that there are, and ``more``."""
        done = self.frame[self.column].to_list()
        declared = next(f for f in fields(self.loaded.service.answer_type) if f.name == self.action).choices
        return decision_log(
            done,
            self.frame["propensity"].cast(pl.Float64).to_numpy(),
            self.frame["outcome"].cast(pl.Float64).to_numpy(),
            actions=list(dict.fromkeys([*(declared or ()), *done, *more])),
            unit=self._units(),
        )

    def _units(self) -> Sequence[Any] | None:
        """Whose decision each row was, where somebody has several."""
        keys = [field.name for field in fields(self.loaded.row) if field.key]
        if not keys or self.frame.select(keys).n_unique() == self.frame.height:
            return None
        return self.frame.select(keys).rows()


def past_of(making: Making, loaded: LoadedRelease) -> Past | None:
    """The past decisions of a run: those kept from its model, else all that its flow has outcomes of.

    Of a service's own decisions only those count that were drawn: what was decided without
    chance says nothing about other policies. None where there are none with outcome and propensity.

    Raises:
        Invalid: where it cannot be told which column holds what was done.
    """
    nodes = making.flow.graph.nodes.values()
    source = next((node for node in nodes if node.role == "outcomes"), None)
    named = source.name if source is not None else ""
    for node in nodes:
        if isinstance(node.declared, ModelStep):
            split = making.flow.artifacts.load(making.run.steps[next(iter(node.inputs))].artifact)
            if isinstance(split, Split) and set(split.test.frame.columns) >= NEEDED:
                frame = split.test.frame
                action = _action(loaded, frame)
                return Past(making, loaded, frame, named, action, action, node.name, split.test.label)
    if source is None or source.name not in making.run.steps:
        return None
    frame = making.frame(source)
    if not set(frame.columns) >= NEEDED:
        return None
    if not isinstance(source.declared.of, Decisions):
        action = _action(loaded, frame)
        return Past(making, loaded, frame, named, action, action)
    drawn = frame.filter(pl.col("propensity").is_not_null())
    first = _answer(loaded)[:1]
    return Past(making, loaded, drawn, named, first[0], "action") if first and drawn.height > 1 else None


def why_no_past(making: Making) -> tuple[str, str]:
    """Why a run has no past that a policy can be valued on, and what to do, in a line each."""
    graph, capability = making.flow.graph, making.capability
    source = next((node.declared for node in graph.nodes.values() if node.role == "outcomes"), None)
    if source is None:
        return (
            f"{making.run.ref} read no outcomes",
            f"declare fc.outcomes(…) in {capability}/flow.py, of rows that hold the propensity",
        )
    if not isinstance(source.of, Decisions):
        return (
            f"{source.of.name}, which {making.run.ref} read, does not hold the propensity, or the model's "
            "split not the outcome",
            "log with each decision the chance that its action had, and let the split keep both",
        )
    if not isinstance(making.signature.answer, type):
        return (
            "the service answers lists, which have no one action",
            "value what picks their first item as a service of its own, or compare arms in an experiment",
        )
    return (
        f"{making.run.ref} read no decision of {making.run.started.environment} that was drawn and whose "
        "outcome is known",
        f"once some are, read them: fullcycle run {capability} --in prod",
    )


def decided(past: Past, policies: Mapping[str, Policy]) -> tuple[dict[str, Matrix], DecisionLog]:
    """Each policy's chances ``(n_rows, n_actions)``, exact, and the log with all actions that occur.

    Lookups are asked as they are now.
    """
    rows = [
        past.loaded.row(**named) for named in past.frame.select(past.loaded.row.__struct_fields__).to_dicts()
    ]
    told = {name: [_chances(policy, row, past.action) for row in rows] for name, policy in policies.items()}
    log = past.log([action for each in told.values() for row in each for action in row])
    return {name: _matrix(each, log.actions) for name, each in told.items()}, log


def learnt_from(past: Past, policy: Policy) -> tuple[str, ...]:
    """The steps that a policy asks and that have learnt from these rows; none of rows kept aside."""
    if past.model:
        return ()
    graph = past.making.flow.graph
    return tuple(
        name
        for name in policy.given
        if name in graph.nodes and past.source in {node.name for node in graph.ancestors(name)}
    )


def predictions(
    past: Past, policies: Mapping[str, Policy], log: DecisionLog
) -> tuple[Matrix | None, str, str]:
    """The reward expected of each action in each row, by which model; or why there is none.

    The run's own model is asked where it kept these rows aside. Without one, a ridge per
    action is cross-fitted on the request's numbers and choices.
    """
    if not past.model:
        seen = _seen(past)
        if seen is None:
            return None, "", "nothing of the request can be told in numbers"
        return cross_fit(log, seen), "a linear model of the request", ""
    node = past.making.flow.graph.nodes[past.model]
    features = node.declared.features
    given = (given for policy in (past.loaded.service, *policies.values()) for given in policy.given.values())
    model = next((one for one in given if isinstance(one, ReleasedModel) and one.step == past.model), None)
    if past.label != "outcome":
        return None, "", f"the model {past.model} predicts {past.label}, not the outcome"
    if past.action not in features.inputs:
        return None, "", f"the model {past.model} does not see the {past.action}: it expects the same of each"
    if model is None:
        return None, "", f"no policy asks the model {past.model} by itself"
    asked = [_asked(model, features.matrix(_all_alike(past, action))) for action in log.actions]
    return np.column_stack(asked), past.model, ""


def _answer(loaded: LoadedRelease) -> tuple[str, ...]:
    """The fields of an answer that is one row; none of a list."""
    answer = loaded.service.answer_type
    return answer.__struct_fields__ if isinstance(answer, type) and issubclass(answer, Row) else ()


def _action(loaded: LoadedRelease, frame: pl.DataFrame) -> str:
    """The column that holds what was done: a field of the answer that the past has, too."""
    asked = set(loaded.row.__struct_fields__)
    found = [name for name in _answer(loaded) if name in frame.columns and name not in asked]
    if len(found) != 1:
        raise Invalid(
            f"the past holds {len(found)} columns of the answer",
            "the off-policy estimate",
            "name the action alike in the service's answer and in the contract of the past",
        )
    return found[0]


def _chances(policy: Policy, row: Row, action: str) -> dict[Any, float]:
    """A policy's chance of each action for one request: every way its draws may fall is taken."""
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


def _all_alike(past: Past, action: Any) -> pl.DataFrame:
    """The rows as if one action had been taken in each."""
    kind = past.frame.schema[past.column]
    return past.frame.with_columns(
        pl.Series(past.column, [action], dtype=kind).new_from_index(0, past.frame.height)
    )


def _asked(model: ReleasedModel, matrix: Matrix) -> Matrix:
    numbers = array("d")
    numbers.frombytes(matrix.tobytes())
    return np.asarray(scores_of(model.predictor, numbers), dtype=np.float64)


def _seen(past: Past) -> Matrix | None:
    """The request in numbers: numbers as they are, choices as 0 and 1, and what is missing marked."""
    columns = [
        column for field in fields(past.loaded.row) for column in _numbers(field, past.frame[field.name])
    ]
    return np.column_stack(columns) if columns else None


def _numbers(field: Field, values: pl.Series) -> Iterator[Matrix]:
    if field.key or field.time:
        return  # who asked and when is nothing to learn from
    if field.choices is not None:
        for choice in field.choices:
            yield (values == choice).fill_null(value=False).cast(pl.Float64).to_numpy()
    elif field.type in (bool, int, float):
        yield values.cast(pl.Float64).fill_null(0.0).to_numpy()
        if field.optional:
            yield values.is_null().cast(pl.Float64).to_numpy()
