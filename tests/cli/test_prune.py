"""fullcycle prune, pin and unpin: room again, and nothing lost that anybody needs."""

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from aged_record import LEDGER, aged
from fullcycle.flow import run_record
from fullcycle.kernel import Damaged, now
from fullcycle.wiring import open_project
from fullcycle.wiring.pruning import lost_steps, plan_pruning, prune
from killing import killed


@pytest.fixture
def old(bank, tmp_path, monkeypatch):
    """A copy of the bank as it looks forty days later; it is the current folder."""
    root = Path(shutil.copytree(bank, tmp_path / "bank"))
    monkeypatch.chdir(root)
    aged(40)
    return root


def gone(number: int) -> list[str]:
    project = open_project()
    return lost_steps(project, run_record(project.ledger, "churn", number))


def stored() -> int:
    return len(list(open_project().objects.stored()))


def test_first_it_only_tells_what_would_go(typed, old):
    before = stored()
    said = typed("fullcycle prune --keep 30d")

    assert said.code == 0
    assert "churn@1 " in said.out
    assert "would free " in said.out
    assert "churn@3 (the last that is done)" in said.out
    assert said.out.endswith("nothing was removed; do it: fullcycle prune --keep 30d --yes\n")
    assert stored() == before
    assert gone(1) == []


def test_what_it_frees_is_what_it_said(typed, old):
    planned = typed("fullcycle prune --json").json
    done = typed("fullcycle prune --yes --json").json

    assert {**planned, "removed": True} == done
    assert done["bytes"] > 0
    assert typed("fullcycle prune --json").json["bytes"] == 0


def test_results_of_old_runs_go_and_their_record_stays(typed, old):
    before = typed("fullcycle runs churn --json").jsons
    assert typed("fullcycle prune --yes").code == 0

    assert gone(1) != []
    assert gone(3) == []
    assert typed("fullcycle runs churn --json").jsons == before
    shown = typed("fullcycle show churn@1")
    assert (shown.code, "holdout" in shown.out) == (0, True)
    lost = gone(1)[0]
    assert "cannot be shown: " in typed(f"fullcycle show churn@1/{lost}").out
    compared = typed("fullcycle diff churn@1 churn@3")
    assert compared.code == 0
    assert "max_bin" in compared.out  # the code of a run stays, so does what differs in it


def test_what_is_gone_is_computed_again_when_it_is_needed(typed, old):
    typed("fullcycle prune --yes")
    step = next(name for name in gone(2) if name not in ("examples", "outcomes"))
    typed("fullcycle run churn -m again -p leaves=4")

    project = open_project()
    last = run_record(project.ledger, "churn", 5)
    assert last.status == "done"
    assert lost_steps(project, last) == []
    assert step in last.steps


def test_what_is_young_stays(typed, old):
    assert typed("fullcycle prune --keep 50d --yes --json").json["bytes"] == 0
    assert gone(1) == []


def test_pinned_runs_stay_until_they_are_not_pinned_any_more(typed, old):
    assert typed("fullcycle pin churn@1 -m 'the baseline'").out == "churn@1 is pinned\n"
    said = typed("fullcycle prune --yes")
    assert "churn@1 (pinned: the baseline)" in said.out
    assert gone(1) == []
    assert gone(2) != []

    assert typed("fullcycle unpin churn@1").out == "churn@1 is not pinned any more\n"
    typed("fullcycle prune --yes")
    assert gone(1) != []
    assert "gone already is what these returned: " in typed("fullcycle pin churn@1").err


def test_a_run_that_is_not_pinned_cannot_be_unpinned(typed, old):
    typed("fullcycle pin churn@2")
    said = typed("fullcycle unpin churn@1")

    assert said.code == 2
    assert "churn@1 is not pinned" in said.err
    assert "pinned: churn@2" in said.err
    assert "'churn' names no run" in typed("fullcycle pin churn").err
    assert "there is no run churn@77" in typed("fullcycle pin churn@77").err


def test_while_a_run_is_at_work_its_capability_is_left_alone(typed, old):
    """Nobody knows yet which old results it will use again."""
    with closing(sqlite3.connect(LEDGER, isolation_level=None)) as ledger:
        ledger.execute("delete from fact where stream = 'run/churn/4' and kind = 'run.finished'")
        ledger.execute("update fact set at = ? where stream = 'run/churn/4'", (now(),))
    said = typed("fullcycle prune --yes --json").json

    assert (said["objects"], said["runs"], said["unnamed_bytes"]) == (0, [], 0)
    assert said["kept"]["churn@1"] == "churn@4 is running"


def test_what_was_stored_within_a_day_stays_whatever_is_asked(typed, bank, tmp_path, monkeypatch):
    monkeypatch.chdir(shutil.copytree(bank, tmp_path / "bank"))
    said = typed("fullcycle prune --keep 0d --yes")

    assert gone(1) == []
    assert "what was stored within the last day stays" in said.err
    aged(2)
    typed("fullcycle prune --keep 0d --yes")
    assert gone(1) != []


def test_what_a_run_stores_again_counts_as_stored_then(typed, old):
    project = open_project()
    step = next(iter(run_record(project.ledger, "churn", 1).steps.values()))
    data = [
        project.objects.get(one.digest)
        for one in plan_pruning(project, timedelta(days=30)).objects
        if project.objects.path(one.digest) is None
    ]
    assert data
    kept = project.objects.put(data[0])
    project.ledger.append_all([])

    typed("fullcycle prune --yes")
    assert open_project().objects.has(kept)
    assert step


def test_what_killed_writers_left_is_swept(typed, old):
    left = next(Path(".fullcycle/artifacts").iterdir()) / ".half.tmp"
    left.write_bytes(b"half")
    os.utime(left, (1, 1))

    assert typed("fullcycle prune --json").json["leftover_bytes"] == 4
    typed("fullcycle prune --yes")
    assert not left.exists()


def test_a_damaged_index_of_what_is_kept_stops_it(typed, old):
    with closing(sqlite3.connect(LEDGER, isolation_level=None)) as ledger:
        digest = open_project().ledger.read("runs/churn")[-1].body.lock
        ledger.execute("update attachment set data = x'7b' where digest = ?", (digest,))
    if open_project().objects.path(digest) is not None:
        path = open_project().objects.path(digest)
        path.chmod(0o644)
        path.write_bytes(b"{")
    with pytest.raises(Damaged, match="is not what was stored"):
        prune(open_project(), timedelta(days=30))
    assert gone(1) == []


def test_everything_that_a_release_stands_on_stays(typed, shop):
    typed("fullcycle run winback -m other -p holdout=0.4")
    aged(40)
    said = typed("fullcycle prune --keep 1d --yes --json").json

    assert said["kept"]["winback@1"] == "released as v1"
    assert lost_steps(open_project(), run_record(open_project().ledger, "winback", 1)) == []
    assert typed("fullcycle show winback@v1").code == 0
    assert typed("fullcycle report winback").code == 0
    assert typed("fullcycle release winback@1 -m again").code == 0


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_a_record_that_the_next_finishes(old, tmp_path):
    left = []
    for n in range(12):
        root = Path(shutil.copytree(old, tmp_path / f"copy-{n}"))
        killed("prune_work:prune_all", root, times=1, seed=n, longest=0.05)
        project = open_project(root)
        left.append(plan_pruning(project, timedelta(days=30)).size)
        last = run_record(project.ledger, "churn", 3)
        assert lost_steps(project, last) == []
        prune(project, timedelta(days=30))
        assert plan_pruning(project, timedelta(days=30)).size == 0
        assert all(project.artifacts.verify(step.artifact) for step in last.steps.values())
        project.ledger.close()
    assert any(left), left  # not all came too late
