"""fullcycle.experiment.ratio_check against SciPy; its alarm rate is in test_simulation.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from fullcycle.experiment import sample_ratio

counts = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 10**6), min_size=2)


@given(counts, st.lists(st.floats(0.1, 1), min_size=4, max_size=4))
def test_it_is_pearsons_chi_square(counts, shares):
    weights = dict(zip(sorted(counts), shares, strict=False))
    total, share = sum(counts.values()), sum(weights.values())
    expected = [total * weights[arm] / share for arm in counts]

    found = sample_ratio(counts, weights)

    oracle = chisquare(list(counts.values()), expected)
    assert found.statistic == pytest.approx(oracle.statistic, rel=1e-9, abs=1e-9)
    assert found.p == pytest.approx(oracle.pvalue, rel=1e-9)


def test_a_tiny_p_is_the_tail_itself():
    assert 0 < sample_ratio({"a": 40_000, "b": 45_000}, {"a": 0.5, "b": 0.5}).p < 1e-60


def test_an_arm_that_nobody_got_rings():
    assert not sample_ratio({"a": 500}, {"a": 0.5, "b": 0.5}).ok


def test_without_units_nothing_is_wrong():
    assert sample_ratio({"a": 0, "b": 0}, {"a": 0.5, "b": 0.5}).ok
