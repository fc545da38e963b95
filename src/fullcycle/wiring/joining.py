"""Outcomes met with a warehouse that is no DuckDB. Needs the driver of PostgreSQL."""

from fullcycle.adapters.postgres_outcomes import joined_outcomes
from fullcycle.adapters.postgres_warehouse import PostgresWarehouse
from fullcycle.data import Decisions, Events, Query, Source, Warehouse
from fullcycle.kernel import Invalid, now
from fullcycle.metric import Outcomes


def joined(outcomes: Outcomes, warehouse: Warehouse, rows: Query, events: Query) -> Query:
    """What each row led to by now; whatever lies in the event log goes along with the query.

    Raises:
        Invalid: for a warehouse of another kind, or sides without a key in common.
    """
    if not isinstance(warehouse, PostgresWarehouse):
        raise Invalid(
            f"{warehouse!r} joins no outcomes",
            f"the outcomes {outcomes.name}",
            "bind duckdb:/// or postgresql://",
        )
    return joined_outcomes(
        outcomes,
        warehouse,
        rows,
        events,
        as_of=now(),
        rows_at_home=_logged(outcomes.of),
        events_at_home=_logged(outcomes.metric.source),
    )


def _logged(source: Source[...]) -> bool:
    return isinstance(source, Decisions | Events)
