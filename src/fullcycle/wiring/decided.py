"""The decisions of a capability, as its flow reads them: compacted first, then asked where they lie."""

from pathlib import Path
from typing import TYPE_CHECKING, get_args

from fullcycle.adapters.compaction import compact
from fullcycle.adapters.duckdb_decisions import Answers, decisions_query, spread_query
from fullcycle.data import Decisions, Query, Row
from fullcycle.experiment import reference
from fullcycle.metric import about_items
from fullcycle.release import Signature, read_signature
from fullcycle.wiring.logs import decisions_of
from fullcycle.wiring.services import service_of

if TYPE_CHECKING:
    from fullcycle.wiring.flow import Flow


def decided(flow: "Flow", source: Decisions) -> Query:
    """What a source of decisions asks for."""
    return decisions_query(_files(flow, source), flow.project.all_events)


def spread(flow: "Flow", source: Decisions, events: type[Row]) -> Query:
    """The same with a column for each field of request and answer, as the service has them now.

    Where it answers a list, each item has a row of its own if ``events`` say which item they are
    about, by its first field, a key of it or its ``position``; else the list has one.
    """
    signature = _signature(flow, source)
    files, folder = _files(flow, source), flow.project.all_events
    if signature is None:
        return spread_query(files, folder, None, None)
    source.request = signature.row
    if isinstance(signature.answer, type):
        return spread_query(files, folder, signature.row, signature.answer)
    (item,) = get_args(signature.answer)
    source.item = item if about_items(events, item, signature.row) else None
    answers: Answers = "items" if source.item is not None else "list"
    return spread_query(files, folder, signature.row, item, answers=answers)


def _signature(flow: "Flow", source: Decisions) -> Signature | None:
    """What the service of the decisions asks for; None where there is no service yet."""
    owner = flow
    if source.capability not in (None, flow.capability):
        owner = type(flow).open(flow.project, source.capability, flow.environment, flow.archive)
    if not owner.holds("service"):
        return None
    service = service_of(owner)
    return read_signature(service, reference(service.function))


def _files(flow: "Flow", source: Decisions) -> list[Path]:
    log = decisions_of(flow.project, source.capability or flow.capability, flow.environment)
    compact(log, by=flow.project.author)
    return log.files()
