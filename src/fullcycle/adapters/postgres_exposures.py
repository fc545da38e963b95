"""Exposures in PostgreSQL: the decisions of the event log, as a table beside the outcomes."""

import json
from collections.abc import Sequence
from typing import Any

import polars as pl
import psycopg
from psycopg import errors, sql

from fullcycle.adapters.exposures import COLUMNS, Day, Published, together
from fullcycle.adapters.postgres_warehouse import PostgresWarehouse, connected
from fullcycle.kernel import Misconfigured, Missing
from fullcycle.record import masked

RELATION = """(
    select * from fullcycle.exposures where capability = $fc_capability and environment = $fc_environment
)"""

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
_FIELDS = "select fields from fullcycle.published where capability = %s and environment = %s"
_FORGET = "delete from fullcycle.exposures where capability = %s and environment = %s"
_MARKED = """
    select watermark from fullcycle.published
    where capability = $fc_capability and environment = $fc_environment
"""


def watermark_of(warehouse: PostgresWarehouse, capability: str, environment: str) -> int:
    """Up to when the exposures of an environment were published, in µs since 1970 UTC.

    Raises:
        Missing: where none was.
    """
    known = warehouse.fetch("select to_regclass('fullcycle.published') is not null as there", {})
    rows = pl.DataFrame({"watermark": []})
    if known["there"][0]:
        rows = warehouse.fetch(_MARKED, {"fc_capability": capability, "fc_environment": environment})
    if rows.is_empty():
        raise Missing(
            f"no exposures of {capability} in {environment} were published",
            "the table fullcycle.exposures of the warehouse",
            f"publish them: fullcycle experiment publish {capability}",
        )
    return int(rows["watermark"][0])


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
        request are asked for that were not published until now: then all is written anew.

        Raises:
            Misconfigured: where the database does not answer, or does not allow it.
        """
        with connected(self._url, "-c timezone=UTC") as connection:
            try:
                return _publish(connection, (capability, environment), days, watermark, fields)
            except psycopg.Error as error:
                raise self._translated(error) from error

    def _translated(self, error: psycopg.Error) -> Misconfigured:
        where = f"the warehouse {masked(self._url)}"
        if isinstance(error, errors.InsufficientPrivilege):
            return Misconfigured(
                "this user may not write there",
                where,
                "grant create on the database, or make the schema fullcycle for the user of writer",
            )
        told = " ".join((error.diag.message_primary or str(error)).split())[:300]
        return Misconfigured(f"PostgreSQL does not write it: {told}", where, "see the server's log")


def _publish(
    connection: "psycopg.Connection[tuple[Any, ...]]",
    which: tuple[str, str],
    days: Sequence[Day],
    watermark: int,
    fields: Sequence[str],
) -> Published:
    connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
    if connection.execute("select to_regclass('fullcycle.published')").fetchall() == [(None,)]:
        connection.execute(_TABLES)
    known = next((told for (told,) in connection.execute(_FIELDS, which).fetchall()), None)
    wanted = together(known, fields)
    if known is not None and wanted != known:
        connection.execute(_FORGET, which)
    there = dict(connection.execute(_THERE, which).fetchall())
    new = 0
    for day in days:
        if there.get(day.day) != day.rows:
            new += _add(connection, which, day.frame(json.loads(wanted)))
    connection.execute(_MARK, (*which, watermark, wanted))
    if new:  # the readout that follows would be planned for an empty table, and take minutes for seconds
        connection.execute("analyze fullcycle.exposures")
    connection.commit()
    return Published(*which, new=new, rows=sum(day.rows for day in days), watermark=watermark)


def _add(
    connection: "psycopg.Connection[tuple[Any, ...]]", which: tuple[str, str], rows: pl.DataFrame
) -> int:
    """Copy a day's decisions beside the table, then take over those that are not in it."""
    names = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    connection.execute(
        "create temporary table if not exists fc_new (like fullcycle.exposures) on commit drop"
    )
    connection.execute("truncate fc_new")
    columns = sql.SQL("capability, environment, {}").format(names)
    with connection.cursor().copy(sql.SQL("copy fc_new ({}) from stdin").format(columns)) as copy:
        for row in rows.select(COLUMNS).iter_rows():
            copy.write_row((*which, *row))
    found = connection.execute("insert into fullcycle.exposures select * from fc_new on conflict do nothing")
    return found.rowcount
