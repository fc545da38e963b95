"""fullcycle.kernel.money: amounts with a currency, intervals with two ends."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fullcycle.kernel import Interval, Invalid, Money

numbers = st.floats(-1e9, 1e9)


def test_money_is_read_as_it_is_written():
    assert Money.parse("0.80 USD", where="brief.md") == Money(0.8, "USD")
    assert Money.parse(" -1_000EUR ", where="brief.md") == Money(-1000.0, "EUR")
    assert str(Money(1234567.891, "EUR")) == "1,234,567.89 EUR"


@given(st.integers(-(10**9), 10**9))
def test_cents_come_back(cents):
    money = Money(cents / 100, "USD")

    assert Money.parse(str(money).replace(",", ""), where="here") == money


@pytest.mark.parametrize("text", ["", "0.80", "USD", "0.80 usd", "$0.80", "1e3 USD", "0.80 USD per year"])
def test_anything_else_is_no_money(text):
    with pytest.raises(Invalid, match=r"is not an amount of money\n  where: brief.md\n.*0\.80 USD"):
        Money.parse(text, where="brief.md")


def test_both_ends_belong_to_an_interval():
    assert 1 in Interval(1, 2)
    assert 2 in Interval(1, 2)
    assert 2.01 not in Interval(1, 2)
    assert 3 in Interval(3, 3)


@given(numbers, numbers, st.floats(-1e3, 1e3), st.floats(0, 1))
def test_scaling_an_interval_scales_what_is_in_it(a, b, factor, share):
    interval = Interval(min(a, b), max(a, b))
    inside = interval.low + share * (interval.high - interval.low)
    assume(inside in interval)

    assert inside * factor in interval.scaled(factor)


@pytest.mark.parametrize("ends", [(2, 1), (float("nan"), 1), (1, float("nan"))])
def test_ends_the_wrong_way_round_are_no_interval(ends):
    with pytest.raises(Invalid, match="put the smaller end first"):
        Interval(*ends)
