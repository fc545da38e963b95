"""fullcycle.value.cost: examples first, then laws, then refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.flow import RunFinished, RunRecord, RunStarted, StepFinished
from fullcycle.kernel import Invalid, Money
from fullcycle.record import Artifact
from fullcycle.value import Prices, cost_so_far

MONTH = 365 * 24 * 3600 * 1_000_000 // 12
PRICES = Prices(currency="USD", cpu_hour=0.04, gb_month=0.02)


def step(name, *, size=10**9, made=None, reused=False):
    artifact = Artifact(content=name, object=made or name, codec="json@1", size=size)
    return StepFinished(
        step=name, role="step", reused=reused, reason="", key="", artifact=artifact, inputs={}, parameters={},
        code="", reach=None, wall=1, cpu=1, peak_memory=1,
    )  # fmt: skip


def run(number, *steps, cpu=3600.0, at=0, currency="USD", finished=True):
    started = RunStarted(
        id="", capability="winback", message="", archive="", commit=None, dirty=False, parameters={},
        brief=None, lock="", python="3.11", machine="", environment="dev",
    )  # fmt: skip
    end = RunFinished(
        status="done", error="", wall=1, cpu=cpu, peak_memory=1, cost=Money(cpu / 3600 * 0.04, currency)
    )
    return RunRecord(number, at, "ada", started, {s.step: s for s in steps}, {}, end if finished else None)


def parts(runs=(), *, decisions=0, deciding_s=0.0, until=MONTH, prices=PRICES):
    cost = cost_so_far(list(runs), decisions=decisions, deciding_s=deciding_s, until=until, prices=prices)
    assert cost.total.amount == pytest.approx(sum(part.amount.amount for part in cost.parts))
    return {part.name: part for part in cost.parts}


def test_runs_cost_what_they_recorded_and_the_hours_are_shown():
    part = parts([run(1), run(2, cpu=1800)])["runs"]

    assert part.amount.amount == pytest.approx(0.06)
    assert part.counted == "1.5000 CPU hours in 2 finished runs"


def test_a_run_that_was_killed_is_not_counted_as_finished():
    assert parts([run(1), run(2, finished=False)])["runs"].counted == "1.0000 CPU hours in 1 finished run"


def test_deciding_costs_its_seconds():
    part = parts(decisions=38_400, deciding_s=7.2)["decisions"]

    assert part.amount.amount == pytest.approx(0.002 * 0.04)
    assert part.counted == "0.0020 CPU hours for 38,400 decisions × 0.04 USD"


def test_keeping_costs_each_object_once_since_it_was_made():
    first = run(1, step("past"), step("copy", made="past"), at=0)
    again = run(2, step("past", reused=True), step("later"), at=MONTH)

    part = parts([again, first], until=2 * MONTH)["storage"]

    assert part.amount.amount == pytest.approx((2 + 1) * 0.02)
    assert part.counted == "3.0000 GB months of 2 artifacts (2.000 GB) × 0.02 USD"


def test_nothing_done_costs_nothing():
    assert {part.amount for part in parts().values()} == {Money(0.0, "USD")}


# laws


@given(st.lists(st.floats(0, 1e6), max_size=5), st.lists(st.floats(0, 1e6), max_size=5))
def test_runs_of_two_halves_cost_what_all_of_them_cost(one, other):
    amounts = [
        parts([run(i + 1, cpu=cpu) for i, cpu in enumerate(half)])["runs"].amount.amount
        for half in (one, other, one + other)
    ]

    assert amounts[0] + amounts[1] == pytest.approx(amounts[2])


@given(st.floats(0, 1e7), st.floats(0.1, 10))
def test_costs_are_proportional_to_prices(seconds, factor):
    dear = Prices(currency="USD", cpu_hour=0.04 * factor, gb_month=0.02 * factor)
    kept = [run(1, step("past"), cpu=0)]
    once, more = (
        cost_so_far(kept, decisions=1, deciding_s=seconds, until=MONTH, prices=each).total.amount
        for each in (PRICES, dear)
    )

    assert more == pytest.approx(once * factor)


# refusals


def test_a_run_paid_in_another_currency_is_not_added():
    with pytest.raises(Invalid, match=r"currency in fullcycle\.toml to EUR"):
        parts([run(1), run(2, currency="EUR")])
