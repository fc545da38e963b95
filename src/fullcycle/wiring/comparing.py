"""Comparing two runs, releases or deployments, from what the record still holds of both."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
import polars as pl

from fullcycle.code import Archive, Symbol, changed, file_changes
from fullcycle.data import Row, compare_tables, schema
from fullcycle.evaluate import Measured, score_named
from fullcycle.flow import Evaluated, Node, StepFinished, efforts, settings
from fullcycle.kernel import Change, Damaged, Digest, FullcycleError, Invalid, Missing, changes, counted
from fullcycle.record import Artifact
from fullcycle.release import ReleaseChange, gate_changes, golden_change, golden_rows, pinned_changes
from fullcycle.wiring.comparison import (
    PARTS,
    CodeChange,
    Comparison,
    DataChange,
    EffortChange,
    Part,
    ScoreChange,
)
from fullcycle.wiring.details import is_family, tables_of
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.pairing import JudgedModel, difference, judged_models
from fullcycle.wiring.project import Project
from fullcycle.wiring.sides import Side, side

T = TypeVar("T")

_PARTS = 5  # of a dict or list, whose tables are compared
_PLAIN = (bool, int, float, str, type(None))


def compare(project: Project, first: str, second: str, only: Collection[Part] = PARTS) -> Comparison:
    """Compare what two references stand on; what the store has lost is noted, the rest is told.

    Raises:
        Invalid: where they are of different capabilities, or a step is named.
        Missing, UnknownName: where there is no such run, release or deployment.
    """
    sides = side(project, first), side(project, second)
    if sides[0].capability != sides[1].capability:
        raise Invalid(
            f"{first} and {second} are different capabilities",
            "what is compared",
            f"compare two runs of one: {sides[0].capability}@1 {sides[0].capability}@2",
        )
    pair = _Pair(project, *sides)
    told: dict[str, Callable[[], Any]] = {
        "code": pair.code,
        "parameters": pair.parameters,
        "data": pair.data,
        "scores": pair.scores,
        "timings": pair.timings,
        "lock": pair.lock,
    }
    found = {name: pair.or_gone(name, tell) for name, tell in told.items() if name in only}
    everything = set(only) == set(PARTS)
    return Comparison(
        sides[0].ref,
        sides[1].ref,
        **found,
        same=pair.same_steps() if "data" in only else (),
        surroundings=pair.surroundings() if everything else (),
        release=pair.or_gone("release", pair.release) if everything else None,
        notes=tuple(pair.notes),
    )


@dataclass(slots=True)
class _Pair:
    """Both sides, and what could not be told of them."""

    project: Project
    was: Side
    now: Side
    notes: list[str] = field(default_factory=list)
    _flows: dict[Digest, Flow | None] = field(default_factory=dict)

    def or_gone(self, what: str, tell: Callable[[], T]) -> T | None:
        """What ``tell`` tells, or a note that what it needs is not there any more."""
        try:
            return tell()
        except (Missing, Damaged) as error:
            self.notes.append(f"{what} cannot be compared: {error.what}")
            return None

    def code(self) -> CodeChange:
        """Files, and what of them the steps reach."""
        files = (
            ()
            if self.was.archive == self.now.archive
            else file_changes(self._archive(self.was), self._archive(self.now))
        )
        other = [name for name, (was, now) in self._both_steps() if was.code != now.code]
        reached = {name: self._reached(name) for name in other}
        untouched = [name for name, _ in self._both_steps() if name not in reached]
        return CodeChange(files, reached, tuple(untouched))

    def parameters(self) -> tuple[Change, ...]:
        """Values that are not the same, whoever set them.

        Of a step that one side did not come to, nothing is known there but what was set.
        """
        known = [settings(one.run) for one in (self.was, self.now)]
        was, now = ({name: setting.value for name, setting in one.items()} for one in known)
        short = any(one.run.status != "done" for one in (self.was, self.now))
        told = {name for one in known for name, setting in one.items() if setting.origin != "default"}
        return tuple(
            change
            for change in changes(was, now)
            if change.kind == "changed" or not short or change.name in told
        )

    def data(self) -> tuple[DataChange, ...]:
        """What the steps returned, where it is other."""
        was, now = self.was.run.steps, self.now.run.steps
        gone = [
            DataChange(name, step.role, "removed", note=_not_come_to(self.now))
            for name, step in was.items()
            if name not in now
        ]
        new = [
            DataChange(name, step.role, "added", note=_not_come_to(self.was))
            for name, step in now.items()
            if name not in was
        ]
        other = [
            self._data(name, before, after)
            for name, (before, after) in self._both_steps()
            if before.artifact.content != after.artifact.content or self._contract_change(name)
        ]
        return (*other, *gone, *new)

    def same_steps(self) -> tuple[str, ...]:
        """Steps that returned the same on both sides."""
        return tuple(
            name for name, (was, now) in self._both_steps() if was.artifact.content == now.artifact.content
        )

    def scores(self) -> tuple[ScoreChange, ...]:
        """What the models scored."""
        was, now = self.was.run.evaluations, self.now.run.evaluations
        names = dict.fromkeys((*was, *now))
        return tuple(self._score(name, was.get(name), now.get(name)) for name in names)

    def timings(self) -> tuple[EffortChange, ...]:
        """What each step took."""
        was, now = efforts(self.was.run), efforts(self.now.run)
        return tuple(EffortChange(name, was.get(name), now.get(name)) for name in dict.fromkeys((*was, *now)))

    def lock(self) -> tuple[Change, ...]:
        """Distributions by their versions."""
        if self.was.lock == self.now.lock:
            return ()
        was, now = (json.loads(self.project.objects.get(one.lock)) for one in (self.was, self.now))
        return changes(was, now)

    def surroundings(self) -> tuple[Change, ...]:
        """Where and how both were run."""
        return changes(*(_surroundings(one) for one in (self.was, self.now)))

    def release(self) -> ReleaseChange | None:
        """What only releases have."""
        was, now = self.was.release, self.now.release
        if was is None or now is None:
            return None
        objects = self.project.objects
        return ReleaseChange(
            gate_changes(was.judgement, now.judgement),
            pinned_changes(was.manifest, now.manifest),
            golden_change(golden_rows(objects, was.manifest), golden_rows(objects, now.manifest)),
        )

    def _both_steps(self) -> list[tuple[str, tuple[StepFinished, StepFinished]]]:
        was, now = self.was.run.steps, self.now.run.steps
        return [(name, (was[name], now[name])) for name in now if name in was]

    def _archive(self, one: Side) -> Archive:
        return self.project.archived(one.archive)

    def _reached(self, name: str) -> tuple[str, ...]:
        """What of the change a step reaches, in lines; a source keeps no list of what it reaches."""
        kept = [one.run.steps[name].reach for one in (self.was, self.now)]
        if any(digest is None or not self.project.objects.has(digest) for digest in kept):
            return ("its code changed",)
        was, now = (
            msgspec.json.decode(self.project.objects.get(str(digest)), type=dict[str, Symbol])
            for digest in kept
        )
        return tuple(changed(was, now)) or ("its libraries or fullcycle itself changed",)

    def _data(self, name: str, was: StepFinished, now: StepFinished) -> DataChange:
        contract = self._contract_change(name)
        if is_family(was.artifact) and is_family(now.artifact):
            return self._family(name, was, now, contract)
        try:
            before, after = (self.project.artifacts.load(step.artifact) for step in (was, now))
        except FullcycleError as error:
            return DataChange(name, now.role, "changed", contract=contract, note=error.what)
        tables, others = tables_of(before), tables_of(after)
        row = self._contract(self.now, name)
        found = {part: compare_tables(tables[part], others[part], row) for part in tables if part in others}
        value = (before, after) if isinstance(before, _PLAIN) and isinstance(after, _PLAIN) else None
        return DataChange(name, now.role, "changed", found, contract, value)

    def _family(
        self, name: str, was: StepFinished, now: StepFinished, contract: tuple[Change, ...]
    ) -> DataChange:
        """Parts are told apart by their content: only tables of the first that differ are read."""
        try:
            before, after = (
                {str(key): part for key, part in self.project.artifacts.parts(step.artifact).items()}
                for step in (was, now)
            )
            found = changes(*({key: part.content for key, part in side.items()} for side in (before, after)))
            other = [change.name for change in found if change.kind == "changed"]
            tables = {
                f"{key}, {part}".rstrip(", "): compare_tables(first, second)
                for key in other[:_PARTS]
                for part, first, second in self._both_tables(before[key], after[key])
            }
        except FullcycleError as error:
            return DataChange(name, now.role, "changed", contract=contract, note=error.what)
        told = _parts(found, len(after))
        return DataChange(name, now.role, "changed", tables, contract, note=told)

    def _both_tables(self, was: Artifact, now: Artifact) -> list[tuple[str, pl.DataFrame, pl.DataFrame]]:
        before, after = (tables_of(self.project.artifacts.load(one)) for one in (was, now))
        return [(part, before[part], after[part]) for part in before if part in after]

    def _contract_change(self, name: str) -> tuple[Change, ...]:
        if self.was.archive == self.now.archive:
            return ()
        was, now = (self._contract(one, name) for one in (self.was, self.now))
        return changes(_described(was), _described(now)) if was is not None and now is not None else ()

    def _contract(self, one: Side, name: str) -> type[Row] | None:
        flow = self._flow(one)
        node = flow.graph.nodes.get(name) if flow is not None else None
        return getattr(node.declared, "contract", None) if node is not None else None

    def _flow(self, one: Side) -> Flow | None:
        """The flow as that side's archive holds it; None, with a note, where it no longer loads."""
        if one.archive not in self._flows:
            try:
                archive = self._archive(one)
                flow = Flow.open(self.project, one.capability, one.run.started.environment, archive)
                flow.graph  # noqa: B018 - reading it is what may fail
                self._flows[one.archive] = flow
            except FullcycleError as error:
                self.notes.append(f"the flow of {one.ref} cannot be read again: {error.what}")
                self._flows[one.archive] = None
        return self._flows[one.archive]

    def _score(self, step: str, was: Evaluated | None, now: Evaluated | None) -> ScoreChange:
        one = now or was
        if one is None:
            raise Invalid(f"{step} was judged on no side", "comparing scores", "name a step that was")
        higher = score_named(one.score).higher_is_better
        before, after = (_measured(each) if each is not None else None for each in (was, now))
        if was is None or now is None or before is None or after is None:
            return ScoreChange(step, one.score, higher, before, after)
        if was.score != now.score:
            return ScoreChange(step, now.score, higher, None, after, note=f"scored by {was.score} before")
        overlap = before.low <= after.high and after.low <= before.high
        difference, note = self._difference(step, was, now)
        return ScoreChange(step, now.score, higher, before, after, difference, overlap, note)

    def _difference(self, step: str, was: Evaluated, now: Evaluated) -> tuple[Measured | None, str]:
        if was.evaluation.content == now.evaluation.content:
            return None, "the same evaluation"
        try:
            return difference(
                self.project.artifacts, *(self._judged(one, step) for one in (self.was, self.now))
            )
        except FullcycleError as error:
            return None, f"not compared row by row: {error.what}"

    def _judged(self, one: Side, step: str) -> tuple[Node, dict[str, JudgedModel]]:
        flow = self._flow(one)
        if flow is None:
            raise Missing(f"the flow of {one.ref} cannot be read", "its archive", "see the note")
        node = flow.graph.nodes[step]
        return node, judged_models(self.project.artifacts, one.run, node)


def _parts(found: tuple[Change, ...], many: int) -> str:
    """What became of the parts of a family: ``3 of 30 parts with other content, 1 new``."""
    kinds = [change.kind for change in found]
    words = {"changed": "with other content", "added": "new", "removed": "gone"}
    told = [f"{kinds.count(kind):,} {word}" for kind, word in words.items() if kind in kinds]
    first, *rest = told or [f"{many:,} in another order"]
    number, _, word = first.partition(" ")
    return ", ".join([f"{number} of {counted(many, 'part')} {word}", *rest])


def _not_come_to(other: Side) -> str:
    """Why a side may lack a step that its flow has."""
    return f"{other.run.ref} {other.run.said}" if other.run.status != "done" else ""


def _described(contract: type[Row]) -> Mapping[str, Any]:
    return {
        said["name"]: {key: said[key] for key in said if key != "name"} for said in schema(contract)["fields"]
    }


def _measured(judged: Evaluated) -> Measured:
    return Measured(judged.value, judged.low, judged.high)


def _surroundings(one: Side) -> dict[str, str]:
    started = one.run.started
    return {
        "status": one.run.status,
        "environment": started.environment,
        "python": started.python,
        "machine": started.machine,
    }
