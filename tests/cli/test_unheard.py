"""A run that ends without a word: what every command says of it, and what the next run finds."""

import signal
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

import fullcycle as fc
from aged_record import aged
from fullcycle.flow import run_record
from fullcycle.wiring import open_project
from fullcycle.wiring.pruning import prune
from whole_shop import process, rewrite

FLOW = """\
import os
import time

import fullcycle as fc


@fc.step
def base(*, n: int = 12) -> list[int]:
    return list(range(n))


@fc.step
def past(base: fc.Each[int], *, at: int = -1) -> int:
    time.sleep(0.06)
    if base == at:
        LAST
    return 100 * base + at


@fc.step
def total(past: list[int]) -> int:
    return sum(past)
"""
WAIT = 'print("at work", flush=True); time.sleep(60)'


@pytest.fixture
def toy(typed, tmp_path, monkeypatch):
    """A capability of three steps that never ran; it is the current folder."""
    monkeypatch.chdir(tmp_path)
    typed("fullcycle new toys")
    monkeypatch.chdir(tmp_path / "toys")
    typed("fullcycle new toy")
    for path in Path("toy").glob("*.py"):
        if path.name != "__init__.py":
            path.unlink()
    written("pass")
    return tmp_path / "toys"


def written(last):
    Path("toy/flow.py").write_text(FLOW.replace("LAST", last))


def at_work(root, *arguments):
    """A run in a process of its own, which is in its sixth element."""
    written(WAIT)
    running = process(root, "run", "toy", "-p", "at=5", *arguments)
    assert any(line == "at work\n" for line in running.stdout)
    return running


def test_the_next_run_tells_where_the_last_one_ended_and_what_is_kept(toy, typed):
    written("os._exit(3)")
    died = process(toy, "run", "toy", "-m", "deadly", "-p", "at=5")
    died.communicate()
    written("pass")

    planned = typed("fullcycle run toy -p at=5 --dry-run")
    said = typed("fullcycle run toy -p at=5")
    after = typed("fullcycle run toy -p at=5")

    assert died.returncode == 3
    for one in (planned, said):
        assert "note: toy@1 ended without a word during step past (last sign 2" in one.err
        assert "); kept: 1 of 3 steps" in one.err
        assert "; see fullcycle show toy@1\n" in one.err
    assert "toy@1" not in after.err  # it was told
    assert "· base " in said.out


def test_an_element_that_ended_a_run_ends_no_other_and_is_told(toy, typed):
    written("os._exit(3)")
    first = process(toy, "run", "toy", "-p", "at=5")
    first.communicate()
    again = typed("fullcycle run toy -p at=5")

    assert (first.returncode, again.code) == (3, 1)
    assert "it killed its worker (it exited with 3)" in again.err
    assert "fullcycle debug 'toy@2/past[5]'" in again.err
    assert [run["status"] for run in typed("fullcycle runs toy --json").jsons] == ["failed", "died"]


def test_a_step_that_ended_a_run_ends_no_other_and_is_told(toy, typed):
    written("pass")
    rewrite(Path("toy/flow.py"), "return sum(past)", "os._exit(4)")
    first = process(toy, "run", "toy")
    first.communicate()
    again = typed("fullcycle run toy")

    assert (first.returncode, again.code) == (4, 1)
    assert "it killed its worker (it exited with 4)" in again.err
    rewrite(Path("toy/flow.py"), "os._exit(4)", "return sum(past)")  # other code is trusted
    assert "total" in typed("fullcycle run toy").out


def test_elements_that_are_kept_are_counted(toy, typed):
    running = at_work(toy)
    running.kill()
    running.communicate()

    said = typed("fullcycle run toy -p at=99")

    assert "kept: 1 of 3 steps, 5 elements of past; see" in said.err


def test_every_command_has_the_same_word_for_it(toy, typed):
    running = at_work(toy)
    assert [run["status"] for run in typed("fullcycle runs toy --json").jsons] == ["running"]
    assert f"running: process {running.pid}, started " in typed("fullcycle show toy@1").out
    running.kill()
    running.communicate()
    written("pass")
    typed("fullcycle run toy")

    assert [run["run"] for run in typed("fullcycle runs toy --status died --json").jsons] == ["toy@1"]
    assert "  status     died: ended without a word during step past, last sign " in (
        typed("fullcycle show toy@1").out
    )
    assert typed("fullcycle show toy@1 --json").json["status"] == "died"
    assert "toy@1 ended without a word during step past" in typed("fullcycle diff toy@1 toy@2").out
    assert repr(fc.open("toy@1")) == "<toy@1 died>"
    assert "died: ended without a word during step past" in fc.open("toy@1")._repr_html_()
    assert fc.open("toy", fc.Capability).runs()["status"].to_list() == ["done", "died"]
    assert "toy@1 ended without a word during step past" in typed("fullcycle replay toy@1").out


def test_an_interrupted_run_counts_its_elements_and_says_what_to_type(toy, typed):
    running = at_work(toy, "-m", "stop me")
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=20)

    told = "was interrupted during step past; kept: 1 of 3 steps, 5 of 12 elements of past"
    assert running.returncode == 130
    assert f"toy@1 {told}\ngo on: fullcycle run toy -m 'stop me' -p at=5\n" in err
    assert "kept: 1 of 3 steps, 5 of 12 elements of past" in typed("fullcycle show toy@1").out
    written("pass")
    assert "toy@1" not in typed("fullcycle run toy").err  # whoever stopped it knows


def test_a_run_that_is_alive_keeps_what_it_may_need_however_long_it_is_silent(toy, typed):
    typed("fullcycle run toy")
    typed("fullcycle run toy -p n=3")
    running = at_work(toy)
    aged(40)
    said = typed("fullcycle prune --yes")
    as_json = typed("fullcycle prune --json").json

    assert f"toy@3 is running (process {running.pid}, started 40 days ago): all that runs of toy " in said.out
    assert (as_json["bytes"], list(as_json["running"])) == (0, ["toy@3"])
    assert lost(1) == []

    running.kill()
    running.communicate()
    left = typed("fullcycle prune --yes")
    assert "is running" not in left.out
    assert "toy@2 (the last that is done)" in left.out
    assert lost(1) != []
    assert lost(2) == []


def test_what_a_dead_run_left_goes_by_its_age_like_any_others(toy, typed):
    typed("fullcycle run toy")
    running = at_work(toy)
    running.kill()
    running.communicate()
    assert prune(open_project(), timedelta(days=30)).size == 0
    aged(40)

    found = prune(open_project(), timedelta(days=30))
    assert found.living == {}
    assert found.unnamed > 0  # its elements


def test_a_number_that_was_given_to_another_process_does_not_keep_a_dead_run_alive(toy, typed):
    running = at_work(toy)
    with closing(sqlite3.connect(".fullcycle/ledger.db", isolation_level=None)) as ledger:
        ((body,),) = ledger.execute("select body from fact where stream = 'runs/toy'").fetchall()
        began = open_project().ledger.read("runs/toy")[0].body.process.began
        body = body.decode() if isinstance(body, bytes) else body
        assert f'"began":"{began}"' in body
        other = body.replace(f'"began":"{began}"', f'"began":"{int(began) - 1}"')
        ledger.execute("update fact set body = ? where stream = 'runs/toy'", (other,))
    status = run_record(open_project().ledger, "toy", 1).status
    running.kill()
    running.communicate()

    assert status == "died"


def test_a_crash_says_in_which_line_of_the_flow_it_was(toy):
    written("os.abort()")
    died = process(toy, "run", "toy", "-p", "at=0")
    _, err = died.communicate()

    assert died.returncode == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in err
    assert 'toy/flow.py", line 16 in past' in err, err


def test_a_run_that_died_is_not_released(shop, typed):
    lines = "    data = lgb.Dataset("
    rewrite("winback/flow.py", lines, f"    __import__('os')._exit(9)\n{lines}")
    process(shop, "run", "winback").communicate()

    refused = typed("fullcycle release winback@2")
    assert refused.code == 2
    assert "winback@2 ended without a word during step visit" in refused.err


def lost(number):
    project = open_project()
    return [
        name
        for name, step in run_record(project.ledger, "toy", number).steps.items()
        if not project.objects.has(step.artifact.object)
    ]
