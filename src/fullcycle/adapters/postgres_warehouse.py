"""PostgreSQL as a warehouse: tables that are read where they live. Needs ``pip install fullcycle[postgres]``.

Each query opens a connection of its own, in a transaction that may only read. Connection strings
are masked in every error.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import polars as pl
import psycopg
from psycopg import errors

from fullcycle.data import Query
from fullcycle.kernel import FullcycleError, Invalid, Misconfigured, UnknownName, counted
from fullcycle.metric import bound, inlined
from fullcycle.record import masked

_PATIENCE_S = 10
_LONGEST = 600  # characters of a vendor's message
_OPTIONS = "-c timezone=UTC -c default_transaction_read_only=on -c extra_float_digits=3"
_QUOTED = re.compile(r'"([^"]+)"')
_TABLES = """
    select table_name from information_schema.tables
    where table_schema not in ('pg_catalog', 'information_schema')
"""

# Types by their number in pg_type; others come as text.
_TYPES: dict[int, Any] = {
    16: pl.Boolean,
    20: pl.Int64,
    21: pl.Int64,
    23: pl.Int64,
    700: pl.Float64,
    701: pl.Float64,
    1022: pl.List(pl.Float64),
    1082: pl.Date,
    1114: pl.Datetime("us"),
    1184: pl.Datetime("us", "UTC"),
    1700: pl.Float64,  # numeric
}
_BOOLEAN = 16
_NUMERIC = 1700


class PostgresWarehouse:
    """A ``Warehouse`` in a PostgreSQL database; ``url`` is a libpq connection string."""

    def __init__(self, url: str) -> None:
        self._url = url

    def sql(self, query: str, /, **values: object) -> Query:
        """A query over its tables; ``$name`` in it stands for ``values["name"]``.

        Raises:
            Invalid: where its values do not match, or it is more than one statement.
        """
        _check(query, values)
        return Query(query, values, self.fetch)

    def fetch(self, text: str, values: Mapping[str, Any]) -> pl.DataFrame:
        """Ask, and fetch the rows.

        Raises:
            Invalid: for SQL that PostgreSQL refuses; shows the line.
            UnknownName: for a table, column or function that is not there.
            Misconfigured: where the database does not answer, or does not allow it.
        """
        asked = _check(text, values)
        with self._reading(text) as connection:
            cursor = connection.execute(asked, dict(values))
            return _frame(cursor)

    def booleans(self, query: Query) -> frozenset[str]:
        """The columns of a query that are Booleans, which PostgreSQL does not take for numbers."""
        inner, values = inlined(query, "")
        text, _ = bound(f"select * from {inner} as fc_source limit 0")
        with self._reading(query.text) as connection:
            told = connection.execute(text, values).description or []
        return frozenset(column.name for column in told if column.type_code == _BOOLEAN)

    def tables(self) -> list[str]:
        """The names of its tables and views."""
        with self._reading("") as connection:
            return sorted(name for (name,) in connection.execute(_TABLES).fetchall())

    @contextmanager
    def _reading(self, text: str) -> "Iterator[psycopg.Connection[tuple[Any, ...]]]":
        connection = connected(self._url, _OPTIONS)
        try:
            yield connection
        except psycopg.Error as error:
            connection.rollback()
            raise self._translated(error, text, connection) from error
        finally:
            connection.close()

    def _translated(
        self, error: psycopg.Error, text: str, connection: "psycopg.Connection[tuple[Any, ...]]"
    ) -> FullcycleError:
        where = _place(error, text)
        name = _QUOTED.search(error.diag.message_primary or "")
        match error:
            case errors.UndefinedTable() if name:
                known = [row[0] for row in connection.execute(_TABLES).fetchall()]
                return UnknownName.among(name[1].rpartition(".")[2], known, where=where)
            case errors.UndefinedColumn():
                column = name[1] if name else _said(error).split()[1]
                mend = error.diag.message_hint or "check the name against the columns of the table"
                return UnknownName(f"there is no {column.rpartition('.')[2]!r}", where, mend)
            case errors.InsufficientPrivilege() | errors.ReadOnlySqlTransaction():
                return Misconfigured(
                    f"the database does not allow it: {_said(error)}",
                    f"the warehouse {masked(self._url)}",
                    "let this user select from the table; a source may only read",
                )
            case psycopg.OperationalError():
                return Misconfigured(
                    f"the connection broke: {_said(error)}", f"the warehouse {masked(self._url)}", "try again"
                )
        return Invalid(_said(error), where, "mend the SQL; try it alone in psql")


def connected(url: str, options: str) -> "psycopg.Connection[tuple[Any, ...]]":
    """A connection with a setting or two.

    Raises:
        Misconfigured: where the database does not answer.
    """
    try:
        given = psycopg.conninfo.conninfo_to_dict(url)
        both = f"{given.get('options') or ''} {options}".strip()
        return psycopg.connect(
            url, options=both, connect_timeout=_PATIENCE_S, application_name="fullcycle warehouse"
        )
    except psycopg.Error:
        raise Misconfigured(
            "the database does not answer",
            f"the warehouse {masked(url)}",
            "see that the server runs, and that host, user, password and database are right",
        ) from None


def _check(text: str, values: Mapping[str, object]) -> str:
    asked, names = bound(text)
    where = " ".join(text.split())[:80]
    inlined(Query(text, {}, _unasked), "")  # refuses more than one statement
    if lacking := sorted(names - values.keys()):
        raise Invalid(
            f"no value is given for ${lacking[0]}", where, f"pass it: warehouse.sql(…, {lacking[0]}=…)"
        )
    if unused := sorted(values.keys() - names):
        raise UnknownName.among(unused[0], names, where=f"the values ($name) of: {where}")
    return asked.rstrip().rstrip(";")


def _unasked(text: str, values: Mapping[str, Any]) -> pl.DataFrame:
    raise Invalid(
        f"{counted(len(values), 'value')} for a query that is only looked at",
        text[:80],
        "ask it of a warehouse",
    )


def _frame(cursor: "psycopg.Cursor[tuple[Any, ...]]") -> pl.DataFrame:
    columns = cursor.description or []
    rows = cursor.fetchall()
    made = {}
    for n, column in enumerate(columns):
        kind = _TYPES.get(column.type_code, pl.String)
        cells = [row[n] for row in rows]
        if column.type_code == _NUMERIC:
            cells = [None if one is None else float(one) for one in cells]
        elif kind is pl.String:
            cells = [None if one is None else str(one) for one in cells]
        made[column.name] = pl.Series(column.name, cells, dtype=kind)
    return pl.DataFrame(made)


def _said(error: psycopg.Error) -> str:
    told = error.diag.message_primary or str(error)
    return " ".join(told.split())[:_LONGEST]


def _place(error: psycopg.Error, text: str) -> str:
    """The line of the query that PostgreSQL points at, else how the query begins."""
    position = error.diag.statement_position
    if position is not None:
        asked, _ = bound(text)
        line = asked[: int(position)].count("\n")
        lines = text.splitlines()
        if line < len(lines):
            return f"line {line + 1} of the query: {lines[line].strip()[:120]}"
    return " ".join(text.split())[:80]
