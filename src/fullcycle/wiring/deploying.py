"""Deploying: the one fact that decides what answers, and the experiment that begins with it."""

from fullcycle.experiment import ExperimentSpec, ExperimentStarted, experiment_record, spec_digest, start
from fullcycle.kernel import Conflict, now
from fullcycle.release import deploy, deployed
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released


def put_to_work(project: Project, capability: str, number: int, environment: str, *, why: str) -> list[str]:
    """Let a release answer in an environment; say what was done, a line each.

    Raises:
        UnknownName: for an environment that ``fullcycle.toml`` does not have.
        Missing: where there is no such release.
        Conflict: where somebody else deployed in between, or the release holds an experiment
            that is closed or has changed since it began.
    """
    project.environment(environment)
    _, manifest = released(project, capability, number)
    before = deployed(project.ledger, capability, environment)
    spec = manifest.experiment
    if spec is not None and (before is None or before.release != number):
        _require_startable(project, spec)
    done = deploy(project.ledger, capability, environment, number, why=why, by=project.author, at=now())
    if before is not None and before.number == done.number:
        return [f"{capability}@{environment} is {done.ref} already, since deployment {done.number}"]
    instead = f", instead of v{before.release}" if before is not None else ""
    said = [f"{capability}@{environment} is {done.ref} now{instead}"]
    if spec is not None:
        body = ExperimentStarted(release=number, environment=environment, spec=spec_digest(spec))
        begun = start(project.ledger, spec, body, by=project.author).body.release == number
        shares = ", ".join(f"{arm} {spec.weights[arm]:.0%}" for arm in spec.order)
        said.append(
            f"experiment {spec.name} {'begins' if begun else 'goes on'}: {shares}; judged by {spec.primary}"
        )
    return said


def _require_startable(project: Project, spec: ExperimentSpec) -> None:
    """Refuse before anything is decided what could not be started after it."""
    record = experiment_record(project.ledger, spec.capability, spec.name)
    where = f"the experiment {spec.name} of {spec.capability}"
    if record.closed is not None:
        raise Conflict(
            f"it is closed: {record.closed.body.decision}",
            where,
            "release without experiment.py, or give the next experiment a name of its own",
        )
    if record.started is not None and record.started.body.spec != spec_digest(spec):
        raise Conflict(
            "what it compares, or how, has changed since it began",
            where,
            f"undo the change, or close it first: fullcycle experiment close {spec.capability}",
        )
