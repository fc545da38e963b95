"""Runs that are killed at two hundred random moments, and runs side by side: nothing is lost or by halves."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

import killed_runs
import pooled_shop
from fullcycle.flow import runs
from fullcycle.wiring import open_project
from killed_runs import CLIENTS, FLOW, STEPS, shop_in
from killing import killed
from pool_work import lives
from pooled_shop import called, expected_total, pooled, run_here, value, workers_of
from small_flows import Shop, ran


def from_scratch(n):
    """Content by step of a run that nobody disturbs."""
    record = Shop(tables={"clients": CLIENTS}).run(FLOW, n=n)
    return {name: step.artifact.content for name, step in record.steps.items()}


def check_record(shop, records):
    """Every recorded artifact is whole, and what an undisturbed run comes to."""
    expected = {n: from_scratch(n) for n in {record.started.parameters["n"] for record in records}}
    for record in records:
        for name, step in record.steps.items():
            assert step.artifact.content == expected[record.started.parameters["n"]][name]
            assert step.deterministic
            shop.artifacts.load(step.artifact)  # verifies its bytes


@pytest.mark.slow
def test_killed_runs_are_taken_up_where_they_ended(tmp_path):
    told = killed("killed_runs:run_on", tmp_path, times=130, longest=0.25)
    shop = shop_in(tmp_path)
    killed_ones = [record for record in runs(shop.ledger, "winback") if record.status == "died"]
    last = max(record.started.parameters["n"] for record in runs(shop.ledger, "winback"))
    after = shop.run(FLOW, n=last)

    records = runs(shop.ledger, "winback")
    assert len(killed_ones) > 60
    assert len({len(record.steps) for record in killed_ones}) > 2  # killed in the middle, at several places
    assert after.status == "done"
    assert [record.number for record in records] == list(range(1, len(records) + 1))
    check_record(shop, records)
    finished = {}  # what was recorded as finished once is reused ever after
    for record in records:
        n = record.started.parameters["n"]
        for name in ran(record):
            assert (n, name) not in finished
        finished |= {(n, name): step.artifact.content for name, step in record.steps.items()}
    assert len(told) > 130
    for line in told:
        n, name, content = line.split()
        assert finished[int(n), name] == content
    assert all(shop.artifacts.verify(step.artifact) for record in records for step in record.steps.values())
    shop.ledger.close()


def test_a_run_that_is_killed_after_any_of_its_steps_is_taken_up_at_the_next(tmp_path):
    """Each run is killed one step later than the one before, of which it reuses all."""
    told = killed("killed_runs:run_to_the_next_step", tmp_path, times=len(STEPS), longest=0)
    shop = shop_in(tmp_path)
    records = runs(shop.ledger, "winback")

    assert [line.split()[0] for line in told] == STEPS
    assert [record.finished for record in records] == [None] * len(STEPS)
    assert [len(record.steps) for record in records] == [
        0,
        *range(2, len(STEPS) + 1),
    ]  # a source alone is read again
    assert [set(ran(record)) for record in records] == [set(), *({step} for step in STEPS[1:])]
    assert records[-1].steps["sums"].elements == 10
    check_record(shop, records)
    assert ran(shop.run(FLOW, n=1)) == {}
    shop.ledger.close()


@pytest.mark.slow
def test_two_processes_that_run_the_same_at_once_are_both_right(tmp_path):
    command = [sys.executable, Path(killed_runs.__file__), tmp_path, "8"]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate(timeout=60) for process in both]

    assert [err for _, err in said] == ["", ""]
    numbers = [int(line) for out, _ in said for line in out.splitlines()]
    assert sorted(numbers) == list(range(1, 17))
    shop = shop_in(tmp_path)
    records = runs(shop.ledger, "winback")
    assert {record.status for record in records} == {"done"}
    check_record(shop, records)
    assert ran(shop.run(FLOW, n=8)) == {}
    shop.ledger.close()


@pytest.mark.slow
def test_killed_runs_leave_no_worker_and_lose_little_of_what_workers_made(tmp_path):
    root = pooled(tmp_path)
    told = killed("pooled_shop:run_on", root, times=70, longest=0.5)
    project = open_project(root)
    records = runs(project.ledger, "winback")
    killed_ones = [record for record in records if record.status == "died"]
    last = max(record.started.parameters["n"] for record in records)
    after = run_here(project, {"n": last})

    assert len(killed_ones) > 30
    assert not [record.number for record in records if record.status == "failed"]
    for record in [record for record in records if record.status == "done"] + [after]:
        n = record.started.parameters["n"]
        assert value(project, record, "total") == expected_total(n, 12)
        assert all(project.artifacts.verify(step.artifact) for step in record.steps.values())
    assert any(line.startswith("squared 5 ") for line in told)
    again = sum(times - 1 for times in called(root).values())
    assert again < 8 * len(killed_ones)  # what two workers were at, and 50 ms of what they had made
    assert gone(workers_of(root))
    assert run_here(project, {"n": last}).steps["squared"].reused
    project.ledger.close()


@pytest.mark.slow
def test_two_processes_that_fan_out_the_same_at_once_are_both_right(tmp_path):
    root = pooled(tmp_path)
    command = [sys.executable, Path(pooled_shop.__file__), root, "3"]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate(timeout=120) for process in both]

    assert [err for _, err in said] == ["", ""]
    expected = [str(expected_total(n, 12)) for n in (1, 2, 3)]
    assert [out.split() for out, _ in said] == [expected, expected]
    project = open_project(root)
    records = runs(project.ledger, "winback")
    assert [record.status for record in records] == ["done"] * 6
    assert all(step.deterministic for record in records for step in record.steps.values())
    assert gone(workers_of(root))
    project.ledger.close()


def gone(pids: set[int]) -> bool:
    """Whether processes have ended, a moment later at most."""
    deadline = time.monotonic() + 20
    while any(map(lives, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(pids) and not any(map(lives, pids))
