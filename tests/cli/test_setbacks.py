"""A disk that is full, a store that may only be read, a ledger that is locked: one error, nothing lost."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from fullcycle.adapters import sqlite
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.flow import runs
from fullcycle.kernel import now
from fullcycle.record import Decision, encode_decision
from fullcycle.wiring import open_project

MOUNT = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
RUN = f"{sys.executable} -m fullcycle.cli run churn -m tried -p leaves=5"

# The record on a small disk of its own. What is typed there, twice, with the cause taken away between.
SCRIPT = """
mv .fullcycle kept && mkdir .fullcycle || exit 99
mount -t tmpfs -o size={size}k tmpfs .fullcycle || exit 98
cp -a kept/. .fullcycle/ || exit 97
{cause}
{run}; echo "ended $?"
echo "then" >&2
mount -o remount,rw,size=200m .fullcycle
{run} >/dev/null; echo "ended $?"
rm -rf kept && cp -a .fullcycle kept
"""


def can_mount() -> bool:
    try:
        return subprocess.run([*MOUNT, "mount -t tmpfs tmpfs /mnt"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


needs_mounts = pytest.mark.skipif(not can_mount(), reason="this machine lets nobody mount a small disk")


@pytest.fixture
def copy(bank, tmp_path, monkeypatch):
    """A copy of the bank; it is the current folder."""
    root = Path(shutil.copytree(bank, tmp_path / "bank"))
    monkeypatch.chdir(root)
    return root


def on_a_disk(copy, size, cause):
    """Run on a small disk, and again when the cause is gone; what was said on either occasion."""
    script = SCRIPT.format(size=size, cause=cause, run=RUN)
    done = subprocess.run([*MOUNT, script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(copy / ".fullcycle")
    (copy / "kept").rename(copy / ".fullcycle")
    codes = [line for line in done.stdout.splitlines() if line.startswith("ended")]
    before, _, after = done.stderr.partition("then\n")
    return codes, before, after


def check_record():
    """Nothing in the record is damaged, and no run that is told as done lacks anything."""
    project = open_project()
    with closing(sqlite3.connect(".fullcycle/ledger.db")) as ledger:
        assert ledger.execute("pragma integrity_check").fetchone() == ("ok",)
    records = runs(project.ledger, "churn")
    for record in records:
        for step in record.steps.values():
            assert project.artifacts.verify(step.artifact)
    assert records[-1].status == "done"
    project.ledger.close()


def used(copy):
    """Kilobytes that the record takes on a disk of pages."""
    sizes = [path.stat().st_size if path.is_file() else 1 for path in (copy / ".fullcycle").rglob("*")]
    return sum(-(-size // 4096) * 4 for size in sizes)


@needs_mounts
@pytest.mark.slow
@pytest.mark.parametrize("room", [8, 45, 90, 130])
def test_a_disk_that_fills_up_at_any_point_of_a_run_is_one_clear_error(copy, room):
    codes, said, later = on_a_disk(copy, used(copy) + room, "true")

    assert codes == ["ended 2", "ended 0"], said
    assert said.count("Error: ") == 1
    assert "Traceback" not in said
    assert "disk" in said
    assert "room" in said
    # it may have begun and had no room to record its end: that is all the next one has to say
    assert all(line.startswith("note: churn@5 ended without a word ") for line in later.splitlines()), later
    check_record()


@needs_mounts
def test_a_store_that_may_only_be_read_is_one_clear_error(copy):
    codes, said, later = on_a_disk(copy, 100_000, "mount -o remount,ro .fullcycle")

    assert codes == ["ended 2", "ended 0"], said
    assert said.count("Error: ") == 1
    assert "Traceback" not in said
    assert "it cannot be written by this user" in said or "nothing can be written there" in said
    assert later == ""
    check_record()


@needs_mounts
def test_what_is_recorded_can_be_looked_at_where_nothing_can_be_written(copy):
    script = SCRIPT.replace("{run}", f"{sys.executable} -m fullcycle.cli show churn@1").format(
        size=100_000, cause="mount -o remount,ro .fullcycle"
    )
    done = subprocess.run([*MOUNT, script], capture_output=True, text=True, timeout=120)
    assert "ended 0" in done.stdout, done.stderr
    assert "holdout" in done.stdout


@pytest.mark.parametrize("line", ["run churn -m tried -p leaves=5", "pin churn@1"])
def test_a_ledger_that_another_process_holds_locked_is_one_clear_error(typed, copy, monkeypatch, line):
    monkeypatch.setattr(sqlite, "_PATIENCE", 0.1)
    with closing(sqlite3.connect(".fullcycle/ledger.db", isolation_level=None)) as holder:
        holder.execute("begin immediate")
        said = typed(f"fullcycle {line}")
        holder.execute("rollback")

    assert said.code == 2
    assert said.err.count("Error: ") == 1
    assert "another process has held it locked for 0.1 s" in said.err
    assert "fuser" in said.err
    again = typed(f"fullcycle {line}")
    assert "locked" not in again.err
    assert again.code == 0
    if line.startswith("run"):
        check_record()


@pytest.mark.parametrize("pages", [0, 3, 12])
def test_a_ledger_that_may_not_grow_is_one_clear_error(typed, copy, monkeypatch, pages):
    """As on a disk that is full, wherever the tests run."""
    connect, limit = sqlite.connect, []

    def small(path, schema):
        connection = connect(path, schema)
        if limit:
            now = connection.execute("pragma page_count").fetchone()[0]
            connection.execute(f"pragma max_page_count = {now + pages}")
        return connection

    monkeypatch.setattr(sqlite, "connect", small)
    limit.append(True)
    said = typed("fullcycle run churn -m tried -p leaves=5")
    assert said.code == 2
    assert "the disk is full; nothing was written" in said.err
    assert said.err.count("Error: ") == 1
    limit.clear()

    assert typed("fullcycle run churn -m tried -p leaves=5").code == 0
    check_record()


CHECK = f"{sys.executable} -m fullcycle.cli check winback@prod --all"


@needs_mounts
def test_what_was_logged_is_checked_on_a_full_disk_though_it_cannot_be_compacted(shop):
    log = SegmentWriter(open_project().events_folder("winback", "prod"))
    client = {"client_id": 7, "recency": 3}
    for n in range(300):
        log.append(
            encode_decision(
                Decision(
                    id=f"order-{n}",
                    at=now(),
                    capability="winback",
                    environment="prod",
                    release=1,
                    request=client,
                    answer={"campaign": "Mens E-Mail"},
                )
            )
        )
    log.close()
    script = SCRIPT.format(size=used(shop) + 400, cause="cat /dev/zero > .fullcycle/full", run=CHECK)

    done = subprocess.run([*MOUNT, script], capture_output=True, text=True, timeout=120)

    before = done.stdout.partition("ended")[0]
    assert "300 decisions logged" in before, done
    assert "what was logged cannot be compacted: " in before
    assert "no alert could be recorded: the disk is full" in before
    assert "Traceback" not in done.stderr
    codes = [line for line in done.stdout.splitlines() if line.startswith("ended")]
    assert codes == ["ended 1"] * 2  # with room again, too: all requests are alike, which they were not
