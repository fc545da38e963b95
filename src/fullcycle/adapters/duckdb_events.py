"""Events in DuckDB: rows that were received, read out of the files that they were compacted to."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.data import Events, Field, Query, fields
from fullcycle.data.posted import DECISION_ID, EVENT_ID, RECEIVED
from fullcycle.metric import quoted

_TYPES: dict[Any, str] = {
    bool: "boolean",
    int: "bigint",
    float: "double",
    str: "varchar",
    datetime: "timestamptz",
}
_NOTHING = "(select null::varchar as event_id, null::timestamptz as at, null::varchar as row where false)"
_NOBODY = "(select null::varchar as decision_id, null::varchar as unit where false)"
_ROW = 'fc_event."row"'
_FILES = "read_parquet(${name}, union_by_name => true)"

_ROWS = """
select
    {columns},
    fc_event.event_id as {event_id},
    fc_event."at" as {received}
from {events} as fc_event
order by fc_event."at", fc_event.event_id
"""

_OF_UNITS = """
select fc_event.*, fc_decision.unit as {unit}
from (
{rows}
) as fc_event
join (select {decision_id}, any_value({whose}) as unit from {decisions} group by 1) as fc_decision
  using ({decision_id})
"""


def events_query(source: Events, files: Sequence[Path], folder: Path) -> Query:
    """What a source of events asks for: its rows by the time at which they were received.

    Its text may be put into any query of a DuckDB warehouse that may read ``folder``, in which
    the files lie.
    """
    text = _ROWS.format(
        columns=",\n    ".join(
            f"{column(field, _ROW)} as {quoted(field.name)}" for field in fields(source.posted)
        ),
        event_id=quoted(EVENT_ID),
        received=quoted(RECEIVED),
        events=_FILES.format(name="fc_received") if files else _NOTHING,
    )
    return asked(text, {"fc_received": paths(files)} if files else {}, folder)


def events_by_unit(
    events: Query, decisions: Sequence[Path], unit: str, folder: Path, *, by_request: bool = False
) -> Query:
    """The same rows with a column ``unit``: whose decision it was that each of them names.

    The log says it of decisions that an experiment made; ``by_request``, the request of any other, too.
    """
    asker = f"coalesce(json_extract_string(request, {_text(f'$.{quoted(unit)}')}), unit)"
    text = _OF_UNITS.format(
        rows=events.text,
        unit=quoted(unit),
        whose=asker if by_request and decisions else "unit",
        decision_id=quoted(DECISION_ID),
        decisions=_FILES.format(name="fc_decided") if decisions else _NOBODY,
    )
    values = {**events.values, **({"fc_decided": paths(decisions)} if decisions else {})}
    return asked(text, values, folder)


def asked(text: str, values: dict[str, Any], folder: Path) -> Query:
    """A query that reads nothing but files of a folder."""
    return Query(text, values, DuckDBWarehouse(None, folders=[folder]).fetch)


def paths(files: Sequence[Path]) -> list[str]:
    """Files as a query takes them."""
    return [str(path.resolve()) for path in files]


def column(field: Field, row: str) -> str:
    """A field as it stands in a row of JSON; one that came to the contract later has its default."""
    path = _text(f'$."{field.name}"')
    if field.type is list:
        return f"cast(json_extract({row}, {path}) as {_kind(field.item)}[])"
    value = f"cast(json_extract_string({row}, {path}) as {_kind(field.type)})"
    if not (field.required or field.optional):
        value = f"coalesce({value}, cast({_text(str(field.default))} as {_kind(field.type)}))"
    return value


def _kind(kind: Any) -> str:
    return _TYPES.get(kind, "date")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
