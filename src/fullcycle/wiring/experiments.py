"""Experiments met with the event log and the warehouse: read, closed."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from fullcycle.adapters.exposures import Published
from fullcycle.adapters.parquet import collected
from fullcycle.experiment import (
    ExperimentClosed,
    ExperimentRecord,
    ExperimentSpec,
    Phase,
    Readout,
    Statistics,
    close,
    experiments,
    phases_of,
    readout,
)
from fullcycle.flow import run_record
from fullcycle.kernel import Invalid, Missing, Refused, UnknownName, counted, now
from fullcycle.release import history
from fullcycle.wiring.exposing import Gathered, binding_of, gathered, publish_exposures
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.logs import decisions_of
from fullcycle.wiring.outgrown import outgrown
from fullcycle.wiring.overlapping import check_apart
from fullcycle.wiring.phasing import deciding, lasting, moved, told_phase
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released
from fullcycle.wiring.reserved import ever_forced
from fullcycle.wiring.runs import brief_of
from fullcycle.wiring.unitless import unitless
from fullcycle.wiring.unstarted import not_started
from fullcycle.wiring.worth import prior_of, rate_of


@dataclass(frozen=True, slots=True)
class Reading:
    """A readout with what it was read from; ``releases`` are those that decided in its phase by then.

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


def read(
    project: Project,
    capability: str,
    name: str | None = None,
    *,
    as_of: int | None = None,
    phase: int | None = None,
) -> Reading:
    """Read an experiment as of a time, now unless told otherwise (µs since 1970 UTC).

    What was decided by other code of an arm, or compared and judged otherwise, is not pooled: only
    the last phase that had begun is read, or the one of number ``phase``, as it was specified then.

    Raises:
        Missing: where none has started.
        UnknownName: where none of that name has, or it has no such phase.
    """
    record = _started(project, capability, name)
    started = record.started
    assert started is not None
    began = started.body
    past = [(one.release, one.at) for one in history(project.ledger, capability, began.environment)]
    phases = phases_of(record, past)
    moment = as_of if as_of is not None else now()
    meant = _phase(phases, phase, record.name, moment)
    number = record.phases[meant.number - 1].body.release if record.phases else began.release
    _, manifest = released(project, capability, number)
    spec = manifest.experiment
    if spec is None:
        raise Missing(f"{capability}@v{number} holds no experiment", "its manifest", "deploy one that does")
    forced = ever_forced(project, capability, began.environment, spec.name)
    spec = msgspec.structs.replace(spec, forced=forced)
    flow = Flow.open(project, capability, began.environment, project.archived(manifest.archive))
    where = gathered(flow, spec)
    found = _statistics(spec, where, as_of=moment, phase=meant if len(phases) > 1 else None)
    log = decisions_of(project, capability, began.environment)
    every = log.columns.scan(log.files())
    logged = collected(every.select("at", "release", "experiment", "unit", "micros"), log.target)
    left_out = sum(where.store.decisions(spec, where.files, one) for one in phases if one is not meant)
    brief = brief_of(project, run_record(project.ledger, capability, manifest.run))
    none = unitless(every, spec, meant, as_of=found.as_of)
    told = readout(
        spec,
        msgspec.structs.replace(found, unitless=none),
        planned_units=began.planned_units,
        rate=rate_of(brief, spec),
        prior=prior_of(project, brief, spec),
        more=[
            *check_apart(project, spec, began.environment, since=started.at, until=_end(record, as_of)),
            *lasting(logged, spec, record, phases, meant),
        ],
    )
    if forced:
        told = msgspec.structs.replace(told, notes=[*told.notes, _not_counted(forced)])
    if len(phases) > 1:
        told = msgspec.structs.replace(told, notes=[told_phase(record, meant, left_out), *told.notes])
    if meant is phases[-1] and (changed := moved(project, spec, began=number, now=past[-1][0])):
        told = msgspec.structs.replace(told, notes=[*told.notes, *changed])
    return Reading(
        spec=spec,
        readout=told,
        record=record,
        environment=began.environment,
        decisions=logged.height,
        deciding_s=float(logged["micros"].sum()) / 1e6,
        releases=deciding(logged, meant, as_of=moment),
        phase=meant,
        phases=len(phases),
        left_out=left_out,
    )


def _statistics(spec: ExperimentSpec, where: Gathered, *, as_of: int, phase: Phase | None) -> Statistics:
    try:
        return where.store.statistics(
            spec,
            where.files,
            where.sources,
            as_of=as_of,
            phase=phase,
            received=where.received,
            watermark=where.watermark,
            by_age=True,
        )
    except (Invalid, UnknownName) as error:
        raise outgrown(spec, where.sources, error) from error


def _end(record: ExperimentRecord, as_of: int | None) -> int | None:
    """When what is read was over; None where it goes on."""
    closed = record.closed.at if record.closed is not None else None
    return min((end for end in (as_of, closed) if end is not None), default=None)


def _not_counted(forced: Mapping[str, str]) -> str:
    return (
        f"not counted, neither before nor after: {counted(len(forced), 'unit')} that a release forces into "
        "an arm, for trying it out"
    )


def _phase(phases: list[Phase], number: int | None, name: str, moment: int) -> Phase:
    """The phase of a number, or the last that had begun at a moment."""
    if number is None:
        return next((one for one in reversed(phases) if one.since <= moment), phases[0])
    if not 1 <= number <= len(phases):
        known = [str(one.number) for one in phases]
        raise UnknownName.among(str(number), known, where=f"the phases of the experiment {name}")
    return phases[number - 1]


def publish_experiment(project: Project, capability: str, name: str | None = None) -> Published:
    """Publish the exposures of an experiment's environment to the warehouse that it is read in.

    With the fields by which its last phase is read; those of earlier ones stay where they were published.

    Raises:
        Missing: where none has started.
        Misconfigured: where the warehouse names no writer, or cannot be written.
    """
    record = _started(project, capability, name)
    began = record.started.body if record.started is not None else None
    assert began is not None
    number = record.phases[-1].body.release if record.phases else began.release
    _, manifest = released(project, capability, number)
    if (spec := manifest.experiment) is None:
        raise Missing(f"{capability}@v{number} holds no experiment", "its manifest", "deploy one that does")
    flow = Flow.open(project, capability, began.environment, project.archived(manifest.archive))
    name = binding_of(flow, [flow.graph.nodes[source].declared for source in spec.sources])
    return publish_exposures(flow, spec, name)


def conclude(project: Project, reading: Reading, *, early: bool, why: str = "") -> ExperimentClosed:
    """Close an experiment with the verdict of a readout; ``why`` it is ended ``early`` goes on record.

    Raises:
        Refused: where the verdict is to keep going or nobody was exposed, and nobody insists.
        Invalid: where somebody insists, and does not say why.
        Conflict: where it is closed already.
    """
    verdict, spec = reading.readout.verdict, reading.spec
    nobody = reading.readout.first_day is None and (reading.left_out or verdict.decision != "keep going")
    if nobody and not early:
        other = f", though other phases hold {reading.left_out:,} decisions" if reading.left_out else ""
        name_one = f", conclude another phase by --phase {max(reading.phase.number - 1, 1)}"
        raise Refused(
            f"nobody was exposed in the phase that would be closed{other}",
            f"the experiment {spec.name} of {spec.capability}",
            f"wait{name_one if reading.left_out else ''}, or end it without a conclusion: "
            f"fullcycle experiment close {spec.capability} --early -m '…'",
        )
    unripe = nobody or verdict.decision == "keep going"
    if verdict.decision == "keep going" and not early:
        raise Refused(
            f"the verdict is to keep going: {verdict.reason}",
            f"the experiment {spec.name} of {spec.capability}",
            "wait, or end it without a conclusion: "
            f"fullcycle experiment close {spec.capability} --early -m '…'",
        )
    if unripe and not why.strip():
        raise Invalid(
            "an early end without a reason",
            f"the experiment {spec.name} of {spec.capability}",
            f"say why: fullcycle experiment close {spec.capability} --early -m '…'",
        )
    body = ExperimentClosed(
        environment=reading.environment,
        decision=verdict.decision if verdict.decision != "keep going" else "unknown",
        arm=verdict.arm,
        reason=f"{verdict.told}; ended early: {why.strip()}" if unripe else verdict.told,
        readout=project.artifacts.keep(msgspec.to_builtins(reading.readout)),
        phase=reading.phase.number,
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
        raise not_started(project, capability)
    return max(found, key=lambda one: one.started.at if one.started is not None else 0)
