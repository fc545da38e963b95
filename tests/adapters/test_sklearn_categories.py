"""fullcycle.adapters.sklearn_served: categories are told apart as scikit-learn tells them apart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import fullcycle as fc
from fullcycle.adapters.sklearn_served import told
from fullcycle.adapters.trees_codec import TreesCodec
from fullcycle.kernel import Damaged
from sklearn_models import CATEGORICAL, fitted, kind, library, outcome, same, table


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("estimator", CATEGORICAL, ids=kind)
def test_categories_are_told_apart_as_their_library_does_to_the_bit(estimator, missing):
    estimator = fitted(estimator, missing=missing)
    unknown = table(80, 5)
    unknown[:, 2] += 2
    unknown[:40, 3] += 0.5
    unknown[60:, 3] *= -100
    endless = table(4, 6)
    endless[[0, 1, 2], [3, 0, 2]] = np.inf

    same(estimator, table(300, 1), table(100, 2, missing=True), unknown, endless)
    assert told(estimator, "flow.py:1").nodes.categories


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    kinds=st.integers(1, 250),
    scale=st.sampled_from([1.0, -0.25, 1e9]),
    missing=st.booleans(),
)
def test_any_categories_of_any_numbers_are_told_apart(seed, kinds, scale, missing):
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.integers(0, kinds, 400) * scale, rng.normal(size=400)])
    if missing:
        x[rng.random(400) < 0.2, 0] = np.nan
    y = np.sin(np.nan_to_num(x[:, 0]) / scale) + x[:, 1]
    estimator = HistGradientBoostingRegressor(
        max_iter=4, min_samples_leaf=2, categorical_features=[True, False]
    ).fit(x, y)
    asked = np.column_stack([rng.integers(-1, kinds + 2, 60) * scale, rng.normal(size=60)])
    asked[:5, 0] = np.nan

    fc.testing.same_predictions(told(estimator, ""), asked, estimator.predict(asked))


def test_a_category_that_no_row_of_training_had_goes_where_a_missing_value_goes():
    x, y = table(500, missing=True), outcome(table(500))
    estimator = HistGradientBoostingRegressor(max_iter=5, categorical_features=[2]).fit(x, y)
    row = table(1, 9)
    row[0, 2], unknown = np.nan, row.copy()
    unknown[0, 2] = 77.0

    predictor = told(estimator, "")

    assert (
        predictor.score(unknown[0].tolist()) == predictor.score(row[0].tolist()) == estimator.predict(row)[0]
    )


def test_a_column_without_a_value_goes_where_the_library_lets_it_go():
    x, y = table(100), outcome(table(100))
    x[:, 3] = np.nan
    with pytest.warns(UserWarning, match="Skipping features"):
        pipeline = make_pipeline(SimpleImputer(), StandardScaler(), Ridge()).fit(x, y)
    with pytest.warns(UserWarning, match="Skipping features"):
        expected = pipeline.predict(x)

    fc.testing.same_predictions(told(pipeline, "flow.py:1"), x, expected)


def test_a_node_that_asks_for_categories_that_are_not_there_is_damage():
    predictor = told(fitted(CATEGORICAL[0]), "")
    first = next(place for place, chosen in enumerate(predictor.nodes.chosen) if chosen >= 0)
    predictor.nodes.chosen[first] = len(predictor.nodes.categories) // 256

    with pytest.raises(Damaged, match="its parts do not fit together"):
        TreesCodec().decode(TreesCodec().encode(predictor))


def test_a_category_that_is_not_known_gives_a_linear_model_no_number_in_a_matrix_either():
    x = table(200)[:, 2:3]
    pipeline = make_pipeline(OneHotEncoder(), Ridge()).fit(x, x[:, 0] ** 2)
    asked = np.array([[1.0], [7.0], [2.0]])

    fc.testing.same_predictions(told(pipeline, ""), asked, library(pipeline, asked))
    assert np.isnan(told(pipeline, "").scores_of(asked)).tolist() == [False, True, False]
