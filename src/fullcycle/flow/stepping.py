"""One node of a run: a source is read, a step is reused or computed."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import polars as pl

from fullcycle.code import Reach, Symbol
from fullcycle.data import Query
from fullcycle.flow.annotation import bare, type_name
from fullcycle.flow.facts import Memoized, StepFinished
from fullcycle.flow.failure import guarded
from fullcycle.flow.graph import Graph, Node
from fullcycle.flow.memo import memo_key, remember, remembered
from fullcycle.flow.ports import Executor, Judge, Surroundings
from fullcycle.flow.reason import what_is_new, why_computed
from fullcycle.flow.returning import keep
from fullcycle.flow.sources import read_source
from fullcycle.kernel import Clock, Digest, Money, digest_value, now, peak_memory
from fullcycle.record import Artifact, Artifacts, Ledger, append_next


@dataclass(frozen=True, slots=True)
class Workshop:
    """All that a run works with."""

    ledger: Ledger
    artifacts: Artifacts
    surroundings: Surroundings
    executor: Executor
    judge: Judge
    by: str
    cpu_hour: Money
    clock: Clock = now


@dataclass(slots=True)
class Pass:
    """One run on its way; ``earlier`` holds each step's last time in earlier runs."""

    graph: Graph
    number: int
    earlier: Mapping[str, StepFinished]
    shop: Workshop
    steps: dict[str, StepFinished] = field(default_factory=dict)
    frames: dict[str, pl.DataFrame] = field(default_factory=dict)  # sources as read just now

    @property
    def ref(self) -> str:
        """The run's reference, such as ``winback@42``."""
        return f"{self.graph.capability}@{self.number}"

    def record(self, body: msgspec.Struct) -> None:
        """Append to the run's own stream."""
        stream = f"run/{self.graph.capability}/{self.number}"
        append_next(self.shop.ledger, stream, body, by=self.shop.by, at=self.shop.clock())

    def value(self, name: str, kind: Any) -> Any:
        """What a step is given for an input: what the store gives back, in the view it asks for."""
        if bare(kind) is Query:  # of the rows that this run has recorded, whatever the table holds by now
            query = self.shop.surroundings.query(self.graph.nodes[name])
            return Query(query.text, query.values, lambda text, values: self.value(name, pl.DataFrame))
        if name in self.frames:
            return self.frames[name].clone()  # a step may change its frame in place, nobody else's
        return self.shop.artifacts.load(self.steps[name].artifact, kind)


@dataclass(frozen=True, slots=True)
class _Identity:
    """All that decides what a step returns."""

    key: Digest
    reach: Reach
    parameters: dict[str, Any]
    inputs: dict[str, Digest]


def read(this: Pass, node: Node) -> StepFinished:
    """Read a source: its rows are checked against the contract and kept as they were."""
    began, cpu = time.perf_counter(), time.process_time()
    reading = read_source(node, this.shop.surroundings, this.shop.clock())
    artifact = this.shop.artifacts.keep(reading.frame)
    this.frames[node.name] = reading.frame
    last = this.earlier.get(node.name)
    same = last is not None and last.artifact.content == artifact.content
    rows = reading.frame.height
    return StepFinished(
        step=node.name,
        role=node.role,
        reused=same,
        reason=_read_reason(node.name, rows, last, same),
        key=digest_value("source@1", [node.name, artifact.content]),
        artifact=artifact,
        inputs={name: this.steps[name].artifact.content for name in node.upstream},
        parameters={},
        code=this.shop.surroundings.reach(node).digest,
        reach=None,
        wall=time.perf_counter() - began,
        cpu=time.process_time() - cpu,
        peak_memory=peak_memory(),
        rows=rows,
        note="; ".join(filter(None, [reading.note, reading.late])),
    )


def step(this: Pass, node: Node, parameters: Mapping[str, Any]) -> StepFinished:
    """Reuse what was computed for the same key, else compute it."""
    identity = _identify(this, node, parameters)
    found = remembered(this.shop.ledger, identity.key)  # nothing is remembered of a volatile step
    if found is not None and this.shop.artifacts.objects.has(found.artifact.object):
        return _finished(
            this,
            node,
            identity,
            found.artifact,
            found.rows,
            reused=True,
            reason="nothing it stands on changed",
        )
    if node.declared.volatile:
        reason = "volatile: runs every time"
    elif found is not None:
        reason = "its stored result is gone"
    else:
        reason = _why(this, node, identity)
    return _compute(this, node, parameters, identity, found, reason=reason)


def _compute(
    this: Pass,
    node: Node,
    parameters: Mapping[str, Any],
    identity: _Identity,
    found: Memoized | None,
    *,
    reason: str,
) -> StepFinished:
    """Call the step; ``found`` is a result of before whose artifact is gone."""
    inputs = {name: this.value(name, kind) for name, kind in node.inputs.items()}
    worked = this.shop.executor.call(guarded(node, this.ref, inputs), inputs, parameters)
    artifact = keep(node, worked.value, this.shop.artifacts)
    rows = worked.value.height if isinstance(worked.value, pl.DataFrame) else None
    result = Memoized(step=node.name, artifact=artifact, rows=rows)
    counts, note = (result, "") if node.declared.volatile else _remember(this, identity.key, result, found)
    finished = _finished(this, node, identity, counts.artifact, counts.rows, reused=False, reason=reason)
    return msgspec.structs.replace(
        finished,
        wall=worked.wall,
        cpu=worked.cpu,
        peak_memory=worked.peak_memory,
        deterministic=not note,
        note=note,
    )


def _remember(this: Pass, key: Digest, result: Memoized, found: Memoized | None) -> tuple[Memoized, str]:
    """The result that counts, and what is to be said where another one was recorded before."""
    has = this.shop.artifacts.objects.has
    lost = found if found is not None and not has(found.artifact.object) else None  # storing may restore it
    counts = remember(this.shop.ledger, key, result, by=this.shop.by, lost=lost)
    if lost is not None and lost.artifact.content != result.artifact.content:
        return counts, "not deterministic: the result that is gone was another"
    if counts.artifact.content != result.artifact.content:
        return counts, "not deterministic: the result recorded first counts"
    return counts, ""


def _identify(this: Pass, node: Node, parameters: Mapping[str, Any]) -> _Identity:
    reach = this.shop.surroundings.reach(node)
    inputs = {name: this.steps[name].artifact.content for name in node.inputs}
    views = {name: (type_name(kind), inputs[name]) for name, kind in node.inputs.items()}
    key = memo_key(node.name, reach.digest, parameters, views)
    return _Identity(key, reach, msgspec.to_builtins(dict(parameters)), inputs)


def _finished(
    this: Pass,
    node: Node,
    identity: _Identity,
    artifact: Artifact,
    rows: int | None,
    *,
    reused: bool,
    reason: str,
) -> StepFinished:
    return StepFinished(
        step=node.name,
        role=node.role,
        reused=reused,
        reason=reason,
        key=identity.key,
        artifact=artifact,
        inputs=identity.inputs,
        parameters=identity.parameters,
        code=identity.reach.digest,
        reach=this.shop.artifacts.objects.put(msgspec.json.encode(identity.reach.symbols, order="sorted")),
        wall=0.0,
        cpu=0.0,
        peak_memory=peak_memory(),
        rows=rows,
    )


def _why(this: Pass, node: Node, identity: _Identity) -> str:
    last = this.earlier.get(node.name)
    news = {
        name: what_is_new(name, this.steps[name].rows, before.rows)
        for name in node.inputs
        if (before := this.earlier.get(name)) is not None
    }
    reached = identity.reach.symbols
    return why_computed(
        last,
        last_reach=_reached(last, this.shop.artifacts),
        reach=reached,
        parameters=identity.parameters,
        inputs=identity.inputs,
        news=news,
    )


def _reached(last: StepFinished | None, artifacts: Artifacts) -> dict[str, Symbol]:
    if last is None or last.reach is None or not artifacts.objects.has(last.reach):
        return {}
    return msgspec.json.decode(artifacts.objects.get(last.reach), type=dict[str, Symbol])


def _read_reason(name: str, rows: int, last: StepFinished | None, same: bool) -> str:
    if last is None:
        return "first read"
    return "read again: unchanged" if same else what_is_new(name, rows, last.rows)
