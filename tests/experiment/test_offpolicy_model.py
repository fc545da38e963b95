"""fullcycle.experiment.offpolicy_model: no row is predicted by a model that saw it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.experiment import cross_fit, decision_log, folds_of, ridge
from fullcycle.kernel import Invalid, NotEnoughData


def logged(n=400, *, seed=1, unit=None):
    rng = np.random.default_rng(seed)
    seen, done = rng.normal(size=(n, 3)), rng.integers(0, 2, n)
    reward = 1 + seen[:, 0] * np.where(done == 1, 2.0, -1.0) + rng.normal(size=n) / 10
    return decision_log(done.tolist(), np.full(n, 0.5), reward, actions=range(2), unit=unit), seen


@given(st.integers(2, 9), st.integers(0, 99))
def test_no_row_is_predicted_by_a_model_that_saw_it_or_another_of_its_unit(folds, seed):
    unit = np.arange(400) // 4
    log, seen = logged(unit=unit.tolist())
    numbered = np.column_stack([np.arange(400), unit])

    def spy(features, done, reward, actions):
        known = set(features[:, 1])

        def predict(some):
            assert not known & set(some[:, 1])
            return np.zeros((len(some), actions))

        return predict

    cross_fit(log, numbered, folds=folds, seed=seed, fit=spy)
    assert seen.shape == (400, 3)


def test_predictions_stand_in_the_rows_they_are_of():
    log, seen = logged()

    found = cross_fit(log, seen, fit=lambda *_: lambda some: np.column_stack([some[:, 0], some[:, 1]]))

    assert found.tolist() == seen[:, :2].tolist()


def test_a_linear_reward_is_learnt_for_each_action():
    log, seen = logged(4_000)

    found = cross_fit(log, seen)

    inside = np.abs(seen[:, 0]) < 1.5
    assert np.abs(found[inside, 1] - (1 + 2 * seen[inside, 0])).mean() < 0.05
    assert np.abs(found[inside, 0] - (1 - seen[inside, 0])).mean() < 0.05


def test_an_action_that_was_never_done_is_told_by_all_together():
    rng = np.random.default_rng(2)
    seen = rng.normal(size=(500, 2))
    reward = 3 + seen[:, 1]

    predict = ridge(seen, np.zeros(500, dtype=np.int64), reward, 2)

    found = predict(seen)
    assert found[:, 1] == pytest.approx(found[:, 0], abs=0.05)


def test_predictions_stay_within_the_rewards_that_were_seen():
    log, seen = logged()

    found = cross_fit(log, seen * 100)

    assert found.min() >= log.reward.min()
    assert found.max() <= log.reward.max()


def test_a_feature_that_never_changes_does_no_harm():
    log, seen = logged()

    assert np.isfinite(cross_fit(log, np.column_stack([seen, np.ones(len(log))]))).all()


def test_the_fold_of_an_id_does_not_depend_on_the_others():
    assert folds_of(["x", "y", "z"], 5).tolist() == [folds_of([one], 5)[0] for one in ("x", "y", "z")]
    assert folds_of(range(1000), 5, seed=1).tolist() != folds_of(range(1000), 5, seed=2).tolist()
    shares = np.bincount(folds_of(range(10_000), 5)) / 10_000
    assert np.abs(shares - 0.2).max() < 0.02


def test_what_cannot_be_cross_fitted_is_refused():
    log, seen = logged(20)

    with pytest.raises(Invalid, match=r"shape \(20,\)"):
        cross_fit(log, seen[:, 0])
    with pytest.raises(Invalid, match="a feature is NaN"):
        cross_fit(log, seen * np.nan)
    with pytest.raises(Invalid, match="3 ids for 20 rows"):
        cross_fit(log, seen, ids=[1, 2, 3])
    with pytest.raises(Invalid, match="1 folds") as caught:
        cross_fit(log, seen, folds=1)
    assert "may not predict what it saw" in caught.value.mend
    with pytest.raises(NotEnoughData, match="all 20 rows fall into one of 5 folds"):
        cross_fit(log, seen, ids=["one"] * 20)
