"""Writing to a warehouse in PostgreSQL: the days of a table replaced in one transaction.

Needs ``pip install fullcycle[postgres]``. Readers see the days as they were until all new rows are
there. Of several who write the same table at once, one waits for the other.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, LiteralString

import polars as pl
import psycopg
from psycopg import sql

from fullcycle.adapters.postgres_errors import said, shown
from fullcycle.kernel import FullcycleError, Invalid, Misconfigured
from fullcycle.record import masked

_PATIENCE = 10  # seconds to wait for a connection
_TYPES: dict[Any, LiteralString] = {
    pl.Boolean: "boolean",
    pl.Int8: "smallint",
    pl.Int16: "smallint",
    pl.Int32: "integer",
    pl.Int64: "bigint",
    pl.UInt8: "smallint",
    pl.UInt16: "integer",
    pl.UInt32: "bigint",
    pl.UInt64: "numeric(20,0)",
    pl.Float32: "real",
    pl.Float64: "double precision",
    pl.String: "text",
    pl.Enum: "text",
    pl.Categorical: "text",
    pl.Null: "text",
    pl.Date: "date",
    pl.Time: "time without time zone",
    pl.Duration: "interval",
    pl.Binary: "bytea",
}
_COLUMNS = """
    select attname, format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = %s::regclass and attnum > 0 and not attisdropped
"""


class PostgresWriter:
    """A ``PartitionWriter`` into a PostgreSQL database; ``url`` is a libpq connection string."""

    def __init__(self, url: str) -> None:
        self._url = url

    def replace(self, table: str, frame: pl.DataFrame, *, time: str) -> int:
        """Let ``frame`` take the place of all rows of its days; returns how many rows went.

        Raises:
            Invalid: where the table holds other columns, or a column has no type there.
            Misconfigured: where the database does not answer, or does not allow it.
        """
        if frame.is_empty():
            return 0
        types = {name: _type(name, kind) for name, kind in frame.schema.items()}
        target = sql.Identifier(*table.split(".", 1))
        try:
            with psycopg.connect(
                self._url, connect_timeout=_PATIENCE, application_name="fullcycle"
            ) as connection:
                connection.execute("set local timezone = 'UTC'")
                connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (table,))
                _make(connection, table, target, types)
                _require_columns(connection, target, table, types)
                gone = _delete(connection, target, time, _days(frame[time]))
                _copy(connection, target, frame)
                return gone
        except psycopg.Error as error:
            raise self._translated(error, table) from shown(error, self._url)

    def _translated(self, error: psycopg.Error, table: str) -> FullcycleError:
        where = f"the warehouse {masked(self._url)}"
        if error.diag.message_primary is None:  # the server did not say it
            return Misconfigured(
                f"PostgreSQL does not answer: {said(error, self._url)}",
                where,
                "see that the server runs, and that host, user, password and database are right",
            )
        return Misconfigured(  # its detail may quote a row
            f"PostgreSQL does not write {table}: {error.diag.message_primary[:200]}",
            where,
            "let this user select from, insert into and delete from that table, or create it where it is "
            "not there; see the server's log for more",
        )


def _make(
    connection: "psycopg.Connection[Any]", table: str, target: sql.Identifier, types: Mapping[str, str]
) -> None:
    """Make the table where it is not there; asked first, since not every user may create."""
    schema = sql.Identifier(table.partition(".")[0])
    if _lacks(connection, "select to_regnamespace(%s)", schema):
        connection.execute(sql.SQL("create schema {}").format(schema))
    if _lacks(connection, "select to_regclass(%s)", target):
        columns = [
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in types.items()
        ]
        connection.execute(sql.SQL("create table {} ({})").format(target, sql.SQL(", ").join(columns)))


def _lacks(connection: "psycopg.Connection[Any]", query: LiteralString, name: sql.Identifier) -> bool:
    return connection.execute(query, (name.as_string(connection),)).fetchone() == (None,)


def _require_columns(
    connection: "psycopg.Connection[Any]", target: sql.Identifier, table: str, types: Mapping[str, str]
) -> None:
    there = dict(connection.execute(_COLUMNS, (target.as_string(connection),)).fetchall())
    wrong = [
        f"{name} is {there.get(name, 'not there')}, and {kind} is written"
        for name, kind in types.items()
        if there.get(name) != kind and not (kind == "text" and _is_text(there.get(name, "")))
    ]
    if wrong:
        raise Invalid(
            f"the table {table} holds other columns: {'; '.join(wrong)}",
            f"the warehouse's table {table}",
            "alter the table, or let the service write to another one: into=",
        )


def _is_text(kind: str) -> bool:
    """Whether text goes into it whole; what is too long is refused by the server."""
    return kind.startswith("character varying")


def _delete(
    connection: "psycopg.Connection[Any]", target: sql.Identifier, time: str, days: list[date]
) -> int:
    """Delete the rows of these days; the range lets an index on the time help."""
    done = connection.execute(
        sql.SQL(
            "delete from {table} where {time} >= %(first)s::date and {time} < %(end)s::date "
            "and {time}::date = any(%(days)s)"
        ).format(table=target, time=sql.Identifier(time)),
        {"first": days[0], "end": days[-1] + timedelta(days=1), "days": days},
    )
    return done.rowcount


def _copy(connection: "psycopg.Connection[Any]", target: sql.Identifier, frame: pl.DataFrame) -> None:
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in frame.columns)
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("copy {} ({}) from stdin").format(target, columns)) as copy,
    ):
        for row in frame.iter_rows():
            copy.write_row(row)


def _days(times: pl.Series) -> list[date]:
    """The days in UTC, in order, each once."""
    kind = times.dtype
    if isinstance(kind, pl.Datetime):
        times = (times.dt.convert_time_zone("UTC") if kind.time_zone else times).dt.date()
    found: list[date] = times.unique().sort().to_list()
    return found


def _type(name: str, kind: pl.DataType) -> str:
    if isinstance(kind, pl.Datetime):
        return f"timestamp {'with' if kind.time_zone else 'without'} time zone"
    if isinstance(kind, pl.Decimal):
        return f"numeric({kind.precision},{kind.scale})"
    if isinstance(kind, pl.List | pl.Array):
        return f"{_type(name, kind.inner)}[]"  # type: ignore[arg-type]  # its inner type is one of values
    found = _TYPES.get(kind.base_type())
    if found is None:
        raise Invalid(
            f"PostgreSQL has no type for {kind}",
            f"the column {name} of the answer",
            "answer with numbers, texts, truths, days, moments, or lists of them",
        )
    return found
