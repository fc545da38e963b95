"""fullcycle.experiment.ratio_check against SciPy; its alarm rate is in test_simulation.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from fullcycle.experiment import sample_ratio, sequential_ratio

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


HALVES = {"a": 0.5, "b": 0.5}


def by_days(rng, share, runs, per_day=500, days=28):
    """New units of each arm by day, for each of ``runs`` experiments."""
    for counts in rng.binomial(per_day, share, (runs, days)):
        yield [{"a": int(n), "b": per_day - int(n)} for n in counts]


def test_read_every_day_the_ratio_rings_at_most_at_its_rate(rng, happens_at_most):
    alarms = sum(sequential_ratio(days, HALVES) < 0.05 for days in by_days(rng, 0.5, 2_000))

    happens_at_most(alarms, 2_000, 0.05)


def test_chi_square_read_every_day_would_be_noticed(rng, happens_at_most):
    """Planted: the test for one look, at all of them."""
    alarms = 0
    for days in by_days(rng, 0.5, 1_000):
        sums = [{arm: sum(day[arm] for day in days[: n + 1]) for arm in HALVES} for n in range(len(days))]
        alarms += any(sample_ratio(counts, HALVES).p < 0.05 for counts in sums)

    with pytest.raises(AssertionError):
        happens_at_most(alarms, 1_000, 0.05)


def test_a_ratio_that_is_off_rings(rng):
    assert sum(sequential_ratio(days, HALVES) < 0.01 for days in by_days(rng, 0.53, 200)) >= 195


def test_once_rung_it_stays_rung():
    bad, good = {"a": 5_500, "b": 4_500}, {"a": 450_000, "b": 451_000}

    assert sequential_ratio([bad, good], HALVES) == sequential_ratio([bad], HALVES) < 1e-9


def test_of_nobody_nothing_is_said():
    assert sequential_ratio([], HALVES) == sequential_ratio([{}], HALVES) == 1.0
