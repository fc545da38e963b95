"""SQLite: the ledger of one machine, in one file.

Write-ahead log, ``synchronous=FULL``: when ``append`` returns, the fact is on the disk.
"""

import sqlite3
import time
from pathlib import Path

from fullcycle.adapters.pool import Pool
from fullcycle.kernel import Damaged, FullcycleError, Misconfigured, now
from fullcycle.record import Fact, checked_stream, lost, prefix_range, read_fact, write_body

_PATIENCE = 30.0  # seconds to wait for another writer, who needs milliseconds

_SCHEMA = """
    create table if not exists fact (
        stream text not null,
        position integer not null,
        kind text not null,
        at integer not null,
        by text not null,
        body text not null,
        primary key (stream, position)
    )
"""

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
        self._pool = Pool(lambda: connect(self._path, _SCHEMA))

    def append(
        self, stream: str, expected: int, body: object, *, by: str = "fullcycle", at: int | None = None
    ) -> Fact:
        """Append at position ``expected + 1``.

        Raises:
            Conflict: where the stream's last position is not ``expected``.
            Misconfigured: where the file cannot be written; nothing was then appended.
        """
        checked_stream(stream)
        kind, text = write_body(body)
        moment = now() if at is None else at
        try:
            with self._pool.connection() as connection:
                written = connection.execute(_APPEND, (stream, expected, kind, moment, by, text)).rowcount
                head = expected if written else connection.execute(_HEAD, (stream,)).fetchone()[0]
        except sqlite3.Error as error:
            raise translated(error, self._path, "the ledger") from error
        if not written:
            raise lost(stream, expected, head)
        return read_fact(stream, expected + 1, kind, moment, by, text)

    def read(self, stream: str, since: int = 0) -> list[Fact]:
        """The facts of a stream after position ``since``."""
        try:
            with self._pool.connection() as connection:
                rows = connection.execute(_READ, (stream, since)).fetchall()
        except sqlite3.Error as error:
            raise translated(error, self._path, "the ledger") from error
        return [read_fact(*row) for row in rows]

    def heads(self, prefix: str = "") -> dict[str, int]:
        """Last position of each stream whose name starts with ``prefix``."""
        low, high = prefix_range(prefix)
        try:
            with self._pool.connection() as connection:
                return dict(connection.execute(_HEADS, {"low": low, "high": high}).fetchall())
        except sqlite3.Error as error:
            raise translated(error, self._path, "the ledger") from error

    def close(self) -> None:
        """Close every connection; they are opened again when needed."""
        self._pool.close()


def connect(path: Path, schema: str) -> sqlite3.Connection:
    """Open a file with write-ahead log and full synchronisation; make its tables if it has none.

    The connection is in autocommit mode, and any one thread at a time may use it.
    """
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        _use_write_ahead_log(connection)
        connection.execute("pragma synchronous = full")
        if not connection.execute("select 1 from sqlite_master limit 1").fetchone():
            connection.execute(schema)
    except BaseException:
        connection.close()
        raise
    return connection


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
        case sqlite3.SQLITE_FULL:
            return Misconfigured("the disk is full; nothing was written", where, "make room, then try again")
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
