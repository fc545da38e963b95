"""What an arm is worth in a year, and what is left of it once it was picked for its looks."""

import pytest

from fullcycle.experiment import Prior, Rate, readout
from fullcycle.kernel import Invalid, Money
from made_up_experiment import GOOD, metric, spec, told

RATE = Rate(per_year=400_000.0, currency="USD", arithmetic="500,000 clients × 0.80 USD")
PRIOR = Prior(spread=0.01, origin="the brief's boldest guess")


def test_money_is_the_effect_times_what_one_is_worth():
    found = readout(spec(), told(GOOD), rate=RATE)
    (worth,) = found.worth
    effect = found.primary[0]

    assert (worth.measured, worth.low, worth.high) == pytest.approx(
        [400_000 * each for each in (effect.difference, effect.low, effect.high)]
    )
    assert worth.expected is None


def test_of_a_winner_less_is_expected_than_was_measured():
    (worth,) = readout(spec(), told(GOOD), rate=RATE, prior=PRIOR).worth

    assert 0 < worth.expected_low < worth.expected < worth.measured
    assert worth.expected == pytest.approx(worth.weight * worth.measured)
    assert worth.prior == "the brief's boldest guess"


def test_a_fall_earns_where_less_is_better():
    fewer = {"visited": {"today": 0.18, "chosen": 0.15}}
    metrics = {"visited": metric("visited", good="down")}
    (worth,) = readout(spec(metrics=metrics, guardrails={}), told(fewer), rate=RATE).worth

    assert worth.measured == pytest.approx(12_000)
    assert worth.low > 0


def test_what_matters_may_be_told_in_money():
    small = {"visited": {"today": 0.15, "chosen": 0.151}}
    given = {"guardrails": {}, "metrics": {"visited": metric("visited")}}
    statistics = told(small, per_day=20_000)

    stopped = readout(spec(matters_worth=Money(4_000.0, "USD"), **given), statistics, rate=RATE).verdict
    unclear = readout(spec(matters_worth=Money(10.0, "USD"), **given), statistics, rate=RATE).verdict

    assert stopped.decision == "stop"
    assert unclear.decision == "unknown"


def test_without_what_one_is_worth_nothing_is_told_in_money():
    assert readout(spec(), told(GOOD)).worth == []


def test_money_that_matters_is_told_in_the_currency_of_the_metrics_worth():
    given = {"guardrails": {}, "metrics": {"visited": metric("visited")}}

    with pytest.raises(Invalid, match="told in EUR, and visited is worth USD"):
        readout(spec(matters_worth=Money(20.0, "EUR"), **given), told(GOOD), rate=RATE)
