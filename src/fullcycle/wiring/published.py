"""What a readout in PostgreSQL asks: tables, and events published beside them. Needs its driver."""

from collections.abc import Mapping

from fullcycle.adapters.compaction import compact
from fullcycle.adapters.exposures import PublishedEvents, days_of
from fullcycle.adapters.postgres_events import (
    PostgresEvents,
    events_watermark,
    published_by_unit,
    published_events,
)
from fullcycle.adapters.postgres_exposures import watermark_of
from fullcycle.adapters.postgres_outcomes import sent
from fullcycle.adapters.postgres_warehouse import PostgresWarehouse
from fullcycle.data import Events, Query, Source
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.logs import events_of


def publish_events(flow: Flow, source: Events, url: str) -> PublishedEvents:
    """Publish what was posted of a source to the warehouse at ``url``.

    Raises:
        Misconfigured: where it does not answer, or cannot be written.
    """
    log = events_of(flow.project, flow.capability, flow.environment, source.name)
    compact(log, by=flow.project.author)
    return PostgresEvents(url).publish(
        flow.capability, flow.environment, source.name, list(days_of(log)), watermark=log.told().watermark
    )


def asked_in(
    flow: Flow,
    warehouse: PostgresWarehouse,
    declared: Mapping[str, Source[...]],
    unit: str,
    *,
    by_request: bool = False,
) -> dict[str, Query]:
    """What each source asks, each row with the unit that it is about: see ``by_unit``.

    Raises:
        Missing: for events that nobody has published, or of decisions that nobody has.
    """
    asked: dict[str, Query] = {}
    for name, source in declared.items():
        if not isinstance(source, Events):
            asked[name] = flow.rows(source)
            continue
        which = flow.capability, flow.environment
        events_watermark(warehouse, *which, source.name)
        asked[name] = published_events(warehouse, source, *which)
        if unit not in source.contract.__struct_fields__:
            asked[name] = published_by_unit(warehouse, asked[name], *which, unit, by_request=by_request)
    return asked


def past_in(flow: Flow, warehouse: PostgresWarehouse, past: Source[...]) -> Query:
    """The rows of a source of past units; events go along with the query, as nothing publishes them."""
    rows = flow.rows(past)
    return sent(warehouse, rows.frame()) if isinstance(past, Events) else rows


def published_until(
    flow: Flow, warehouse: PostgresWarehouse, declared: Mapping[str, Source[...]]
) -> int | None:
    """Up to when all that is read was published, in µs since 1970 UTC; None without events: the store knows.

    Raises:
        Missing: where something was not.
    """
    which = flow.capability, flow.environment
    events = [source for source in declared.values() if isinstance(source, Events)]
    if not events:
        return None
    marks = [events_watermark(warehouse, *which, source.name) for source in events]
    return min(watermark_of(warehouse, *which), *marks)
