"""What a winner is worth, freed from its selection."""

import numpy as np
import pytest

from fullcycle.experiment import shrunken, spread_expected, spread_measured
from fullcycle.kernel import Interval, Invalid


def test_among_shipped_winners_the_shrunken_effect_is_right_and_the_plain_one_is_not(rng):
    """Effects and noise alike, shipped where the estimate clears two standard errors."""
    truth = rng.normal(0, 1, 200_000)
    estimate = truth + rng.normal(0, 1, 200_000)
    shipped = estimate > 1.96
    found = np.array([shrunken(each, 1.0, 1.0).value for each in estimate[shipped]])

    assert found.mean() == pytest.approx(truth[shipped].mean(), abs=0.02)
    assert estimate[shipped].mean() > truth[shipped].mean() + 1


def test_the_credible_interval_covers_winners_whenever_they_were_stopped(rng, happens_at_rate):
    """At the first of five looks at which an estimate clears two standard errors, else not shipped."""
    runs = 20_000
    truth = rng.normal(0, 1, runs)
    sums = (truth[:, None] + rng.normal(0, 2, (runs, 5))).cumsum(axis=1)
    looks = np.arange(1, 6)
    estimate, stderr = sums / looks, 2 / np.sqrt(looks)
    crossed = estimate > 1.96 * stderr
    at = crossed.argmax(axis=1)
    shipped = np.flatnonzero(crossed.any(axis=1))
    outside = 0
    for run in shipped:
        found = shrunken(float(estimate[run, at[run]]), float(stderr[at[run]]), 1.0)
        outside += not found.low <= truth[run] <= found.high

    happens_at_rate(outside, len(shipped), 0.05)


def test_a_prior_too_wide_would_be_noticed(rng, happens_at_rate):
    """Planted: a prior with twice the spread that effects have."""
    truth = rng.normal(0, 1, 50_000)
    estimate = truth + rng.normal(0, 1.5, 50_000)
    shipped = np.flatnonzero(estimate > 3)
    outside = sum(
        not (f := shrunken(float(estimate[i]), 1.5, 2.0)).low <= truth[i] <= f.high for i in shipped
    )

    with pytest.raises(AssertionError):
        happens_at_rate(outside, len(shipped), 0.05)


def test_what_is_measured_exactly_is_left_alone():
    found = shrunken(0.3, 1e-6, 0.1)

    assert (found.value, found.weight) == pytest.approx((0.3, 1.0), rel=1e-6)


def test_the_spread_of_past_effects_is_found_again(rng):
    stderr = rng.uniform(0.5, 2, 4_000)
    effects = rng.normal(0, 1.5, 4_000) + rng.normal(0, 1, 4_000) * stderr

    assert spread_measured(list(zip(effects, stderr, strict=True))) == pytest.approx(1.5, rel=0.05)


def test_few_effects_or_mere_noise_are_no_prior(rng):
    assert spread_measured([(1.0, 0.1)] * 7) is None
    assert spread_measured([(0.1, 1.0)] * 20) is None


def test_the_briefs_boldest_guess_comes_once_in_twenty():
    assert spread_expected(Interval(-0.02, 0.01)) == pytest.approx(0.02 / 1.959964, rel=1e-6)


@pytest.mark.parametrize(("stderr", "spread"), [(0.0, 1.0), (1.0, 0.0), (float("nan"), 1.0)])
def test_what_has_no_spread_is_refused(stderr, spread):
    with pytest.raises(Invalid, match="above zero"):
        shrunken(1.0, stderr, spread)
