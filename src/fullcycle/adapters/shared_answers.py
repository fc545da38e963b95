"""What the workers of a host answered recent keys: a small SQLite file that all of them have open.

A key is claimed before it is decided on, by one insertion, which one worker alone can make. So of two
workers that are sent the same request, one decides, and the other gives that answer, whatever release
each of them stands on. A claim of a worker that ended goes to who asks next.

The file need not outlast a loss of power, so nothing waits for the disk. Where it cannot be used, each
worker remembers by itself, and an operator is told once.
"""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from fullcycle.adapters.workers import lives
from fullcycle.kernel import Clock, Digest, now
from fullcycle.serve.answered import Claim
from fullcycle.serve.ports import Tell

KEYS = 100_000
"""How many keys are remembered at least, the last that were sent."""

MOST_BYTES = 64 << 20
"""The bytes of the file above which the older half of them is forgotten."""

_EVERY = 500  # claims between two looks at how large it is
_CLAIMED_US = 60_000_000  # for which a claim holds: a number of a process may be another's by then
_PATIENCE_S = 1.0  # for another worker's write, which takes some microseconds

_SCHEMA = """
create table if not exists answers (
    number integer primary key,
    key text not null unique,
    sent text not null,  -- the digest of the body that was sent
    pid integer not null,  -- of the worker that claimed it
    at integer not null,  -- when, in microseconds since 1970 UTC
    body blob  -- of the answer; null while it is decided on
)
"""
_CLAIM = "insert or ignore into answers (key, sent, pid, at) values (?, ?, ?, ?)"
_KNOWN = "select sent, pid, at, body from answers where key = ?"
_TAKE = "update answers set sent = ?, pid = ?, at = ? where key = ? and pid = ? and at = ? and body is null"
_KEEP = "update answers set body = ? where key = ? and pid = ?"
_DROP = "delete from answers where key = ? and pid = ? and body is null"
_FORGET = "delete from answers where number <= (select max(number) from answers) - ?"
_HALVE = "delete from answers where number <= (select (min(number) + max(number)) / 2 from answers)"
_SIZE = """
select (page_count - freelist_count) * page_size
from pragma_page_count, pragma_freelist_count, pragma_page_size
"""


class SharedAnswers:
    """The answers of one host's workers, in the file at ``path``, opened with the first key."""

    def __init__(
        self, path: Path, tell: Tell, *, clock: Clock = now, keys: int = KEYS, most_bytes: int = MOST_BYTES
    ) -> None:
        self._path = path
        self._tell = tell
        self._clock = clock
        self._keys = keys
        self._most_bytes = most_bytes
        self._pid = os.getpid()
        self._claims = 0
        self._connection: sqlite3.Connection | None = None
        self._told = False

    def claim(self, key: str, sent: Digest) -> Claim:
        """Claim a key for this worker, or say who has it, or what it was answered."""
        try:
            return self._claim(self._open(), key, sent)
        except sqlite3.Error as error:
            self._fail(error)
            return Claim()

    def keep(self, answers: Sequence[tuple[str, bytes]]) -> None:
        """Remember what keys that were claimed were answered: all of them in one transaction."""
        try:
            file = self._open()
            if len(answers) == 1:
                ((key, body),) = answers
                file.execute(_KEEP, (body, key, self._pid))
            else:
                file.execute("begin immediate")
                with file:  # which commits, or takes back
                    file.executemany(_KEEP, [(body, key, self._pid) for key, body in answers])
        except sqlite3.Error as error:
            self._fail(error)

    def drop(self, key: str) -> None:
        """Leave a key that was claimed to who asks next."""
        with suppress(sqlite3.Error):
            self._open().execute(_DROP, (key, self._pid))

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _claim(self, file: sqlite3.Connection, key: str, sent: Digest) -> Claim:
        at = self._clock()
        if file.execute(_CLAIM, (key, sent, self._pid, at)).rowcount:
            self._claims += 1
            if self._claims % _EVERY == 0:
                self._forget(file)
            return Claim()
        found = file.execute(_KNOWN, (key,)).fetchone()
        if found is None:  # it was just given up, or forgotten
            return self._claim(file, key, sent)
        before, pid, since, body = found
        if body is not None:
            return Claim(other=before != sent, answer=body)
        if at - since < _CLAIMED_US and lives(pid):
            return Claim(other=before != sent, busy=True)
        taken = file.execute(_TAKE, (sent, self._pid, at, key, pid, since)).rowcount
        return Claim() if taken else self._claim(file, key, sent)

    def _forget(self, file: sqlite3.Connection) -> None:
        file.execute(_FORGET, (self._keys,))
        if file.execute(_SIZE).fetchone()[0] > self._most_bytes:
            file.execute(_HALVE)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self._connection = _opened(self._path)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                for end in ("", "-wal", "-shm"):  # a loss of power may have damaged it
                    Path(f"{self._path}{end}").unlink(missing_ok=True)
                self._connection = _opened(self._path)
        return self._connection

    def _fail(self, error: sqlite3.Error) -> None:
        if not self._told:
            self._told = True
            self._tell(
                f"keys cannot be shared with other workers ({error}, {self._path}): each remembers by itself "
                "(told once)"
            )


def _opened(path: Path) -> sqlite3.Connection:
    with suppress(OSError):  # which SQLite tells better
        os.close(os.open(path, os.O_CREAT | os.O_CLOEXEC, 0o600))  # answers are for nobody else
    connection = sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None)
    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = off")
        connection.execute(_SCHEMA)
    except sqlite3.Error:
        with closing(connection):
            raise
    return connection
