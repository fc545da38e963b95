"""Exposures in PostgreSQL: the decisions of the event log, as a table beside the outcomes."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString, TypeAlias

import polars as pl
import psycopg
from psycopg import errors, sql

from fullcycle.adapters.exposures import BROUGHT_UP, COLUMNS, Day, Published, together
from fullcycle.adapters.postgres_warehouse import PostgresWarehouse, connected
from fullcycle.kernel import Misconfigured, Missing
from fullcycle.record import masked

RELATION = """(
    select * from fullcycle.exposures where capability = $fc_capability and environment = $fc_environment
)"""

Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"

_LOCK = 7_230_114_002  # key of the lock under which the tables are made: any number will do
_TABLES = """
    create schema if not exists fullcycle;
    create table if not exists fullcycle.exposures (
        capability text not null,
        environment text not null,
        decision_id text not null,
        "at" timestamptz not null,
        release bigint,
        experiment text,
        arm text,
        arm_probability float8,
        unit text,
        request text,
        fallback boolean,
        primary key (capability, environment, decision_id)
    );
    create index if not exists exposures_experiment
        on fullcycle.exposures (capability, environment, experiment, "at");
    create table if not exists fullcycle.published (
        capability text not null,
        environment text not null,
        watermark bigint not null,
        fields text not null,
        published timestamptz not null default now(),
        primary key (capability, environment)
    );
"""
_LAYOUT = """
    select to_regclass('fullcycle.published') is not null, exists (
        select from information_schema.columns
        where table_schema = 'fullcycle' and table_name = 'exposures' and column_name = 'fallback'
    )
"""
# Of before it was kept whether the fallback answered: whoever publishes next writes all anew.
_BROUGHT_UP = """
    alter table fullcycle.exposures add column fallback boolean;
    update fullcycle.published set fields = '[]';
"""
_THERE = """
    select ("at" at time zone 'UTC')::date::text, count(*) from fullcycle.exposures
    where capability = %s and environment = %s group by 1
"""
_MARK = """
    insert into fullcycle.published (capability, environment, watermark, fields) values (%s, %s, %s, %s)
    on conflict (capability, environment) do update
    set watermark = greatest(published.watermark, excluded.watermark), fields = excluded.fields,
        published = now()
"""
_KEPT = "on conflict do nothing"
_FIELDS = "select fields from fullcycle.published where capability = %s and environment = %s"
_COUNT = "select count(*) from fullcycle.exposures where capability = %s and environment = %s"
_MARKED = """
    select watermark, fields from fullcycle.published
    where capability = $fc_capability and environment = $fc_environment
"""


def watermark_of(warehouse: PostgresWarehouse, capability: str, environment: str) -> int:
    """Up to when the exposures of an environment were published, in µs since 1970 UTC.

    Raises:
        Missing: where none was.
    """
    return _marked(warehouse, capability, environment)[0]


def require_fields(
    warehouse: PostgresWarehouse, capability: str, environment: str, fields: Iterable[str]
) -> None:
    """Refuse to read by fields of the request that were not published: they would look like lacking ones.

    Raises:
        Missing: where exposures were not published, or not with these fields.
    """
    _, known = _marked(warehouse, capability, environment)
    if lacking := [name for name in fields if name not in known]:
        raise Missing(
            f"{', '.join(lacking)} of the requests of {capability} in {environment} was not published",
            "the table fullcycle.exposures of the warehouse",
            f"publish once more, by whoever may write: fullcycle experiment publish {capability}",
        )


def _marked(warehouse: PostgresWarehouse, capability: str, environment: str) -> tuple[int, list[str]]:
    known = warehouse.fetch("select to_regclass('fullcycle.published') is not null as there", {})
    rows = pl.DataFrame({"watermark": [], "fields": []})
    if known["there"][0]:
        rows = warehouse.fetch(_MARKED, {"fc_capability": capability, "fc_environment": environment})
    if rows.is_empty():
        raise Missing(
            f"no exposures of {capability} in {environment} were published",
            "the table fullcycle.exposures of the warehouse",
            f"publish them: fullcycle experiment publish {capability}",
        )
    return int(rows["watermark"][0]), json.loads(rows["fields"][0])


class PostgresExposures:
    """An ``ExposureWriter`` into a PostgreSQL database, by a user who may create and fill the schema."""

    def __init__(self, url: str) -> None:
        self._url = url

    def publish(
        self,
        capability: str,
        environment: str,
        days: Sequence[Day],
        *,
        watermark: int,
        fields: Sequence[str] = (),
    ) -> Published:
        """Add the decisions that are not there yet, and bring the watermark up; all or nothing.

        A day whose number of decisions is there already is not read again, unless ``fields`` of the
        request are asked for that were not published until now: then all of the log is written anew.
        What other logs have published stays.

        Raises:
            Misconfigured: where the database does not answer, or does not allow it.
        """
        with writing(self._url) as connection:
            return _publish(connection, (capability, environment), days, watermark, fields)


@contextmanager
def writing(url: str) -> Iterator[Connection]:
    """A connection that writes alone; what was written counts once the block is through.

    Raises:
        Misconfigured: where the database does not answer, or does not allow it.
    """
    with connected(url, "-c timezone=UTC") as connection:
        try:
            connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
            yield connection
            connection.commit()
        except psycopg.Error as error:
            raise _translated(error, url) from error


def _translated(error: psycopg.Error, url: str) -> Misconfigured:
    where = f"the warehouse {masked(url)}"
    if isinstance(error, errors.InsufficientPrivilege):
        return Misconfigured(
            "this user may not write there",
            where,
            "grant create on the database, or make the schema fullcycle for the user of writer",
        )
    told = " ".join((error.diag.message_primary or str(error)).split())[:300]
    return Misconfigured(f"PostgreSQL does not write it: {told}", where, "see the server's log")


def _publish(
    connection: Connection, which: tuple[str, str], days: Sequence[Day], watermark: int, fields: Sequence[str]
) -> Published:
    ((made, brought_up),) = connection.execute(_LAYOUT).fetchall()
    if not made:
        connection.execute(_TABLES)
    elif not brought_up:
        connection.execute(_BROUGHT_UP)
    known = next((told for (told,) in connection.execute(_FIELDS, which).fetchall()), None)
    wanted = together(known, fields)
    more = known is not None and wanted != known
    there: dict[str, int] = {} if more else dict(connection.execute(_THERE, which).fetchall())
    ((before,),) = connection.execute(_COUNT, which).fetchall()
    known_one = BROUGHT_UP if more else _KEPT
    for day in days:
        if there.get(day.day) != day.rows:
            frame = day.frame(json.loads(wanted))
            add(connection, "exposures", COLUMNS, frame, _named(which), known_one=known_one)
    ((after,),) = connection.execute(_COUNT, which).fetchall()
    connection.execute(_MARK, (*which, watermark, wanted))
    if new := after - before:  # a readout planned for an empty table would take minutes for seconds
        connection.execute("analyze fullcycle.exposures")
    left = max(after - sum(day.rows for day in days), 0) if more else 0
    return Published(*which, new=new, rows=after, watermark=watermark, left=left)


def _named(which: tuple[str, str]) -> dict[str, str]:
    return dict(zip(("capability", "environment"), which, strict=True))


def add(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    rows: pl.DataFrame,
    whose: Mapping[str, str],
    *,
    known_one: LiteralString = _KEPT,
) -> int:
    """Copy rows beside a table of the schema, then take them over, and tell how many; ``whose`` are they.

    ``known_one`` says what becomes of one that is there already.
    """
    of, aside = sql.Identifier("fullcycle", table), sql.Identifier(f"fc_new_{table}")
    names = sql.SQL(", ").join(map(sql.Identifier, (*whose, *columns)))
    made = sql.SQL("create temporary table if not exists {} (like {}) on commit drop")
    connection.execute(made.format(aside, of))
    connection.execute(sql.SQL("truncate {}").format(aside))
    with connection.cursor().copy(sql.SQL("copy {} ({}) from stdin").format(aside, names)) as copy:
        for row in rows.select(columns).iter_rows():
            copy.write_row((*whose.values(), *row))
    into = sql.SQL("insert into {} ({}) select {} from {} {}")
    return connection.execute(into.format(of, names, names, aside, sql.SQL(known_one))).rowcount
