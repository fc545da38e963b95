"""fullcycle.value: measurement, ledger and table; examples first, then laws, then refusals."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel import Interval, Invalid, Money
from fullcycle.record import MemoryLedger
from fullcycle.value import (
    Cost,
    Effect,
    Found,
    calibrated,
    calibration,
    held_out_measurements,
    lay_out,
    measure,
    measurements,
    record_measurement,
    value_row,
)
from measured_winback import BRIEF, COST, FOUND, measured


def test_three_ways_to_know_are_told_in_the_same_money():
    row = measured()

    assert (row.yearly.estimate.low, row.yearly.estimate.high) == (pytest.approx(6800), pytest.approx(16_000))
    assert (row.yearly.off_policy.low, row.yearly.off_policy.high) == (
        pytest.approx(4000),
        pytest.approx(16_000),
    )
    assert (row.yearly.measured.low, row.yearly.measured.high) == (pytest.approx(7200), pytest.approx(13_600))
    assert row.arithmetic == (
        "0.018 to 0.034 visits per client × 500,000 clients per year × 0.80 USD"
        " = 7,200 to 13,600 USD per year"
    )
    assert row.brief == BRIEF.digest


def test_what_is_not_known_yet_is_not_given_a_figure():
    row = measured(None, off_policy=None, verdict="keep going")

    assert row.yearly.off_policy is row.yearly.measured is None
    assert row.arithmetic.startswith("0.017 to 0.04 visits per client")


def test_where_less_is_better_a_fall_is_worth_money():
    row = measured(Effect(value=-0.02, low=-0.03, high=-0.01), good="down")

    assert (row.yearly.measured.low, row.yearly.measured.high) == (pytest.approx(4000), pytest.approx(12_000))


@pytest.mark.parametrize(
    ("effect", "side", "line"),
    [
        (FOUND, "inside", "measured 0.018 to 0.034 lies inside the estimate 0.017 to 0.04: it held"),
        (
            Effect(value=0.06, low=0.05, high=0.07),
            "above",
            "lies above the estimate 0.017 to 0.04: it did not hold",
        ),
        (Effect(value=0.0, low=-0.01, high=0.01), "below", "lies below the estimate"),
        (Effect(value=0.02, low=-0.01, high=0.05), "too early", "too early to say whether it held"),
        (Effect(value=0.02, low=0.01, high=0.03), "too early", "reaches beyond the estimate 0.017 to 0.04"),
        (None, "too early", "nothing is measured yet"),
    ],
)
def test_an_estimate_is_held_against_what_was_measured(effect, side, line):
    row = measured(effect)

    assert calibration(row) == side
    assert line in calibrated(row)


def test_the_ledger_keeps_rows_and_one_readout_only_once():
    ledger = MemoryLedger()
    first = record_measurement(ledger, "winback", measured(), by="ada", at=5)

    assert record_measurement(ledger, "winback", measured(), by="bob").position == first.position
    record_measurement(ledger, "winback", measured(readout="1" * 64), by="bob")

    assert [fact.body.readout[0] for fact in measurements(ledger, "winback")] == ["0", "1"]
    assert (first.kind, first.at, first.by, first.body) == ("value.measured", 5, "ada", measured())


class Raced(MemoryLedger):
    """A ledger to which somebody else records the same between the first read and what follows it."""

    def __init__(self):
        super().__init__()
        self.raced = False

    def read(self, stream):
        facts = super().read(stream)
        if not self.raced:
            self.raced = True
            record_measurement(self, "winback", measured(), by="bob", at=4)
        return facts


def test_two_who_record_the_same_at_once_record_it_once():
    ledger = Raced()

    told = record_measurement(ledger, "winback", measured(), by="ada", at=5)

    assert told.by == "bob"
    assert len(measurements(ledger, "winback")) == 1


def test_what_the_holdout_measures_stands_beside_what_the_experiment_did():
    ledger = MemoryLedger()
    again = msgspec.structs.replace(measured(), source="holdout", readout="2" * 64)
    record_measurement(ledger, "winback", measured(), by="ada")
    record_measurement(ledger, "winback", again, by="ada")

    assert [fact.body.source for fact in measurements(ledger, "winback")] == ["experiment"]
    assert [fact.body.readout[0] for fact in held_out_measurements(ledger, "winback", "trial")] == ["2"]
    assert held_out_measurements(ledger, "winback", "another") == []


def test_a_row_of_before_anything_else_was_kept_is_read():
    plain = msgspec.to_builtins(measured())
    whence = ("source", "owner", "arm", "environment", "release")
    for name in (*whence, "control_mean", "expected", "distrusted"):
        del plain[name]
    del plain["measured"]["stderr"]

    told = msgspec.convert(plain, type(measured()))

    assert (told.source, told.owner, told.measured.stderr) == ("experiment", "", None)
    assert told.counts


def test_a_measurement_that_is_not_to_be_believed_does_not_count():
    doubted = measured(found=Found(effect=FOUND, distrusted="the ratio is broken"))

    assert measured().counts
    assert not doubted.counts
    assert not measured(None).counts


def laid_out(row, **more):
    return lay_out(row, value_row("winback", row, at=1, by="ada", cost=COST.total, cost_from="runs", **more))


def test_a_reader_sees_each_way_to_know_then_the_cost_then_the_conclusion():
    shown = laid_out(measured())
    past = "7,731 past decisions, as good as 2,512 of the policy's own (from the past)"

    assert shown.title == "visited, 500,000 clients per year, 0.80 USD each"
    assert shown.rows == (
        ("estimated", "0.017 to 0.04", "6,800 to 16,000 USD", "the brief (a guess)"),
        ("off-policy", "0.025 [0.01, 0.04]", "4,000 to 16,000 USD", past),
        ("measured", "0.026 [0.018, 0.034]", "7,200 to 13,600 USD", "experiment trial, v1, v2 (by lot)"),
        ("realised", "", "0 USD", "not launched"),
        ("cost so far", "", "0.01300 USD", "runs"),
        ("net so far", "", "-0.01300 USD", "realised less cost"),
    )
    assert shown.notes[0] == "verdict: ship: visits rose"
    assert all(len(row) == len(shown.header) for row in shown.rows)


def test_a_row_without_figures_says_too_early():
    shown = laid_out(measured(None, off_policy=None))

    assert [row[:3] for row in shown.rows[1:2]] == [("measured", "too early", "too early")]


def test_what_is_not_to_be_believed_says_so():
    shown = laid_out(measured(found=Found(effect=FOUND, distrusted="the ratio is broken")))

    assert "not to be believed: the ratio is broken" in shown.notes


# laws

ends = st.floats(-1, 1).map(lambda x: round(x, 5))


@given(low=ends, high=ends)
def test_exactly_one_calibration_holds_and_it_is_what_its_word_says(low, high):
    low, high = min(low, high), max(low, high)
    side = calibration(measured(Effect(value=low, low=low, high=high)))
    estimate = BRIEF.estimate.effect

    assert (side == "inside") == (estimate.low <= low and high <= estimate.high)
    assert (side == "above") == (low > estimate.high)
    assert (side == "below") == (high < estimate.low)


@given(low=ends, high=ends)
def test_measuring_what_was_estimated_is_worth_what_was_estimated(low, high):
    low, high = min(low, high), max(low, high)
    estimate = msgspec.structs.replace(BRIEF.estimate, effect=Interval(low, high))
    brief = msgspec.structs.replace(BRIEF, estimate=estimate)
    effect = Effect(value=low, low=low, high=high)
    row = measure(
        brief, experiment="trial", releases=(1,), good="up", off_policy=None, found=Found(effect=effect),
        cost=COST, verdict="unknown", reason="…", readout="",
    )  # fmt: skip

    assert row.yearly.measured == row.yearly.estimate
    assert calibration(row) == "inside"


# refusals


def test_two_currencies_are_not_mixed():
    with pytest.raises(Invalid, match=r"write worth in EUR in brief\.md"):
        measured(cost=Cost(total=Money(1, "EUR"), parts=()))
