"""The experiments of a project, each with how far it is: what the record says, and no warehouse is asked."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from fullcycle.experiment import ExperimentRecord, experiments
from fullcycle.kernel import now
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released

_DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class Experimented:
    """One experiment; ``since`` when it has its state, in µs since 1970 UTC, ``day`` counts from 1."""

    capability: str
    experiment: str
    state: Literal["designed", "running", "closed"]
    since: int
    by: str
    environment: str | None = None
    phase: int | None = None
    day: int | None = None
    days: int | None = None
    verdict: str | None = None
    arm: str | None = None
    reason: str | None = None


def experimented(project: Project, capabilities: Iterable[str]) -> list[Experimented]:
    """The experiments of capabilities, those that changed last first."""
    found = [
        told
        for name in capabilities
        for record in experiments(project.ledger, name)
        if (told := _told(project, record)) is not None
    ]
    return sorted(found, key=lambda one: one.since, reverse=True)


def _told(project: Project, record: ExperimentRecord) -> Experimented | None:
    about = (record.capability, record.name)
    if record.started is None:
        fact = record.designed
        return None if fact is None else Experimented(*about, "designed", fact.at, fact.by)
    began, phase = record.started, len(record.phases) or 1
    if (fact := record.closed) is not None:
        return Experimented(
            *about,
            "closed",
            fact.at,
            fact.by,
            fact.body.environment,
            fact.body.phase or phase,
            verdict=fact.body.decision,
            arm=fact.body.arm,
            reason=fact.body.reason,
        )
    _, manifest = released(project, record.capability, began.body.release)
    days = manifest.experiment.days if manifest.experiment is not None else None
    day = max((now() - began.at) // _DAY, 0) + 1
    return Experimented(*about, "running", began.at, began.by, began.body.environment, phase, day, days)
