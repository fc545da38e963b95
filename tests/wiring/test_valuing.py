"""fullcycle.wiring.valuing: a closed experiment becomes one row, from the record alone."""

import pytest

from fullcycle.flow import runs
from fullcycle.value import measurements
from fullcycle.wiring import open_project
from fullcycle.wiring.experiments import conclude, read
from fullcycle.wiring.offpolicy import off_policy_of
from fullcycle.wiring.valuing import append_measurement, cost, prices
from whole_shop import LIVE


@pytest.fixture
def row(played):
    project = open_project()
    reading = read(project, "winback")
    append_measurement(project, reading, conclude(project, reading, early=True, why="enough"))
    (fact,) = measurements(project.ledger, "winback")
    return project, reading, fact.body


def test_the_estimate_is_the_briefs_of_the_release_not_of_today(row):
    _, _, told = row

    assert (told.estimate.low, told.estimate.high) == (0.017, 0.040)
    assert (told.reach.count, told.reach.unit) == (500_000, "clients")


def test_the_measured_effect_is_the_readouts(row):
    _, reading, told = row
    (primary,) = reading.readout.primary

    assert told.measured is not None
    assert (told.measured.value, told.measured.low, told.measured.high) == (
        primary.difference,
        primary.low,
        primary.high,
    )


def test_money_per_year_is_effect_times_reach_times_worth(row):
    _, _, told = row

    assert told.yearly.estimate.low == pytest.approx(0.017 * 500_000 * 0.80)
    assert told.yearly.measured.low == pytest.approx(told.measured.low * 500_000 * 0.80)
    assert told.yearly.measured.high == pytest.approx(told.measured.high * 500_000 * 0.80)


def test_what_was_estimated_before_launch_stands_beside_it(row):
    project, reading, told = row
    before = off_policy_of(project, reading.record).differences["chosen"]

    assert told.off_policy.effect.value == before.difference
    assert told.off_policy.rows == before.n


def test_the_cost_counts_runs_and_decisions(row):
    project, reading, told = row
    spent = {part.name: part for part in told.cost.parts}
    (run,) = runs(project.ledger, "winback")

    assert reading.decisions == LIVE
    assert spent["runs"].amount.amount == pytest.approx(run.finished.cpu / 3600 * 0.04)
    assert f"{LIVE:,} decisions" in spent["decisions"].counted
    assert told.cost.total.amount == pytest.approx(sum(part.amount.amount for part in told.cost.parts))


def test_prices_are_those_of_the_project(shop):
    told = prices(open_project())

    assert (told.currency, told.cpu_hour, told.gb_month) == ("USD", 0.04, 0.02)


def test_without_decisions_deciding_costs_nothing(shop):
    parts = {
        p.name: p.amount.amount for p in cost(open_project(), "winback", decisions=0, deciding_s=0.0).parts
    }

    assert parts["decisions"] == 0
    assert parts["runs"] > 0
