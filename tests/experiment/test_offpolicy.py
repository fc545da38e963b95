"""fullcycle.experiment.offpolicy: by hand, by laws, by refusals; its coverage is in test_simulation.py."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.experiment import difference, ips, snips, weights_of
from fullcycle.kernel import Invalid, NotEnoughData

rows = st.integers(0, 2**32 - 1).map(
    lambda seed: (
        np.random.default_rng(seed).normal(3, 1, 60),
        np.random.default_rng(seed + 1).choice([0.0, 3.0], 60, p=[0.6, 0.4]) + np.eye(60)[0],
    )
)


def test_four_rows_by_hand():
    reward = np.array([1.0, 0.0, 1.0, 1.0])
    weight = weights_of(["a", "b", "b", "c"], np.array([0.5, 0.25, 0.25, 0.25]), ["a", "b", "a", "b"])

    assert weight.tolist() == [2.0, 4.0, 0.0, 0.0]
    assert ips(reward, weight).value == 0.5  # (2*1 + 4*0) / 4
    assert snips(reward, weight).value == pytest.approx(1 / 3)  # (2*1 + 4*0) / (2 + 4)
    assert ips(reward, weight).effective == pytest.approx(36 / 20)
    assert ips(reward, weight).stderr == pytest.approx(np.std([2, 0, 0, 0], ddof=1) / 2)


def test_the_standard_error_of_snips_is_that_of_a_ratio_of_means():
    rng = np.random.default_rng(1)
    reward, weight = rng.normal(5, 2, 3000), rng.choice([0.0, 3.0], 3000, p=[2 / 3, 1 / 3])

    found = snips(reward, weight)

    n, top, w = len(reward), weight * reward, weight  # Deng, Knoblich & Lu, KDD 2018
    cov = np.cov(top, w)
    r = found.value
    variance = (cov[0, 0] - 2 * r * cov[0, 1] + r**2 * cov[1, 1]) / n / w.mean() ** 2
    assert found.stderr == pytest.approx(np.sqrt(variance), rel=1e-9)
    assert (found.low, found.high) == pytest.approx(
        (r - 1.959964 * found.stderr, r + 1.959964 * found.stderr)
    )


def test_few_effective_rows_are_warned_of():
    reward = np.ones(10_000)
    weight = np.full(10_000, 1e-3)
    weight[:2] = 5_000.0

    assert "the effective sample is 2 of 10,000 rows" in ips(reward, weight).warning
    assert "effective sample is 2" in difference(reward, weight, np.ones(10_000)).warning


def test_weights_that_do_not_average_to_one_are_warned_of():
    assert "mean weight is 2.00" in ips(np.ones(500), np.full(500, 2.0)).warning
    assert ips(np.ones(500), np.ones(500)).warning == ""


@given(rows)
def test_the_logging_policy_is_worth_what_was_observed(row):
    reward, _ = row
    ones = np.ones(len(reward))

    for estimator in (ips, snips):
        found = estimator(reward, ones)
        assert found.value == pytest.approx(reward.mean())
        assert found.stderr == pytest.approx(reward.std(ddof=1) / np.sqrt(len(reward)))
        assert found.effective == pytest.approx(len(reward))


@given(rows, st.floats(0.1, 10), st.floats(-5, 5))
def test_snips_moves_and_scales_with_the_reward_and_ips_scales(row, rate, shift):
    reward, weight = row

    moved = snips(reward * rate + shift, weight)

    assert moved.value == pytest.approx(snips(reward, weight).value * rate + shift)
    assert moved.stderr == pytest.approx(snips(reward, weight).stderr * rate)
    assert ips(reward * rate, weight).value == pytest.approx(ips(reward, weight).value * rate)


@given(rows, st.sampled_from(["ips", "snips"]))
def test_a_policy_against_itself_is_zero_for_certain(row, method):
    reward, weight = row

    found = difference(reward, weight, weight, method=method)

    assert (found.difference, found.stderr) == (0.0, 0.0)


@given(rows, rows, st.sampled_from(["ips", "snips"]))
def test_a_difference_is_of_the_two_values_and_turns_its_sign_when_swapped(row, other, method):
    (reward, weight), (_, against) = row, other
    value = {"ips": ips, "snips": snips}[method]

    there, back = (
        difference(reward, *pair, method=method) for pair in ((weight, against), (against, weight))
    )

    assert there.difference == pytest.approx(value(reward, weight).value - value(reward, against).value)
    assert there.difference == pytest.approx(-back.difference)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


def test_a_paired_difference_is_tighter_than_two_values_apart():
    rng = np.random.default_rng(2)
    reward, weight = rng.normal(5, 1, 5000), rng.choice([0.0, 3.0], 5000, p=[2 / 3, 1 / 3])
    other = np.where(rng.random(5000) < 0.9, weight, 3.0 - weight)

    apart = np.hypot(snips(reward, weight).stderr, snips(reward, other).stderr)

    assert difference(reward, weight, other).stderr < apart / 2


def test_what_cannot_be_valued_is_refused():
    with pytest.raises(NotEnoughData, match="agrees with 0"):
        ips(np.ones(9), np.zeros(9))
    with pytest.raises(Invalid, match="not above 0"):
        weights_of(["a"], np.array([0.0]), ["a"])
    with pytest.raises(Invalid, match="1 actions, 2 propensities"):
        weights_of(["a"], np.array([0.5, 0.5]), ["a"])
    with pytest.raises(Invalid, match="NaN"):
        snips(np.array([1.0, np.nan]), np.ones(2))
    with pytest.raises(Invalid, match="shape"):
        snips(np.ones(3), np.ones(2))
