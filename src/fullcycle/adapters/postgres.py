"""PostgreSQL: the ledger of a team. Needs ``pip install fullcycle[postgres]``.

The same table and the same compare-and-swap as SQLite's. Connection strings are masked in
every error. What is witnessed is signed by the server: a row-level policy lets nobody write
another name than that which the connection logged in by, and nobody change what was written.
Superusers, and the owner of the table, who may drop the policy, are trusted with it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import psycopg
from psycopg import errors

from fullcycle.adapters.appending import Append
from fullcycle.adapters.pool import Pool
from fullcycle.adapters.postgres_errors import said, shown
from fullcycle.adapters.waiting import Waiting
from fullcycle.kernel import Conflict, Digest, FullcycleError, Misconfigured
from fullcycle.record import Entry, Fact, Stored, masked, prefix_range, read_fact

_PATIENCE = 10  # seconds to wait for a connection
_EVER = 2**62  # µs since 1970, later than any
_MAKING = 7_230_114_001  # key of the lock under which the table is made: any number will do

# Names compare by their bytes: a language's order would not put a prefix's streams together.
_SCHEMA = {
    "fact": """
        create table if not exists fact (
            stream text collate "C" not null,
            position bigint not null,
            kind text not null,
            at bigint not null,
            by text not null,
            body text not null,
            primary key (stream, position)
        )
    """,
    "attachment": """
        create table if not exists attachment (
            digest text collate "C" not null primary key,
            at bigint not null,
            data bytea not null
        )
    """,
}

# Who wrote a fact, as the server knows it. ``session_user`` is who logged in: ``set role`` does not
# change it. Without a policy for update and delete, nobody may do either.
_WITNESS_TABLE = """
    create table if not exists witness (
        stream text collate "C" not null,
        position bigint not null,
        person text not null default session_user,
        primary key (stream, position)
    );
    alter table witness enable row level security;
    alter table witness force row level security;
    create policy signed on witness for insert with check (person = session_user::text);
    create policy read on witness for select using (true);
"""
_CAN_WITNESS = """
    select case when to_regclass('witness') is null then false
           else has_table_privilege('witness', 'select, insert') end
"""
_WITNESS = "insert into witness (stream, position) values (%s, %s)"
_WITNESSES = "select position, person from witness where stream = %s"

# The condition keeps positions without gaps, the primary key keeps them single.
_APPEND = """
    insert into fact (stream, position, kind, at, by, body)
    select %(stream)s, %(expected)s + 1, %(kind)s, %(at)s, %(by)s, %(body)s
    where (select coalesce(max(position), 0) from fact where stream = %(stream)s) = %(expected)s
"""

_READ = """
    select stream, position, kind, at, by, body from fact
    where stream = %s and position > %s order by position
"""

_LATEST = """
    select distinct on (stream) stream, position, kind, at, by, body from fact
    where stream = any(%s) order by stream, position desc
"""

# What is attached again counts as attached now, to the hour: what is new is not cleared away.
# What was damaged is mended by it.
_ATTACH = """
    insert into attachment (digest, at, data) values (%s, %s, %s)
    on conflict (digest) do update set at = excluded.at, data = excluded.data
    where attachment.at < excluded.at - 3600000000 or attachment.data <> excluded.data
"""
_ATTACHED = "select data from attachment where digest = %s"
_STORED = "select digest, length(data), at from attachment"
_DETACH = "delete from attachment where digest = any(%s) and at < %s"

_HEAD = "select coalesce(max(position), 0) from fact where stream = %s"

# One seek in the index per stream, however many facts each holds.
_HEADS = """
    with recursive name(stream) as (
        (select stream from fact where stream >= %(low)s and stream < %(high)s order by stream limit 1)
        union all
        select (
            select fact.stream from fact
            where fact.stream > name.stream and fact.stream < %(high)s order by fact.stream limit 1
        )
        from name where name.stream is not null
    )
    select stream, (select max(position) from fact where fact.stream = name.stream)
    from name where stream is not null
"""


class PostgresLedger:
    """A ``Ledger`` in a PostgreSQL database; ``url`` is a libpq connection string.

    Threads may share it; a child made by ``fork`` opens its own connections.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool = Pool(partial(_connected, url))
        self._waiting = Waiting()

    def append(
        self, stream: str, expected: int, body: object, *, by: str = "fullcycle", at: int | None = None
    ) -> Fact:
        """Append at position ``expected + 1``.

        Raises:
            Conflict: where the stream's last position is not ``expected``.
            Misconfigured: where the database does not answer, or does not allow it.
        """
        return self.append_all([Entry(stream, expected, body)], by=by, at=at)[0]

    def append_all(
        self, entries: Sequence[Entry], *, by: str = "fullcycle", at: int | None = None
    ) -> list[Fact]:
        """Append several facts, and all that is attached, in one commit: all of them or none.

        Raises:
            Conflict: where the last position of a stream is not the one expected.
            Misconfigured: where the database does not answer, or does not allow it.
        """
        append = Append.of(entries, self._waiting, by=by, at=at)
        if not append:
            return []
        with self._connection() as connection:
            overtaken = _write(connection, append)
        if overtaken is not None:
            raise overtaken
        self._waiting.written(append.waiting)
        return list(append.facts)

    def witnesses_me(self) -> bool:
        """Whether the table of witnesses is there, and this user may write to it."""
        return bool(self._rows(_CAN_WITNESS, ())[0][0])

    def append_witnessed(self, stream: str, expected: int, body: object, *, by: str = "fullcycle") -> Fact:
        """Append, and have the server note as whom this connection has logged in, in one commit.

        Raises:
            Conflict: where the stream's last position is not ``expected``.
            Misconfigured: where the database does not answer, or does not allow it.
        """
        append = Append.of([Entry(stream, expected, body)], self._waiting, by=by, at=None)
        with self._connection() as connection:
            overtaken = _write(connection, append, witnessed=True)
        if overtaken is not None:
            raise overtaken
        self._waiting.written(append.waiting)
        return append.facts[0]

    def witnesses(self, stream: str) -> dict[int, str]:
        """Who wrote the facts of a stream, by position; of those that were witnessed."""
        return dict(self._rows(_WITNESSES, (stream,)))

    def attach(self, data: bytes) -> Digest:
        """Keep small bytes under their digest; durable when the next append returns."""
        return self._waiting.add(data)

    def attached(self, digest: Digest) -> bytes | None:
        """Bytes that were attached; None where there are none."""
        waiting = self._waiting.get(digest)
        if waiting is not None:
            return waiting
        rows = self._rows(_ATTACHED, (digest,))
        return bytes(rows[0][0]) if rows else None

    def attachments(self) -> list[Stored]:
        """Every attachment that is written."""
        return [Stored(*row) for row in self._rows(_STORED, ())]

    def detach(self, digests: Sequence[Digest], *, before: int | None = None) -> None:
        """Give up attachments; the server uses their room again."""
        end = before if before is not None else _EVER
        with self._connection() as connection:
            connection.execute(_DETACH, (list(digests), end))

    def latest(self, streams: Sequence[str]) -> dict[str, Fact]:
        """The last fact of each of these streams, of those that have one."""
        return {row[0]: read_fact(*row) for row in self._rows(_LATEST, (list(streams),))}

    def read(self, stream: str, since: int = 0) -> list[Fact]:
        """The facts of a stream after position ``since``."""
        return [read_fact(*row) for row in self._rows(_READ, (stream, since))]

    def heads(self, prefix: str = "") -> dict[str, int]:
        """Last position of each stream whose name starts with ``prefix``."""
        low, high = prefix_range(prefix)
        return dict(self._rows(_HEADS, {"low": low, "high": high}))

    def close(self) -> None:
        """Close every connection; they are opened again when needed."""
        self._pool.close()

    def _rows(self, query: str, values: Any) -> list[tuple[Any, ...]]:
        try:
            with self._connection() as connection:
                return connection.execute(query, values).fetchall()
        except _Gone:
            # The server was restarted since: reading again on a new connection changes nothing.
            with self._connection() as connection:
                return connection.execute(query, values).fetchall()

    @contextmanager
    def _connection(self) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
        try:
            with self._pool.connection() as connection:
                yield connection
        except psycopg.Error as error:
            if isinstance(error, psycopg.OperationalError):
                self._pool.close()  # its other connections are as likely gone
            raise self._translated(error) from shown(error, self._url)

    def _translated(self, error: psycopg.Error) -> FullcycleError:
        told, where = said(error, self._url), _where(self._url)
        match error:
            case errors.InsufficientPrivilege() | errors.ReadOnlySqlTransaction():
                mend = (
                    "let this user select from and insert into the tables fact, attachment and witness; who "
                    "opens the ledger first creates them"
                )
                return Misconfigured(f"the database does not allow it: {told}", where, mend)
            case errors.DiskFull():
                return Misconfigured("the database's disk is full", where, "make room, then try again")
            case psycopg.OperationalError():
                return _Gone(
                    f"the connection broke: {told}",
                    where,
                    "read the stream again to see whether the fact was written, then go on",
                )
        return Misconfigured(f"PostgreSQL says: {told}", where, "see the server's log for what it says")


def _connected(url: str) -> "psycopg.Connection[tuple[Any, ...]]":
    try:
        connection = psycopg.connect(
            url, autocommit=True, connect_timeout=_PATIENCE, application_name="fullcycle"
        )
    except psycopg.Error as error:
        raise Misconfigured(
            f"the database does not answer: {said(error, url)}",
            _where(url),
            "see that the server runs, and that host, user, password and database are right",
        ) from shown(error, url)
    try:
        # What a server may have relaxed: an acknowledged fact is on its disk.
        connection.execute("select set_config('synchronous_commit', 'on', false)")
        _make_tables(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _where(url: str) -> str:
    return f"the ledger {masked(url)}"


def _write(
    connection: "psycopg.Connection[tuple[Any, ...]]", append: Append, *, witnessed: bool = False
) -> Conflict | None:
    """Write all of it, or nothing where somebody else's fact was committed before, or meanwhile."""
    done = 0
    try:
        with connection.transaction():
            for attached in append.attached:
                connection.execute(_ATTACH, attached)
            for row in append.rows:
                if not connection.execute(_APPEND, row._asdict()).rowcount:
                    raise _Overtaken
                if witnessed:
                    connection.execute(_WITNESS, (row.stream, row.expected + 1))
                done += 1
    except (_Overtaken, errors.UniqueViolation, errors.SerializationFailure):
        done = min(done, len(append.rows) - 1)  # where it was the commit that failed, none was written
        head = connection.execute(_HEAD, (append.rows[done].stream,)).fetchall()[0][0]
        return append.lost(done, head)
    return None


class _Overtaken(Exception):
    """Another fact stands where one was to be appended; takes the transaction back."""


class _Gone(Misconfigured):
    """A connection that had worked broke."""


def _make_tables(connection: "psycopg.Connection[tuple[Any, ...]]") -> None:
    """Make the tables that are not there; asked first, since not every user may create."""
    for table, statement in _SCHEMA.items():
        if connection.execute("select to_regclass(%s)", (table,)).fetchall() == [(None,)]:
            with connection.transaction():
                connection.execute("select pg_advisory_xact_lock(%s)", (_MAKING,))
                connection.execute(statement)
    if connection.execute("select to_regclass('witness')").fetchall() == [(None,)]:
        # A ledger of before there were witnesses, opened by who may not create, goes on without.
        # Of several who open it at once, one makes it.
        with (
            suppress(errors.InsufficientPrivilege, errors.DuplicateObject),
            connection.transaction(),
        ):
            connection.execute("select pg_advisory_xact_lock(%s)", (_MAKING,))
            connection.execute(_WITNESS_TABLE)
