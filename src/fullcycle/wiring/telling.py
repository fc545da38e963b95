"""A capability's story, filled from the record: what the report page tells."""

from datetime import datetime

from fullcycle.brief import Brief, number
from fullcycle.experiment import experiments
from fullcycle.flow import Evaluated, RunRecord, last_run, run_record
from fullcycle.kernel import Missing, counted, instant, now
from fullcycle.release import Judgement, Manifest, deployed, releases_stream
from fullcycle.report import (
    AssessmentPart,
    BriefPart,
    CostPart,
    EvaluationPart,
    FamilyPart,
    FlowPart,
    FlowStep,
    Provenance,
    Story,
    Verdict,
)
from fullcycle.wiring.experiments import Reading, read
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.judge import load_evaluation, load_evaluations
from fullcycle.wiring.outcome import day_told, experiment_part
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import judgement_of, released
from fullcycle.wiring.runs import brief_of
from fullcycle.wiring.telling_value import value_part
from fullcycle.wiring.valuing import cost, deciding


def story(project: Project, capability: str, environment: str, *, of: int | None = None) -> Story:
    """Everything the record holds of a capability, as it stands now.

    The run that is told is ``of``, where given, with no release of it. Else it is the one
    behind what is deployed, else behind the last release, else the last one that is done.

    Raises:
        Missing: where there is no such run, or no finished one yet.
    """
    release = _release(project, capability, environment) if of is None else None
    run = _run(project, capability, release) if of is None else run_record(project.ledger, capability, of)
    brief = brief_of(project, run)
    reading = _reading(project, capability)
    many, seconds = deciding(project, capability)
    spent = cost(project, capability, decisions=many, deciding_s=seconds)
    return Story(
        capability=capability,
        made=f"{instant(now()):%Y-%m-%d %H:%M} UTC",
        verdict=_verdict(reading, capability),
        value=value_part(project, capability, brief, reading, run, spent.total),
        brief=_brief(brief, run) if brief is not None else None,
        flow=_flow(project, run),
        evaluations=tuple(
            EvaluationPart(
                step, load_evaluation(project.artifacts, judged.evaluation), _judged_by(run, judged)
            )
            for step, judged in run.evaluations.items()
            if judged.elements is None
        ),
        families=tuple(
            FamilyPart(step, load_evaluations(project.artifacts, judged.evaluation), _judged_by(run, judged))
            for step, judged in run.evaluations.items()
            if judged.elements
        ),
        assessment=_assessment(project, capability, release, brief),
        experiment=experiment_part(project, reading) if reading is not None else None,
        cost=CostPart(
            rows=tuple((f"{part.name}: {part.counted}", part.amount) for part in spent.parts),
            total=spent.total,
            source=f"all runs and decisions of {capability}",
        ),
        provenance=_provenance(project, capability, run, release, environment),
        notes=_notes(project, environment) if reading is not None else (),
    )


def _release(project: Project, capability: str, environment: str) -> int | None:
    current = deployed(project.ledger, capability, environment)
    if current is not None:
        return current.release
    stream = releases_stream(capability)
    return project.ledger.heads(stream).get(stream)


def _run(project: Project, capability: str, release: int | None) -> RunRecord:
    if release is not None:
        made, _ = released(project, capability, release)
        return run_record(project.ledger, capability, made.run)
    run = last_run(project.ledger, capability, status="done")
    if run is None:
        raise Missing(f"{capability} has no finished run", "the record", f"fullcycle run {capability}")
    return run


def _reading(project: Project, capability: str) -> Reading | None:
    """The experiment that started last, by the phase that it was concluded by where it is closed."""
    found = [one for one in experiments(project.ledger, capability) if one.started is not None]
    if not found:
        return None
    last = max(found, key=lambda one: one.started.at if one.started is not None else 0)
    phase = last.closed.body.phase if last.closed is not None else None
    return read(project, capability, last.name, phase=phase)


def _verdict(reading: Reading | None, capability: str) -> Verdict | None:
    if reading is None:
        return None
    closed = reading.record.closed
    source = f"experiment {reading.spec.name} of {capability}, as of {day_told(reading.readout.as_of)}"
    if closed is not None:
        return Verdict(
            closed.body.decision, closed.body.reason, f"{source}; closed {day_told(closed.at)} by {closed.by}"
        )
    told = reading.readout.verdict
    return Verdict(told.decision, told.reason, f"{source}; still open")


def _brief(brief: Brief, run: RunRecord) -> BriefPart:
    estimate, budget = brief.estimate, brief.budget
    facts = [
        (
            "expected effect",
            f"{number(estimate.effect.low)} to {number(estimate.effect.high)} {estimate.effect_unit}",
        ),
        ("reach", f"{number(estimate.reach.count)} {estimate.reach.unit} per {estimate.reach.period}"),
        ("worth", f"{estimate.worth} {f'per {estimate.worth_per}' if estimate.worth_per else 'each'}"),
    ]
    if budget.p99_s is not None:
        facts.append(("budget for an answer", f"{budget.p99_s * 1000:g} ms, for 99 of 100"))
    if budget.memory_bytes is not None:
        facts.append(("budget for memory", f"{budget.memory_bytes / 1e6:,.0f} MB"))
    return BriefPart(
        problem=brief.problem,
        owner=brief.owner,
        tier=brief.tier,
        metric=brief.metric,
        source=f"brief.md as of {run.ref}",
        prose=brief.prose,
        facts=tuple((name, " ".join(text.split())) for name, text in facts),
    )


def _judged_by(run: RunRecord, judged: Evaluated) -> str:
    return f"{run.ref} · score {judged.score}"


def _flow(project: Project, run: RunRecord) -> FlowPart:
    flow = Flow.open(
        project, run.started.capability, run.started.environment, project.archived(run.started.archive)
    )
    return FlowPart(
        steps=tuple(
            FlowStep(
                name=step.step,
                role=step.role,
                inputs=flow.graph.nodes[step.step].upstream,
                seconds=step.wall,
                reused=step.reused,
                reason=step.reason,
                rows=step.rows,
            )
            for step in run.steps.values()
        ),
        source=run.ref,
        message=run.started.message,
    )


def _assessment(
    project: Project, capability: str, release: int | None, brief: Brief | None
) -> AssessmentPart | None:
    judgement = _judgement(project, capability, release)
    measured = judgement.evidence.assessment if judgement is not None else None
    if judgement is None or measured is None:
        return None
    past = judgement.override
    told = f"; released past {', '.join(past.gates)}: {past.reason}" if past is not None else ""
    budget = brief.budget if brief is not None else None
    return AssessmentPart(
        p50_ms=measured.p50_s * 1e3,
        p99_ms=measured.p99_s * 1e3,
        memory_mb=measured.memory_bytes / 1e6,
        source=f"{capability}@v{release}, measured when it was released",
        budget_p99_ms=budget.p99_s * 1e3 if budget is not None and budget.p99_s is not None else None,
        budget_memory_mb=budget.memory_bytes / 1e6
        if budget is not None and budget.memory_bytes is not None
        else None,
        start_seconds=measured.start_s,
        note=f"{counted(measured.requests, 'request')} through the handler, one worker{told}",
    )


def _judgement(project: Project, capability: str, release: int | None) -> Judgement | None:
    if release is None:
        return None
    made, _ = released(project, capability, release)
    return judgement_of(project, made)


def _provenance(
    project: Project, capability: str, run: RunRecord, release: int | None, environment: str
) -> tuple[Provenance, ...]:
    rows = [
        Provenance("run", run.ref, run.started.id, _time(run.at), run.by),
        Provenance("code", run.started.commit or "not in git", run.started.archive, _time(run.at), run.by),
    ]
    rows += [
        Provenance(
            f"{step.role} {step.step}", f"{run.ref}/{step.step}", step.artifact.content, _time(run.at), run.by
        )
        for step in run.steps.values()
    ]
    if release is not None:
        made, manifest = released(project, capability, release)
        fact = project.ledger.read(releases_stream(capability), since=release - 1)[0]
        rows.append(Provenance("release", f"{capability}@v{release}", made.manifest, _time(fact.at), fact.by))
        rows += _golden(capability, release, manifest)
    current = deployed(project.ledger, capability, environment)
    if current is not None:
        rows.append(
            Provenance(
                "deployment", f"{capability}@{environment}", current.ref, _time(current.at), current.by
            )
        )
    return tuple(rows)


def _golden(capability: str, release: int, manifest: Manifest) -> list[Provenance]:
    return [Provenance("golden rows", f"{capability}@v{release}", manifest.golden)]


def _notes(project: Project, environment: str) -> tuple[str, ...]:
    bound = project.config.environments.get(environment)
    if bound is not None and bound.replay:
        return (f"The environment {environment} replays the past: its requests say when they were made.",)
    return ()


def _time(micros: int) -> str:
    moment: datetime = instant(micros)
    return f"{moment:%Y-%m-%d %H:%M}"
