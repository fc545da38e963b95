"""Estimates from sufficient statistics: beside tea-tasting and gbstats, statsmodels, and by laws.

``tests/oracles/estimates.json`` holds what tea-tasting 1.14.0 and gbstats 0.7.0 made of thirty
random sets of sufficient statistics; ``estimates.py`` beside it made it.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.regression.linear_model import OLS

from fullcycle.experiment import (
    AlwaysValid,
    Fixed,
    Gram,
    adjusted,
    contrast,
    imbalance,
    mean_of,
    quantile_of,
    ratio_of,
)

ORACLES = json.loads((Path(__file__).parents[1] / "oracles" / "estimates.json").read_text())
CLOSE = 1e-9


def gram(values):
    units, y, d, x, *covariance = values
    return Gram(units, (y, d, x), tuple(each * (units - 1) for each in covariance))


def rows_gram(rows):
    """The statistics of rows of shape ``(n_units, k)``."""
    off = rows - rows.mean(axis=0)
    products = off.T @ off
    size = rows.shape[1]
    triangle = [float(products[i, j]) for i in range(size) for j in range(i + 1)]
    return Gram(len(rows), tuple(rows.mean(axis=0).tolist()), tuple(triangle))


def estimates(name, control, treated):
    match name:
        case "mean":
            return mean_of(control), mean_of(treated)
        case "ratio":
            return ratio_of(control), ratio_of(treated)
        case "mean adjusted":
            found = adjusted(control.of([0, 2]), treated.of([0, 2]))
        case "ratio adjusted":
            found = adjusted(control, treated, ratio=True)
    return found.control, found.treated


@pytest.mark.parametrize("case", ORACLES, ids=range(len(ORACLES)))
@pytest.mark.parametrize("name", ["mean", "mean adjusted", "ratio", "ratio adjusted"])
def test_an_estimate_is_that_of_tea_tasting(case, name):
    arms = estimates(name, gram(case["arms"]["control"]), gram(case["arms"]["treated"]))
    found = contrast(*arms)
    difference, low, high, p, control, treated = case["tea_tasting"][name]
    scale = max(abs(low), abs(high))

    assert (arms[0].mean, arms[1].mean) == pytest.approx((control, treated), rel=CLOSE)
    assert found.value == pytest.approx(difference, rel=CLOSE, abs=CLOSE * scale)
    assert found.interval(Fixed()) == pytest.approx((low, high), rel=CLOSE, abs=CLOSE * scale)
    assert found.p_value(Fixed()) == pytest.approx(p, rel=1e-6, abs=1e-300)


@pytest.mark.parametrize("case", ORACLES, ids=range(len(ORACLES)))
def test_a_confidence_sequence_is_that_of_gbstats(case):
    found = contrast(mean_of(gram(case["arms"]["control"])), mean_of(gram(case["arms"]["treated"])))
    low, high, p = case["gbstats"]["sequence"]
    rule = AlwaysValid(10_000)
    scale = max(abs(low), abs(high))

    assert found.interval(rule) == pytest.approx((low, high), rel=CLOSE, abs=CLOSE * scale)
    assert found.p_value(rule) == pytest.approx(p, rel=1e-6, abs=1e-300)


def many(rng, n, k, effect=0.0):
    """Units whose value leans on k covariates, shape ``(n, 1 + k)``."""
    x = rng.normal(size=(n, k)) @ rng.normal(size=(k, k)) + rng.normal(size=k) * 5
    y = 3 + effect + x @ rng.normal(size=k) + rng.normal(size=n)
    return np.column_stack([y, x])


def test_slopes_are_those_of_least_squares_over_both_arms(rng):
    control, treated = many(rng, 300, 4), many(rng, 200, 4, effect=0.3)
    both = np.concatenate([control, treated])
    fitted = OLS(both[:, 0], sm.add_constant(both[:, 1:])).fit()
    found = adjusted(rows_gram(control), rows_gram(treated))

    assert found.slopes == pytest.approx(fitted.params[1:], rel=1e-9)
    residuals = fitted.resid[:300], fitted.resid[300:]
    assert found.treated.mean - found.control.mean == pytest.approx(residuals[1].mean() - residuals[0].mean())
    for arm, left in zip((found.control, found.treated), residuals, strict=True):
        assert arm.variance_of_mean == pytest.approx(left.var(ddof=1) / len(left), rel=1e-9)


def test_what_covariates_explain_is_gained(rng):
    rows = many(rng, 20_000, 3)
    found = adjusted(rows_gram(rows[:10_000]), rows_gram(rows[10_000:]))

    explained = OLS(rows[:, 0], sm.add_constant(rows[:, 1:])).fit().rsquared
    assert found.reduction == pytest.approx(explained, abs=0.01)


def test_a_covariate_that_repeats_another_or_never_varies_changes_nothing(rng):
    rows = many(rng, 400, 2)
    more = np.column_stack([rows, rows[:, 1] * 2 - rows[:, 2], np.full(400, 7.0)])
    plain = adjusted(rows_gram(rows[:200]), rows_gram(rows[200:]))
    found = adjusted(rows_gram(more[:200]), rows_gram(more[200:]))

    assert found.control == pytest.approx(plain.control) or (
        found.control.mean == pytest.approx(plain.control.mean)
        and found.control.variance_of_mean == pytest.approx(plain.control.variance_of_mean)
    )
    assert found.imbalance == pytest.approx(plain.imbalance)


def test_without_a_covariate_that_varies_an_arm_is_as_it_is(rng):
    rows = np.column_stack([rng.normal(size=50), np.ones(50)])
    found = adjusted(rows_gram(rows[:20]), rows_gram(rows[20:]))

    assert found.control == mean_of(rows_gram(rows[:20]))
    assert (found.reduction, found.imbalance) == (pytest.approx(0), 1.0)


@given(st.floats(1e-3, 1e3), st.floats(-100, 100))
def test_neither_the_unit_nor_the_origin_of_a_covariate_matters(scale, origin):
    rng = np.random.default_rng(5)
    rows = many(rng, 100, 2)
    moved = rows.copy()
    moved[:, 1] = moved[:, 1] * scale + origin
    plain, found = (adjusted(rows_gram(each[:50]), rows_gram(each[50:])) for each in (rows, moved))

    assert found.control.mean == pytest.approx(plain.control.mean, rel=1e-6)
    assert found.treated.variance_of_mean == pytest.approx(plain.treated.variance_of_mean, rel=1e-6)


def test_a_ratio_of_units_that_are_sums_is_clustered_as_statsmodels_clusters(rng):
    """A mean over sessions, randomised by client: the delta method against cluster-robust errors."""
    sizes = rng.integers(1, 8, 500)
    client = np.repeat(np.arange(500), sizes)
    sessions = rng.normal(10, 1, len(client)) + rng.normal(0, 2, 500)[client]
    units = np.column_stack([np.bincount(client, sessions), sizes.astype(float)])
    found = ratio_of(rows_gram(units))
    fitted = OLS(sessions, np.ones(len(sessions))).fit(
        cov_type="cluster", cov_kwds={"groups": client, "use_correction": False}
    )

    assert found.mean == pytest.approx(fitted.params[0], rel=1e-12)
    assert found.variance_of_mean * (499 / 500) == pytest.approx(fitted.bse[0] ** 2, rel=1e-9)


def test_a_ratio_over_nothing_is_no_number():
    found = ratio_of(Gram(3, (1.0, 0.0), (1.0, 0.0, 0.0)))

    assert np.isnan(found.mean)
    assert np.isnan(found.variance_of_mean)


def test_imbalance_rings_at_its_rate(rng, happens_at_rate):
    p = [
        imbalance(rows_gram(rng.normal(size=(300, 3))), rows_gram(rng.normal(size=(500, 3))))
        for _ in range(2_000)
    ]
    happens_at_rate(sum(each < 0.05 for each in p), 2_000, 0.05)
    assert imbalance(rows_gram(rng.normal(size=(300, 1))), rows_gram(rng.normal(1, 1, (300, 1)))) < 1e-6


def ladder(rows, q):
    """Order statistics at offsets of the share, as a warehouse brings them home."""
    rows = np.sort(rows)
    steps = [0.5 * 0.8**k for k in range(40)]
    return [
        (d, rows[int(np.ceil((q - d) * len(rows))) - 1], rows[int(np.ceil((q + d) * len(rows))) - 1])
        for d in steps
        if q - d > 0 and q + d < 1
    ]


@pytest.mark.slow
@pytest.mark.parametrize("q", [0.5, 0.9])
def test_the_interval_of_a_quantile_covers_it(rng, happens_at_rate, q):
    """Lognormal rows, one per unit; with 2,000 rows, and the slope taken at 1.96 standard errors."""
    n, runs, missed = 2_000, 4_000, 0
    truth = float(np.exp({0.5: 0.0, 0.9: 1.2815515655446004}[q]))
    for _ in range(runs):
        rows = rng.lognormal(size=n)
        value = float(np.sort(rows)[int(np.ceil(q * n)) - 1])
        found = quantile_of(n, value, q * (1 - q) / n, ladder(rows, q))
        missed += abs(value - truth) > 1.96 * np.sqrt(found.variance_of_mean)
    happens_at_rate(missed, runs, 0.05)


def test_a_quantile_without_spread_has_no_error():
    assert np.isnan(quantile_of(10, 1.0, 0.0, [(0.1, 1.0, 1.0)]).variance_of_mean)
    assert np.isnan(quantile_of(10, 1.0, 0.1, []).variance_of_mean)
