"""Outcomes joined in PostgreSQL, also where one side of them is not there but comes along with the query.

What was decided, and what was posted, lies in files of the event log. Of decisions, only keys and
times are sent, and only outcomes come back; of events, the rows go along.
"""

from typing import Any

import polars as pl

from fullcycle.adapters.postgres_warehouse import PostgresWarehouse
from fullcycle.data import Query, fields
from fullcycle.metric import IN_POSTGRES, Matured, Outcomes, quoted

_PLACE = "fc_place"
_OUTCOME = "outcome"


def joined_outcomes(
    outcomes: Outcomes,
    warehouse: PostgresWarehouse,
    rows: Query,
    events: Query,
    *,
    as_of: int,
    rows_at_home: bool = False,
    events_at_home: bool = False,
) -> Matured:
    """The rows whose window was over, with their outcomes, and how many are left out.

    Args:
        outcomes: what is joined.
        warehouse: where it is.
        rows: what ``outcomes.of`` asks.
        events: what the metric's source asks.
        as_of: microseconds since 1970 UTC.
        rows_at_home: whether ``rows`` are asked elsewhere, and sent.
        events_at_home: whether ``events`` are.

    Raises:
        Invalid: where both sides have no key in common, or keys of other types.
    """
    outcomes.require_joined()
    if events_at_home:
        events = sent(warehouse, events.frame())
    if not rows_at_home:
        return outcomes.query(warehouse, rows, events, as_of=as_of, joining=IN_POSTGRES)
    whole = rows.frame()
    time = next(field.name for field in fields(outcomes.of.contract) if field.time)
    asked = sent(warehouse, whole.select(*outcomes.joined_by, time).with_row_index(_PLACE))
    told = outcomes.query(warehouse, asked, events, as_of=as_of, joining=IN_POSTGRES)

    def beside(text: str, values: Any) -> pl.DataFrame:
        found = told.frame()
        return whole[found[_PLACE]].with_columns(found[_OUTCOME])

    return Matured(Query(told.text, told.values, beside), told.immature)


def sent(warehouse: PostgresWarehouse, rows: pl.DataFrame) -> Query:
    """Rows as a relation that goes along with the query; columns of lists stay at home."""
    flat = [name for name, kind in rows.schema.items() if not isinstance(kind, pl.List)]
    values = {f"fc_c{n}": rows[name].to_list() for n, name in enumerate(flat)}
    arrays = ", ".join(f"$fc_c{n}::{_kind(rows.schema[name])}[]" for n, name in enumerate(flat))
    names = ", ".join(map(quoted, flat))
    return warehouse.sql(f"select * from unnest({arrays}) as fc_sent ({names})", **values)


def _kind(kind: pl.DataType) -> str:
    if kind.is_integer():
        return "bigint"
    if kind.is_float():
        return "float8"
    if isinstance(kind, pl.Datetime):
        return "timestamp" if kind.time_zone is None else "timestamptz"
    return {pl.Boolean: "boolean", pl.Date: "date"}.get(type(kind), "text")
