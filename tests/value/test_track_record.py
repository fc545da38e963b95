"""fullcycle.value.track_record: examples first, then laws.

The exact intervals are those of SciPy's ``binomtest``, an implementation of its own.
"""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from fullcycle.kernel import Interval
from fullcycle.value import median_interval, record_of, share_interval

EXPECTED = Interval(1.0, 3.0)


def test_below_eight_nothing_is_said_but_how_many_there_are():
    found = record_of("growth", [(EXPECTED, 2.0)] * 7)

    assert (found.measured, found.inside) == (7, 7)
    assert (found.share, found.share_interval, found.ratio, found.ratio_interval) == (None,) * 4


def test_eight_are_told_with_their_share_and_their_median_ratio():
    found = record_of("growth", [(EXPECTED, value) for value in (0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4)])

    assert (found.inside, found.share) == (5, 0.625)
    assert found.ratio == pytest.approx(1.125)  # (2 + 2.5) / 2, over 2
    assert found.ratio_interval == Interval(0.25, 2.0)


def test_an_estimate_around_nothing_has_no_ratio():
    some = [(Interval(-1.0, 1.0), 0.5), *[(EXPECTED, 2.0)] * 7]

    found = record_of("growth", some)

    assert found.share == 1.0
    assert found.ratio is None


# laws


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_of_a_share_is_the_exact_one(drawn):
    hits, many = drawn
    theirs = binomtest(hits, many).proportion_ci(0.95, method="exact")

    found = share_interval(hits, many)

    assert (found.low, found.high) == (
        pytest.approx(theirs.low, abs=1e-9),
        pytest.approx(theirs.high, abs=1e-9),
    )
    assert hits / many in found


@given(st.integers(6, 200))
def test_the_interval_of_a_median_is_the_narrowest_that_keeps_its_promise(many):
    found = median_interval(list(range(many)))
    left = int(found.low)

    assert found.high == many - 1 - left
    assert 1 - 2 * binom.cdf(left, many, 0.5) >= 0.95
    assert left + 1 >= many / 2 or 1 - 2 * binom.cdf(left + 1, many, 0.5) < 0.95


def test_the_interval_of_a_median_holds_it_as_often_as_it_says():
    draw = random.Random("the interval of a median holds it")
    held = 0
    for _ in range(4000):
        interval = median_interval(sorted(draw.gauss(0, 1) for _ in range(12)))
        held += 0 in interval

    promised = 1 - 2 * binom.cdf(2, 12, 0.5)  # 0.9614: order statistics have no finer steps
    assert binom.ppf(5e-6, 4000, promised) <= held <= binom.isf(5e-6, 4000, promised)


@given(st.lists(st.floats(-10, 10), min_size=8, max_size=20), st.floats(0.01, 100))
def test_no_unit_changes_a_track_record(found, unit):
    one = record_of("growth", [(EXPECTED, value) for value in found])
    other = record_of("growth", [(EXPECTED.scaled(unit), value * unit) for value in found])

    assert other.ratio == pytest.approx(one.ratio)
    assert other.measured == one.measured
