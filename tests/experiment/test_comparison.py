"""fullcycle.experiment.comparison against SciPy, then laws, then refusals."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import brentq

from fullcycle.experiment import AlwaysValid, Fixed, Gram, Moments, adjusted, contrast, relative_interval
from fullcycle.kernel import NotEnoughData

means = st.floats(-1e3, 1e3)
arms = st.builds(Moments, units=st.integers(2, 10**6), mean=means, m2=st.floats(1, 1e8))
rules = st.sampled_from([Fixed(), Fixed(0.01), AlwaysValid(10_000)])
RNG = np.random.default_rng(20260101)
CONTROL, TREATED = RNG.gamma(2, 3, 400), RNG.gamma(2, 3.3, 250)
A, B = Moments.of(CONTROL), Moments.of(TREATED)


def test_the_fixed_interval_is_welchs_as_scipy_has_it():
    oracle = stats.ttest_ind(TREATED, CONTROL, equal_var=False)
    low, high = oracle.confidence_interval(0.95)

    found = contrast(A, B)

    assert found.df == pytest.approx(oracle.df, rel=1e-9)
    assert found.interval(Fixed()) == pytest.approx((low, high), rel=1e-9)
    assert found.p_value(Fixed()) == pytest.approx(oracle.pvalue, rel=1e-9)


def test_the_always_valid_interval_is_its_multiple_of_the_standard_error():
    found = contrast(A, B)
    low, high = found.interval(AlwaysValid(650))

    assert (low + high) / 2 == pytest.approx(found.value)
    assert (high - low) / 2 == pytest.approx(AlwaysValid(650).two_sided(0, 650) * found.stderr)


def test_a_margin_moves_the_value_and_keeps_the_variances_apart():
    found = contrast(A, B, factor=0.95)

    assert found.value == pytest.approx(TREATED.mean() - 0.95 * CONTROL.mean())
    variance = TREATED.var(ddof=1) / 250 + 0.95**2 * CONTROL.var(ddof=1) / 400
    assert found.stderr == pytest.approx(sqrt(variance))


def leaning(rows):
    """Units' values and their covariate, as sufficient statistics."""
    off = rows - rows.mean(axis=0)
    return Gram(len(rows), tuple(rows.mean(axis=0)), tuple((off.T @ off)[np.tril_indices(2)]))


def freed_arms():
    """An arm of 250 units beside 400 whose value leans on the covariate more than theirs."""
    before = [RNG.normal(size=n) for n in (400, 250)]
    rows = [
        np.column_stack([lift * (10 + 4 * x + RNG.normal(size=len(x))), x])
        for lift, x in zip((1, 1.5), before, strict=True)
    ]
    found = adjusted(*map(leaning, rows))
    return rows, found.slopes[0], found.control, found.treated


def test_a_margin_beside_covariates_knows_the_level_that_both_arms_share():
    """By rows: what is left of each covariate's mean once both arms are put at their common mean."""
    rows, slope, control, treated = freed_arms()
    for factor in (0.8, 1.0, 1.5):
        found = contrast(control, treated, factor=factor)
        at_mean = slope * (1 - factor)
        ours = rows[1][:, 0] - slope * rows[1][:, 1] + at_mean * 250 / 650 * rows[1][:, 1]
        theirs = factor * (rows[0][:, 0] - slope * rows[0][:, 1]) - at_mean * 400 / 650 * rows[0][:, 1]

        assert found.value == pytest.approx(ours.mean() - theirs.mean())
        assert found.stderr == pytest.approx(sqrt(ours.var(ddof=1) / 250 + theirs.var(ddof=1) / 400))


def test_fieller_of_arms_freed_from_covariates_is_what_their_margins_say():
    _, _, control, treated = freed_arms()
    reach = Fixed().two_sided(contrast(control, treated).df, 650)

    def rejected_by(ratio):
        found = contrast(control, treated, factor=1 + ratio)
        return abs(found.value) / found.stderr - reach

    middle = treated.mean / control.mean - 1
    oracle = brentq(rejected_by, middle - 1, middle), brentq(rejected_by, middle, middle + 2)
    assert relative_interval(control, treated, Fixed()) == pytest.approx(oracle, rel=1e-9)


@pytest.mark.parametrize("rule", [Fixed(), AlwaysValid(650)])
def test_fieller_holds_exactly_the_ratios_that_a_test_does_not_reject(rule):
    reach = rule.two_sided(contrast(A, B).df, 650)

    def rejected_by(ratio):
        found = contrast(A, B, factor=1 + ratio)
        return abs(found.value) / found.stderr - reach

    middle = B.mean / A.mean - 1
    oracle = brentq(rejected_by, middle - 1, middle), brentq(rejected_by, middle, middle + 2)
    assert relative_interval(A, B, rule) == pytest.approx(oracle, rel=1e-9)


def test_a_control_that_may_be_zero_has_no_relative_effect():
    assert relative_interval(Moments(100, 0.01, 100.0), Moments(100, 1.0, 100.0), Fixed()) is None
    # what rounding leaves of a control that spent nothing, such as that of sums of shifted values
    assert relative_interval(Moments(100, -1e-17, 1e-38), Moments(100, 1.0, 100.0), Fixed()) is None


def test_below_zero_more_is_still_more():
    low, high = relative_interval(Moments(1000, -10.0, 100.0), Moments(1000, -8.0, 100.0), Fixed())

    assert 0 < low < 0.2 < high


@given(arms, rules)
def test_a_thing_against_itself_is_zero(arm, rule):
    found = contrast(arm, arm)
    low, high = found.interval(rule)

    assert found.value == 0
    assert found.p_value(rule) == pytest.approx(1.0)
    assert low == -high < 0


@given(arms, arms, rules)
def test_swapping_the_arms_turns_the_sign_and_nothing_else(a, b, rule):
    there, back = contrast(a, b), contrast(b, a)
    low, high = there.interval(rule)

    assert there.value == -back.value
    assert back.interval(rule) == pytest.approx((-high, -low))
    assert there.p_value(rule) == pytest.approx(back.p_value(rule))


@given(arms, arms, st.floats(0.01, 100), rules)
def test_the_currency_scales_the_difference_and_not_the_ratio(a, b, rate, rule):
    def in_other(arm):
        return Moments(arm.units, arm.mean * rate, arm.m2 * rate**2)

    euro, other = contrast(a, b), contrast(in_other(a), in_other(b))

    assert other.value == pytest.approx(euro.value * rate, rel=1e-6, abs=1e-9)
    assert other.stderr == pytest.approx(euro.stderr * rate)
    assert other.df == pytest.approx(euro.df)
    ours, theirs = relative_interval(a, b, rule), relative_interval(in_other(a), in_other(b), rule)
    if ours is not None and theirs is not None and max(map(abs, ours)) < 1e3:
        assert theirs == pytest.approx(ours, rel=1e-5, abs=1e-6)


@given(arms, arms, rules)
def test_both_intervals_leave_out_zero_together(a, b, rule):
    relative = relative_interval(a, b, rule)
    low, high = contrast(a, b).interval(rule)

    if relative is not None and min(abs(low), abs(high)) > 1e-6 * (high - low):
        assert (relative[0] > 0) == (low > 0)
        assert (relative[1] < 0) == (high < 0)


def test_more_in_the_treated_arm_is_above_zero():
    assert contrast(Moments(10, 1.0, 1.0), Moments(10, 2.0, 1.0)).value == 1.0


@pytest.mark.parametrize(
    ("control", "treated"),
    [(Moments(1, 1.0), Moments(50, 1.0, 2.0)), (Moments(50, 0.0, 0.0), Moments(50, 0.0, 0.0))],
)
def test_arms_without_spread_say_how_to_mend_it(control, treated):
    with pytest.raises(NotEnoughData, match="wait for more units"):
        contrast(control, treated)
