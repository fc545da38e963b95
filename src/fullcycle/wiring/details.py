"""A run in full, and what one of its steps returned, as far as the record still holds it."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import polars as pl

from fullcycle.bandit import LearntBandit
from fullcycle.code import committed_files, uncommitted
from fullcycle.data import Lookup, fields
from fullcycle.evaluate import Split
from fullcycle.flow import Effort, RunRecord, Setting, efforts, settings
from fullcycle.flow.failure import shape
from fullcycle.kernel import Damaged, FullcycleError, Missing, counted, public
from fullcycle.record import Artifact
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.project import Project

FIRST = 5  # rows shown of a table
_LONGEST = 2_000  # characters of a plain value
_SHORT = 80  # characters of one beside others
_SMALL = 10_000_000  # bytes of a part that is read to say what it is
_MASK = "•••"


@dataclass(frozen=True, slots=True)
class RunDetails:
    """What is kept beside a run's facts; None where the store, or git, has it no more.

    ``uncommitted`` maps files that were not as in the commit to ``changed``, ``added`` or
    ``removed``.
    """

    settings: Mapping[str, Setting]
    efforts: Mapping[str, Effort]
    uncommitted: Mapping[str, str] | None
    lock: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class TableDetails:
    """A table: its height, the dtype of each column, and its first rows, personal values masked."""

    rows: int
    schema: Mapping[str, str]
    first: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ValueDetails:
    """What a step returned; ``tables`` by part, ``""`` for the whole, ``facts`` say the rest."""

    kind: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, TableDetails] = field(default_factory=dict)


def run_details(project: Project, run: RunRecord) -> RunDetails:
    """All that belongs to a run beside its own facts."""
    return RunDetails(settings(run), efforts(run), _uncommitted(project, run), _lock(project, run))


def value_details(project: Project, run: RunRecord, step: str) -> ValueDetails:
    """What a step returned, described without showing anybody's personal data.

    Raises:
        Missing, Damaged: where it is gone, or is not what was stored.
    """
    return described(project, run, run.steps[step].artifact)


def described(project: Project, run: RunRecord, artifact: Artifact) -> ValueDetails:
    """What is kept as an artifact of a run; of what may be thousands of parts, the first.

    Raises:
        Missing, Damaged: where it is gone, or is not what was stored.
    """
    if is_family(artifact):
        family = project.artifacts.parts(artifact)
        first = {str(key): _in_short(project, part) for key, part in family.items()[:FIRST]}
        more = len(family.parts) - len(first)
        rest = {"…": f"and {more:,} more"} if more else {}
        return ValueDetails(family.shape, {"parts": len(family.parts), **first, **rest})
    value = project.artifacts.load(artifact)
    tables = {
        part: _table(frame, lambda: _personal(project, run)) for part, frame in tables_of(value).items()
    }
    return ValueDetails(_kind(type(value)), _facts(value), tables)


def _kind(kind: type) -> str:
    """A type as a user knows it: a library's by its package, the project's own by its module."""
    module = public(f"{kind.__module__}.{kind.__name__}").rpartition(".")[0]
    own = module != kind.__module__
    return f"{module if own else module.partition('.')[0]}.{kind.__name__}".removeprefix("builtins.")


def _in_short(project: Project, part: Artifact) -> str:
    """A part of a family on one line: a table's shape, a small value itself, else where it is kept."""
    kept = f"{part.codec}, {counted(part.size, 'byte')}"
    if is_family(part) or part.size > _SMALL:
        return kept
    try:
        value = project.artifacts.load(part)
    except FullcycleError as error:
        return f"{kept}, cannot be shown: {error.what}"
    tables = tables_of(value)
    if tables:
        sides = (f"{name} {shape(frame)}".strip() for name, frame in tables.items())
        return f"{', '.join(sides)}, {kept}"
    told = _facts(value)
    text = str(told.get("value", told.get("shape", "")))
    return text[:_SHORT] + ("…" if len(text) > _SHORT else "") if text else kept


def is_family(artifact: Artifact) -> bool:
    """Whether it is a dict, list or tuple that is kept part by part."""
    return artifact.codec.partition("@")[0] == "family"


def tables_of(value: Any) -> dict[str, pl.DataFrame]:
    """The tables in what a step returned, by the part they are; ``""`` is the whole."""
    match value:
        case pl.DataFrame():
            return {"": value}
        case pl.LazyFrame():
            return {"": value.collect()}
        case Split():
            return {"train": value.train.frame, "test": value.test.frame}
        case dict():
            return {str(key): part for key, part in value.items() if isinstance(part, pl.DataFrame)}
    return {}


def _uncommitted(project: Project, run: RunRecord) -> dict[str, str] | None:
    if run.started.commit is None:
        return None
    committed = committed_files(project.root, run.started.commit)
    if committed is None:
        return None
    try:
        return uncommitted(project.archived(run.started.archive), committed)
    except (Missing, Damaged):
        return None


def _lock(project: Project, run: RunRecord) -> dict[str, str] | None:
    try:
        found: dict[str, str] = json.loads(project.objects.get(run.started.lock))
    except (Missing, Damaged):
        return None
    return found


def _table(frame: pl.DataFrame, personal: Any) -> TableDetails:
    schema = {name: str(dtype) for name, dtype in frame.schema.items()}
    hidden = personal()
    if hidden is None:  # nobody knows which columns are about a person
        return TableDetails(frame.height, schema)
    masks = [pl.lit(_MASK).alias(name) for name in frame.columns if name in hidden]
    return TableDetails(frame.height, schema, tuple(frame.head(FIRST).with_columns(masks).to_dicts()))


def _personal(project: Project, run: RunRecord) -> Collection[str] | None:
    """The columns that any source's contract calls personal, whatever table they are in by now."""
    try:
        flow = Flow.open(
            project,
            run.started.capability,
            run.started.environment,
            project.archived(run.started.archive),
        )
        contracts = [getattr(node.declared, "contract", None) for node in flow.graph.nodes.values()]
    except FullcycleError:
        return None
    known = (contract for contract in contracts if contract is not None)
    return {one.name for contract in known for one in fields(contract) if one.personal}


def _facts(value: Any) -> dict[str, Any]:
    """What a value says of itself: a model its parameters, a split its label, plain data itself."""
    if isinstance(value, Split):
        side = value.train
        about = {"label": side.label, "weight": side.weight_column, "group": side.group_column}
        return {name: told for name, told in about.items() if told is not None} | {"by time": value.by_time}
    if isinstance(value, pl.DataFrame | pl.LazyFrame):
        return {}
    if isinstance(value, Lookup):
        return {
            "row": value.contract.__name__,
            "keys": f"{len(value):,}",
            "fields": ", ".join(value.frame.columns),
        }
    if isinstance(value, LearntBandit):
        form = value.form
        known = ", ".join(f"{one.action} ({one.rows:,})" for one in form.learnt)
        return {
            "asked by": value.contract.__name__,
            "rule": form.rule,
            "decisions": f"{value.rows:,}",
            "actions": known or "none yet: all weights are equal",
            "left out": f"{form.left_out:,}",
            "floor": form.floor,
            **_memory(form),
        }
    if isinstance(getattr(value, "shape", None), tuple):
        return {"shape": shape(value), "dtype": str(getattr(value, "dtype", ""))}
    asked = getattr(value, "get_params", None)
    parameters = asked() if callable(asked) else getattr(value, "params", None)
    if isinstance(parameters, dict):
        return {str(name): told for name, told in parameters.items() if told is not None}
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError):
        return {}
    return {"value": text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"}


def _memory(form: Any) -> dict[str, Any]:
    """What a bandit forgets; nothing of one that does not."""
    found: dict[str, Any] = {}
    if form.half_life_s is not None:
        counts = sum(one.rows if one.counts is None else one.counts for one in form.learnt)
        found["half-life"] = f"{_length(form.half_life_s)}, as good as {counts:,.0f} decisions of now"
    if form.window_s is not None:
        found["window"] = f"{_length(form.window_s)}, {form.forgotten:,} older are forgotten"
    return found


def _length(seconds: float) -> str:
    return f"{seconds / 86_400:g} days" if seconds >= 86_400 else f"{seconds / 3_600:g} hours"
