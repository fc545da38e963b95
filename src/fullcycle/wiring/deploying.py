"""Deploying and rolling back: ready everywhere, then decided by one fact, then answered everywhere.

With the deployment, in the same commit, an experiment begins, or another phase of it.
"""

from dataclasses import dataclass, field

from fullcycle.code import reach
from fullcycle.experiment import (
    ExperimentPhase,
    ExperimentRecord,
    ExperimentSpec,
    ExperimentStarted,
    experiment_record,
    going_out,
    planned_units,
    spec_digest,
    told_part,
)
from fullcycle.kernel import Conflict, Digest, digest_value, now
from fullcycle.record import Entry
from fullcycle.release import (
    Deployment,
    Manifest,
    deploy,
    deployed,
    goal,
    history,
    rollback,
)
from fullcycle.wiring.approving import require_approved
from fullcycle.wiring.meeting import Meeting, Patience
from fullcycle.wiring.overlapping import beside_now, require_apart, told_beside
from fullcycle.wiring.phasing import moved
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released
from fullcycle.wiring.reserved import told_holdout


@dataclass(frozen=True, slots=True)
class Deploying:
    """What a deployment came to: what was done, a line each, and why which host does not answer with it."""

    done: Deployment
    said: list[str]
    late: dict[str, str] = field(default_factory=dict)


def put_to_work(
    project: Project,
    capability: str,
    number: int,
    environment: str,
    *,
    why: str,
    patience: Patience | None = None,
    override: str | None = None,
) -> Deploying:
    """Let a release answer in an environment, on every host.

    ``override`` is why it goes out without the approval that its tier asks for.

    Raises:
        UnknownName: for an environment that ``fullcycle.toml`` does not have.
        Missing: where there is no such release.
        Conflict: where somebody else deployed in between, or the release holds an experiment
            that is closed.
        Refused: where a host is not ready for it, or nobody has approved it; nothing has
            changed then.
        Invalid: for an override without a reason.
    """
    project.environment(environment)
    before = deployed(project.ledger, capability, environment)
    _, manifest = released(project, capability, number)
    if before is not None and before.release == number:
        told = f"{capability}@{environment} is {before.ref} already, since deployment {before.number}"
        return Deploying(before, [told])
    passed = require_approved(project, capability, number, environment, override=override)
    going = _Going(project, manifest, number, environment, before)
    meeting = Meeting(project, capability, environment, patience)
    meeting.stage(number)
    done = deploy(
        project.ledger,
        capability,
        environment,
        number,
        why=why,
        by=project.author,
        at=now(),
        seen=before.number if before is not None else 0,
        beside=going.entries,
        override=passed,
    )
    instead = f", instead of v{before.release}" if before is not None else ""
    said = [f"{capability}@{environment} is {done.ref} now{instead}", *going.said]
    return _answered(meeting, done, said, manifest)


def go_back(
    project: Project,
    capability: str,
    environment: str,
    *,
    why: str,
    to: int | None = None,
    patience: Patience | None = None,
) -> Deploying:
    """Let the release answer again that answered before, or ``to``, on every host.

    Raises:
        UnknownName: for an environment that ``fullcycle.toml`` does not have.
        Refused: where there is none to go back to, or a host is not ready for it.
        Conflict: where somebody else deployed in between.
    """
    project.environment(environment)
    number = goal(project.ledger, capability, environment, to)
    before = history(project.ledger, capability, environment)[-1]
    _, manifest = released(project, capability, number)
    going = _Going(project, manifest, number, environment, before, back=True)
    meeting = Meeting(project, capability, environment, patience)
    meeting.stage(number)
    done = rollback(
        project.ledger,
        capability,
        environment,
        why=why,
        by=project.author,
        at=now(),
        to=to,
        seen=before.number,
        beside=going.entries,
    )
    said = [
        f"{capability}@{environment} is {done.ref} again, instead of v{done.rolled_back_from}",
        *going.said,
    ]
    return _answered(meeting, done, said, manifest)


def _answered(meeting: Meeting, done: Deployment, said: list[str], manifest: Manifest) -> Deploying:
    """What every host came to, once it has answered or was waited for."""
    what = f"{done.capability}@{done.environment}"
    if not meeting.hosts:
        told = f"nothing serves it yet: fullcycle serve {what}"
        if manifest.over:
            told = f"it is scored over {manifest.over}: fullcycle score {what}"
        return Deploying(done, [*said, told])
    heard = meeting.answered(done.number)
    return Deploying(done, [*said, *heard.told("answers with it", "answer with it")], heard.late)


class _Going:
    """What a deployment takes along: the start of its experiment, or another phase of it."""

    def __init__(
        self,
        project: Project,
        manifest: Manifest,
        number: int,
        environment: str,
        before: Deployment | None,
        *,
        back: bool = False,
    ) -> None:
        self.entries: list[Entry] = []
        self.said: list[str] = []
        spec = manifest.experiment
        last = released(project, manifest.capability, before.release)[1] if before is not None else None
        if changed := told_holdout(last.experiment if last is not None else None, spec):
            self.said.append(changed)
        if spec is None:
            return
        record = experiment_record(project.ledger, spec.capability, spec.name)
        if spec.coverage == 0:
            self.said += _told_alone(record, spec)
            return
        if back and record.closed is not None:
            self.said.append(f"its experiment {spec.name} is over; nothing is counted in it")
            return
        _require_startable(record, spec)
        others = beside_now(project, spec, environment)
        if not back and not _goes_on(spec, last):
            require_apart(spec, others, environment)
        self.said += told_beside(spec, others)
        body = ExperimentStarted(
            release=number,
            environment=environment,
            spec=spec_digest(spec),
            planned_units=_planned(record, spec),
        )
        self.entries = going_out(
            record,
            body,
            _code_of_arms(project, manifest, spec),
            deployment=before.number + 1 if before is not None else 1,
            before=_first_phase(project, record),
        )
        self.said.append(self._told(record, spec, environment))
        if record.started is not None and not self.entries and record.started.body.environment == environment:
            phase = record.phases[-1] if record.phases else record.started
            self.said += moved(project, spec, began=phase.body.release, now=number)

    def _told(self, record: ExperimentRecord, spec: ExperimentSpec, environment: str) -> str:
        shares = ", ".join(f"{arm} {spec.weights[arm]:.0%}" for arm in spec.order)
        part = f" ({told_part(spec)})" if told_part(spec) else ""
        judged = f"{shares}{part}; judged by {spec.primary}"
        if record.started is None:
            units = _planned(record, spec)
            planned = f"; planned for {units:,} units" if units is not None else ""
            return f"experiment {spec.name} begins: {judged}{planned}"
        if record.started.body.environment != environment:
            return f"experiment {spec.name} is counted in {record.started.body.environment} only"
        last = self.entries[-1].body if self.entries else None
        if isinstance(last, ExperimentPhase):
            return (
                f"experiment {spec.name} begins its phase {last.number}: {_why_new(record, last)}, and what "
                f"was decided before is not pooled with it; {judged}"
            )
        return f"experiment {spec.name} goes on: {judged}"


def _goes_on(spec: ExperimentSpec, last: Manifest | None) -> bool:
    """Whether an experiment has the part of its layer already, by what is deployed."""
    there = last.experiment if last is not None else None
    return there is not None and there.coverage > 0 and (there.name, there.layer) == (spec.name, spec.layer)


def _told_alone(record: ExperimentRecord, spec: ExperimentSpec) -> list[str]:
    """What a release does whose holdout goes on without an experiment."""
    told = [f"nobody takes part in experiment {spec.name}"]
    if spec.holdout is not None:
        told[0] += f"; {spec.holdout.share:.4g} are held out, and answered by {spec.arms[spec.held]}"
    if record.started is not None and record.closed is None:
        told.append(f"{spec.name} is still open: fullcycle experiment close {spec.capability}")
    return told


def _planned(record: ExperimentRecord, spec: ExperimentSpec) -> int | None:
    """The units of all arms together by the last design; None where none counted on any."""
    per_day = record.designed.body.units_per_day if record.designed is not None else None
    return planned_units(spec, per_day) if per_day is not None else None


def _code_of_arms(project: Project, manifest: Manifest, spec: ExperimentSpec) -> dict[str, Digest]:
    """A digest per arm of the code that it reaches, and of what the release says runs it."""
    archive = project.archived(manifest.archive)
    found = {}
    for arm in spec.order:
        reference = spec.arms[arm]
        module, _, name = reference.partition(":")
        symbols = reach(archive, module, name).symbols
        own = {key: symbol.digest for key, symbol in symbols.items() if symbol.path}
        found[arm] = digest_value("arm@1", [own, manifest.python, manifest.distributions])
    return found


def _first_phase(project: Project, record: ExperimentRecord) -> ExperimentPhase | None:
    """The first phase of an experiment that started before phases were recorded."""
    if record.started is None or record.phases:
        return None
    begun: ExperimentStarted = record.started.body
    _, manifest = released(project, record.capability, begun.release)
    if manifest.experiment is None:
        return None
    made = [
        one
        for one in history(project.ledger, record.capability, begun.environment)
        if one.release == begun.release
    ]
    return ExperimentPhase(
        number=1,
        release=begun.release,
        environment=begun.environment,
        deployment=made[0].number if made else 1,
        spec=begun.spec,
        code=_code_of_arms(project, manifest, manifest.experiment),
    )


def _why_new(record: ExperimentRecord, phase: ExperimentPhase) -> str:
    """What tells a phase from the one before."""
    begun: ExperimentStarted | ExperimentPhase | None = record.phases[-1].body if record.phases else None
    if begun is None and record.started is not None:
        begun = record.started.body
    if begun is not None and begun.spec != phase.spec:
        return "what it compares, or how it is judged, has changed"
    return "an arm's code has changed"


def _require_startable(record: ExperimentRecord, spec: ExperimentSpec) -> None:
    """Refuse before anything is decided what could not be started with it."""
    where = f"the experiment {spec.name} of {spec.capability}"
    if record.closed is not None:
        raise Conflict(
            f"it is closed: {record.closed.body.decision}",
            where,
            "release without experiment.py, or give the next experiment a name of its own",
        )
