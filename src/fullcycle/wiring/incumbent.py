"""The deployed release's models beside the new ones, asked about the same rows."""

from collections.abc import Mapping

from fullcycle.evaluate import Challenge, Evaluation, Measured, challenged, mean_of
from fullcycle.flow import Node, RunRecord, run_record
from fullcycle.kernel import FullcycleError, counted
from fullcycle.release import Compared, ComparedSlice, Incumbent, Scored, deployed
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.gathering import Making
from fullcycle.wiring.judge import load_evaluation, load_evaluations
from fullcycle.wiring.pairing import JudgedModel, judged_models
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released

_NOTHING = Measured(0.0, 0.0, 0.0)


def incumbent_of(making: Making, environment: str) -> Incumbent | None:
    """What is deployed in an environment, beside what a run made; None where nothing is."""
    project, capability = making.project, making.capability
    now = deployed(project.ledger, capability, environment)
    if now is None:
        return None
    _, manifest = released(project, capability, now.release)
    run = run_record(project.ledger, capability, manifest.run)
    steps = [step for step in making.run.evaluations if step in run.evaluations]
    return Incumbent(
        release=now.release,
        environment=environment,
        scores=scores_of(project, run),
        compared=tuple(_compared(making, run, step, beside=len(steps)) for step in steps),
    )


def scores_of(project: Project, run: RunRecord) -> tuple[Scored, ...]:
    """What a run's models scored on rows they had not seen; of a family, means over it."""
    found = []
    for step, judged in run.evaluations.items():
        family = list(load_evaluations(project.artifacts, judged.evaluation).values())
        found.append(
            Scored(
                step=step,
                score=family[0].score,
                higher_is_better=family[0].higher_is_better,
                model=mean_of([one.model for one in family]),
                baseline=mean_of([one.baseline for one in family]),
                difference=mean_of([one.difference for one in family]),
            )
        )
    return tuple(found)


def _compared(making: Making, run: RunRecord, step: str, *, beside: int) -> Compared:
    """One step's model, or its family of them, beside that of the deployed release's run."""
    node = making.flow.graph.nodes[step]
    after = judged_models(making.flow.artifacts, making.run, node)
    judged = load_evaluation(making.flow.artifacts, next(iter(after.values())).evaluation)
    told = Compared(step=step, score=judged.score, higher_is_better=judged.higher_is_better)
    try:
        flow = Flow.open(
            making.project,
            making.capability,
            run.started.environment,
            making.project.archived(run.started.archive),
        )
        old = flow.graph.nodes[step]
        found, left = _challenges(
            making, (old, judged_models(flow.artifacts, run, old)), (node, after), beside
        )
    except FullcycleError as error:
        return _noted(told, f"not asked about the same rows: {error.what}")
    if not found:
        return _noted(told, "none of its models is in both")
    return Compared(
        step=step,
        score=judged.score,
        higher_is_better=judged.higher_is_better,
        rows=sum(one.rows for one in found),
        difference=mean_of([one.difference for one in found]),
        gain=mean_of([one.gain for one in found]),
        slices=_slices(found),
        note=_left(found, left),
    )


def _challenges(
    making: Making,
    was: tuple[Node, Mapping[str, JudgedModel]],
    now: tuple[Node, Mapping[str, JudgedModel]],
    beside: int,
) -> tuple[list[Challenge], int]:
    """Each model that both have, old against new; and how many have no other half."""
    artifacts = making.flow.artifacts
    shared = [key for key in now[1] if key in was[1]]
    found = []
    for key in shared:
        before, after = was[1][key], now[1][key]
        if before.evaluation.content == after.evaluation.content:
            found.append(_alike(load_evaluation(artifacts, after.evaluation)))
            continue
        pair = before.contender(was[0], artifacts), after.contender(now[0], artifacts)
        found.append(challenged(*pair, beside=beside * len(shared)))
    return found, max(len(was[1]), len(now[1])) - len(shared)


def _alike(judged: Evaluation) -> Challenge:
    """Of two models that answer alike on the same rows."""
    slices = [
        part
        if part.score is None
        else type(part)(column=part.column, value=part.value, rows=part.rows, score=_NOTHING)
        for part in judged.slices
    ]
    return Challenge(judged.test_rows, 0, _NOTHING, judged.difference, tuple(slices))


def _slices(found: list[Challenge]) -> tuple[ComparedSlice, ...]:
    """Of every model; a family's are told by where each is."""
    return tuple(
        ComparedSlice(
            column=part.column, value=part.value, rows=part.rows, difference=part.score, note=part.note
        )
        for one in found
        for part in one.slices
    )


def _left(found: list[Challenge], left: int) -> str:
    learnt = sum(one.left_out for one in found)
    said = [f"{counted(learnt, 'row')} left out, which it learnt from"] if learnt else []
    said += [f"{counted(left, 'model')} only in one of the two"] if left else []
    return "; ".join(said)


def _noted(told: Compared, note: str) -> Compared:
    return Compared(step=told.step, score=told.score, higher_is_better=told.higher_is_better, note=note)
