"""One element of a step that is called once per element: what became of it in a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fullcycle.flow import Failure, ModelStep, Node, RunRecord, choose
from fullcycle.flow.elements import label
from fullcycle.flow.memo import memo_key, remembered
from fullcycle.flow.stepping import view_of
from fullcycle.kernel import Damaged, Invalid, Missing, UnknownName, digest_value
from fullcycle.record import Artifact, Artifacts, UnwrittenObjects
from fullcycle.wiring.details import ValueDetails, described, is_family
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.judge import ScoringJudge
from fullcycle.wiring.project import Project


@dataclass(frozen=True, slots=True)
class ElementDetails:
    """What became of an element; ``wall`` in seconds, None where nothing remembers it."""

    ref: str
    state: Literal["made", "failed", "not made"]
    error: str = ""
    artifact: Artifact | None = None
    wall: float | None = None
    value: ValueDetails | str = ""  # or why it cannot be shown


def element_details(project: Project, run: RunRecord, step: str, key: str) -> ElementDetails:
    """What became of the element with a key as a user knows it.

    Raises:
        UnknownName: where the step has no such element.
        Invalid: where it has no elements.
        Missing: where what tells its elements did not finish.
    """
    started, ref = run.started, f"{run.ref}/{step}[{key}]"
    flow = Flow.open(
        project,
        started.capability,
        started.environment,
        project.archived(started.archive),
        beside=started.files,
    )
    if step not in flow.graph.nodes:
        raise UnknownName.among(step, flow.graph.nodes, where=f"the steps of {run.ref}")
    node = flow.graph.nodes[step]
    done, failure = run.steps.get(step), failure_of(run, step)
    inputs = _inputs(flow, run, node, key) if node.each else {}
    if done is not None and (node.each or is_family(done.artifact)):
        artifact = _among(flow, done.artifact, flow.graph.gives(step), key, f"{run.ref}/{step}")
        return _made(project, run, ref, artifact, _wall(flow, run, node, inputs))
    if not node.each:
        raise Invalid(f"{step} is called once, not per element", node.line, f"write {run.ref}/{step}")
    errors = {one.element: one.error for one in failure.failures} if failure is not None else {}
    if key in errors:
        return ElementDetails(ref, "failed", errors[key])
    known = _remembered(flow, run, node, inputs)
    if known is None or not project.artifacts.has(known.artifact):
        return ElementDetails(ref, "not made")
    return _made(project, run, ref, known.artifact, known.wall)


def failure_of(run: RunRecord, step: str) -> Failure | None:
    """How a step of a run failed; None where it did not."""
    failures = run.finished.failures if run.finished is not None else []
    return next((one for one in failures if one.step == step), None)


def _made(
    project: Project, run: RunRecord, ref: str, artifact: Artifact, wall: float | None
) -> ElementDetails:
    try:
        value: ValueDetails | str = described(project, run, artifact)
    except (Missing, Damaged) as error:
        value = f"cannot be shown: {error.what}"
    return ElementDetails(ref, "made", artifact=artifact, wall=wall, value=value)


def _inputs(flow: Flow, run: RunRecord, node: Node, key: str) -> dict[str, Artifact]:
    """Where what the element was called with is kept."""
    for name in node.inputs:
        if name not in run.steps:
            raise Missing(
                f"{name}, which {node.name} stands on, did not finish in {run.ref}",
                node.line,
                f"look at that first: fullcycle show {run.ref}/{name}",
            )
    whole = {name: run.steps[name].artifact for name in node.inputs}
    where = f"{run.ref}/{node.name}"
    return whole | {name: _among(flow, whole[name], flow.graph.gives(name), key, where) for name in node.each}


def _among(flow: Flow, artifact: Artifact, kind: Any, key: str, where: str) -> Artifact:
    """The part of a family with a key."""
    artifacts = Artifacts(UnwrittenObjects(flow.artifacts.objects), flow.artifacts.codecs)
    parts = {label(name): part for name, part in artifacts.parts(artifact, kind).items()}
    if key not in parts:
        raise UnknownName.among(key, parts, where=f"the elements of {where}")
    return parts[key]


def _wall(flow: Flow, run: RunRecord, node: Node, inputs: Mapping[str, Artifact]) -> float | None:
    known = _remembered(flow, run, node, inputs) if inputs else None
    return known.wall if known is not None else None


def _remembered(flow: Flow, run: RunRecord, node: Node, inputs: Mapping[str, Artifact]) -> Any:
    """What is remembered of the call with these inputs."""
    done = run.steps.get(node.name)
    code = done.code if done is not None else flow.reach(node).digest
    views = {name: (view_of(run.steps, node, name), kept.content) for name, kept in inputs.items()}
    key = memo_key(node.name, code, choose(flow.graph, run.started.parameters).get(node.name, {}), views)
    if isinstance(node.declared, ModelStep):
        key = digest_value("judged@1", [key, ScoringJudge.version])
    return remembered(flow.project.ledger, key)
