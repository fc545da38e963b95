"""fullcycle.report.wording and markup: numbers as readers want them, text that stays text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel import Markup, Money, joined, tag
from fullcycle.report.swarm import offsets
from fullcycle.report.wording import aligned, effect_range, money, number, points, seconds, share, signed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0123456, "0.0123"),
        (1.5, "1.50"),
        (123.4, "123"),
        (64_000, "64,000"),
        (-0.5, "−0.500"),
        (0.00002, "2.00e−05"),
        (999.7, "1,000"),
    ],
)
def test_numbers_keep_three_digits(value, text):
    assert number(value) == text


def test_signs_and_shares_and_points():
    assert (signed(0.5), signed(0), signed(-0.5)) == ("+0.500", "0", "−0.500")
    assert (share(0.0088), share(0.25)) == ("0.88\u202f%", "25.0\u202f%")
    assert (points(0.0213), points(-0.0213), points(-0.000001)) == ("+2.13", "−2.13", "0.00")


def test_numbers_that_are_compared_have_the_same_decimals():
    assert aligned(0.00719, 0.00087, 0.0131, plus=True) == ["+0.0072", "+0.0009", "+0.0131"]
    assert aligned(0.0, 0.0) == ["0", "0"]
    assert effect_range(-0.21, 1234.5, of_shares=False) == "0 to +1,234"


def test_money_is_told_to_the_digit_that_matters():
    assert money(Money(7_723.4, "USD")) == "7,720\u202fUSD"
    assert money(Money(-7_723.4, "USD")) == "−7,720\u202fUSD"
    assert money(Money(0.0004, "EUR"), cents=True) == "under 0.01\u202fEUR"
    assert money(Money(-0.0004, "EUR"), cents=True) == "above \u22120.01\u202fEUR"  # a loss stays one


def test_durations_change_their_unit():
    assert [seconds(value) for value in (0.0123, 4.2, 190)] == [
        "12\u202fms",
        "4.2\u202fs",
        "3\u202fmin 10\u202fs",
    ]


@given(value=st.floats(1e-4, 1e9))
def test_a_number_reads_as_what_it_is(value):
    assert float(number(value).replace(",", "")) == pytest.approx(value, rel=0.006)


@given(text=st.text())
def test_text_never_becomes_markup(text):
    shown = tag("p", text, title=text)

    assert shown.count("<") == 2
    assert shown.count('"') == 2
    assert isinstance(shown, Markup)


def test_markup_and_nothing_pass_as_they_are():
    assert joined(tag("br"), None, "<", tag("i", "x")) == "<br>&lt;<i>x</i>"


@given(values=st.lists(st.floats(-5, 5), max_size=60))
def test_dots_stay_in_their_row_and_a_lone_one_in_its_middle(values):
    found = offsets(values)

    assert len(found) == len(values)
    assert all(-1 <= off <= 1 for off in found)
    if len(values) == 1:
        assert found == [0]
