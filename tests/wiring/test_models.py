"""fullcycle.wiring.models: each library's models, asked alike and explained where that is exact."""

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fullcycle.kernel import Invalid
from fullcycle.wiring.models import batch_model, explainer_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
Y = X[:, 0] * 2 - X[:, 1]
B = (Y > 0).astype(int)
SMALL = {"n_estimators": 4, "n_jobs": 1}
LGB = {**SMALL, "verbose": -1, "min_child_samples": 5}


def boosted(objective: str, target) -> lgb.Booster:
    return lgb.train({"objective": objective, "verbose": -1, "num_threads": 1}, lgb.Dataset(X, target), 4)


def trees(objective: str, target) -> xgb.Booster:
    return xgb.train({"objective": objective, "nthread": 1}, xgb.DMatrix(X, target), 4)


def asked(model):
    return batch_model(model, "flow.py:1")


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (boosted("regression", Y), lambda m: m.predict(X)),
        (lgb.LGBMRegressor(**LGB).fit(X, Y), lambda m: m.booster_.predict(X)),
        (lgb.LGBMClassifier(**LGB).fit(X, B), lambda m: m.booster_.predict(X)),
        (trees("reg:squarederror", Y), lambda m: m.predict(xgb.DMatrix(X))),
        (xgb.XGBRegressor(**SMALL).fit(X, Y), lambda m: m.predict(X)),
        (xgb.XGBClassifier(**SMALL).fit(X, B), lambda m: m.predict_proba(X)[:, 1]),
        (LinearRegression().fit(X, Y), lambda m: m.predict(X)),
        (LogisticRegression().fit(X, B), lambda m: m.predict_proba(X)[:, 1]),
        (make_pipeline(StandardScaler(), LogisticRegression()).fit(X, B), lambda m: m.predict_proba(X)[:, 1]),
        (RandomForestRegressor(**SMALL).fit(X, Y), lambda m: m.predict(X)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_model_gives_one_number_per_row_and_none_for_no_rows(model, expected):
    given = asked(model).predict(X)

    assert given.dtype == np.float64
    assert given == pytest.approx(expected(model), rel=1e-6)
    assert asked(model).predict(X[:0]).shape == (0,)


@pytest.mark.parametrize(
    ("model", "raw"),
    [
        (boosted("binary", B), lambda m: m.predict(X, raw_score=True)),
        (lgb.LGBMClassifier(**LGB).fit(X, B), lambda m: m.predict(X, raw_score=True)),
        (trees("binary:logistic", B), lambda m: m.predict(xgb.DMatrix(X), output_margin=True)),
        (xgb.XGBClassifier(**SMALL).fit(X, B), lambda m: m.predict(X, output_margin=True)),
        (LinearRegression().fit(X, Y), lambda m: m.predict(X)),
        (LogisticRegression().fit(X, B), lambda m: m.decision_function(X)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_the_features_add_sums_to_the_raw_output(model, raw):
    explainer = explainer_of(asked(model))
    shap = explainer.shap(X)

    assert shap.shape == (80, 4)
    assert shap.sum(axis=1) == pytest.approx(raw(model), abs=1e-5)
    assert np.abs(shap[:, 0]).mean() > 3 * np.abs(shap[:, 2]).mean()
    assert explainer.shap(X[:0]).shape == (0, 4)


def test_a_linear_model_adds_nothing_where_a_feature_is_at_its_mean():
    shap = asked(LinearRegression().fit(X, Y)).shap(np.vstack([X, X.mean(axis=0)]))

    assert shap[-1, :3] == pytest.approx(np.zeros(3), abs=1e-9)


@pytest.mark.parametrize(
    "model",
    [
        RandomForestRegressor(**SMALL).fit(X, Y),
        make_pipeline(StandardScaler(), LinearRegression()).fit(X, Y),
        LogisticRegression().fit(X, np.digitize(Y, [-1, 1])),
    ],
    ids=["forest", "pipeline", "three classes"],
)
def test_what_cannot_be_explained_at_once_is_not(model):
    assert explainer_of(asked(model)) is None


def test_an_estimator_that_stopped_early_is_asked_up_to_its_best_iteration():
    model = xgb.XGBRegressor(n_estimators=50, learning_rate=1.0, early_stopping_rounds=2, n_jobs=1)
    model.fit(X[:40], Y[:40], eval_set=[(X[40:], Y[40:])], verbose=False)

    assert model.best_iteration < model.get_booster().num_boosted_rounds() - 1
    assert asked(model).predict(X) == pytest.approx(model.predict(X))


@pytest.mark.parametrize(
    "model",
    [
        boosted("regression", Y),
        trees("reg:squarederror", Y),
        LinearRegression().fit(X, Y),
        RandomForestRegressor(**SMALL).fit(X, Y),
    ],
    ids=lambda value: type(value).__name__,
)
def test_another_number_of_features_is_refused(model):
    with pytest.raises(Invalid, match=r"learnt from 3 features and is asked with shape \(80, 2\)"):
        asked(model).predict(X[:, :2])


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression().fit(X, np.digitize(Y, [-1, 1])),
        xgb.XGBClassifier(**SMALL).fit(X, np.digitize(Y, [-1, 1])),
    ],
    ids=lambda value: type(value).__name__,
)
def test_three_classes_are_refused(model):
    with pytest.raises(Invalid, match=r"numbers for a row, a score needs one(.|\n)*one model per class"):
        asked(model).predict(X)


def test_what_is_no_model_says_which_are():
    with pytest.raises(
        Invalid, match=r"a dict is no model that can be asked(.|\n)*estimator of scikit-learn"
    ):
        asked({})
