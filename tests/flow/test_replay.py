"""fullcycle.flow.replay: what a step's second result says of its first."""

import pytest

from fullcycle.flow import (
    RunRecord,
    ScoreReplayed,
    StepReplayed,
    doubtful,
    is_same,
    origins,
    run_record,
    to_replay,
    verdicts,
)
from fullcycle.record import MemoryLedger
from recorded_runs import append, artifact, finished, started, stepped
from small_flows import graph_of

FLOW = """
    class Client(fc.Row):
        client_id: Annotated[int, fc.key]

    @fc.source(Client)
    def clients(warehouse: fc.Warehouse) -> fc.Query:
        return warehouse.sql("select * from clients")

    @fc.source(Client)
    def later(warehouse: fc.Warehouse) -> fc.Query:
        return warehouse.sql("select * from later")

    @fc.step
    def one(clients: pl.DataFrame) -> int:
        return 1

    @fc.step
    def two(one: int) -> int:
        return 2

    @fc.step
    def three(one: int) -> int:
        return 3

    @fc.step
    def four(later: pl.DataFrame) -> int:
        return 4
"""


def replayed(step, verdict):
    return StepReplayed(step=step, verdict=verdict)


@pytest.mark.parametrize(
    ("was", "now", "varies", "verdict"),
    [
        (stepped("s", role="source"), stepped("s", role="source", reused=True), False, "taken"),
        (stepped("s"), stepped("s"), False, "identical"),
        (stepped("s"), stepped("s", artifact=artifact("e" * 64)), False, "differs"),
        (stepped("s"), stepped("s", artifact=artifact("e" * 64)), True, "varies"),
        (stepped("s"), stepped("s", artifact=artifact("e" * 64), inputs={"a": "f" * 64}), True, "follows"),
        (stepped("s"), stepped("s", inputs={"a": "f" * 64}), False, "identical"),
        (stepped("s"), None, False, "not computed"),
    ],
)
def test_a_step_is_judged_by_what_it_was_given_and_what_it_returned(was, now, varies, verdict):
    found = verdicts({"s": was}, {"s": now} if now is not None else {}, {"s"} if varies else set())

    assert found == {"s": verdict}


@pytest.mark.parametrize(
    ("steps", "scores", "failure", "same"),
    [
        (["taken", "identical"], [], "", True),
        (["varies", "follows"], [], "", True),
        (["identical", "differs"], [], "", False),
        (["not computed"], [], "", False),
        (["identical"], [], "it failed", False),
        (["identical"], [(0.5, 0.5)], "", True),
        (["identical"], [(0.5, 0.6)], "", False),
        (["identical"], [(0.5, None)], "", False),
        (["varies"], [(0.5, 0.6)], "", True),
    ],
)
def test_a_replay_is_the_same_unless_something_differs_that_may_not(steps, scores, failure, same):
    told = [replayed(str(n), verdict) for n, verdict in enumerate(steps)]
    judged = [ScoreReplayed(step="0", score="auc", was=was, now=now) for was, now in scores]

    assert is_same(told, judged, failure) is same


def run_that_failed(error, *names):
    steps = {name: stepped(name, role="source" if name == "clients" else "step") for name in names}
    return RunRecord(1, 0, "ana", started(), steps=steps, finished=finished("failed", error=error))


def test_a_failed_run_is_replayed_to_its_failure_and_no_further():
    graph = graph_of(FLOW)

    assert to_replay(graph, run_that_failed("step one of winback@1 failed: x", "clients")) == {
        "clients",
        "one",
    }
    both = "step two of winback@1 failed: x; step three of winback@1 failed: x"
    assert to_replay(graph, run_that_failed(both, "clients", "one")) == {"clients", "one", "two", "three"}
    assert to_replay(graph, run_that_failed("unheard of", "clients", "one")) == {"clients", "one", "two"}


def test_where_a_step_was_computed_is_looked_for_in_earlier_runs():
    ledger = MemoryLedger()
    append(ledger, start=started(cores=8), events=[stepped("s", key="a" * 64)])
    append(ledger, start=started(cores=4), events=[stepped("s", key="b" * 64)])
    append(ledger, start=started(cores=2), events=[stepped("s", key="a" * 64, reused=True)])

    found = origins(ledger, run_record(ledger, "winback", 3))["s"]

    assert (found.run, found.cores) == (1, 8)


def test_a_step_that_any_run_found_to_vary_is_doubtful_in_all_of_them():
    ledger = MemoryLedger()
    append(ledger, start=started(), events=[stepped("s", key="a" * 64), stepped("t", key="c" * 64)])
    append(ledger, start=started(), events=[stepped("s", key="a" * 64, deterministic=False)])
    append(ledger, start=started(), events=[stepped("t", key="b" * 64, deterministic=False)])

    assert doubtful(ledger, run_record(ledger, "winback", 1), ["s", "t"]) == {"s"}
