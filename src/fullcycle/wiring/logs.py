"""The logs of a project: the decisions of its services, and the events that were posted to them."""

from collections.abc import Iterator

from fullcycle.adapters.compaction import EventLog
from fullcycle.adapters.event_columns import RECEIVED
from fullcycle.record import events_stream
from fullcycle.wiring.project import Project


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
