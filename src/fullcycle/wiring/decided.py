"""The decisions of a capability, as its flow reads them: compacted first, then asked where they lie."""

from pathlib import Path
from typing import TYPE_CHECKING

from fullcycle.adapters.compaction import compact
from fullcycle.adapters.duckdb_decisions import decisions_query, spread_query
from fullcycle.data import Decisions, Query, Row
from fullcycle.experiment import reference
from fullcycle.kernel import Invalid
from fullcycle.release import Signature, read_signature
from fullcycle.wiring.logs import decisions_of
from fullcycle.wiring.services import service_of

if TYPE_CHECKING:
    from fullcycle.wiring.flow import Flow


def decided(flow: "Flow", source: Decisions) -> Query:
    """What a source of decisions asks for."""
    return decisions_query(_files(flow, source), flow.project.all_events)


def spread(flow: "Flow", source: Decisions) -> Query:
    """The same with a column for each field of request and answer, as the service has them now.

    Raises:
        Invalid: where the service answers a list.
    """
    signature = _signature(flow, source)
    files, folder = _files(flow, source), flow.project.all_events
    if signature is None:
        return spread_query(files, folder, None, None)
    source.request = signature.row
    return spread_query(files, folder, signature.row, _answer(signature, flow))


def _signature(flow: "Flow", source: Decisions) -> Signature | None:
    """What the service of the decisions asks for; None where there is no service yet."""
    owner = flow
    if source.capability not in (None, flow.capability):
        owner = type(flow).open(flow.project, source.capability, flow.environment, flow.archive)
    if not owner.holds("service"):
        return None
    service = service_of(owner)
    return read_signature(service, reference(service.function))


def _answer(signature: Signature, flow: "Flow") -> type[Row]:
    answer = signature.answer
    if not isinstance(answer, type):
        raise Invalid(
            "the service answers a list, of which each item would have an outcome of its own",
            f"fc.outcomes in {flow.capability}/flow.py",
            "read fc.decisions() in a step, and say there what each item led to",
        )
    return answer


def _files(flow: "Flow", source: Decisions) -> list[Path]:
    log = decisions_of(flow.project, source.capability or flow.capability, flow.environment)
    compact(log, by=flow.project.author)
    return log.files()
