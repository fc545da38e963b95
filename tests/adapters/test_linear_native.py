"""fullcycle.adapters.linear_native: what each feature adds to a linear model."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from fullcycle.adapters.linear_native import LinearCodec, LinearForm, LinearPredictor
from fullcycle.adapters.sklearn import estimator_model
from fullcycle.adapters.sklearn_served import told
from fullcycle.kernel import Damaged

RNG = np.random.default_rng(0)
X = np.column_stack([RNG.normal(3, 2, 400), RNG.integers(0, 4, 400), RNG.exponential(size=400)])
Y = 0.5 * X[:, 0] + (X[:, 1] == 2) - 0.25 * X[:, 2]
ONE_HOT = ColumnTransformer([("kind", OneHotEncoder(), [1])], remainder=StandardScaler())


def served(estimator, y=Y, x=X) -> LinearPredictor:
    predictor = told(estimator.fit(x, y), "flow.py:1").centred(x)
    codec = LinearCodec()
    return codec.decode(codec.encode(predictor))


def test_a_feature_adds_its_weight_times_how_far_it_is_from_its_mean():
    predictor = served(LinearRegression())
    row = X[7].tolist()

    *added, base = predictor.contributions(row)

    weights = predictor.form.weights
    assert added == pytest.approx([w * (v - m) for w, v, m in zip(weights, row, X.mean(axis=0), strict=True)])
    assert base == pytest.approx(Y.mean())  # least squares go through the mean row


def test_it_is_what_the_library_s_own_weights_give_against_the_same_rows():
    estimator = Ridge().fit(X, Y)

    expected = estimator_model(estimator).shap(X)

    assert np.array([served(Ridge()).contributions(row) for row in X.tolist()]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("estimator", "y", "back"),
    [
        (make_pipeline(ONE_HOT, Ridge()), Y, lambda p: p),
        (make_pipeline(ONE_HOT, LogisticRegression()), Y > 1, lambda p: log(p / (1 - p))),
        (make_pipeline(StandardScaler(), PoissonRegressor()), np.exp(Y), log),
    ],
    ids=["identity", "logistic", "exponential"],
)
def test_they_sum_to_what_the_link_makes_the_prediction_of(estimator, y, back):
    predictor = served(estimator, y)

    for row in X[:40].tolist():
        assert sum(predictor.contributions(row)) == pytest.approx(back(predictor.score(row)), rel=1e-9)


@given(kind=st.integers(0, 3))
def test_columns_that_were_made_of_one_feature_are_told_as_one(kind):
    predictor = served(make_pipeline(ONE_HOT, Ridge()))
    row, other = [1.0, float(kind), 2.0], [1.0, float((kind + 1) % 4), 2.0]

    before, after = predictor.contributions(row), predictor.contributions(other)

    assert len(before) == 4
    assert (before[0], before[2], before[3]) == (after[0], after[2], after[3])
    assert after[1] - before[1] == pytest.approx(predictor.score(other) - predictor.score(row))


def test_the_mean_row_is_all_base():
    predictor = served(LinearRegression())

    *added, base = predictor.contributions(X.mean(axis=0).tolist())

    assert added == pytest.approx([0.0, 0.0, 0.0], abs=1e-12)
    assert base == pytest.approx(predictor.score(X.mean(axis=0).tolist()))


def test_rows_with_a_missing_value_count_for_the_mean_as_the_model_saw_them():
    x = X.copy()
    x[:100, 0] = np.nan
    predictor = served(make_pipeline(SimpleImputer(), Ridge()), x=x)

    assert predictor.form.centre[0] == pytest.approx(np.nanmean(x[:, 0]))


def test_a_model_without_a_known_mean_is_explained_against_a_row_of_zeros():
    predictor = LinearPredictor(LinearForm(width=2, weights=(2.0, -1.0), intercept=0.5))

    assert predictor.contributions([3.0, 4.0]) == [6.0, -4.0, 0.5]
    assert predictor.centred(np.full((3, 2), np.nan)) is predictor


def test_what_was_stored_without_a_mean_is_read():
    stored = b'{"width":1,"weights":[2.0],"intercept":1.0,"link":"exp","preparation":null}'

    assert LinearCodec().decode(stored).score([1.0]) == exp(3.0)


def test_a_row_that_is_refused_is_not_explained():
    assert np.isnan(served(LinearRegression()).contributions([1.0, float("nan"), 0.0])).all()


@pytest.mark.parametrize("centre", ["[1.0]", "[1e400,0.0]"])
def test_a_mean_of_other_columns_is_damage(centre):
    stored = f'{{"width":2,"weights":[1.0,2.0],"intercept":0.0,"centre":{centre}}}'

    with pytest.raises(Damaged):
        LinearCodec().decode(stored.encode())
