"""Writing to the embedded warehouse: the days of a table replaced, all at once or not at all."""

import tempfile
import time as clock
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl

from fullcycle.adapters.duckdb_errors import unreadable
from fullcycle.kernel import Invalid, Misconfigured

_PATIENCE_S = 10.0  # readers hold the file for as long as a query takes


class DuckDBWriter:
    """A ``PartitionWriter`` into one DuckDB file, which is held only while it is written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def replace(self, table: str, frame: pl.DataFrame, *, time: str) -> int:
        """Let ``frame`` take the place of all rows of its days; returns how many rows went.

        Raises:
            Invalid: where the table holds other columns.
            Misconfigured: where the file cannot be written.
        """
        if frame.is_empty():
            return 0
        schema, _, name = table.partition(".")
        target = f"{_quoted(schema)}.{_quoted(name)}"
        with tempfile.TemporaryDirectory(prefix="fullcycle-") as folder, self.opened() as connection:
            rows = Path(folder) / "rows.parquet"
            frame.write_parquet(rows)
            new = f"read_parquet({_text(str(rows))})"
            connection.execute(f"create schema if not exists {_quoted(schema)}")
            connection.execute(f"create table if not exists {target} as select * from {new} limit 0")
            _require_columns(connection, table, target, new)
            day = f"{_quoted(time)}::date"
            ((gone,),) = connection.execute(
                f"delete from {target} where {day} in (select distinct {day} from {new})"
            ).fetchall()
            connection.execute(f"insert into {target} by name select * from {new}")
            connection.execute("commit")
            return int(gone)

    @contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection in a transaction, which is rolled back unless it was committed."""
        connection = self._connected()
        try:
            connection.execute("set timezone = 'UTC'")
            connection.execute("begin")
            yield connection
        except duckdb.Error as error:
            raise Misconfigured(
                f"DuckDB does not write it: {str(error).partition(chr(10))[0][:200]}",
                str(self.path),
                "see that the disk has room, and what else writes to that table",
            ) from error
        finally:
            connection.close()

    def _connected(self) -> duckdb.DuckDBPyConnection:
        give_up = clock.monotonic() + _PATIENCE_S
        while True:
            try:
                return duckdb.connect(str(self.path))
            except duckdb.Error as error:
                if "lock" not in str(error) or clock.monotonic() > give_up:
                    raise unreadable(error, self.path) from error
                clock.sleep(0.05)


def _require_columns(connection: duckdb.DuckDBPyConnection, table: str, target: str, new: str) -> None:
    there = _columns(connection, f"select * from {target} limit 0")
    given = _columns(connection, f"select * from {new} limit 0")
    wrong = [
        f"{name} is {there.get(name, 'not there')}, and {kind} is written"
        for name, kind in given.items()
        if there.get(name) != kind
    ]
    if wrong:
        raise Invalid(
            f"the table {table} holds other columns: {'; '.join(wrong)}",
            f"the warehouse's table {table}",
            "alter the table, or let the service write to another one: into=",
        )


def _columns(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(f"describe {query}").fetchall()}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
