"""fullcycle.experiment.offpolicy_weights: what weights look like, and when they carry no estimate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.experiment import always, decision_log, weight_diagnostics, weights_of, why_refused


def logged(done, propensity, **options):
    return decision_log(done, propensity, np.arange(float(len(done))), **options)


def test_four_rows_by_hand():
    log = logged(["a", "b", "b", "c"], [0.5, 0.25, 0.25, 0.25], actions=["a", "b", "c", "d"])

    found = weight_diagnostics(log, always(log, ["a", "b", "a", "d"]))  # weights 2, 4, 0, 0

    assert (found.rows, found.actions) == (4, 4)
    assert found.effective == pytest.approx((2 + 4) ** 2 / (4 + 16))
    assert (found.mean, found.largest, found.zero) == (1.5, 4.0, 0.5)
    assert found.covered == 0.75  # d was never done
    assert found.smallest_propensity == 0.25
    reach = 1.959963984540054 * np.std([2, 4, 0, 0], ddof=1) / 2
    assert (found.mean_low, found.mean_high) == pytest.approx((1.5 - reach, 1.5 + reach))


@given(st.integers(0, 2**32 - 1))
def test_the_effective_sample_is_between_one_and_all_rows_that_count(seed):
    rng = np.random.default_rng(seed)
    log = logged(rng.integers(0, 3, 50).tolist(), rng.uniform(0.01, 1, 50), actions=range(3))

    chances = rng.dirichlet(np.ones(3), 50)
    found, weight = weight_diagnostics(log, chances), weights_of(log, chances)

    assert 1 <= found.effective <= np.count_nonzero(weight) + 1e-9
    assert found.mean_low <= found.mean <= found.mean_high
    assert found.largest == weight.max()


def test_a_floor_of_the_told_size_makes_as_many_rows_enough():
    """What a refusal advises does what it says, whatever the policy."""
    rng = np.random.default_rng(1)
    rows, floor = 4000, 0.025  # a hundredth of a hundred rows' worth: 100 / 4000
    chance = np.array([1 - 3 * floor, floor, floor, floor])
    done = rng.choice(4, rows, p=chance)
    log = logged(done.tolist(), chance[done], actions=range(4))

    for action in range(4):
        assert weight_diagnostics(log, always(log, [action] * rows)).effective >= 80  # ± its own noise


def test_enough_is_not_refused():
    log = logged(["a", "b"] * 100, [0.5] * 200)

    assert why_refused(weight_diagnostics(log, always(log, ["a"] * 200))) is None
    few = logged(["a", "b"] * 99, [0.5] * 198)
    assert "as 99 of its own" in why_refused(weight_diagnostics(few, always(few, ["a"] * 198))).why


def test_a_mean_weight_above_one_says_that_propensities_are_too_low():
    log = logged(["a", "b"] * 500, [0.25] * 1000)

    told = why_refused(weight_diagnostics(log, always(log, ["a"] * 1000)))

    assert "the mean weight is 2.00 [1.88, 2.12], and should be 1" in told.why
    assert "propensities are too low" in told.why
    assert "log the chance that the action had when it was drawn" in told.instead


def test_a_mean_weight_below_one_says_that_propensities_are_too_high():
    log = logged(["a", "b"] * 500, [0.9] * 1000)

    told = why_refused(weight_diagnostics(log, always(log, ["a"] * 1000)))

    assert "propensities are too high, or what this policy would do had no chance" in told.why


def test_a_policy_of_what_was_never_done_is_told_so():
    log = logged(["a", "b"] * 500, [0.5] * 1000, actions=["a", "b", "c"])

    told = why_refused(weight_diagnostics(log, always(log, ["c"] * 1000)))

    assert "as 0 of its own would" in told.why
    assert "100% of what this policy decides was never done in the log" in told.why
    assert "by lot among all actions" in told.instead
    half = why_refused(weight_diagnostics(log, always(log, ["a", "c", "c", "c"] * 250)))
    assert "75% of what this policy decides was never done in the log" in half.why


def test_a_mean_weight_that_one_row_decides_asks_for_a_floor():
    log = logged(["a"] * 999 + ["b"], [0.9999] * 999 + [0.0001])

    told = why_refused(weight_diagnostics(log, always(log, ["b"] * 1000)))

    assert "as 1 of its own would" in told.why
    assert "a few rows with weights up to 10,000 decide it" in told.why
    assert "the smallest here is 0.0001" in told.instead


def test_more_actions_than_rows_can_tell_apart_ask_for_more_rows():
    log = logged([0] * 50, [1.0] * 50, actions=range(3))

    told = why_refused(weight_diagnostics(log, np.tile([1.0, 0.0, 0.0], (50, 1))))

    assert "by lot among the 3 actions, in more than 300 rows" in told.instead
    assert "about 50 more rows like these" in told.instead
