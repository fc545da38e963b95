"""One step of a recorded run, set up as it was called: its function, inputs and parameters.

The code is that of the run's archive, whatever the files say by now, and the inputs are what
the store gives back in the step's own views. Nothing is recorded.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fullcycle.flow import Node, RunRecord, choose, last_run, run_record, viewed
from fullcycle.flow.elements import label
from fullcycle.flow.failure import shape
from fullcycle.flow.sources import read_source
from fullcycle.kernel import Invalid, Missing, Reference, UnknownName, now
from fullcycle.record import Artifact, Artifacts, UnwrittenObjects
from fullcycle.wiring.flow import Flow, resources
from fullcycle.wiring.project import Project

QUERY = "query"  # the name of what a source asks
_LISTED = 5  # changed files


@dataclass(frozen=True, slots=True)
class Scene:
    """A step about to be called."""

    ref: str
    node: Node
    module: str  # the name its module is loaded by
    inputs: Mapping[str, Any]
    parameters: Mapping[str, Any]
    names: Mapping[str, Any]  # all that its code can name: those, and what its module holds
    line: str  # where it is written
    notes: tuple[str, ...] = ()  # what of the files is not as the run had them
    reads: Callable[[], Any] | None = None  # of a source: asks for its rows and checks them

    @property
    def shapes(self) -> dict[str, str]:
        """What each input is, in a few words."""
        return {name: shape(value) for name, value in self.inputs.items()}

    def call(self) -> Any:
        """What the step's function returns; of a source, its rows."""
        if self.reads is not None:
            return self.reads()
        return self.node.declared.function(**self.inputs, **self.parameters)


def scene(project: Project, text: str) -> Scene:
    """Set up the step that a reference names: ``winback@42/visit``, ``demand@3/model[1/3]``.

    Without a number it is the last run's.

    Raises:
        Invalid: where it names no step, or an element of a step that has none.
        UnknownName: where the run has no such step, or the step no such element.
        Missing: where what it stands on did not finish in that run, or is gone from the store.
    """
    asked = Reference.parse(text)
    if asked.step is None or asked.release is not None or asked.environment is not None:
        raise Invalid(f"{text!r} is no step of a run", "what was typed", f"write {asked.capability}@42/step")
    run = _run(project, asked)
    started = run.started
    archive = project.archived(started.archive)
    flow = Flow.open(project, started.capability, started.environment, archive, beside=started.files)
    if asked.step not in flow.graph.nodes:
        raise UnknownName.among(asked.step, flow.graph.nodes, where=f"the steps of {run.ref}")
    node = flow.graph.nodes[asked.step]
    if node.role in ("source", "outcomes"):
        return _source(flow, run, node, asked.element)
    inputs = _inputs(flow, run, node, asked.element)
    parameters = choose(flow.graph, started.parameters).get(node.name, {})
    function = node.declared.function
    names = {**function.__globals__, node.name: function, **parameters, **inputs}
    at = f"[{asked.element}]" if asked.element is not None else ""
    return Scene(
        f"{run.ref}/{node.name}{at}",
        node,
        function.__module__,
        inputs,
        parameters,
        names,
        node.line,
        _changed_since(flow),
    )


def _source(flow: Flow, run: RunRecord, node: Node, element: str | None) -> Scene:
    """A source, or outcomes, with the query that it makes and what that asks."""
    _require_whole(run, node, element)
    asked = node.declared if node.role == "source" else node.declared.of
    query = flow.query(node)
    given = resources(asked, flow.project, flow.environment)
    names = {**flow.module("flow").__dict__, **given, QUERY: query}
    return Scene(
        f"{run.ref}/{node.name}",
        node,
        flow.module("flow").__name__,
        {**given, QUERY: query},
        {},
        names,
        _line_of(flow, node),
        _changed_since(flow),
        lambda: read_source(node, flow, now()).frame,
    )


def _line_of(flow: Flow, node: Node) -> str:
    """Where a node is bound to its name: outcomes have no function of their own."""
    if node.role != "outcomes":
        return node.line
    path = f"{flow.capability}/flow.py"
    text = flow.archive.files.get(path, b"").decode(errors="replace")
    bound = re.compile(rf"{re.escape(node.name)}\s*(:[^=]*)?=")
    line = next((n for n, words in enumerate(text.splitlines(), 1) if bound.match(words)), None)
    return f"{flow.project.root / path}:{line}" if line is not None else f"the flow of {flow.capability}"


def _changed_since(flow: Flow) -> tuple[str, ...]:
    """What of the project's code is shown under today's paths and is not what these files hold."""
    changed = [
        path
        for path, text in flow.archive.files.items()
        if path.endswith(".py") and _differs(flow, path, text)
    ]
    if not changed:
        return ()
    more = f" and {len(changed) - _LISTED} more" if len(changed) > _LISTED else ""
    return (
        f"{', '.join(changed[:_LISTED])}{more} changed since: what is shown of it is the run's, not today's",
    )


def _differs(flow: Flow, path: str, text: bytes) -> bool:
    try:
        return (flow.project.root / path).read_bytes() != text
    except OSError:
        return True


def _run(project: Project, asked: Reference) -> RunRecord:
    project.require_capability(asked.capability)
    if asked.run is not None:
        return run_record(project.ledger, asked.capability, asked.run)
    last = last_run(project.ledger, asked.capability)
    if last is None:
        raise Missing(f"{asked.capability} has no run yet", "the ledger", f"fullcycle run {asked.capability}")
    return last


def _inputs(flow: Flow, run: RunRecord, node: Node, element: str | None) -> dict[str, Any]:
    """What the step is given, in its views."""
    artifacts = Artifacts(UnwrittenObjects(flow.artifacts.objects), flow.artifacts.codecs)
    kept = {name: _kept(run, node, name) for name in node.inputs}
    if node.each:
        kept |= _parts(flow, artifacts, run, node, kept, element)
    else:
        _require_whole(run, node, element)
    try:
        return {
            name: viewed(artifacts, flow, flow.graph.nodes[name], kept[name], kind)
            for name, kind in node.inputs.items()
        }
    except Missing as error:
        raise Missing(
            f"an input of {run.ref}/{node.name} is gone from the store: {error.what}",
            error.where,
            f"run it again: fullcycle run {flow.capability} --only {node.name}",
        ) from error


def _require_whole(run: RunRecord, node: Node, element: str | None) -> None:
    if element is not None:
        raise Invalid(
            f"{node.name} is called once, not per element", node.line, f"write {run.ref}/{node.name}"
        )


def _kept(run: RunRecord, node: Node, name: str) -> Artifact:
    if name not in run.steps:
        raise Missing(
            f"{name}, which {node.name} stands on, did not finish in {run.ref}",
            node.line,
            f"look at that first: fullcycle debug {run.ref}/{name}",
        )
    return run.steps[name].artifact


def _parts(
    flow: Flow,
    artifacts: Artifacts,
    run: RunRecord,
    node: Node,
    kept: Mapping[str, Artifact],
    element: str | None,
) -> dict[str, Artifact]:
    """Of each input that is taken one element at a time, that element."""
    families = {name: artifacts.parts(kept[name], flow.graph.gives(name)) for name in node.each}
    labelled = {name: {label(key): part for key, part in family.items()} for name, family in families.items()}
    known = next(iter(labelled.values()))
    if element is None:
        some = next(iter(known), "0")
        raise Invalid(
            f"{node.name} is called once per element, {len(known):,} times in all",
            node.line,
            f"name one: fullcycle debug '{run.ref}/{node.name}[{some}]'",
        )
    if element not in known:
        raise UnknownName.among(element, known, where=f"the elements of {run.ref}/{node.name}")
    return {name: parts[element] for name, parts in labelled.items()}
