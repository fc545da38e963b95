"""Experiments met with the past, the event log and the warehouse: designed, read, closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import polars as pl

from fullcycle.adapters.compaction import decisions, parquet_files, publish
from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.adapters.duckdb_events import events_by_unit
from fullcycle.adapters.duckdb_experiment import DuckDBExperimentStore
from fullcycle.data import Events, Query, Source
from fullcycle.experiment import (
    Design,
    ExperimentClosed,
    ExperimentDesigned,
    ExperimentRecord,
    ExperimentSpec,
    Moments,
    Phase,
    Readout,
    close,
    experiments,
    phases_of,
    planned,
    readout,
    record_design,
    smallest_margin,
)
from fullcycle.flow import last_run
from fullcycle.kernel import Invalid, Missing, NotEnoughData, Refused, UnknownName, now
from fullcycle.metric import Outcomes
from fullcycle.release import history, keep_manifest, load_release
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.gathering import Making, begin, draft
from fullcycle.wiring.offpolicy import OffPolicyReport, control_moments, past_of, value_policies
from fullcycle.wiring.predictors import serving_codecs
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released


class DesignReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an experiment takes, by both analyses, and what the past says of its arms."""

    run: int
    experiment: str
    designs: list[Design]
    margins: dict[str, tuple[float, float]]  # by guardrail: as declared, and the smallest that can be shown
    off_policy: OffPolicyReport | None
    left_out: str = ""  # why there is no off-policy estimate


@dataclass(frozen=True, slots=True)
class Reading:
    """A readout with what it was read from; ``releases`` are those that decided.

    It is of one phase; ``left_out`` counts the experiment's decisions in the others.
    """

    spec: ExperimentSpec
    readout: Readout
    record: ExperimentRecord
    environment: str
    decisions: int
    deciding_s: float
    releases: tuple[int, ...]
    phase: Phase
    phases: int = 1
    left_out: int = 0


def design(project: Project, capability: str, *, units_per_day: float | None = None) -> DesignReport:
    """Design the experiment that a capability declares, from its last run's past, and record it.

    Raises:
        Missing: where there is no finished run, or no experiment.
    """
    run = last_run(project.ledger, capability, status="done")
    if run is None:
        raise Missing(f"{capability} has no finished run", "the record", f"fullcycle run {capability}")
    making = begin(project, capability, run.number)
    spec = making.experiment
    if spec is None:
        raise Missing(
            f"{capability} declares no experiment",
            f"{capability}/experiment.py",
            "write trial = fc.Experiment(…)",
        )
    loaded = load_release(project.objects, keep_manifest(project.objects, draft(making)), serving_codecs())
    past = past_of(making, loaded)
    designs: list[Design] = []
    margins: dict[str, tuple[float, float]] = {}
    report: OffPolicyReport | None = None
    left_out = "the experiment names no past, or the model's split does not hold outcome and propensity"
    if past is not None:
        report = value_policies(past, {arm: loaded.arms[arm] for arm in spec.order}, spec.control)
        left_out = ""
        per_day = _past_days(past.frame, making)
        baseline = control_moments(past, loaded.arms[spec.control])
        designs = [
            planned(
                spec.primary,
                baseline,
                units_per_day=units_per_day or per_day,
                days=spec.days,
                weights=[spec.weights[spec.control], spec.weights[spec.treatments[0]]],
                analysis=analysis,
                alpha=spec.alpha,
            )
            for analysis in dict.fromkeys((spec.analysis, "fixed"))
        ]
        margins = _margins(making, spec, designs[0].units)
    body = ExperimentDesigned(
        run=run.number,
        design=project.artifacts.keep(msgspec.to_builtins(designs)),
        off_policy=project.artifacts.keep(msgspec.to_builtins(report)) if report is not None else None,
    )
    record_design(project.ledger, capability, spec.name, body, by=project.author)
    return DesignReport(
        run=run.number,
        experiment=spec.name,
        designs=designs,
        margins=margins,
        off_policy=report,
        left_out=left_out,
    )


def read(
    project: Project,
    capability: str,
    name: str | None = None,
    *,
    as_of: int | None = None,
    phase: int | None = None,
) -> Reading:
    """Read an experiment as of a time, now unless told otherwise (µs since 1970 UTC).

    What was decided by other code of an arm is not pooled: only the last phase is read, or
    the one of number ``phase``.

    Raises:
        Missing: where none has started.
        UnknownName: where none of that name has, or it has no such phase.
    """
    record = _started(project, capability, name)
    began = record.started.body if record.started is not None else None
    assert began is not None
    _, manifest = released(project, capability, began.release)
    spec = manifest.experiment
    if spec is None:
        raise Missing(
            f"{capability}@v{began.release} holds no experiment", "its manifest", "deploy one that does"
        )
    folder = project.events_folder(capability, began.environment)
    publish(project.ledger, folder, capability, began.environment, by=project.author)
    flow = Flow.open(project, capability, began.environment, project.archived(manifest.archive))
    sources = {source: flow.graph.nodes[source].declared for source in spec.sources}
    warehouse = _warehouse(flow, list(sources.values()))
    past = [(one.release, one.at) for one in history(project.ledger, capability, began.environment)]
    phases = phases_of(record, past)
    meant = _phase(phases, phase, spec)
    store = DuckDBExperimentStore(warehouse)
    files = parquet_files(project.ledger, folder, capability, began.environment)
    found = store.statistics(
        spec,
        files,
        {source: _by_unit(flow, declared, spec.unit, files) for source, declared in sources.items()},
        as_of=as_of if as_of is not None else now(),
        phase=meant if len(phases) > 1 else None,
    )
    logged = decisions(project.ledger, folder, capability, began.environment)
    left_out = sum(store.decisions(spec, files, one) for one in phases if one is not meant)
    told = readout(spec, found, planned_units=began.planned_units)
    if len(phases) > 1:
        told = msgspec.structs.replace(told, notes=[_not_pooled(meant, len(phases), left_out), *told.notes])
    return Reading(
        spec=spec,
        readout=told,
        record=record,
        environment=began.environment,
        decisions=logged.height,
        deciding_s=float(logged["micros"].sum()) / 1e6,
        releases=tuple(sorted(logged["release"].unique().to_list())),
        phase=meant,
        phases=len(phases),
        left_out=left_out,
    )


def _not_pooled(phase: Phase, count: int, left_out: int) -> str:
    """Which phase is read, and what is left out."""
    by = ", ".join(f"v{release}" for release in phase.releases)
    return (
        f"this is phase {phase.number} of {count}, decided by {by}: the code of an arm changed, and the "
        f"{left_out:,} decisions of other phases are left out (--phase reads another)"
    )


def _phase(phases: list[Phase], number: int | None, spec: ExperimentSpec) -> Phase:
    if number is None:
        return phases[-1]
    if not 1 <= number <= len(phases):
        known = [str(one.number) for one in phases]
        raise UnknownName.among(str(number), known, where=f"the phases of the experiment {spec.name}")
    return phases[number - 1]


def conclude(project: Project, reading: Reading, *, early: bool) -> ExperimentClosed:
    """Close an experiment with the verdict of a readout.

    Raises:
        Refused: where the verdict is to keep going, and nobody insists.
        Conflict: where it is closed already.
    """
    verdict, spec = reading.readout.verdict, reading.spec
    if verdict.decision == "keep going" and not early:
        raise Refused(
            f"the verdict is to keep going: {verdict.reason}",
            f"the experiment {spec.name} of {spec.capability}",
            f"wait, or end it without a conclusion: fullcycle experiment close {spec.capability} --early",
        )
    body = ExperimentClosed(
        environment=reading.environment,
        decision=verdict.decision if verdict.decision != "keep going" else "unknown",
        arm=verdict.arm,
        reason=verdict.reason,
        readout=project.artifacts.keep(msgspec.to_builtins(reading.readout)),
    )
    close(project.ledger, spec.capability, spec.name, body, by=project.author)
    return body


def _started(project: Project, capability: str, name: str | None) -> ExperimentRecord:
    found = [one for one in experiments(project.ledger, capability) if one.started is not None]
    if name is not None and found:
        if name not in {one.name for one in found}:
            where = f"the experiments of {capability} that have started"
            raise UnknownName.among(name, [one.name for one in found], where=where)
        found = [one for one in found if one.name == name]
    if not found:
        raise Missing(
            f"no experiment of {capability} has started",
            "the ledger",
            f"deploy a release that holds one: fullcycle deploy {capability}@v1 --to prod",
        )
    return max(found, key=lambda one: one.started.at if one.started is not None else 0)


def _by_unit(flow: Flow, source: Source[...], unit: str, exposed: Sequence[Path]) -> Query:
    """The rows of a source with the unit that each is about; an event's is that of its decision."""
    rows = flow.rows(source)
    if isinstance(source, Events) and unit not in source.contract.__struct_fields__:
        return events_by_unit(rows, exposed, unit, flow.project.all_events)
    return rows


def _warehouse(flow: Flow, sources: Sequence[Source[...]]) -> DuckDBWarehouse:
    warehouse = flow.warehouse(*sources)
    if not isinstance(warehouse, DuckDBWarehouse):
        raise Invalid(
            "readouts need a DuckDB warehouse for now", "the readout", "bind duckdb:///… in fullcycle.toml"
        )
    return warehouse


def _margins(making: Making, spec: ExperimentSpec, units: int) -> dict[str, tuple[float, float]]:
    """Each guardrail's margin, and the smallest that so many units can show to hold, by the past."""
    past = next((node for node in making.flow.graph.nodes.values() if node.role == "outcomes"), None)
    if past is None:
        return {}
    found: dict[str, tuple[float, float]] = {}
    for name, margin in spec.guardrails.items():
        outcomes = Outcomes(making.flow.graph.metrics[name], past.declared.of)
        rewards = making.flow.outcomes(outcomes).frame()["outcome"].cast(pl.Float64).to_numpy()
        mean = float(rewards.mean()) if len(rewards) else 0.0
        baseline = Moments(len(rewards), mean, float(((rewards - mean) ** 2).sum()))
        smallest = smallest_margin(baseline, units, analysis=spec.analysis, alpha=spec.alpha)
        found[name] = (margin, smallest)
    return found


def _past_days(held_out: pl.DataFrame, making: Making) -> float:
    """Units per day of the past: all its rows over the days they span."""
    experiment_past = [n for n in making.flow.graph.nodes.values() if n.role == "outcomes"]
    frame = making.frame(experiment_past[0]) if experiment_past else held_out
    times = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime | pl.Date)]
    if not times:
        raise NotEnoughData("the past has no time", "the design", "say how many come: --units-per-day 1000")
    days = frame[times[0]].cast(pl.Date).n_unique()
    return frame.height / max(days, 1)
