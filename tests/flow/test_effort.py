"""fullcycle.flow.effort: what a step of a run took."""

import pytest

from fullcycle.flow import RunRecord, efforts
from recorded_runs import finished, started, stepped


def test_a_step_costs_its_share_of_the_run_by_cpu_time():
    steps = {"a": stepped("a", cpu=1.0), "b": stepped("b", cpu=3.0)}

    found = efforts(RunRecord(1, 0, "ana", started(), steps, {}, finished(cpu=4.0)))

    assert [one.cost.amount for one in found.values()] == pytest.approx([0.1, 0.3])
    assert (found["a"].wall, found["a"].size, found["a"].cost.currency) == (2.0, 100, "EUR")


def test_a_run_that_never_ended_knows_no_cost():
    (found,) = efforts(RunRecord(1, 0, "ana", started(), {"a": stepped("a")})).values()

    assert found.cost is None
