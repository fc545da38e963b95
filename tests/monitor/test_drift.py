"""fullcycle.monitor.drift: examples first, then laws, then its promises by simulation, then refusals."""

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest
from statsmodels.stats.multitest import multipletests

from fullcycle.kernel import Invalid
from fullcycle.monitor import FieldTally, drifts, stability
from fullcycle.monitor.drift import holm
from monitor.tallying import clients, field, tally


def counted(*counts):
    return FieldTally(bins=tuple(f"bin {i}" for i in range(len(counts))), counts=counts)


def test_psi_is_the_sum_over_bins_that_the_textbook_gives():
    was, now = counted(50_000, 30_000, 20_000), counted(40_000, 30_000, 30_000)

    expected = (0.4 - 0.5) * log(0.4 / 0.5) + (0.3 - 0.2) * log(0.3 / 0.2)
    assert stability(was, now).psi == pytest.approx(expected, rel=1e-3)


def test_psi_knows_how_large_chance_makes_it():
    found = stability(counted(500, 500, 500), counted(100, 100, 100))

    assert found.expected == pytest.approx((1 / 1500 + 1 / 300) * 2)
    assert (found.psi, found.p_value) == (pytest.approx(0, abs=1e-12), pytest.approx(1))


def test_the_tail_is_that_of_chi_squared():
    # 0.95 quantile of chi-squared with 1 degree of freedom: 3.841459 (any table)
    n = 10**7
    psi = 3.841459 * (2 / n)
    share = 0.5 + np.sqrt(psi / 4)  # PSI of two bins near one half is 4 times the squared step
    found = stability(counted(n // 2, n // 2), counted(round(n * share), n - round(n * share)))

    assert found.p_value == pytest.approx(0.05, rel=1e-3)


def test_a_bin_that_was_empty_and_fills_up_is_a_drift_not_an_infinity():
    found = stability(counted(1000, 1000, 0), counted(700, 700, 600))

    assert 0.5 < found.psi < 5
    assert found.p_value < 1e-12


def test_sparse_bins_are_pooled_and_empty_ones_left_out():
    assert stability(counted(500, 500, 3, 3, 3, 3), counted(500, 500, 3, 3, 3, 3)).bins == 3
    assert stability(counted(500, 480, 3, 0), counted(500, 480, 3, 0)).bins == 2


def test_of_few_rows_nothing_is_said():
    assert stability(counted(1000, 1000), counted(2, 0)).p_value == 1
    assert stability(counted(1000, 1000), counted(0, 0)).p_value == 1


# laws

many = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=8)


@given(many)
def test_psi_does_not_care_which_of_two_samples_came_first(pairs):
    a, b = (counted(*side) for side in zip(*pairs, strict=True))

    assert stability(a, b).psi == pytest.approx(stability(b, a).psi)
    assert stability(a, b).psi >= 0


@given(many, st.randoms())
def test_psi_does_not_care_in_which_order_bins_come(pairs, chance):
    mixed = list(pairs)
    chance.shuffle(mixed)
    one, other = (stability(*(counted(*side) for side in zip(*each, strict=True))) for each in (pairs, mixed))

    assert other.bins == one.bins
    if len({a + b for a, b in pairs}) == len(
        pairs
    ):  # else which of two equals is pooled is a matter of order
        assert other.psi == pytest.approx(one.psi)


@given(st.lists(st.integers(0, 500), min_size=2, max_size=8))
def test_a_sample_has_not_drifted_from_itself(counts):
    assert stability(counted(*counts), counted(*counts)).psi == 0


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=10), st.sampled_from([0.01, 0.05, 0.2]))
def test_holm_agrees_with_an_independent_implementation(p_values, alpha):
    assert holm(p_values, alpha) == list(multipletests(p_values, alpha, method="holm")[0])


# promises, by simulation


@pytest.mark.parametrize(("reference", "current"), [(5000, 5000), (10_000, 300), (300, 3000)])
def test_without_drift_p_values_are_uniform_whatever_the_sizes(reference, current):
    draw = np.random.default_rng(11)
    p_values = []
    for _ in range(400):
        was, now = draw.lognormal(5, 0.9, reference), draw.lognormal(5, 0.9, current)
        p_values.append(stability(field(was, was), field(now, was)).p_value)

    assert kstest(p_values, "uniform").pvalue > 0.001
    assert np.mean(np.array(p_values) < 0.01) < 0.03  # 4 expected of 400, and 12 hardly ever


def test_a_check_of_unchanged_data_rings_no_oftener_than_promised():
    rung = 0
    for seed in range(200):
        was, now = clients(1000, seed), clients(500, 10_000 + seed)
        # without the smallest size that matters, which would hide what chance does
        found = drifts(tally(was, was), tally(now, was), alpha=0.05, notable=0)
        rung += any(drift.drifted for drift in found)

    assert rung <= 19  # 10 expected at most; 20 or more hardly ever (binomial, 0.3 %)


@pytest.mark.parametrize("rows", [300, 3000, 30_000])
def test_a_field_that_moved_is_found_and_the_others_are_not(rows):
    for seed in range(10):
        was, now = clients(5000, seed), clients(rows, 10_000 + seed)
        now["recency"] = np.minimum(now["recency"] + 3, 12)

        found = drifts(tally(was, was), tally(now, was))

        assert [drift.field for drift in found if drift.drifted] == ["recency"]
        assert found[0].field == "recency"


def test_a_trifle_does_not_ring_however_many_rows_show_it():
    was, now = counted(500_000, 500_000), counted(510_000, 490_000)
    found = stability(was, now)

    assert found.p_value < 1e-9
    assert found.psi < 0.001


# refusals


def test_counts_of_other_bins_are_refused():
    with pytest.raises(Invalid, match="in the bins of the release's profile"):
        stability(counted(1, 2), FieldTally(bins=("x", "y"), counts=(1, 2)))


def test_counts_without_bins_are_refused():
    with pytest.raises(Invalid, match="2 counts for 1 bins"):
        FieldTally(bins=("x",), counts=(1, 2))
