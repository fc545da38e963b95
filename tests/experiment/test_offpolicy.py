"""fullcycle.experiment.offpolicy: by hand, by the papers' formulas, by laws, by refusals.

That its intervals cover is in test_offpolicy_simulation.py.
"""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.experiment import Trust, always, decision_log, policy_difference, policy_value
from fullcycle.experiment.offpolicy import METHODS
from fullcycle.kernel import Invalid, Refused, UnknownName

MODELLED = ("dr", "switch-dr")


def drawn(seed, n=1500, actions=3, even=False):
    """A log by chances that differ by row, with what a model (a poor one) expects."""
    rng = np.random.default_rng(seed)
    chance = np.full((n, actions), 1 / actions) if even else rng.dirichlet(np.full(actions, 20.0), n)
    done = (rng.random(n)[:, None] > chance.cumsum(axis=1)).sum(axis=1).clip(0, actions - 1)
    reward = rng.normal(3 + done, 1.0)
    log = decision_log(done.tolist(), chance[np.arange(n), done], reward, actions=range(actions))
    return log, chance, rng.normal(3.0, 0.5, (n, actions))


seeds = st.integers(0, 2**32 - 1)
methods = st.sampled_from(METHODS)


def told(log, chances, method, predicted, **options):
    return policy_value(
        log, chances, method=method, predicted=predicted if method in MODELLED else None, **options
    )


def test_four_hundred_rows_by_hand():
    """Four rows, a hundred times over: the estimates are those of the four."""
    log = decision_log(["a", "b", "b", "a"] * 100, [0.5, 0.5, 0.5, 0.5] * 100, [1.0, 0.0, 1.0, 3.0] * 100)
    chances = always(log, ["a", "b", "a", "b"] * 100)  # weights 2, 2, 0, 0
    predicted = np.tile([[0.5, 0.0], [0.0, 0.5], [1.0, 1.0], [2.0, 1.0]], (100, 1))

    assert told(log, chances, "ips", None).value == pytest.approx((2 * 1 + 2 * 0) / 4)
    assert told(log, chances, "snips", None).value == pytest.approx((2 * 1 + 2 * 0) / (2 + 2))
    assert told(log, chances, "replay", None).value == pytest.approx((1 + 0) / 2)
    # the model of what the policy does: 0.5, 0.5, 1, 1; mended by 2·(1 − 0.5) and 2·(0 − 0.5)
    assert told(log, chances, "dr", predicted).value == pytest.approx((3 + 1 - 1) / 4)
    trusted = told(log, chances, "switch-dr", predicted, trust=Trust(threshold=1.5))
    assert trusted.value == pytest.approx(3 / 4)
    assert trusted.bias == pytest.approx(1.0)  # the largest error, 1, times all of the policy's chance


def test_the_estimates_are_those_of_open_bandit_pipeline():
    """Computed with obp 0.5.7 (Saito et al., NeurIPS 2021), from rows made by arithmetic alone."""
    i = np.arange(1200)
    done = np.searchsorted([0.4, 0.7, 0.9], (37 * i % 101) / 101)
    propensity = np.array([0.4, 0.3, 0.2, 0.1])[done] * (1 + 0.1 * np.sin(i))
    reward = ((i * i + 5 * done) % 7 < 2 + (done == 1)).astype(float) + 0.25 * np.cos(i)
    raw = 1.5 + np.sin(np.outer(i, np.arange(1, 5)))
    predicted = 0.3 + 0.1 * np.cos(np.outer(i + 1, np.arange(2, 6)))
    log = decision_log(done.tolist(), propensity, reward, actions=range(4))
    policies = {
        "by chance": raw / raw.sum(axis=1, keepdims=True),
        "always": always(log, ((i // 3) % 4).tolist()),
    }

    expected = {
        ("by chance", "ips"): 0.36600397568279824,
        ("by chance", "snips"): 0.3613722214536945,
        ("by chance", "dr"): 0.3607925739920992,
        ("by chance", "switch-dr"): 0.3789041218708609,
        ("always", "ips"): 0.3722281831095746,
        ("always", "snips"): 0.3744859668968745,
        ("always", "dr"): 0.3731257848978383,
        ("always", "switch-dr"): 0.3329139119656305,
    }
    for (policy, method), value in expected.items():
        options = {"trust": Trust(threshold=3.0)} if method == "switch-dr" else {}
        assert told(log, policies[policy], method, predicted, **options).value == pytest.approx(
            value, rel=1e-12
        )
    assert told(log, policies["always"], "snips", None).effective == pytest.approx(228.90526204889574)
    even = decision_log(done.tolist(), np.full(1200, 0.25), reward, actions=range(4))
    replayed = told(even, policies["always"], "replay", None)
    assert replayed.value == pytest.approx(0.4314415388210854, rel=1e-12)


@given(seeds)
def test_the_standard_errors_are_those_of_the_papers(seed):
    log, _, predicted = drawn(seed)
    rng = np.random.default_rng(seed + 1)
    chances = rng.dirichlet(np.full(3, 20.0), len(log))
    n, i = len(log), np.arange(len(log))
    w, r = chances[i, log.done] / log.propensity, log.reward

    assert told(log, chances, "ips", None).stderr == pytest.approx(np.std(w * r, ddof=1) / np.sqrt(n))
    cov = np.cov(w * r, w)  # the delta method of a ratio of means: Deng, Knoblich & Lu, KDD 2018
    v = told(log, chances, "snips", None).value
    ratio = (cov[0, 0] - 2 * v * cov[0, 1] + v**2 * cov[1, 1]) / n / w.mean() ** 2
    assert told(log, chances, "snips", None).stderr == pytest.approx(np.sqrt(ratio))
    each = (chances * predicted).sum(axis=1) + w * (r - predicted[i, log.done])
    found = told(log, chances, "dr", predicted)
    assert (found.value, found.stderr) == pytest.approx((each.mean(), np.std(each, ddof=1) / np.sqrt(n)))


@given(seeds, methods)
def test_the_logging_policy_is_worth_what_was_observed(seed, method):
    log, chance, _ = drawn(seed, even=method == "replay")
    exact = np.full_like(chance, log.reward.mean())  # errors that cancel: dr is then the mean, too

    found = told(log, chance, method, exact)

    assert found.value == pytest.approx(log.reward.mean())
    assert (found.effective, found.mean_weight) == pytest.approx((len(log), 1.0))
    assert found.low < log.reward.mean() < found.high


@given(seeds, methods, st.floats(0.1, 10))
def test_an_estimate_scales_with_the_reward(seed, method, rate):
    log, _, predicted = drawn(seed, even=method == "replay")
    chances = np.random.default_rng(seed + 1).dirichlet(np.full(3, 20.0), len(log))
    dearer = decision_log(log.done.tolist(), log.propensity, log.reward * rate, actions=log.actions)

    there, here = told(dearer, chances, method, predicted * rate), told(log, chances, method, predicted)

    for one, other in zip(
        (there.value, there.stderr, there.low, there.high),
        (here.value, here.stderr, here.low, here.high),
        strict=True,
    ):
        assert one == pytest.approx(other * rate)


@given(seeds, st.sampled_from(["snips", "replay", "dr", "switch-dr"]), st.floats(-5, 5))
def test_all_but_ips_move_with_the_reward(seed, method, shift):
    log, _, predicted = drawn(seed, even=method == "replay")
    chances = np.random.default_rng(seed + 1).dirichlet(np.full(3, 20.0), len(log))
    moved = decision_log(log.done.tolist(), log.propensity, log.reward + shift, actions=log.actions)

    there, here = told(moved, chances, method, predicted + shift), told(log, chances, method, predicted)

    assert there.value == pytest.approx(here.value + shift)
    assert there.stderr == pytest.approx(here.stderr)


@given(seeds, methods)
def test_neither_the_order_of_rows_nor_that_of_actions_matters(seed, method):
    log, _, predicted = drawn(seed, even=method == "replay")
    rng = np.random.default_rng(seed + 1)
    chances = rng.dirichlet(np.full(3, 20.0), len(log))
    rows, actions = rng.permutation(len(log)), rng.permutation(3)
    mixed = decision_log(
        log.done[rows].tolist(), log.propensity[rows], log.reward[rows], actions=actions.tolist()
    )

    there = told(mixed, chances[rows][:, actions], method, predicted[rows][:, actions])
    here = told(log, chances, method, predicted)

    assert (there.value, there.low, there.high) == pytest.approx((here.value, here.low, here.high))


@given(seeds)
def test_a_model_that_is_right_leaves_only_the_rows_own_noise(seed):
    """What dr is for: with the true expectations its standard error is below that of snips."""
    log, _, _ = drawn(seed)
    chances = always(log, [2] * len(log))
    truth = np.tile(3.0 + np.arange(3), (len(log), 1))

    assert told(log, chances, "dr", truth).stderr < told(log, chances, "ips", None).stderr / 2
    assert told(log, chances, "dr", truth).value == pytest.approx(5.0, abs=0.5)


@given(seeds, methods)
def test_a_policy_against_itself_is_zero_for_certain(seed, method):
    log, _, predicted = drawn(seed, even=method == "replay")
    chances = always(log, [1] * len(log))

    found = policy_difference(log, chances, chances, method=method, predicted=predicted)

    assert (found.difference, found.stderr, found.low, found.high) == (0.0, 0.0, 0.0, 0.0)


@given(seeds, methods)
def test_a_difference_is_of_the_two_values_and_turns_its_sign_when_swapped(seed, method):
    log, _, predicted = drawn(seed, even=method == "replay")
    one, other = always(log, [1] * len(log)), always(log, [2, 0, 1] * (len(log) // 3))

    there, back = (
        policy_difference(log, *pair, method=method, predicted=predicted, trust=Trust(threshold=2.0))
        for pair in ((one, other), (other, one))
    )

    values = [
        told(log, chances, method, predicted, trust=Trust(threshold=2.0)).value for chances in (one, other)
    ]
    assert there.difference == pytest.approx(values[0] - values[1])
    assert there.difference == pytest.approx(-back.difference)
    assert there.effective == min(told(log, chances, method, predicted).effective for chances in (one, other))
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


def test_a_paired_difference_is_tighter_than_two_values_apart():
    log, _, _ = drawn(2, n=6000)
    rng = np.random.default_rng(3)
    ours = rng.integers(0, 3, len(log))
    theirs = np.where(rng.random(len(log)) < 0.9, ours, (ours + 1) % 3)  # alike nine times out of ten
    one, other = always(log, ours.tolist()), always(log, theirs.tolist())

    apart = np.hypot(*(policy_value(log, chances).stderr for chances in (one, other)))

    assert policy_difference(log, one, other).stderr < apart / 2


def test_rows_of_one_unit_count_once():
    """Every row ten times over, under one unit, says no more than once."""
    log, _, _ = drawn(4)
    chances = always(log, [0] * len(log))
    tenfold = [np.repeat(side, 10) for side in (log.done, log.propensity, log.reward)]
    again = decision_log(
        tenfold[0].tolist(), *tenfold[1:], actions=range(3), unit=np.repeat(np.arange(1500), 10)
    )

    once, blown = policy_value(log, chances), policy_value(again, np.repeat(chances, 10, axis=0))

    assert (blown.value, blown.low, blown.high) == pytest.approx((once.value, once.low, once.high))
    assert blown.effective == pytest.approx(once.effective)


def test_a_threshold_that_no_weight_passes_is_doubly_robust():
    log, _, predicted = drawn(5)
    chances = always(log, [0] * len(log))

    switched = told(log, chances, "switch-dr", predicted, trust=Trust(threshold=1e6))

    assert switched.threshold is None
    assert switched.value == told(log, chances, "dr", predicted).value


def test_switching_pays_where_few_weights_are_huge_and_the_model_is_good():
    log, chances = with_huge_weights()
    predicted = np.ones((len(log), 2))

    robust = told(log, chances, "dr", predicted)
    switched = told(log, chances, "switch-dr", predicted, trust=Trust(model_error=0.05))

    assert switched.threshold is not None
    assert switched.threshold < 500
    assert switched.stderr < robust.stderr * 0.8
    assert 0 < switched.bias < robust.stderr
    assert switched.low < 1 < switched.high


def test_the_bias_of_a_switch_is_the_models_error_where_its_upper_bound_says_that_it_may_be():
    log, _, predicted = drawn(9, n=20_000)
    trust = Trust(threshold=3.0, model_error=0.5)

    switched = told(log, always(log, [0] * len(log)), "switch-dr", predicted, trust=trust)

    weight = (log.done == 0) / log.propensity
    kept = np.where(weight <= 3, weight, 0)
    low = kept.mean() - 1.6448536 * kept.std(ddof=1) / np.sqrt(len(log))  # all but exact: hardly skewed
    assert switched.bias == pytest.approx(0.5 * (1 - low), rel=1e-3)
    assert switched.bias > 0.5 * (1 - kept.mean()) * 1.02


def test_of_a_model_that_may_be_as_wrong_as_its_rows_nothing_is_switched():
    log, chances = with_huge_weights()

    assert told(log, chances, "switch-dr", np.ones((len(log), 2))).threshold is None


def with_huge_weights():
    """One row in a hundred had a chance of 1 in 500 for what the policy does; three such are in the log."""
    rng = np.random.default_rng(6)
    chance = np.where(np.arange(20_000)[:, None] % 100 == 0, [0.998, 0.002], [0.5, 0.5])
    done = (rng.random(20_000) > chance[:, 0]).astype(int)
    done[[0, 100, 200]] = 1
    reward = 1 + rng.normal(size=20_000)
    log = decision_log(done.tolist(), chance[np.arange(20_000), done], reward, actions=range(2))
    return log, always(log, [1] * 20_000)


def test_few_effective_rows_are_refused_and_no_number_is_told():
    log = decision_log(["a"] * 9_998 + ["b"] * 2, [0.999] * 9_998 + [0.0002] * 2, np.arange(10_000.0))

    for method in METHODS:
        with pytest.raises(Refused, match="say as much about this policy as 2 of its own") as caught:
            told(log, always(log, ["b"] * 10_000), method, np.zeros((10_000, 2)))
        assert "give each of the 2 actions a chance of at least 1.00%" in caught.value.mend
        assert "about 490,000 more rows" in caught.value.mend
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    with pytest.raises(Refused, match="as 2 of its own"):  # whichever side it stands on
        policy_difference(log, always(log, ["a"] * 10_000), always(log, ["b"] * 10_000))


def test_replay_of_a_log_that_was_not_drawn_evenly_is_refused():
    log, _, _ = drawn(7)

    with pytest.raises(Refused, match="drawn evenly by lot") as caught:
        told(log, always(log, [0] * len(log)), "replay", None)

    assert "snips" in caught.value.mend


def test_rewards_that_are_all_alike_leave_no_interval_to_tell():
    log = decision_log(["a", "b"] * 500, [0.5] * 1000, [0.0, 1.0] * 500)

    with pytest.raises(Refused, match="500 past decisions that count for this policy all led to 0"):
        policy_value(log, always(log, ["a"] * 1000))


def test_what_makes_no_sense_is_refused():
    log, chance, predicted = drawn(8)

    with pytest.raises(Invalid, match="needs a model's predictions"):
        policy_value(log, chance, method="dr")
    with pytest.raises(Invalid, match=r"shape \(1500, 2\)"):
        policy_value(log, chance, method="dr", predicted=predicted[:, :2])
    with pytest.raises(Invalid, match="a prediction is NaN"):
        policy_value(log, chance, method="dr", predicted=predicted * np.nan)
    with pytest.raises(Invalid, match="alpha=5"):
        policy_value(log, chance, alpha=5)
    with pytest.raises(Invalid, match="threshold=0"):
        Trust(threshold=0)
    with pytest.raises(Invalid, match="model_error=nan"):
        Trust(model_error=float("nan"))
    with pytest.raises(UnknownName, match="did you mean 'snips'"):
        policy_value(log, chance, method="snip")
