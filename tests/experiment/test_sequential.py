"""Group-sequential boundaries: published tables, laws, and simulated paths.

Jennison & Turnbull, "Group Sequential Methods with Applications to Clinical Trials", 2000:
tables 2.1 (Pocock) and 2.3 (O'Brien & Fleming) for two-sided tests at 5 %. Bounds of the
spending functions at five equal looks: Reboussin, DeMets, Kim & Lan, "Computations for Group
Sequential Boundaries Using the Lan-DeMets Spending Function Method", 2000.
"""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from fullcycle.experiment import (
    Fixed,
    GroupSequential,
    crossing,
    drift_needed,
    false_alarms,
    looks_until,
    spending_bounds,
    spent,
)
from fullcycle.kernel import Invalid

EQUAL = (0.2, 0.4, 0.6, 0.8, 1.0)
MANY = 1e12


def constant(looks, shape):
    """The constant C of bounds C * shape(t) that are crossed with a chance of 5 % in all."""
    fractions = [(k + 1) / looks for k in range(looks)]
    low, high = 1.0, 4.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        chance = sum(crossing(fractions, [middle * shape(t) for t in fractions]))
        low, high = (middle, high) if chance > 0.05 else (low, middle)
    return high


@pytest.mark.parametrize(
    ("looks", "expected"), [(1, 1.960), (2, 2.178), (3, 2.289), (4, 2.361), (5, 2.413), (10, 2.555)]
)
def test_pococks_constants_are_those_of_the_book(looks, expected):
    assert constant(looks, lambda _: 1.0) == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize(
    ("looks", "expected"), [(1, 1.960), (2, 1.977), (3, 2.004), (4, 2.024), (5, 2.040), (10, 2.087)]
)
def test_obrien_and_flemings_constants_are_those_of_the_book(looks, expected):
    assert constant(looks, lambda t: 1 / sqrt(t)) == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize(
    ("spending", "expected"),
    [
        ("obrien-fleming", (4.8769, 3.3569, 2.6803, 2.2898, 2.0310)),
        ("pocock", (2.4380, 2.4268, 2.4101, 2.3966, 2.3859)),
    ],
)
def test_spending_bounds_are_the_published_ones(spending, expected):
    assert spending_bounds(EQUAL, spending, 0.05) == pytest.approx(expected, abs=2e-4)


def test_peeking_costs_what_is_published():
    """Armitage, McPherson & Rowe, "Repeated Significance Tests on Accumulating Data", 1969, table 2."""
    assert [round(false_alarms(k), 3) for k in (1, 2, 3, 4, 5, 10)] == [
        0.05,
        0.083,
        0.107,
        0.126,
        0.142,
        0.193,
    ]


@pytest.mark.parametrize(
    ("shape", "power", "expected"),
    [
        ("pocock", 0.8, (1.000, 1.110, 1.166, 1.202, 1.229)),
        ("pocock", 0.9, (1.000, 1.100, 1.151, 1.183, 1.207)),
        ("obrien-fleming", 0.8, (1.000, 1.008, 1.017, 1.024, 1.028)),
        ("obrien-fleming", 0.9, (1.000, 1.007, 1.016, 1.022, 1.026)),
    ],
)
def test_a_plan_grows_for_its_looks_as_in_the_book(shape, power, expected):
    """Jennison & Turnbull 2000, tables 2.2 and 2.4: the largest sample over that of a fixed test.

    To one in the last digit that is printed there.
    """

    def form(t):
        return 1.0 if shape == "pocock" else 1 / sqrt(t)

    fixed = drift_needed([1.0], [constant(1, form)], power)
    grown = []
    for looks in range(1, 6):
        times = [(k + 1) / looks for k in range(looks)]
        drift = drift_needed(times, [constant(looks, form) * form(t) for t in times], power)
        grown.append((drift / fixed) ** 2)
    assert grown == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("drift", [0.0, 1.0, 3.5])
def test_the_chance_to_cross_is_that_of_a_multivariate_normal(drift):
    """SciPy's integral over a box (Genz), which knows nothing of looks; it is good to about 1e-7."""
    times, bounds = np.array([0.25, 0.5, 0.75, 1.0]), np.array([2.6, 2.4, 2.2, 2.3])
    together = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    inside = multivariate_normal.cdf(
        bounds, drift * np.sqrt(times), together, lower_limit=-bounds, abseps=1e-9, maxpts=4_000_000
    )

    assert sum(crossing(times.tolist(), bounds.tolist(), drift=drift)) == pytest.approx(1 - inside, abs=1e-6)


def test_an_effect_is_found_as_often_as_planned(rng, happens_at_rate):
    bounds = spending_bounds(EQUAL, "obrien-fleming", 0.05)
    drift = drift_needed(EQUAL, bounds, 0.8)
    steps = rng.normal(drift * 0.2, sqrt(0.2), (50_000, 5))
    crossed = np.abs(steps.cumsum(axis=1) / np.sqrt(EQUAL)) > bounds

    happens_at_rate(int(crossed.any(axis=1).sum()), 50_000, 0.8)


fractions = st.lists(st.integers(1, 40), min_size=1, max_size=6, unique=True).map(
    lambda steps: tuple(sorted(step / 40 for step in steps))
)


@settings(max_examples=40, deadline=None)
@given(
    fractions, st.sampled_from(["obrien-fleming", "pocock"]), st.floats(0.001, 0.2), st.sampled_from([1, 2])
)
def test_looks_spend_just_what_they_may(fractions, spending, alpha, sides):
    bounds = spending_bounds(fractions, spending, alpha, sides=sides)
    chances = crossing(fractions, bounds, sides=sides)

    assert sum(chances) == pytest.approx(spent(spending, fractions[-1], alpha, sides=sides), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(fractions, st.sampled_from(["obrien-fleming", "pocock"]))
def test_a_later_look_changes_no_earlier_bound(fractions, spending):
    bounds = spending_bounds(fractions, spending, 0.05)
    for n in range(1, len(fractions)):
        assert spending_bounds(fractions[:n], spending, 0.05) == bounds[:n]


def test_one_look_is_the_fixed_test():
    rule = GroupSequential((1.0,))

    assert rule.two_sided(37.0, 100) == pytest.approx(Fixed().two_sided(37.0, 100), rel=1e-9)
    assert rule.one_sided(37.0, 100) == pytest.approx(Fixed().one_sided(37.0, 100), rel=1e-9)
    assert rule.p_value(2.5, 37.0, 100) == pytest.approx(Fixed().p_value(2.5, 37.0, 100), rel=1e-6)


def test_a_p_value_is_the_alpha_at_which_the_interval_touches_zero():
    rule = GroupSequential(EQUAL[:3])
    p = rule.p_value(2.9, MANY, 100)

    assert GroupSequential(EQUAL[:3], alpha=p).two_sided(MANY, 100) == pytest.approx(2.9, abs=1e-6)


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
def test_all_p_values_of_a_schedule_share_their_bounds_and_touch_zero_each(spending):
    """A readout of many metrics and segments has a thousand of them, and one bound takes milliseconds."""
    rule = GroupSequential(EQUAL, spending, information=(10.0, 30.0, 35.0, 70.0, 100.0))
    before = spending_bounds.cache_info().misses
    told = {z: rule.p_value(z, 40.0, 100) for z in np.linspace(0.5, 6.0, 500).tolist()}

    assert spending_bounds.cache_info().misses - before < 70
    assert list(told.values()) == sorted(told.values(), reverse=True)
    for z in list(told)[::50]:
        assert rule.at(told[z]).two_sided(40.0, 100) == pytest.approx(z, abs=1e-3)


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
def test_a_p_value_is_no_less_than_one_in_a_trillion_and_no_more_than_one(spending):
    rule = GroupSequential((0.25,), spending)

    assert rule.p_value(1e6, 30.0, 100) == pytest.approx(1e-12, rel=0.01)
    assert rule.p_value(11.99, MANY, 100) < 1e-6
    assert 0.99 < rule.p_value(1e-9, 30.0, 100) <= 1


@settings(max_examples=50, deadline=None)
@given(fractions, st.floats(1e-9, 0.9), st.sampled_from([1, 2]))
def test_a_bound_is_where_the_recursion_spends_what_it_may(fractions, alpha, sides):
    bounds = spending_bounds(fractions, "pocock", alpha, sides=sides)
    chances = crossing(fractions, bounds, sides=sides)

    assert sum(chances) == pytest.approx(spent("pocock", fractions[-1], alpha, sides=sides), rel=1e-9)


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
def test_paths_without_an_effect_cross_as_often_as_planned(rng, happens_at_rate, spending):
    steps = rng.normal(size=(100_000, 5)) * sqrt(0.2)
    z = steps.cumsum(axis=1) / np.sqrt(EQUAL)
    crossed = (np.abs(z) > spending_bounds(EQUAL, spending, 0.05)).any(axis=1)

    happens_at_rate(int(crossed.sum()), 100_000, 0.05)


def test_bounds_that_spend_too_much_would_be_noticed(rng, happens_at_rate):
    """Planted: the last bound as if there had been no look before."""
    z = (rng.normal(size=(100_000, 5)) * sqrt(0.2)).cumsum(axis=1) / np.sqrt(EQUAL)
    bounds = [*spending_bounds(EQUAL, "pocock", 0.05)[:-1], 1.96]

    with pytest.raises(AssertionError):
        happens_at_rate(int((np.abs(z) > bounds).any(axis=1).sum()), 100_000, 0.05)


def test_looks_fall_on_days():
    assert looks_until([0.25, 0.5, 1.0], 28, 14) == (7, 14)
    assert looks_until([1 / 3, 1.0], 28, 9) == ()


@pytest.mark.parametrize("bad", [(), (0.5, 0.5), (0.6, 0.4), (0.0, 1.0)])
def test_looks_that_do_not_rise_are_refused(bad):
    with pytest.raises(Invalid, match="do not rise"):
        spending_bounds(bad, "pocock", 0.05)
