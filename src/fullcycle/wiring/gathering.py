"""Gathering what a run made into what a service needs: functions, models, values, golden requests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import polars as pl

from fullcycle.code import reach
from fullcycle.data import Decisions, Events, Row, conform, contract_digest, fields, rows_of
from fullcycle.experiment import Experiment, ExperimentSpec
from fullcycle.experiment import reference as refer
from fullcycle.flow import Graph, ModelStep, Node, RunRecord, run_record, settings
from fullcycle.kernel import Invalid
from fullcycle.record import Artifact, PickleCodec
from fullcycle.record.family import NAME as FAMILY
from fullcycle.release import (
    Manifest,
    PinnedEvents,
    PinnedLookup,
    PinnedModel,
    Signature,
    code_of,
    contracts_of,
    keep_golden,
    named,
    read_signature,
    require_contract,
    together,
)
from fullcycle.serve import Service
from fullcycle.wiring.briefs import require_measured
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.outgoing import Learnt, needed_by, served_form
from fullcycle.wiring.profiles import ReferenceProfiles, reference
from fullcycle.wiring.project import Project
from fullcycle.wiring.publishing import indexed
from fullcycle.wiring.requested import asked_before, made_up
from fullcycle.wiring.runs import brief_of
from fullcycle.wiring.services import service_of as service_of

GOLDEN_ROWS = 20
_PLATFORM_FREE = ("fullcycle",)  # a release outlives the version that made it


@dataclass(frozen=True, slots=True)
class Making:
    """A run on its way to a release; ``experiment`` is the declared one, if there is any."""

    project: Project
    run: RunRecord
    flow: Flow
    service: Any  # the capability's Service
    signature: Signature
    experiment: ExperimentSpec | None

    @property
    def capability(self) -> str:
        """The capability it is a release of."""
        return self.run.started.capability

    def frame(self, node: Node) -> pl.DataFrame:
        """The rows of a source as the run read them."""
        frame: pl.DataFrame = self.flow.artifacts.load(self.run.steps[node.name].artifact)
        return frame

    def contract(self, node: Node) -> type[Row]:
        """What the rows of a source, or of outcomes, keep."""
        contract: type[Row] = node.declared.contract
        return contract


def begin(project: Project, capability: str, number: int) -> Making:
    """Load a finished run's own code, and read what its service asks for.

    Raises:
        Invalid: where the run is not done, or it has not exactly one service, or the service
            asks for what the flow does not have.
    """
    run = run_record(project.ledger, capability, number)
    if run.status != "done":
        raise Invalid(
            f"{run.ref} {run.said}",
            "the record",
            f"release a run that is done: fullcycle runs {capability}",
        )
    if run.started.only:
        raise Invalid(
            f"{run.ref} left steps out: it was held to {', '.join(run.started.only)}",
            "the record",
            f"run the whole flow, and release that: fullcycle run {capability}",
        )
    archive = project.archived(run.started.archive)
    flow = Flow.open(project, capability, run.started.environment, archive)
    graph = flow.graph  # names sources and metrics, which the experiment refers to
    require_measured(flow, brief_of(project, run), run)
    service = service_of(flow)
    signature = read_signature(service, refer(service.function))
    experiment = experiment_of(flow, signature)
    signature = together(_signatures(flow, service, signature, experiment))
    _require_steps(graph, signature)
    if service.over:
        require_batch(flow, service, signature)
    making = Making(project, run, flow, service, signature, experiment)
    for step in signature.steps:
        _refuse_pickle(making, step, run.steps[step].artifact)
    return making


def also(making: Making, function: Callable[..., Any]) -> Making:
    """The same with what a further function of ``service.py`` asks for.

    Raises:
        Invalid: where that is no step of the flow, or other than the service asks for it.
    """
    name = refer(function)
    every = {refer(making.service.function): making.signature, name: read_signature(function, name)}
    signature = together(every)
    _require_steps(making.flow.graph, signature)
    return replace(making, signature=signature)


def _require_steps(graph: Graph, signature: Signature) -> None:
    for step in signature.steps:
        if step not in graph.nodes:
            raise Invalid(
                f"the service asks for {step!r}, which is no step of the flow",
                f"{graph.capability}/service.py",
                f"name one of: {', '.join(graph.nodes)}",
            )


def _signatures(
    flow: Flow, service: Service[..., Any], own: Signature, experiment: ExperimentSpec | None
) -> dict[str, Signature]:
    """What each function that may answer asks for, the service's own first."""
    found = {refer(service.function): own}
    if service.fallback is not None:
        name = refer(service.fallback)
        found.setdefault(name, read_signature(service.fallback, name))
    for name in experiment.arms.values() if experiment is not None else ():
        if name not in found:
            found[name] = read_signature(named(flow.loaded, name), name)
    return found


def _refuse_pickle(making: Making, step: str, artifact: Artifact) -> None:
    """A pickle runs the code that it names when it is read: no service reads one."""
    if artifact.codec == PickleCodec.name:
        raise Invalid(
            f"{step}, which the service asks for, is kept as a pickle, and nothing in a release is unpickled",
            making.flow.graph.nodes[step].line,
            f"let {step} return what the store knows (plain data, a model, a table), or teach it the type "
            "with fc.codec, instead of fc.Pickled; then run again",
        )
    if artifact.codec == FAMILY:
        for part in making.flow.artifacts.parts(artifact).parts:
            _refuse_pickle(making, step, part)


def require_batch(flow: Flow, service: Service[..., Any], signature: Signature) -> None:
    """Refuse what cannot be scored over a step's rows and replaced day by day.

    Raises:
        Invalid: where the step is not of the flow, or a row has no key or no time.
    """
    where = f"{flow.capability}/service.py"
    if service.over not in flow.graph.nodes:
        raise Invalid(
            f"over={service.over} is no step of the flow",
            where,
            f"name one of: {', '.join(flow.graph.nodes)}",
        )
    marked = fields(signature.row)
    for wanted, there, such_as in (
        ("key", any(field.key for field in marked), "Annotated[int, fc.key]"),
        ("time", any(field.time for field in marked), "Annotated[date, fc.time]"),
    ):
        if not there:
            raise Invalid(
                f"{signature.row.__name__} has no {wanted}, by which its rows in {service.into} are replaced",
                where,
                f"mark a field of {signature.row.__name__}: {such_as}",
            )


def experiment_of(flow: Flow, signature: Signature) -> ExperimentSpec | None:
    """The capability's experiment, if it declares one; its graph has been read, which names metrics.

    Raises:
        Invalid: where there are several, or the request has no key.
    """
    if not flow.holds("experiment"):
        return None
    module = flow.module("experiment")
    declared = {name: value for name, value in vars(module).items() if isinstance(value, Experiment)}
    if len(declared) != 1:
        raise Invalid(
            f"{flow.capability}/experiment.py declares {len(declared)} experiments",
            f"{flow.capability}/experiment.py",
            "declare one: more than one at a time is not supported yet",
        )
    keys = [field.name for field in fields(signature.row) if field.key]
    if not keys:
        raise Invalid(
            f"{signature.row.__name__} has no key", "what the experiment randomises", "mark a field by fc.key"
        )
    ((name, experiment),) = declared.items()
    return experiment.spec(name, capability=flow.capability, unit=keys[0], request=signature.row)


def draft(making: Making) -> Manifest:
    """The manifest of what the run made, before golden rows and profile are added."""
    run, signature = making.run, making.signature
    fallback = making.service.fallback
    models = {name: _pinned(making, name) for name in (*signature.models, *signature.families)}
    return Manifest(
        capability=making.capability,
        package=making.flow.archive.package,
        run=run.number,
        archive=run.started.archive,
        python=".".join(run.started.python.split(".")[:2]),
        lock=run.started.lock,
        distributions=_stands_on(making, [one.artifact for one in models.values()]),
        service=refer(making.service.function),
        over=making.service.over,
        into=making.service.into,
        fallback=refer(fallback) if fallback is not None else None,
        models=models,
        lookups={name: _lookup(making, name) for name in signature.live},
        values={name: run.steps[name].artifact for name in signature.values},
        events=posted(making.flow),
        parameters=msgspec.to_builtins(dict(signature.defaults)),
        contracts=contracts_of(signature),
        features=code_of(making.flow.loaded, (one.features for one in models.values())),
        configuration=making.project.objects.put(_configuration(run)),
        golden=keep_golden(making.project.objects, []),
        brief=run.started.brief,
        evaluation={step: judged.evaluation for step, judged in run.evaluations.items()},
        experiment=making.experiment,
    )


def posted(flow: Flow) -> dict[str, PinnedEvents]:
    """The events that a flow declares, each with the contract by which a service takes them.

    Raises:
        Invalid: for a name that cannot stand in a path, or a contract in the flow itself, which
            no service loads.
    """
    found: dict[str, PinnedEvents] = {}
    for name, node in flow.graph.nodes.items():
        if not isinstance(node.declared, Events):
            continue
        contract = node.declared.posted
        if not name.isascii():
            raise Invalid(f"events cannot be posted to {name!r}", node.line, "name them in plain letters")
        if refer(contract).partition(":")[0] == f"{flow.capability}.flow":
            raise Invalid(
                f"{contract.__name__} stands in flow.py, which no service loads",
                f"the events {name}",
                f"move it to {flow.capability}/rows.py",
            )
        found[name] = PinnedEvents(reference=refer(contract), contract=contract_digest(contract))
    return found


def _pinned(making: Making, name: str) -> PinnedModel:
    node = making.flow.graph.nodes[name]
    declared = node.declared
    if not isinstance(declared, ModelStep):
        raise Invalid(
            f"the service asks for {name} as a model, but it is a step",
            f"{making.capability}/service.py",
            "declare it with @fc.model, or annotate what it returns",
        )
    trained = making.run.steps[name].artifact
    split = making.run.steps[next(iter(node.inputs))].artifact
    learnt = Learnt(making.flow.artifacts, split, declared.features)
    served = served_form(making.flow.artifacts, trained, declared.features.names, node.line, learnt=learnt)
    return PinnedModel(
        artifact=served,
        features=refer(declared.features.function),
        step=name,
        trained=trained if served != trained else None,
    )


def _configuration(run: RunRecord) -> bytes:
    """Every parameter as the run had it: those that its environment bound count like any other."""
    return msgspec.json.encode({name: one.value for name, one in settings(run).items()}, order="sorted")


def _lookup(making: Making, name: str) -> PinnedLookup:
    """The run's own lookup, or bandit, which goes out as the first that the service asks."""
    pinned = indexed(making.flow.artifacts, name, making.run.steps[name].artifact)
    require_contract(name, pinned, making.signature.live[name])
    return pinned


def _stands_on(making: Making, models: Sequence[Artifact]) -> dict[str, str]:
    """Distributions that deciding stands on, by the code that decides and the models it asks."""
    names = [making.service.function, *([making.service.fallback] if making.service.fallback else [])]
    found: dict[str, str] = {}
    for function in names:
        module, _, name = refer(function).partition(":")
        found |= reach(making.flow.archive, module, name).distributions
    lock = msgspec.json.decode(making.project.objects.get(making.run.started.lock), type=dict[str, str])
    found |= needed_by(making.flow.artifacts, models, lock)
    return {name: version for name, version in found.items() if name not in _PLATFORM_FREE}


def references(making: Making) -> ReferenceProfiles:
    """What every source, and the request, looked like."""
    found: ReferenceProfiles = {}
    for node in making.flow.graph.nodes.values():
        if node.role == "source" and node.name in making.run.steps:
            found[f"source {node.name}"] = reference(making.frame(node), making.contract(node))
    asked = _requested(making)
    if asked is not None:
        found["request"] = reference(asked, making.signature.row)
    return found


def _requested(making: Making) -> pl.DataFrame | None:
    """Rows that look like requests: what it is scored over, else those of a source."""
    if making.service.over:
        return making.frame(making.flow.graph.nodes[making.service.over])
    node = _asked_like(making)
    return making.frame(node) if node is not None else None


def _asked_like(making: Making) -> Node | None:
    """A source whose rows hold everything that a request holds."""
    wanted = set(making.signature.row.__struct_fields__)
    return next(
        (
            node
            for node in making.flow.graph.nodes.values()
            if node.role == "source" and wanted <= set(making.contract(node).__struct_fields__)
        ),
        None,
    )


def requests(making: Making) -> list[Mapping[str, Any]]:
    """Golden requests: rows that look like requests, spread evenly over what there is of them."""
    row = making.signature.row
    found = _requested(making)
    decided = next((one for one in making.flow.graph.nodes.values() if _own_decisions(one)), None)
    if found is None and decided is not None:
        return asked_before(making.frame(decided), row, GOLDEN_ROWS) or made_up(row, GOLDEN_ROWS)
    if found is None:
        raise Invalid(
            f"no source holds rows like {row.__name__}",
            f"{making.capability}/flow.py",
            f"let one source's contract hold all fields of {row.__name__}: golden rows are drawn from it",
        )
    frame = conform(found, row)
    chosen = frame.gather_every(max(frame.height // GOLDEN_ROWS, 1)).head(GOLDEN_ROWS)
    return [msgspec.to_builtins(one) for one in rows_of(chosen, row)]


def _own_decisions(node: Node) -> bool:
    """Whether a node reads what the capability itself has decided."""
    return isinstance(node.declared, Decisions) and node.declared.capability is None
