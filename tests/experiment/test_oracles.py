"""Estimates and boundaries beside independent codings: statsmodels, numerical integrals, one unit at a time.

What tea-tasting and gbstats make of the same aggregates is in ``test_estimate.py``, tables of the
literature in ``test_sequential.py``.
"""

from math import exp, log, sqrt

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.integrate import quad
from scipy.stats import norm
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.power import NormalIndPower

import simulated
from fullcycle.experiment import (
    AlwaysValid,
    Fixed,
    GroupSequential,
    Moments,
    Rule,
    adjusted,
    contrast,
    mean_of,
    ratio_of,
    relative_interval,
    sample_ratio,
    sequential_ratio,
    spending_bounds,
)


def gram(rows):
    return simulated.of_rows(np.asarray(rows, dtype=float)[None]).gram(0)


def leaning(rng, n, k, effect=0.0):
    x = rng.normal(size=(n, k)) + 3
    y = effect + x @ np.arange(1.0, k + 1) + rng.standard_t(6, n)
    return np.column_stack([y, x])


@pytest.mark.parametrize("k", [1, 3])
def test_a_freed_difference_is_that_of_ancova_but_for_what_chance_put_into_the_covariates(rng, k):
    """Exactly: ANCOVA's coefficient times the share of the assignment that covariates do not tell.

    That share is 1 - k / N on average; and the standard errors differ by as little.
    """
    control, treated = leaning(rng, 400, k), leaning(rng, 300, k, effect=0.4)
    rows, arm = np.concatenate([control, treated]), np.repeat([0.0, 1.0], [400, 300])
    fitted = OLS(rows[:, 0], sm.add_constant(np.column_stack([arm, rows[:, 1:]]))).fit(cov_type="HC2")
    untold = 1 - OLS(arm, sm.add_constant(rows[:, 1:])).fit().rsquared
    pair = adjusted(gram(control), gram(treated))
    found = contrast(pair.control, pair.treated)

    assert found.value == pytest.approx(fitted.params[1] * untold, rel=1e-9)
    assert untold > 1 - 10 * k / 700
    assert found.stderr == pytest.approx(fitted.bse[1], rel=0.02)


@pytest.mark.parametrize("power", [0.8, 0.9])
@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.1, 0.9)])
def test_a_plans_power_is_that_of_statsmodels(power, weights):
    past, effect = Moments(1_000, 5.0, 999.0 * 4), 0.1
    reach = Rule("fixed", power=power).reach()
    units = 4 * (1 / weights[0] + 1 / weights[1]) * (reach / effect) ** 2
    oracle = NormalIndPower().power(
        effect / sqrt(past.variance), units * weights[0], 0.05, weights[1] / weights[0]
    )

    assert oracle == pytest.approx(power, abs=1e-6)  # statsmodels adds the chance of the wrong sign


def test_a_plan_of_one_look_is_a_fixed_one():
    """To 1e-6 of its power: its looks count an effect that is found with the wrong sign, too."""
    reach = Rule("group-sequential", looks=(1.0,)).reach()

    assert norm.cdf(reach - norm.isf(0.025)) == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize("planned", [100, 10_000])
@pytest.mark.parametrize("n", [50, 1_000, 100_000])
def test_a_confidence_sequence_ends_where_its_mixture_reaches_one_over_alpha(planned, n):
    """The martingale itself, integrated over the normal of its drifts, for a variance of 1 a unit.

    Two sides: exactly. One side: the mixture is over half the normal, and equation 134 a bound of it
    that is a little too wide.
    """
    rho = sqrt((-2 * log(0.05) + log(1 - 2 * log(0.05))) / planned)
    reach = AlwaysValid(planned).two_sided(1e9, n) * sqrt(n)
    assert mixture(reach, n, rho, sides=2) == pytest.approx(20, rel=1e-6)

    rho = sqrt((-2 * log(0.1) + log(1 - 2 * log(0.1))) / planned)
    reach = AlwaysValid(planned).one_sided(1e9, n) * sqrt(n)
    assert mixture(reach, n, rho, sides=1) >= 20
    assert mixture(reach * 0.96, n, rho, sides=1) < 20


def mixture(total, n, rho, *, sides):
    """What a bet on any drift has made of 1, where the sum of n units is ``total``."""
    middle, width = total * rho**2 / (n * rho**2 + 1), rho / sqrt(n * rho**2 + 1)

    def bet(drift):
        return exp(drift * total - drift**2 * n / 2) * norm.pdf(drift / rho) / rho * (1 if sides == 2 else 2)

    low = -12 * width + middle
    return quad(bet, max(low, 0.0) if sides == 1 else low, middle + 12 * width, limit=200)[0]


@pytest.mark.parametrize("df", [3.0, 1e3, 1e6, 1e15])
def test_no_p_value_is_zero(df):
    for rule in (Fixed(), AlwaysValid(1_000), GroupSequential((0.5, 1.0))):
        assert 0 < rule.p_value(40.0, df, 1_000) < 1e-3
        assert rule.p_value(-400.0, df, 10**9) > 0
    weights = {"a": 0.5, "b": 0.5}
    assert sample_ratio({"a": 10**7, "b": 0}, weights).p > 0
    assert sequential_ratio([{"a": 10**7, "b": 0}], weights) > 0


def test_of_many_units_a_relative_interval_is_that_of_the_delta_method_and_of_logarithms(rng):
    control, treated = (mean_of(gram(rng.gamma(2, s, (400_000, 1)))) for s in (3.0, 3.1))
    low, high = relative_interval(control, treated, Fixed())
    ratio = treated.mean / control.mean
    error = sqrt(treated.variance_of_mean / treated.mean**2 + control.variance_of_mean / control.mean**2)
    width = high - low

    assert (low, high) == pytest.approx(
        (ratio * (1 - 1.959964 * error) - 1, ratio * (1 + 1.959964 * error) - 1), abs=0.01 * width
    )
    assert (low, high) == pytest.approx(
        (ratio * exp(-1.959964 * error) - 1, ratio * exp(1.959964 * error) - 1), abs=0.01 * width
    )


def test_a_difference_of_ratios_is_clustered_as_statsmodels_clusters(rng):
    """Sessions of clients, regressed on the arm of the client, errors clustered by client."""
    sizes = rng.integers(1, 8, 600)
    client, arm = np.repeat(np.arange(600), sizes), np.repeat(np.arange(600) % 2, sizes)
    value = rng.normal(10, 1, len(client)) + rng.normal(0, 2, 600)[client] + 0.5 * arm
    units = np.column_stack([np.bincount(client, value), sizes])
    found = contrast(*(ratio_of(gram(units[side::2])) for side in (0, 1)))
    fitted = OLS(value, sm.add_constant(arm.astype(float))).fit(
        cov_type="cluster", cov_kwds={"groups": client, "use_correction": False}
    )

    assert found.value == pytest.approx(fitted.params[1], rel=1e-9)
    assert found.stderr * sqrt(299 / 300) == pytest.approx(fitted.bse[1], rel=1e-9)


@pytest.mark.parametrize(
    ("spending", "expected"),
    [
        ("obrien-fleming", (4.8769, 3.3569, 2.6803, 2.2898, 2.0310)),
        ("pocock", (2.4380, 2.4268, 2.4101, 2.3966, 2.3859)),
    ],
)
def test_one_sided_bounds_are_the_published_ones_of_half_the_alpha(spending, expected):
    """Reboussin, DeMets, Kim & Lan 2000: crossing both sides of a test has next to no chance."""
    bounds = spending_bounds((0.2, 0.4, 0.6, 0.8, 1.0), spending, 0.025, sides=1)

    assert bounds == pytest.approx(expected, abs=2e-4)


def test_the_sequential_ratio_is_that_of_betting_unit_by_unit(rng):
    """Pólya's urn: each unit's arm is foretold by the prior and the units before it."""
    weights = {"a": 0.2, "b": 0.3, "c": 0.5}
    days = [dict(zip("abc", rng.multinomial(300, (0.24, 0.3, 0.46)).tolist(), strict=True)) for _ in range(5)]
    seen, wealth, least = dict.fromkeys("abc", 0), 0.0, 1.0
    for day in days:
        for arm, n in day.items():
            for _ in range(n):
                foretold = (10_000 * weights[arm] + seen[arm]) / (10_000 + sum(seen.values()))
                wealth += log(foretold / weights[arm])
                seen[arm] += 1
        least = min(least, exp(-wealth))

    assert sequential_ratio(days, weights) == pytest.approx(least, rel=1e-9)
