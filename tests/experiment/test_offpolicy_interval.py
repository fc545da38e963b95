"""fullcycle.experiment.offpolicy_interval: the skewness taken off, and room for a bias."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, poisson

from fullcycle.experiment.offpolicy_interval import Ratios, critical, spread_of


def mean_of(values):
    values = np.asarray(values, dtype=float)
    return Ratios(((1.0, values, np.ones_like(values)),))


def test_without_skewness_it_is_the_normal_interval():
    found = spread_of(mean_of([1.0, 3.0] * 50), alpha=0.05)

    assert found.value == 2.0
    reach = norm.ppf(0.975) * np.std([1.0, 3.0] * 50, ddof=1) / 10
    assert (found.low, found.high) == pytest.approx((2 - reach, 2 + reach), abs=1e-12)


@given(st.integers(0, 2**32 - 1))
def test_its_ends_are_where_halls_cubic_meets_the_normal_quantile(seed):
    """g(T) = T + s (T²/3 + 1/6) + s² T³/27, s the skewness over the root of n: Hall 1992."""
    values = np.random.default_rng(seed).lognormal(size=100)

    found = spread_of(mean_of(values), alpha=0.05)

    centred = values - values.mean()
    s = (centred**3).mean() / np.std(values, ddof=1) ** 3 / np.sqrt(len(values))
    for end, z in ((found.low, norm.ppf(0.975)), (found.high, norm.ppf(0.025))):
        t = (found.value - end) / found.stderr
        assert t + s * (t**2 / 3 + 1 / 6) + s**2 * t**3 / 27 == pytest.approx(z)


@given(st.integers(12, 200))
def test_of_rare_counts_it_comes_near_the_exact_interval_on_the_cautious_side(hits):
    """Of few hits in many rows the exact interval is Poisson's (Garwood 1936)."""
    n = 20_000
    found = spread_of(mean_of(np.arange(n) < hits), alpha=0.05)

    low, high = poisson_interval(hits)
    assert found.low * n == pytest.approx(low, abs=0.05 * np.sqrt(hits) + 0.5)
    assert found.high * n == pytest.approx(high, abs=0.3 * np.sqrt(hits) + 0.5)
    plain = hits + 1.96 * np.sqrt(hits)
    assert found.high * n > plain  # a normal interval stops short of it


def poisson_interval(hits):
    """Garwood's, found by halving."""
    ends = []
    for wanted in (
        lambda mean: poisson.sf(hits - 1, mean) < 0.025,
        lambda mean: poisson.cdf(hits, mean) > 0.025,
    ):
        low, high = 0.0, 4.0 * hits + 20
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if wanted(middle) else (low, middle)
        ends.append(low)
    return ends


@given(st.integers(0, 2**32 - 1))
def test_what_is_mirrored_has_the_mirrored_interval(seed):
    values = np.random.default_rng(seed).lognormal(size=200)

    there, back = spread_of(mean_of(values), alpha=0.05), spread_of(mean_of(-values), alpha=0.05)

    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 0.5))
def test_the_value_is_inside_and_less_certainty_is_narrower(seed, alpha):
    values = mean_of(np.random.default_rng(seed).lognormal(size=400))

    wide, narrow = spread_of(values, alpha=alpha / 2), spread_of(values, alpha=alpha)

    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


@given(st.floats(0, 30), st.floats(0.001, 0.5))
def test_the_critical_value_misses_as_often_as_told_under_the_largest_bias(bias, alpha):
    reach = critical(bias, alpha)

    assert norm.sf(reach - bias) + norm.cdf(-reach - bias) == pytest.approx(alpha, rel=1e-6)


def test_a_bias_widens_the_interval_even_of_what_is_certain():
    certain = spread_of(mean_of([2.0] * 10), alpha=0.05, bias=0.5)

    assert (certain.low, certain.high) == (1.5, 2.5)


def test_a_ratio_less_itself_is_zero_for_certain():
    values = Ratios(((1.0, np.arange(9.0), np.arange(1.0, 10.0)),))

    found = spread_of(values.less(values), alpha=0.05)

    assert (found.value, found.stderr, found.low, found.high) == (0.0, 0.0, 0.0, 0.0)
