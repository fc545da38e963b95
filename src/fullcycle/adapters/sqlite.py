"""SQLite: the ledger of one machine, in one file.

Write-ahead log, ``synchronous=FULL``: when ``append`` returns, the fact is on the disk.
"""

import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from fullcycle.adapters.appending import Append
from fullcycle.adapters.pool import Pool
from fullcycle.adapters.waiting import Waiting
from fullcycle.kernel import Conflict, Damaged, Digest, FullcycleError, Misconfigured
from fullcycle.record import Entry, Fact, Stored, prefix_range, read_fact

_PATIENCE = 30.0  # seconds to wait for another writer, who needs milliseconds
_EVER = 2**62  # µs since 1970, later than any
_HOUR = 3_600_000_000  # µs
_BESIDE = 64 * 1024  # bytes of what SQLite keeps beside a file with a write-ahead log, with some to spare

_SCHEMA = {
    "fact": """
        create table if not exists fact (
            stream text not null,
            position integer not null,
            kind text not null,
            at integer not null,
            by text not null,
            body text not null,
            primary key (stream, position)
        )
    """,
    "attachment": """
        create table if not exists attachment (
            digest text not null primary key,
            at integer not null,
            data blob not null
        ) without rowid
    """,
}

# The condition keeps positions without gaps, the primary key keeps them single.
_APPEND = """
    insert into fact (stream, position, kind, at, by, body)
    select ?1, ?2 + 1, ?3, ?4, ?5, ?6
    where (select coalesce(max(position), 0) from fact where stream = ?1) = ?2
"""

_READ = """
    select stream, position, kind, at, by, body from fact
    where stream = ? and position > ? order by position
"""

_LAST = """
    select stream, position, kind, at, by, body from fact
    where stream = ?1 and position = (select max(position) from fact where stream = ?1)
"""

# What is attached again counts as attached now, to the hour: what is new is not cleared away.
# What was damaged is mended by it.
_ATTACH = f"""
    insert into attachment (digest, at, data) values (?, ?, ?)
    on conflict (digest) do update set at = excluded.at, data = excluded.data
    where at < excluded.at - {_HOUR} or data <> excluded.data
"""
_ATTACHED = "select data from attachment where digest = ?"
_STORED = "select digest, length(data), at from attachment"
_DETACH = "delete from attachment where digest = ? and at < ?"

_HEAD = "select coalesce(max(position), 0) from fact where stream = ?"

# One seek in the index per stream, however many facts each holds.
_HEADS = """
    with recursive name(stream) as (
        select min(stream) from fact where stream >= :low and stream < :high
        union all
        select (select min(stream) from fact where stream > name.stream and stream < :high)
        from name where name.stream is not null
    )
    select stream, (select max(position) from fact where fact.stream = name.stream)
    from name where stream is not null
"""


class SqliteLedger:
    """A ``Ledger`` in an SQLite file, which is made where there is none.

    Threads and processes may share it; a child made by ``fork`` opens its own connections.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._pool = Pool(partial(connect, self._path, _SCHEMA))
        self._waiting = Waiting()
        self._watching = Pool(partial(connect, self._path, _SCHEMA))

    def append(
        self, stream: str, expected: int, body: object, *, by: str = "fullcycle", at: int | None = None
    ) -> Fact:
        """Append at position ``expected + 1``.

        Raises:
            Conflict: where the stream's last position is not ``expected``.
            Misconfigured: where the file cannot be written; nothing was then appended.
        """
        return self.append_all([Entry(stream, expected, body)], by=by, at=at)[0]

    def append_all(
        self, entries: Sequence[Entry], *, by: str = "fullcycle", at: int | None = None
    ) -> list[Fact]:
        """Append several facts, and all that is attached, in one commit: all of them or none.

        Raises:
            Conflict: where the last position of a stream is not the one expected.
            Misconfigured: where the file cannot be written; nothing was then appended.
        """
        append = Append.of(entries, self._waiting, by=by, at=at)
        if not append:
            return []
        try:
            with self._pool.connection() as connection:
                overtaken = _write(connection, append)
        except sqlite3.Error as error:
            raise translated(error, self._path, "the ledger") from error
        if overtaken is not None:
            raise overtaken
        self._waiting.written(append.waiting)
        return list(append.facts)

    def attach(self, data: bytes) -> Digest:
        """Keep small bytes under their digest; durable when the next append returns."""
        return self._waiting.add(data)

    def attached(self, digest: Digest) -> bytes | None:
        """Bytes that were attached; None where there are none."""
        waiting = self._waiting.get(digest)
        if waiting is not None:
            return waiting
        rows = self._rows(_ATTACHED, (digest,))
        return rows[0][0] if rows else None

    def attachments(self) -> list[Stored]:
        """Every attachment that is written."""
        return [Stored(*row) for row in self._rows(_STORED, ())]

    def detach(self, digests: Sequence[Digest], *, before: int | None = None) -> None:
        """Give up attachments; the room they take, too, where the disk has some for the moment."""
        end = before if before is not None else _EVER
        try:
            with self._pool.connection() as connection:
                connection.execute("begin immediate")
                connection.executemany(_DETACH, [(digest, end) for digest in digests])
                connection.execute("commit")
        except sqlite3.Error as error:
            raise translated(error, self._path, "the ledger") from error
        with suppress(sqlite3.Error), self._pool.connection() as connection:
            connection.execute("vacuum")  # it needs as much room again, and nobody else at work
            connection.execute("pragma wal_checkpoint(truncate)")

    def read(self, stream: str, since: int = 0) -> list[Fact]:
        """The facts of a stream after position ``since``."""
        return [read_fact(*row) for row in self._rows(_READ, (stream, since))]

    def latest(self, streams: Sequence[str]) -> dict[str, Fact]:
        """The last fact of each of these streams, of those that have one."""
        try:
            with self._pool.connection() as connection:
                found = [connection.execute(_LAST, (stream,)).fetchone() for stream in streams]
        except sqlite3.Error as error:
            raise translated(error, self._path, "the ledger") from error
        return {row[0]: read_fact(*row) for row in found if row is not None}

    def heads(self, prefix: str = "") -> dict[str, int]:
        """Last position of each stream whose name starts with ``prefix``."""
        low, high = prefix_range(prefix)
        return dict(self._rows(_HEADS, {"low": low, "high": high}))

    def revision(self) -> int:
        """A number that is another once anybody has written; costs microseconds.

        To be asked by one thread: SQLite's ``data_version`` is told of one connection, and compares
        with no other's.
        """
        try:
            with self._watching.connection() as connection:
                version: int = connection.execute("pragma data_version").fetchone()[0]
                return self._watching.opened << 32 | version
        except sqlite3.Error as error:
            raise translated(error, self._path, "the ledger") from error

    def close(self) -> None:
        """Close every connection; they are opened again when needed."""
        self._pool.close()
        self._watching.close()

    def _rows(self, query: str, values: Sequence[object] | Mapping[str, object]) -> list[tuple[Any, ...]]:
        try:
            with self._pool.connection() as connection:
                return connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise translated(error, self._path, "the ledger") from error


def _write(connection: sqlite3.Connection, append: Append) -> Conflict | None:
    """Write all of it, or nothing where another fact stands in the place of one."""
    connection.execute("begin immediate")
    connection.executemany(_ATTACH, append.attached)
    for number, row in enumerate(append.rows):
        if not connection.execute(_APPEND, row).rowcount:
            head = connection.execute(_HEAD, (row.stream,)).fetchone()[0]
            connection.execute("rollback")
            return append.lost(number, head)
    connection.execute("commit")
    return None


def connect(path: Path, schema: Mapping[str, str]) -> sqlite3.Connection:
    """Open a file with write-ahead log and full synchronisation; make the tables that it has not.

    The connection is in autocommit mode, and any one thread at a time may use it. Where nothing can be
    written beside the file, by nobody, it can be read all the same.
    """
    try:
        return _connected(path, schema)
    except sqlite3.OperationalError:
        if not _is_at_rest(path):
            raise
    return _connected(path, schema, at_rest=True)


def _is_at_rest(path: Path) -> bool:
    """Whether nobody can change a file: its disk takes no more, and nobody is at it.

    SQLite needs a second file beside one with a write-ahead log, if only to read it; whoever works with it
    has made that. Its disk may be mounted to be read, or be full.
    """
    try:
        disk = os.statvfs(path)
    except OSError:
        return False
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        return False
    return bool(disk.f_flag & os.ST_RDONLY) or disk.f_bavail * disk.f_frsize < _BESIDE


def _connected(path: Path, schema: Mapping[str, str], *, at_rest: bool = False) -> sqlite3.Connection:
    name = f"{path.absolute().as_uri()}?immutable=1" if at_rest else path
    connection = sqlite3.connect(
        name, timeout=_PATIENCE, isolation_level=None, check_same_thread=False, uri=at_rest
    )
    try:
        if not at_rest:
            _use_write_ahead_log(connection)
        connection.execute("pragma synchronous = full")
        there = {name for (name,) in connection.execute("select name from sqlite_master").fetchall()}
        for table, statement in schema.items():
            if table not in there:
                _make_table(connection, statement, temporary=bool(there))
    except BaseException:
        connection.close()
        raise
    return connection


def _make_table(connection: sqlite3.Connection, statement: str, *, temporary: bool) -> None:
    """Make a table; in a file of before that may only be read, one that is empty and goes again."""
    try:
        connection.execute(statement)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_READONLY or not temporary:
            raise
        connection.execute(statement.replace("create table", "create temp table"))


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log. SQLite does not wait when two try this at once; we do."""
    deadline = time.monotonic() + _PATIENCE
    while connection.execute("pragma journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def translated(error: sqlite3.Error, path: Path, role: str) -> FullcycleError:
    """SQLite's error in the user's terms; ``role`` says what the file is for."""
    where = f"{role} {path}"
    match getattr(error, "sqlite_errorcode", -1) & 0xFF:  # the primary code, without its details
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Misconfigured(
                f"another process has held it locked for {_PATIENCE:g} s",
                where,
                f"see which process holds it: fuser {path}",
            )
        case sqlite3.SQLITE_READONLY if _is_full(path):
            return _no_room(where)
        case sqlite3.SQLITE_FULL:
            return _no_room(where)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return Misconfigured(
                "it cannot be written by this user; nothing was written",
                where,
                f"allow it: chmod u+w {path}, and the same for its folder",
            )
        case sqlite3.SQLITE_CANTOPEN:
            return Misconfigured(
                "it cannot be opened", where, f"see that the folder {path.parent} is there and yours to write"
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return Damaged(
                f"it is no sound SQLite database: {error}",
                where,
                f"restore it from a backup, or save what can be read: sqlite3 {path} .recover",
            )
    return Misconfigured(f"SQLite says: {str(error)[:200]}", where, "see that the disk is sound and has room")


def _no_room(where: str) -> Misconfigured:
    return Misconfigured("the disk is full; nothing was written", where, "make room, then try again")


def _is_full(path: Path) -> bool:
    with suppress(OSError):
        disk = os.statvfs(path)
        return not disk.f_flag & os.ST_RDONLY and disk.f_bavail * disk.f_frsize < _BESIDE
    return False
