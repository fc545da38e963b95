"""fullcycle.value.row and its table: examples first, then laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel import Interval, Money
from fullcycle.value import Launch, costs_of, lay_out_rows, realised, value_row
from measured_winback import measured


def row(told=None, **more):
    return value_row("winback", told or measured(), at=1, by="ada", cost=Money(100.0, "USD"), **more)


def brought(units=10_000):
    launch = Launch(function="winback.service:choose", release=2, since=1)
    return realised(launch, units, measured(), measured().measured, "experiment")


def test_each_way_to_know_names_its_strength_and_its_source():
    found = row()

    assert [(way.strength, way.source) for way in (found.estimated, found.off_policy, found.measured)] == [
        ("estimate", "the brief"),
        ("off-policy", "7,731 past decisions"),
        ("randomised", "experiment trial, v1, v2"),
    ]


def test_net_is_what_it_brought_less_what_it_cost():
    found = row(realised=brought(), standing="v2 since 2026-11-01")

    worth = found.realised.worth
    assert (worth.low, worth.high) == (pytest.approx(144.0), pytest.approx(272.0))
    assert (found.net.low, found.net.high) == (pytest.approx(44.0), pytest.approx(172.0))


def test_what_was_not_launched_nets_its_cost_and_what_is_not_known_nets_nothing():
    assert row().net == Interval(-100.0, -100.0)
    assert row(standing="v2 since 2026-11-01").net is None


def test_costs_since_the_verdict_before_are_together_what_the_capability_cost():
    told = [Money(10.0, "USD"), Money(25.0, "USD"), Money(31.0, "USD")]

    assert costs_of(told, Money(40.0, "USD")) == [Money(10.0, "USD"), Money(15.0, "USD"), Money(15.0, "USD")]
    assert costs_of([], Money(40.0, "USD")) == []
    fell = [Money(10.0, "USD"), Money(8.0, "USD"), Money(9.0, "USD")]
    assert [one.amount for one in costs_of(fell, Money(9.5, "USD"))] == [9.5, 0.0, 0.0]
    assert [one.amount for one in costs_of(fell, Money(12.0, "USD"))] == [10.0, 0.0, 2.0]


def test_rows_are_told_with_the_source_of_each_figure_below_it():
    told = lay_out_rows([row(realised=brought(), standing="v2 since 2026-11-01")])

    figures, sources = told.rows
    assert figures == (
        "winback, trial: ship", "6,800 to 16,000", "4,000 to 16,000", "7,200 to 13,600", "144 to 272 USD",
        "100.00 USD", "44 to 172 USD",
    )  # fmt: skip
    assert sources == (
        "  visited; growth@example.com", "the brief (a guess)", "7,731 past decisions (from the past)",
        "experiment trial, v1, v2 (by lot)",
        "v2 since 2026-11-01: 10,000 units at the experiment's rate", "", "",
    )  # fmt: skip
    assert told.title.startswith("USD a year: ")
    assert len(told.header) == len(figures) == len(sources)


def test_a_row_that_knows_nothing_yet_says_so():
    figures, _ = lay_out_rows([row(measured(None, off_policy=None))]).rows

    assert figures[2:5] == ("–", "too early", "0 USD")


# laws


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=6).map(sorted))
def test_no_cost_counts_twice(totals):
    told = [Money(amount, "USD") for amount in totals]

    assert sum(one.amount for one in costs_of(told, told[-1])) == pytest.approx(totals[-1])
