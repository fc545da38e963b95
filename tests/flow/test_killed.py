"""Runs that are killed at fifty random moments, and runs side by side: nothing is lost, nothing by halves."""

import subprocess
import sys
from pathlib import Path

import pytest

import killed_runs
from fullcycle.flow import runs
from killed_runs import CLIENTS, FLOW, shop_in
from killing import killed
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
    told = killed("killed_runs:run_on", tmp_path, times=50, longest=0.25)
    shop = shop_in(tmp_path)
    unfinished = [record for record in runs(shop.ledger, "winback") if record.status == "unfinished"]
    last = max(record.started.parameters["n"] for record in runs(shop.ledger, "winback"))
    after = shop.run(FLOW, n=last)

    records = runs(shop.ledger, "winback")
    assert len(unfinished) > 20
    assert any(1 < len(record.steps) < 5 for record in unfinished)  # killed in the middle
    assert after.status == "done"
    assert [record.number for record in records] == list(range(1, len(records) + 1))
    check_record(shop, records)
    finished = {}  # what was recorded as finished once is reused ever after
    for record in records:
        n = record.started.parameters["n"]
        for name in ran(record):
            assert (n, name) not in finished
        finished |= {(n, name): step.artifact.content for name, step in record.steps.items()}
    assert len(told) > 50
    for line in told:
        n, name, content = line.split()
        assert finished[int(n), name] == content
    assert all(shop.artifacts.verify(step.artifact) for record in records for step in record.steps.values())
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
