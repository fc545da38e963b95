"""The logs of a project: the decisions of its services, and the events that were posted to them."""

from collections.abc import Iterator

import msgspec

from fullcycle.adapters.compaction import EventLog, compact
from fullcycle.adapters.event_columns import RECEIVED
from fullcycle.adapters.segments import segments
from fullcycle.record import EventsCompacted, events_stream
from fullcycle.wiring.project import Project


class Tidied(msgspec.Struct, frozen=True):
    """What became of a log: ``new`` events are in its files now, ``removed`` segments are gone."""

    new: int
    files: int
    removed: int


def compact_log(log: EventLog, *, by: str) -> Tidied:
    """Compact a log, and say what became of it."""
    before = len(segments(log.folder))
    facts = [fact.body for fact in compact(log, by=by) if isinstance(fact.body, EventsCompacted)]
    new = sum(file.rows for body in facts for file in body.files)
    return Tidied(new=new, files=len(log.told().files), removed=max(before - len(segments(log.folder)), 0))


def decisions_of(project: Project, capability: str, environment: str) -> EventLog:
    """The decisions of a service."""
    folder = project.events_folder(capability, environment)
    return EventLog(project.ledger, folder, events_stream(capability, environment))


def events_of(project: Project, capability: str, environment: str, name: str) -> EventLog:
    """The rows that were posted to a service's ``/events/<name>``."""
    folder = project.received_folder(capability, environment, name)
    return EventLog(project.ledger, folder, events_stream(capability, environment, name), RECEIVED)


def logs_of(project: Project, capability: str, environment: str) -> Iterator[tuple[str, EventLog]]:
    """Every log of a service that is there, by what it holds: ``decisions``, then ``events/<name>``."""
    folder = project.events_folder(capability, environment)
    if folder.is_dir():
        yield "decisions", decisions_of(project, capability, environment)
    for path in sorted(project.received_folder(capability, environment, "x").parent.glob("*/")):
        yield f"events/{path.name}", events_of(project, capability, environment, path.name)
