"""Events in PostgreSQL: rows that were posted to a service, as a table beside the outcomes.

The event log stays where it is; an experiment whose other rows lie in PostgreSQL reads this copy.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from fullcycle.adapters.exposures import EVENTS, Day, PublishedEvents
from fullcycle.adapters.postgres_exposures import RELATION, add, watermark_of, writing
from fullcycle.adapters.postgres_warehouse import PostgresWarehouse
from fullcycle.data import Events, Field, Query, fields
from fullcycle.data.posted import DECISION_ID, EVENT_ID, RECEIVED
from fullcycle.experiment import POSTGRES
from fullcycle.kernel import Missing
from fullcycle.metric import quoted

_TABLES = """
    create schema if not exists fullcycle;
    create table if not exists fullcycle.events (
        capability text not null,
        environment text not null,
        source text not null,
        event_id text not null,
        "at" timestamptz not null,
        release bigint,
        "row" text not null,
        primary key (capability, environment, source, event_id)
    );
    create table if not exists fullcycle.events_published (
        capability text not null,
        environment text not null,
        source text not null,
        watermark bigint not null,
        published timestamptz not null default now(),
        primary key (capability, environment, source)
    );
"""
_THERE = """
    select ("at" at time zone 'UTC')::date::text, count(*) from fullcycle.events
    where capability = %s and environment = %s and source = %s group by 1
"""
_MARK = """
    insert into fullcycle.events_published (capability, environment, source, watermark)
    values (%s, %s, %s, %s)
    on conflict (capability, environment, source) do update
    set watermark = greatest(events_published.watermark, excluded.watermark), published = now()
"""
_MARKED = """
    select watermark from fullcycle.events_published
    where capability = $fc_capability and environment = $fc_environment and source = $fc_source
"""

_TYPES: dict[Any, str] = {
    bool: "boolean",
    int: "bigint",
    float: "float8",
    str: "text",
    datetime: "timestamptz",
}
_ROWS = """
select {columns}, fc_event.event_id as {event_id}, fc_event."at" as {received}
from fullcycle.events as fc_event
cross join lateral json_to_record(fc_event."row"::json) as fc_row ({told})
where fc_event.capability = $fc_capability and fc_event.environment = $fc_environment
  and fc_event.source = $fc_source
"""
_OF_UNITS = """
select fc_event.*, fc_decision.unit as {unit}
from (
{rows}
) as fc_event
join (select {decision_id}, {whose} as unit from {decisions} as fc_log) as fc_decision using ({decision_id})
"""


class PostgresEvents:
    """Writes events into a PostgreSQL database, by a user who may create and fill the schema."""

    def __init__(self, url: str) -> None:
        self._url = url

    def publish(
        self, capability: str, environment: str, source: str, days: Sequence[Day], *, watermark: int
    ) -> PublishedEvents:
        """Add the events that are not there yet, and bring the watermark up; all or nothing.

        A day whose number of events is there already is not read again.

        Raises:
            Misconfigured: where the database does not answer, or does not allow it.
        """
        whose = {"capability": capability, "environment": environment, "source": source}
        which = tuple(whose.values())
        with writing(self._url) as connection:
            if connection.execute("select to_regclass('fullcycle.events_published')").fetchall() == [(None,)]:
                connection.execute(_TABLES)
            there: dict[str, int] = dict(connection.execute(_THERE, which).fetchall())
            new = 0
            for day in days:
                if there.get(day.day) != day.rows:
                    new += add(connection, "events", EVENTS, day.events(), whose)
            connection.execute(_MARK, (*which, watermark))
            if new:  # as for exposures: the readout that follows would be planned for an empty table
                connection.execute("analyze fullcycle.events")
        return PublishedEvents(source, new=new, rows=sum(day.rows for day in days), watermark=watermark)


def events_watermark(warehouse: PostgresWarehouse, capability: str, environment: str, source: str) -> int:
    """Up to when the events of a source were published, in µs since 1970 UTC.

    Raises:
        Missing: where none was.
    """
    known = warehouse.fetch("select to_regclass('fullcycle.events_published') is not null as there", {})
    rows = pl.DataFrame({"watermark": []})
    if known["there"][0]:
        rows = warehouse.fetch(_MARKED, _which(capability, environment, source))
    if rows.is_empty():
        raise Missing(
            f"no events {source} of {capability} in {environment} were published",
            "the table fullcycle.events of the warehouse",
            f"publish them: fullcycle experiment publish {capability}",
        )
    return int(rows["watermark"][0])


def published_events(
    warehouse: PostgresWarehouse, source: Events, capability: str, environment: str
) -> Query:
    """What a source of events asks for, of those that were published."""
    posted = fields(source.posted)
    text = _ROWS.format(
        columns=", ".join(f"{_column(field)} as {quoted(field.name)}" for field in posted),
        told=", ".join(f"{quoted(field.name)} {_kind(field)}" for field in posted),
        event_id=quoted(EVENT_ID),
        received=quoted(RECEIVED),
    )
    return warehouse.sql(text, **_which(capability, environment, source.name))


def published_by_unit(
    warehouse: PostgresWarehouse,
    events: Query,
    capability: str,
    environment: str,
    unit: str,
    *,
    by_request: bool = False,
) -> Query:
    """The same rows with a column ``unit``: whose decision it was that each of them names.

    The log says it of decisions that an experiment made; ``by_request``, the request of any other, too.

    Raises:
        Missing: where no decisions were published.
    """
    watermark_of(warehouse, capability, environment)
    asker = f"coalesce(({POSTGRES.fields('fc_log.request', [unit])})[1], fc_log.unit)"
    text = _OF_UNITS.format(
        rows=events.text,
        unit=quoted(unit),
        whose=asker if by_request else "fc_log.unit",
        decision_id=quoted(DECISION_ID),
        decisions=RELATION,
    )
    return warehouse.sql(text, **events.values)


def _which(capability: str, environment: str, source: str) -> dict[str, str]:
    return {"fc_capability": capability, "fc_environment": environment, "fc_source": source}


def _column(field: Field) -> str:
    """A field as it stands in a row of JSON; one that came to the contract later has its default."""
    value = f"fc_row.{quoted(field.name)}"
    if field.type is list or field.required or field.optional:
        return value
    default = "'" + str(field.default).replace("'", "''") + "'"
    return f"coalesce({value}, {default}::{_kind(field)})"


def _kind(field: Field) -> str:
    if field.type is list:
        return f"{_TYPES.get(field.item, 'date')}[]"
    return _TYPES.get(field.type, "date")
