"""Many comparisons at once: beside SciPy, and what is promised of findings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, norm

from fullcycle.experiment import adjusted_p, selected_alpha

RATE = 0.1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_rates_are_those_of_scipy(p):
    assert adjusted_p(p) == pytest.approx(false_discovery_control(p).tolist())


def false_shares(rng, runs, corrected=True):
    """Of twenty segments three have an effect: of each run's findings, the share that is false."""
    shares = []
    for _ in range(runs):
        z = rng.normal(size=20)
        z[:3] += 3.5
        p = 2 * norm.sf(np.abs(z))
        found = np.array(adjusted_p(p.tolist()) if corrected else p) <= RATE
        shares.append(found[3:].sum() / max(found.sum(), 1))
    return np.array(shares)


def far_above(shares, rate):
    """Whether the mean is above by what chance gives once in 10⁵ (normal, 4.26 standard errors)."""
    return shares.mean() > rate + 4.26 * shares.std() / np.sqrt(len(shares))


def test_of_findings_no_larger_share_is_false(rng):
    assert not far_above(false_shares(rng, 5_000), RATE)


def test_findings_without_correction_would_be_noticed(rng):
    """Planted: p values as they are."""
    assert far_above(false_shares(rng, 5_000, corrected=False), RATE)


def test_of_intervals_that_are_told_no_larger_share_misses(rng):
    shares = []
    for _ in range(4_000):
        truth = rng.choice([0.0, 2.0], 20)
        z = truth + rng.normal(size=20)
        p = (2 * norm.sf(np.abs(z))).tolist()
        told = np.array(adjusted_p(p)) <= RATE
        reach = norm.isf(selected_alpha(p, RATE) / 2)
        shares.append((np.abs(z - truth)[told] > reach).sum() / max(told.sum(), 1))

    assert not far_above(np.array(shares), RATE)


def test_where_nothing_is_found_intervals_are_as_always():
    assert selected_alpha([0.5, 0.9]) == 0.05
    assert selected_alpha([]) == 0.05
