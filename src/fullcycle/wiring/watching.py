"""Watching: what was declared, checked on today's data; and lineage, to say what hangs on what."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
import polars as pl

from fullcycle.adapters.compaction import compact
from fullcycle.adapters.event_log import snapshot
from fullcycle.adapters.polars_tally import tallied
from fullcycle.brief import Brief
from fullcycle.data import Row, check, fields
from fullcycle.experiment import reference as refer
from fullcycle.flow import ModelStep, Node
from fullcycle.kernel import FullcycleError, Invalid, Misconfigured, UnknownName, micros, now
from fullcycle.monitor import (
    Explanation,
    Finding,
    FlowNode,
    Lineage,
    check_asked,
    check_contract,
    check_drift,
    check_freshness,
    check_log,
    trace,
    why,
)
from fullcycle.release import Manifest, Signature, read_signature
from fullcycle.wiring.flow import Flow, metric_example
from fullcycle.wiring.gathering import service_of
from fullcycle.wiring.logs import decisions_of
from fullcycle.wiring.profiles import ReferenceProfile, ReferenceProfiles
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import answering, released


@dataclass(frozen=True, slots=True)
class Watched:
    """What is deployed, as its release has it, on the data of its environment."""

    project: Project
    capability: str
    environment: str
    release: int
    manifest: Manifest
    flow: Flow
    signature: Signature

    @property
    def decisions_node(self) -> str:
        """What findings call its decisions."""
        return f"decisions {self.capability}@{self.environment}"

    @property
    def metric(self) -> str:
        """The metric that its brief is about."""
        if self.manifest.brief is None:
            return next(iter(self.flow.graph.metrics), "<metric>")
        return Brief.from_bytes(self.project.objects.get(self.manifest.brief)).metric

    def references(self) -> ReferenceProfiles:
        """What data looked like when it was released."""
        if self.manifest.profile is None:
            return {}
        return msgspec.json.decode(
            self.project.objects.get(self.manifest.profile), type=dict[str, ReferenceProfile]
        )


def watched(project: Project, capability: str, environment: str) -> Watched:
    """What is deployed in an environment.

    Raises:
        Missing: where nothing is.
    """
    now_deployed = answering(project, capability, environment)
    _, manifest = released(project, capability, now_deployed.release)
    flow = Flow.open(project, capability, environment, project.archived(manifest.archive))
    _ = flow.graph  # names the sources
    service = service_of(flow)
    signature = read_signature(service, refer(service.function))
    return Watched(project, capability, environment, now_deployed.release, manifest, flow, signature)


def findings(what: Watched) -> list[Finding]:
    """Check contract, freshness and drift of every source, and drift of what was asked."""
    references = what.references()
    found: list[Finding] = []
    for node in what.flow.graph.nodes.values():
        if node.role == "source":
            found += _source_findings(what, node, references.get(f"source {node.name}"))
    return [*found, *_decision_findings(what, references.get("request"))]


def explain(what: Watched, metric: str, found: list[Finding]) -> Explanation:
    """Walk a metric's lineage upstream, and name the first broken ancestor."""
    return why(lineage(what, metric), found)


def lineage(what: Watched, metric: str) -> Lineage:
    """What a metric hangs on.

    Raises:
        UnknownName: where the flow has no such metric.
    """
    graph = what.flow.graph
    if metric not in graph.metrics:
        raise UnknownName.among(
            metric,
            graph.metrics,
            where=f"the metrics of {what.capability}/flow.py",
            example=metric_example(metric),
        )
    return trace(
        metric,
        measured_by=[graph.metrics[metric].source.name],
        decisions=f"{what.capability}@{what.environment}",
        service=what.manifest.service,
        request=list(what.signature.row.__struct_fields__),
        served=list(what.signature.steps),
        flow={node.name: _flow_node(node) for node in graph.nodes.values()},
    )


def capability_with(project: Project, metric: str) -> str:
    """The capability whose flow holds a metric.

    Raises:
        UnknownName: where none does.
        Invalid: where several do.
    """
    known = {
        name: set(Flow.open(project, name, _any_environment(project)).graph.metrics)
        for name in project.capabilities()
    }
    holding = [name for name, metrics in known.items() if metric in metrics]
    if not holding:
        every = {one for metrics in known.values() for one in metrics}
        raise UnknownName.among(
            metric, every, where="the metrics of this project", example=metric_example(metric)
        )
    if len(holding) > 1:
        raise Invalid(
            f"{metric!r} is a metric of {', '.join(holding)}",
            "fullcycle why",
            f"say which: --capability {holding[0]}",
        )
    return holding[0]


def _any_environment(project: Project) -> str:
    return next(iter(project.config.environments), "dev")


def _source_findings(what: Watched, node: Node, reference: ReferenceProfile | None) -> Iterator[Finding]:
    name = f"source {node.name}"
    contract: type[Row] = node.declared.contract
    try:
        frame = what.flow.query(node).frame()
    except FullcycleError as error:  # the other sources can be looked at all the same
        line = node.line.removeprefix(f"{what.project.root}/")
        yield check_asked(name, error, line=line)
        return
    yield from check_contract(name, check(frame, contract, table=node.name))
    within = node.declared.fresh_within
    if _tells_time(frame, contract):
        yield from check_freshness(
            name,
            newest=_newest(frame, contract),
            now=now(),
            within_s=within.total_seconds() if within is not None else None,
        )
    if reference is not None and reference.tally.rows and frame.height:
        yield from check_drift(name, reference.tally, tallied(frame, reference.profile))


def _decision_findings(what: Watched, reference: ReferenceProfile | None) -> Iterator[Finding]:
    log = decisions_of(what.project, what.capability, what.environment)
    try:
        compact(log, by=what.project.author)
    except Misconfigured as error:  # such as a full disk: what is there can be read all the same
        says = f"what was logged cannot be compacted: {error.what}; {error.mend}"
        yield Finding(check="log", node=what.decisions_node, broken=True, says=says)
    told = snapshot(log)
    logged = told.frame.filter(pl.col("release") == what.release)
    yield from check_log(
        what.decisions_node,
        decisions=logged.height,
        unlogged=[note for note in told.unlogged if note.release == what.release],
        damaged={name: spans for name, spans in told.damaged.items() if (log.folder / name).exists()},
    )
    if reference is None or logged.is_empty():
        return
    columns = what.signature.row.__struct_fields__
    requests = [msgspec.json.decode(text) for text in logged["request"]]
    frame = pl.DataFrame(
        [{name: one.get(name) for name in columns} for one in requests], infer_schema_length=None
    )
    yield from check_drift(what.decisions_node, reference.tally, tallied(frame, reference.profile))


def _tells_time(frame: pl.DataFrame, contract: type[Row]) -> bool:
    """Whether its times can be read; where they cannot, the contract is broken, and says so."""
    time = next((field.name for field in fields(contract) if field.time), None)
    return time is None or (time in frame.columns and frame.schema[time].is_temporal())


def _newest(frame: pl.DataFrame, contract: type[Row]) -> int | None:
    time = next((field.name for field in fields(contract) if field.time), None)
    newest: Any = frame[time].max() if time is not None and frame.height else None
    if isinstance(newest, datetime):
        return micros(newest)
    return micros(datetime(newest.year, newest.month, newest.day)) if isinstance(newest, date) else None


def _flow_node(node: Node) -> FlowNode:
    declared = node.declared
    features = declared.features.function.__name__ if isinstance(declared, ModelStep) else None
    columns = tuple(field.name for field in fields(declared.contract)) if node.role == "source" else ()
    return FlowNode(role=node.role, inputs=node.upstream, features=features, fields=columns)
