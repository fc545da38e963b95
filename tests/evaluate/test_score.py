"""fullcycle.evaluate.score against scikit-learn, then laws, then refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from fullcycle.evaluate.score import Rows, score_named
from fullcycle.kernel import Invalid, NotEnoughData, UnknownName


def asked(name, y, predicted, weight=None):
    weight = np.ones(len(y)) if weight is None else weight
    of = score_named(name).prepare(Rows(np.asarray(y, float), weight), np.asarray(predicted, float)[:, None])
    return float(of(weight[None, :])[0])


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("name", "independent"),
    [
        ("mae", metrics.mean_absolute_error),
        ("rmse", metrics.root_mean_squared_error),
        ("r2", metrics.r2_score),
    ],
)
def test_scores_of_numbers_are_those_of_scikit_learn(rng, name, independent, weighted):
    y, predicted = rng.normal(50, 3, 500), rng.normal(50, 4, 500)
    weight = rng.exponential(size=500) if weighted else None

    assert asked(name, y, predicted, weight) == pytest.approx(independent(y, predicted, sample_weight=weight))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("name", "independent"),
    [
        ("auc", metrics.roc_auc_score),
        ("logloss", metrics.log_loss),
        ("brier", metrics.brier_score_loss),
    ],
)
def test_scores_of_chances_are_those_of_scikit_learn_ties_included(rng, name, independent, weighted):
    predicted = np.round(rng.uniform(size=500), 1)
    y = (rng.uniform(size=500) < predicted).astype(float)
    weight = rng.exponential(size=500) if weighted else None

    assert asked(name, y, predicted, weight) == pytest.approx(independent(y, predicted, sample_weight=weight))


def test_the_default_baseline_of_the_absolute_error_is_the_weighted_median():
    constant = score_named("mae").constant

    assert constant(np.array([1.0, 2.0, 9.0]), np.ones(3)) == 2
    assert constant(np.array([1.0, 2.0, 9.0]), np.array([1.0, 1.0, 9.0])) == 9


# laws

labels = st.lists(st.booleans(), min_size=4, max_size=40).filter(lambda y: any(y) and not all(y))


@given(y=labels, seed=st.integers(0, 99))
def test_a_monotone_transformation_keeps_the_auc(y, seed):
    predicted = np.round(np.random.default_rng(seed).normal(size=len(y)), 1)

    assert asked("auc", y, predicted) == asked("auc", y, np.exp(predicted) * 3 - 7)


@given(y=labels, seed=st.integers(0, 99))
def test_turning_a_ranking_round_turns_the_auc_round(y, seed):
    predicted = np.round(np.random.default_rng(seed).normal(size=len(y)), 1)

    assert asked("auc", y, predicted) + asked("auc", y, -predicted) == pytest.approx(1)


@given(y=labels)
def test_a_constant_ranks_like_chance_and_the_truth_ranks_perfectly(y):
    assert asked("auc", y, np.full(len(y), 0.3)) == 0.5
    assert asked("auc", y, np.asarray(y, float)) == 1


@pytest.mark.parametrize("name", ["mae", "rmse", "r2", "auc", "logloss", "brier"])
@given(y=labels, seed=st.integers(0, 99))
def test_a_weight_of_two_is_the_row_twice(name, y, seed):
    predicted = np.random.default_rng(seed).uniform(size=len(y))
    twice = 1.0 + (np.arange(len(y)) % 2)
    copies = np.repeat(np.arange(len(y)), twice.astype(int))

    heavy = asked(name, y, predicted, twice)
    assert heavy == pytest.approx(asked(name, np.asarray(y)[copies], predicted[copies]))


@pytest.mark.parametrize(
    ("name", "perfect"), [("mae", 0), ("rmse", 0), ("r2", 1), ("logloss", 0), ("brier", 0)]
)
def test_the_truth_gets_the_best_score_there_is(name, perfect):
    assert asked(name, [0.0, 1.0, 1.0], [0.0, 1.0, 1.0]) == pytest.approx(perfect, abs=1e-12)
    better_up = score_named(name).higher_is_better
    assert (asked(name, [0.0, 1.0, 1.0], [0.1, 0.8, 0.7]) < perfect) == better_up


# refusals


@pytest.mark.parametrize(
    ("name", "y", "predicted", "error", "words"),
    [
        ("auc", [0, 2, 1], [0, 0, 0], Invalid, "1 other value.* than 0 and 1, such as 2"),
        ("auc", [1, 1, 1], [0, 0, 0], NotEnoughData, "no pair can be ranked"),
        (
            "logloss",
            [0, 1, 1],
            [0.5, 1.5, 0.5],
            Invalid,
            r"1 of 3 predictions are no probability, such as 1\.5",
        ),
        ("brier", [0, 1, 1], [-0.5, 1, 1], Invalid, "objective"),
        ("r2", [2, 2, 2], [1, 2, 3], NotEnoughData, "every label is the same"),
        ("qini@none", [0, 1, 1], [0, 1, 1], Invalid, "do not tell their actions"),
    ],
)
def test_a_score_that_does_not_fit_is_refused(name, y, predicted, error, words):
    with pytest.raises(error, match=words):
        asked(name, np.array(y, float), predicted)


def test_an_unknown_score_offers_the_nearest_and_qini_asks_for_its_control():
    with pytest.raises(UnknownName, match="did you mean 'logloss'"):
        score_named("log_loss")
    with pytest.raises(Invalid, match="write it after an @"):
        score_named("qini")
