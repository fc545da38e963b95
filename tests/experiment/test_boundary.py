"""fullcycle.experiment.boundary against SciPy and against the paper's own expressions."""

from math import log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize_scalar

from fullcycle.experiment import AlwaysValid, Fixed

alphas = st.floats(0.001, 0.3)
units = st.integers(100, 10**8)


@given(alphas, st.floats(2, 1e6), st.floats(-8, 8))
def test_fixed_is_students_t(alpha, df, z):
    rule = Fixed(alpha)

    assert rule.two_sided(df, 1) == pytest.approx(stats.t.isf(alpha / 2, df), rel=1e-9)
    assert rule.one_sided(df, 1) == pytest.approx(stats.t.isf(alpha, df), rel=1e-9, abs=1e-12)
    assert rule.p_value(z, df, 1) == pytest.approx(2 * stats.t.sf(abs(z), df), rel=1e-9)


def test_a_tiny_p_value_is_not_rounded_to_zero():
    assert Fixed().p_value(11.5, 1e6, 1) == pytest.approx(2 * stats.t.sf(11.5, 1e6), rel=1e-9)
    assert 0 < AlwaysValid(1000).p_value(11.5, 1e6, 1000) < 1e-20


@given(alphas, units, units)
def test_always_valid_is_equations_9_and_134(alpha, planned, n):
    """arXiv 2103.06476v7, written out as printed there, for a variance of 1 per unit."""
    rho = sqrt((-2 * log(alpha) + log(-2 * log(alpha) + 1)) / planned)
    v = n * rho**2 + 1
    half = sqrt(2 * v / (n**2 * rho**2) * log(sqrt(v) / alpha))
    rho1 = sqrt((-2 * log(2 * alpha) + log(-2 * log(2 * alpha) + 1)) / planned)
    v1 = n * rho1**2 + 1
    half1 = sqrt(2 * v1 / (n**2 * rho1**2) * log(1 + sqrt(v1) / (2 * alpha)))

    rule = AlwaysValid(planned, alpha)

    assert rule.two_sided(1, n) / sqrt(n) == pytest.approx(half, rel=1e-9)
    assert rule.one_sided(1, n) / sqrt(n) == pytest.approx(half1, rel=1e-9)


@given(share=st.floats(1e-4, 1.0))
def test_tuned_for_a_share_of_the_units_it_is_nearly_the_tightest_there(share):
    units = round(1_000_000 * share)

    reach = AlwaysValid(1_000_000).among(share).two_sided(0, units)
    assert reach < 1.005 * AlwaysValid(units).two_sided(0, units)
    assert Fixed().among(share) == Fixed()


def test_the_tuning_is_nearly_the_tightest_there_is_at_the_planned_units():
    def width(planned):
        return AlwaysValid(int(planned)).two_sided(1, 10_000)

    best = minimize_scalar(width, bounds=(100, 1e6), method="bounded").fun

    assert width(10_000) <= best * 1.005
    assert width(100) > best * 1.1  # what a default that knows nothing of the plan would cost


@given(alphas, units, units, st.floats(0.01, 20))
def test_p_falls_below_alpha_exactly_where_the_interval_leaves_zero(alpha, planned, n, z):
    for rule in (Fixed(alpha), AlwaysValid(planned, alpha)):
        reach = rule.two_sided(n, n)
        if abs(z - reach) > 1e-6:
            assert (rule.p_value(z, n, n) < alpha) == (z > reach)


@given(st.floats(0.001, 0.2), units, units)
def test_many_looks_cost_width_and_one_side_is_cheaper_than_two(alpha, planned, n):
    always = AlwaysValid(planned, alpha)

    assert always.two_sided(n, n) > Fixed(alpha).two_sided(n, n)
    assert always.one_sided(n, planned) < always.two_sided(n, planned)
    assert AlwaysValid(planned, alpha / 2).two_sided(n, n) > always.two_sided(n, n)
