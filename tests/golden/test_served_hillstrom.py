"""Models of 64,000 real clients (Hillstrom's e-mail test, 2008): served as their libraries predict."""

from pathlib import Path

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest
import xgboost as xgb
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import fullcycle as fc
from fullcycle.record import Artifacts, MemoryObjects
from fullcycle.wiring.codecs import every_codec
from fullcycle.wiring.models import batch_model
from fullcycle.wiring.outgoing import served_form
from fullcycle.wiring.predictors import serving_codecs

RAW = Path(__file__).parents[2] / "src/fullcycle/example/shop/data/hillstrom.csv.gz"
NAMES = ("recency", "history", "mens", "womens", "newbie", "zip_code", "channel", "segment")
CODES = [5, 6, 7]
SMALL = {"n_estimators": 20, "random_state": 1}


def prepared(model):
    """Codes spread out, numbers scaled."""
    columns = [
        ("codes", OneHotEncoder(handle_unknown="ignore"), CODES),
        ("history", StandardScaler(), [0, 1]),
    ]
    return make_pipeline(ColumnTransformer(columns, remainder="passthrough"), model)


MODELS = {
    "logistic": prepared(LogisticRegression(max_iter=1000)),
    "poisson": prepared(PoissonRegressor()),
    "forest": RandomForestClassifier(max_depth=8, **SMALL),
    "regression forest": prepared(RandomForestRegressor(min_samples_leaf=20, **SMALL)),
    "boosted": GradientBoostingClassifier(**SMALL),
    "histograms": HistGradientBoostingClassifier(max_iter=30, random_state=1),
    "lightgbm": lgb.LGBMClassifier(n_estimators=30, n_jobs=1, verbose=-1),
    "xgboost": xgb.XGBClassifier(n_estimators=30, n_jobs=1),
}


@pytest.fixture(scope="module")
def clients():
    """Features, and whether each client visited."""
    words = pl.col("zip_code", "channel", "segment")
    table = pl.read_csv(RAW, infer_schema_length=None).with_columns(words.rank("dense") - 1)
    return table.select(NAMES).to_numpy().astype(np.float64), table["visit"].to_numpy()


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_served_model_says_of_a_real_client_what_its_library_says(clients, name):
    x, visited = clients
    model = MODELS[name].fit(x[:20_000], visited[:20_000])
    artifacts = Artifacts(MemoryObjects(), every_codec())
    form = served_form(artifacts, artifacts.keep(model), NAMES, "here")
    predictor = Artifacts(artifacts.objects, serving_codecs()).load(form)
    expected = batch_model(model, "here").predict(x[20_000:])

    fc.testing.same_predictions(predictor, x[20_000:20_500], expected[:500])
    found = predictor.scores_of(x[20_000:], threads=2)
    if "linear" in form.codec:
        assert np.abs(found - expected).max() < 1e-15 * 16
    else:
        assert found.tolist() == expected.tolist()
