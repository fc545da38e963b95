"""fullcycle.brief.worth: examples first, then laws."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.brief import Brief, Estimate, Reach, in_words, number, worth_per_year
from fullcycle.kernel import Interval, Money

ESTIMATE = Estimate(
    effect=Interval(0.01, 0.03),
    effect_unit="visits per client",
    reach=Reach(count=500_000, period="year", unit="clients"),
    worth=Money(0.8, "USD"),
)


def test_the_arithmetic_is_written_out_for_a_reader_to_check():
    assert in_words(ESTIMATE.effect, ESTIMATE) == (
        "0.01 to 0.03 visits per client × 500,000 clients per year × 0.80 USD = 4,000 to 12,000 USD per year"
    )


def test_a_week_says_how_many_weeks_a_year_is_counted_to_have():
    weekly = Estimate(
        effect=Interval(0.02, 0.1),
        effect_unit="USD",
        reach=Reach(count=200_000, period="week"),
        worth=Money(1, "USD"),
    )

    assert in_words(weekly.effect, weekly) == (
        "0.02 to 0.1 USD × 200,000 per week × 52 weeks per year × 1.00 USD"
        " = 208,000 to 1,040,000 USD per year"
    )


def test_where_less_is_better_a_fall_earns():
    fall = Interval(-0.3, -0.05)
    daily = Estimate(effect=fall, reach=Reach(count=500, period="day"), worth=Money(2.4, "USD"))

    money = worth_per_year(fall, daily, good="down")

    assert (money.low, money.high) == (pytest.approx(21_900), pytest.approx(131_400))
    assert in_words(fall, daily, good="down").endswith(
        "21,900 to 131,400 USD per year saved, because less is better"
    )


def test_numbers_are_written_as_people_write_them():
    assert [number(x) for x in (-0.0, 1, -0.5, 0.0171234, 999.94, 1000, 123_456.7, 0.00001234)] == [
        *("0", "1", "-0.5", "0.01712", "999.9", "1,000", "123,457", "1.234e-05"),
    ]


# laws

effects = st.floats(-10, 10).map(lambda x: round(x, 6))


@given(low=effects, high=effects, factor=st.floats(0.1, 100))
def test_money_is_proportional_to_worth_and_to_reach(low, high, factor):
    effect = Interval(min(low, high), max(low, high))
    once = worth_per_year(effect, ESTIMATE)
    worth = Estimate(effect=effect, reach=ESTIMATE.reach, worth=Money(0.8 * factor, "USD"))
    reach = Estimate(
        effect=effect, reach=Reach(count=500_000 * factor, period="year"), worth=Money(0.8, "USD")
    )

    for scaled in (worth_per_year(effect, worth), worth_per_year(effect, reach)):
        assert scaled.low == pytest.approx(once.low * factor)
        assert scaled.high == pytest.approx(once.high * factor)


@given(low=effects, high=effects)
def test_less_is_better_is_the_mirror_image(low, high):
    effect = Interval(min(low, high), max(low, high))
    up, down = worth_per_year(effect, ESTIMATE), worth_per_year(effect, ESTIMATE, good="down")

    assert (down.low, down.high) == (-up.high, -up.low)


def test_a_brief_keeps_which_way_is_good_and_its_digest_of_before_where_that_is_up():
    brief = Brief(problem="p", owner="o", tier="low", metric="m", estimate=ESTIMATE)
    down = msgspec.structs.replace(brief, good="down")

    assert b"good" not in brief.to_bytes()
    assert Brief.from_bytes(brief.to_bytes()) == brief
    assert Brief.from_bytes(down.to_bytes()) == down
