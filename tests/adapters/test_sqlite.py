"""fullcycle.adapters.sqlite: what SQLite alone can do to a ledger, and what a user is told of it."""

import gc
import os
import pickle
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from facts_for_tests import Noted
from fullcycle.adapters.sqlite import SqliteLedger, connect, translated
from fullcycle.kernel import Damaged, Misconfigured
from fullcycle.record import Watched
from record_children import open_ledger

CHILDREN = Path(__file__).parents[1] / "record_children.py"


def test_what_was_damaged_is_mended_when_it_is_attached_again(tmp_path):
    ledger = open_ledger(str(tmp_path / "ledger.db"))
    digest = ledger.attach(b"small")
    ledger.append("a", 0, Noted())
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as connection:
        connection.execute("update attachment set data = x'00'")
    assert ledger.attached(digest) == b"\0"

    ledger.attach(b"small")
    ledger.append_all([])
    assert ledger.attached(digest) == b"small"
    ledger.close()


def test_sqlite_is_written_ahead_and_fully_synchronised(tmp_path):
    connection = connect(tmp_path / "x.db", {"t": "create table t (a)"})

    assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
    assert connection.execute("pragma synchronous").fetchone() == (2,)
    connection.close()


def test_a_locked_file_says_how_to_find_who_holds_it(tmp_path, monkeypatch):
    monkeypatch.setattr("fullcycle.adapters.sqlite._PATIENCE", 0.05)
    ledger = SqliteLedger(tmp_path / "ledger.db")
    ledger.append("a", 0, Noted())
    ledger.close()
    holder = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    holder.execute("begin exclusive")
    try:
        with pytest.raises(Misconfigured, match=r"locked for 0\.05 s\n(.|\n)*fuser .*ledger\.db"):
            ledger.append("a", 1, Noted())
        assert [f.position for f in ledger.read("a")] == [1]  # readers do not wait for a writer
    finally:
        holder.close()
    ledger.append("a", 1, Noted())
    ledger.close()


def test_a_full_disk_is_told_and_nothing_was_written(tmp_path):
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("create table t (a)")
    connection.execute("pragma max_page_count = 3")
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("insert into t values (zeroblob(100000))")
    connection.close()

    error = translated(caught.value, tmp_path / "x.db", "the ledger")
    assert str(error).startswith("the disk is full; nothing was written\n  where: the ledger ")
    assert "make room" in error.mend


def test_a_ledger_that_may_not_be_written_can_still_be_read():
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to other users
        path = Path(folder) / "ledger.db"
        ledger = SqliteLedger(path)
        ledger.append("a", 0, Noted("kept"))
        Path(folder).chmod(0o555)
        for file in Path(folder).iterdir():
            file.chmod(0o444)
        command = [sys.executable, CHILDREN, "read-only", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        ledger.close()
        Path(folder).chmod(0o755)

    assert done.stdout.startswith("kept\n"), done.stderr
    assert "cannot be written by this user; nothing was written" in done.stdout
    assert "chmod u+w" in done.stdout


def test_a_file_that_is_no_database_is_damaged(tmp_path):
    (tmp_path / "ledger.db").write_bytes(b"not a database at all, but long enough to be looked at" * 20)

    with pytest.raises(Damaged, match="no sound SQLite database") as caught:
        SqliteLedger(tmp_path / "ledger.db").read("a")
    assert "recover" in caught.value.mend
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(Misconfigured, match="cannot be opened") as caught:
        SqliteLedger(tmp_path / "nowhere" / "ledger.db").heads()
    assert str(tmp_path / "nowhere") in caught.value.mend


def test_a_pool_hands_out_each_connection_once(tmp_path):
    ledger = SqliteLedger(tmp_path / "ledger.db")
    held: list[Callable[[], object]] = []
    with ledger._pool.connection() as one, ledger._pool.connection() as other:
        assert one is not other
        held.append(lambda: one.total_changes)
    with ledger._pool.connection() as again:
        assert again in (one, other)
    ledger.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        held[0]()
    assert os.getpid() == ledger._pool._owner


def test_a_ledger_that_nobody_holds_any_more_has_closed_its_file(tmp_path):
    ledger = SqliteLedger(tmp_path / "ledger.db")
    ledger.append("a", 0, Noted())
    ledger.revision()
    with ledger._pool.connection() as one, ledger._watching.connection() as other:
        connections = one, other
    gc.collect()
    gc.disable()
    try:
        del ledger
        for connection in connections:
            with pytest.raises(sqlite3.ProgrammingError, match="closed"):
                connection.execute("select 1")
    finally:
        gc.enable()


def test_the_revision_of_an_sqlite_ledger_changes_with_every_commit_and_with_nothing_else(tmp_path):
    watched, other = SqliteLedger(tmp_path / "ledger.db"), SqliteLedger(tmp_path / "ledger.db")
    assert isinstance(watched, Watched)
    first = watched.revision()
    other.read("a")
    assert watched.revision() == first

    other.append("a", 0, Noted("by another", 1))
    second = watched.revision()
    watched.append("a", 1, Noted("by itself", 2))
    third = watched.revision()
    watched.close()  # and asked again it opens anew

    assert len({first, second, third, watched.revision()}) == 4
    watched.close()
    other.close()
