"""Projections in an SQLite file of their own: remove it whenever you like, it is made again."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from fullcycle.adapters.pool import Pool
from fullcycle.adapters.sqlite import connect, translated
from fullcycle.kernel import UnknownName
from fullcycle.record import Fact, Ledger, Projection

# How far each table has followed each stream, and by which definition it was made.
_SCHEMA = {
    "_followed": """
    create table if not exists _followed (
        projection text not null,
        definition text not null,
        stream text not null,
        position integer not null,
        primary key (projection, stream)
    )
"""
}


class SqliteLookups:
    """Keeps ``Lookups`` in an SQLite file; readers see a table before or after a change, never amid it."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._pool = Pool(partial(connect, self._path, _SCHEMA))

    def rebuild(self, ledger: Ledger, projections: Sequence[Projection]) -> dict[str, int]:
        """Drop every table and make it again from the first fact; rows by table."""
        with self._transaction() as connection:
            for projection in projections:
                _drop(connection, projection)
            _follow(connection, ledger, projections)
            return {one.name: _count(connection, one) for one in projections}

    def catch_up(self, ledger: Ledger, projections: Sequence[Projection]) -> None:
        """Bring tables up to the ledger's heads; one whose definition changed is made again."""
        with self._transaction() as connection:
            for projection in projections:
                if not _is_current(connection, projection):
                    _drop(connection, projection)
            _follow(connection, ledger, projections)

    def rows(self, projection: Projection, **where: object) -> list[dict[str, Any]]:
        """Rows by their key's order, those only whose columns equal what is asked.

        Raises:
            UnknownName: for a column that it has not.
        """
        for name in where:
            if name not in projection.columns:
                raise UnknownName.among(name, projection.columns, where=f"the projection {projection.name}")
        condition = " and ".join(f'"{name}" is ?' for name in where) or "true"
        columns = _names(projection.columns)
        query = (
            f'select {columns} from "{projection.name}" where {condition} order by {_names(projection.key)}'
        )
        with self._connection() as connection:
            if not _is_current(connection, projection):
                return []
            found = connection.execute(query, tuple(where.values())).fetchall()
        return [dict(zip(projection.columns, row, strict=True)) for row in found]

    def close(self) -> None:
        """Close every connection; they are opened again when needed."""
        self._pool.close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._pool.connection() as connection:
                yield connection
        except sqlite3.Error as error:
            raise translated(error, self._path, "the look-up tables") from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as connection:
            connection.execute("begin immediate")
            yield connection  # an error closes the connection, which takes everything back
            connection.execute("commit")


def _is_current(connection: sqlite3.Connection, projection: Projection) -> bool:
    """Whether the table was made, and by today's definition."""
    query = "select 1 from _followed where projection = ? and definition = ? and stream = ''"
    return connection.execute(query, (projection.name, projection.definition)).fetchone() is not None


def _drop(connection: sqlite3.Connection, projection: Projection) -> None:
    columns = ", ".join(f'"{name}" {kind}' for name, kind in projection.columns.items())
    connection.execute("delete from _followed where projection = ?", (projection.name,))
    connection.execute(f'drop table if exists "{projection.name}"')
    connection.execute(
        f'create table "{projection.name}" ({columns}, primary key ({_names(projection.key)}))'
    )
    _note(connection, projection, "", 0)  # no stream has this name: it marks the table as made


def _follow(connection: sqlite3.Connection, ledger: Ledger, projections: Sequence[Projection]) -> None:
    """Read what is new in the streams of projections, and only that; each stream once for all of them."""
    seen = {one.name: _seen(connection, one) for one in projections}
    for prefix in dict.fromkeys(prefix for one in projections for prefix in one.prefixes):
        following = [one for one in projections if prefix in one.prefixes]
        for stream, head in ledger.heads(prefix).items():
            behind = [one for one in following if seen[one.name].get(stream, 0) < head]
            if not behind:
                continue
            facts = ledger.read(stream, min(seen[one.name].get(stream, 0) for one in behind))
            for one in behind:
                _take(connection, one, facts, seen[one.name].get(stream, 0))
                seen[one.name][stream] = facts[-1].position


def _seen(connection: sqlite3.Connection, projection: Projection) -> dict[str, int]:
    """How far a projection has followed each stream."""
    query = "select stream, position from _followed where projection = ?"
    return dict(connection.execute(query, (projection.name,)).fetchall())


def _take(connection: sqlite3.Connection, projection: Projection, facts: Sequence[Fact], since: int) -> None:
    """Put the rows of a stream's facts, those after position ``since``."""
    for fact in facts:
        if fact.position > since:
            for row in projection.rows(fact):
                _put(connection, projection, dict(row))
    _note(connection, projection, facts[-1].stream, facts[-1].position)


def _put(connection: sqlite3.Connection, projection: Projection, row: dict[str, Any]) -> None:
    for name in row:
        if name not in projection.columns:
            raise UnknownName.among(
                name, projection.columns, where=f"a row of the projection {projection.name}"
            )
    rest = [name for name in row if name not in projection.key]
    change = ", ".join(f'"{name}" = excluded."{name}"' for name in rest)
    connection.execute(
        f'insert into "{projection.name}" ({_names(row)}) values ({", ".join("?" * len(row))}) '
        f"on conflict ({_names(projection.key)}) do {f'update set {change}' if change else 'nothing'}",
        tuple(row.values()),
    )


def _note(connection: sqlite3.Connection, projection: Projection, stream: str, position: int) -> None:
    connection.execute(
        "insert or replace into _followed (projection, definition, stream, position) values (?, ?, ?, ?)",
        (projection.name, projection.definition, stream, position),
    )


def _count(connection: sqlite3.Connection, projection: Projection) -> int:
    found: int = connection.execute(f'select count(*) from "{projection.name}"').fetchone()[0]
    return found


def _names(names: Any) -> str:
    return ", ".join(f'"{name}"' for name in names)
