"""DuckDB: the embedded warehouse, opened to be read, and only while it is read.

A connection locks the file against writers, so each query opens it and closes it again.
It may read the warehouse's own tables and the folders that it was given, nothing else;
it loads no extension and writes nothing.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb
import polars as pl

from fullcycle.adapters.duckdb_errors import statement_of, translated, unreadable
from fullcycle.adapters.duckdb_stream import ArrowStream
from fullcycle.data import Query
from fullcycle.kernel import FullcycleError

_PATIENCE_S = 3.0  # a writer that loads a batch is soon done
_LOCKING = Lock()  # connections of one process to one file share their settings
_CONFIG: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}


class DuckDBWarehouse:
    """A ``Warehouse`` in one DuckDB file, which others may write while nobody reads it.

    ``folders`` are where the Parquet files lie that its queries may read besides. Without a
    file there is nothing else to be read.
    """

    def __init__(self, path: Path | None, *, folders: Sequence[Path] = ()) -> None:
        self.path = path
        self.folders = tuple(folders)

    def sql(self, query: str, /, **values: object) -> Query:
        """A query over its tables; ``$name`` in it stands for ``values["name"]``.

        Raises:
            Invalid: where ``query`` is not one statement that only reads, or its values do
                not match.
        """
        statement_of(query, values)
        return Query(query, values, self.fetch)

    def fetch(self, text: str, values: Mapping[str, Any]) -> pl.DataFrame:
        """Ask, and fetch the rows.

        Raises:
            Invalid: for SQL that DuckDB refuses; shows the line.
            UnknownName: for a table, column or function that is not there.
            Missing: where there is no such file.
            Misconfigured: where another process holds it open for writing.
        """
        with self._asked(text, values) as connection:
            rows = connection.sql(text, params=dict(values) or None)
            return pl.DataFrame(ArrowStream(rows.__arrow_c_stream__()))

    def rows(self, text: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Ask for few rows; raises what :meth:`fetch` does.

        A relation is planned twice, once for its columns: here, where they are known, it is not.
        """
        with self._asked(text, values) as connection:
            return connection.execute(text, dict(values) or None).fetchall()

    def tables(self) -> list[str]:
        """Its tables and views, as ``schema.name``."""
        with self._opened() as connection:
            return _tables(connection)

    @contextmanager
    def _asked(self, text: str, values: Mapping[str, Any]) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for one statement that only reads; what DuckDB says of it is translated."""
        if self.path is not None:
            statement_of(text, values)  # before a file is looked for
        with self._opened() as connection:
            try:
                if self.path is None:
                    statement_of(text, values, connection)
                yield connection
            except duckdb.Error as error:
                raise translated(error, text, _tables(connection)) from error

    @contextmanager
    def _opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = self._connected()
        try:
            with _LOCKING:
                self._lock_down(connection)
            yield connection
        finally:
            connection.close()

    def _connected(self) -> duckdb.DuckDBPyConnection:
        if self.path is None:
            return duckdb.connect(config=_CONFIG)
        give_up = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return duckdb.connect(str(self.path), read_only=True, config=_CONFIG)
            except duckdb.Error as error:
                told: FullcycleError = unreadable(error, self.path)
                if "lock" not in str(error) or time.monotonic() > give_up:
                    raise told from error
                time.sleep(0.05)

    def _lock_down(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Close every way out; a second connection of this process shares what the first one set."""
        ((locked,),) = connection.execute("select current_setting('lock_configuration')").fetchall()
        if locked:
            return
        folders = ", ".join("'" + str(folder.resolve()).replace("'", "''") + "/'" for folder in self.folders)
        connection.execute("set global timezone = 'UTC'")
        connection.execute(f"set allowed_directories = [{folders}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")


def _tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    listing = "select schema_name || '.' || table_name from duckdb_tables() where not internal"
    views = "select schema_name || '.' || view_name from duckdb_views() where not internal"
    return sorted(name for (name,) in connection.execute(f"{listing} union all {views}").fetchall())
