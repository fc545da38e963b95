"""fullcycle.wiring.outgoing: the form in which each kind of model goes out, and what it needs."""

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest
import xgboost as xgb
from onnx import TensorProto, helper
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeRegressor

import fullcycle as fc
from fullcycle.kernel import Invalid
from fullcycle.record import Artifacts, MemoryObjects
from fullcycle.wiring.codecs import every_codec
from fullcycle.wiring.models import batch_model
from fullcycle.wiring.outgoing import Learnt, needed_by, served_form
from fullcycle.wiring.parity import model_parity
from fullcycle.wiring.predictors import serving_codecs

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 3))
Y = X[:, 0] * 2 - X[:, 1]
B = (Y > 0).astype(int)
NAMES = ("a", "b", "c")
SMALL = {"n_estimators": 8, "n_jobs": 1}
LOCK = {"lightgbm": "4", "xgboost-cpu": "3", "onnxruntime": "1", "numpy": "2", "scikit-learn": "1"}


class Seen(fc.Row):
    a: float
    b: float
    c: float


def by_feature(*names: str):
    """An ONNX model with an input for each feature: their sum."""
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in names]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph([helper.make_node("Sum", list(names), ["y"])], "g", inputs, [output])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def stopped_early():
    model = xgb.XGBRegressor(n_estimators=50, learning_rate=1.0, early_stopping_rounds=2, n_jobs=1)
    return model.fit(X[:100], Y[:100], eval_set=[(X[100:], Y[100:])], verbose=False)


@pytest.fixture
def artifacts():
    return Artifacts(MemoryObjects(), every_codec())


MODELS = [
    (lgb.train({"verbose": -1, "num_threads": 1}, lgb.Dataset(X, Y), 4), "lightgbm-text@1", {"lightgbm"}),
    (lgb.LGBMClassifier(**SMALL, verbose=-1).fit(X, B), "lightgbm-text@1", {"lightgbm"}),
    (xgb.train({"nthread": 1}, xgb.DMatrix(X, Y), 4), "xgboost-ubj@1", {"xgboost-cpu"}),
    (xgb.XGBClassifier(**SMALL).fit(X, B), "xgboost-ubj@1", {"xgboost-cpu"}),
    (stopped_early(), "xgboost-ubj@1", {"xgboost-cpu"}),
    (LogisticRegression().fit(X, B), "linear@1", {"numpy"}),
    (DecisionTreeRegressor(max_depth=4).fit(X, Y), "trees@2", {"numpy"}),
    (by_feature(*NAMES), "onnx@1", {"onnxruntime", "numpy"}),
]


@pytest.mark.parametrize(("model", "codec", "needs"), MODELS, ids=lambda value: type(value).__name__)
def test_each_model_goes_out_as_evaluation_asked_it(artifacts, model, codec, needs):
    form = served_form(artifacts, artifacts.keep(model), NAMES, "flow.py:1")
    predictor = Artifacts(artifacts.objects, serving_codecs()).load(form)
    asked = batch_model(model, "flow.py:1")

    assert form.codec == codec
    assert set(needed_by(artifacts, [form], LOCK)) == needs
    assert model_parity("m", asked, predictor, X).different == 0
    fc.testing.same_predictions(predictor, X[:50], asked.predict(X[:50]))


def test_a_family_goes_out_part_by_part(artifacts):
    family = {"linear": MODELS[5][0], "tree": MODELS[6][0], "boosted": MODELS[0][0]}
    trained = artifacts.keep(family)

    form = served_form(artifacts, trained, NAMES, "flow.py:1")

    loaded = Artifacts(artifacts.objects, serving_codecs()).load(form)
    assert list(loaded) == list(family)
    assert [part.codec for part in artifacts.parts(form).parts] == ["linear@1", "trees@2", "lightgbm-text@1"]
    assert needed_by(artifacts, [form], LOCK) == {"numpy": "2", "lightgbm": "4"}
    assert loaded["tree"].scores(X.tolist()) == family["tree"].predict(X).tolist()


@fc.features
def seen(a: float, b: float, c: float) -> Seen:
    return Seen(a, b, c)


def test_a_linear_model_goes_out_with_the_mean_row_of_what_it_learnt_from(artifacts):
    frame = pl.DataFrame(X, schema=list(NAMES), orient="row").with_columns(outcome=pl.Series(Y))
    halves = {"one": fc.split(frame, "outcome", test=0.5), "two": fc.split(frame[:60], "outcome", test=0.5)}
    models = {key: LinearRegression().fit(half.train.x(seen), half.train.y) for key, half in halves.items()}
    alone = Learnt(artifacts, artifacts.keep(halves["one"]), seen)
    family = Learnt(artifacts, artifacts.keep(halves), seen)

    form = served_form(artifacts, artifacts.keep(models["one"]), NAMES, "", learnt=alone)
    forms = served_form(artifacts, artifacts.keep(models), NAMES, "", learnt=family)

    means = {key: half.train.x(seen).mean(axis=0) for key, half in halves.items()}
    loaded = Artifacts(artifacts.objects, serving_codecs())
    assert loaded.load(form).form.centre == pytest.approx(means["one"])
    for key, predictor in loaded.load(forms).items():
        assert predictor.form.centre == pytest.approx(means[key])


def test_of_very_many_rows_some_are_enough_for_the_mean(artifacts, monkeypatch):
    monkeypatch.setattr("fullcycle.wiring.outgoing._MEANT", 30)
    frame = pl.DataFrame(X, schema=list(NAMES), orient="row").with_columns(outcome=pl.Series(Y))
    half = fc.split(frame, "outcome", test=0.5)

    assert len(Learnt(artifacts, artifacts.keep(half), seen).matrix()) == 25  # every fourth of 100


def test_the_same_model_goes_out_as_the_same_bytes(artifacts):
    first, second = (
        served_form(artifacts, artifacts.keep(LinearRegression().fit(X, Y)), NAMES, "") for _ in range(2)
    )

    assert first == second


def test_inputs_by_the_names_of_other_features_are_refused(artifacts):
    model = artifacts.keep(by_feature("a", "c", "b"))

    with pytest.raises(Invalid, match=r"takes a, c, b, its features are a, b, c(.|\n)*flow.py:1"):
        served_form(artifacts, model, NAMES, "flow.py:1")


def test_a_difference_beyond_rounding_is_told_and_what_rounding_allows_is_named(artifacts):
    model = LogisticRegression().fit(X, B)
    form = served_form(artifacts, artifacts.keep(model), NAMES, "")
    predictor = Artifacts(artifacts.objects, serving_codecs()).load(form)
    other = LogisticRegression(C=0.999).fit(X, B)

    same, different = (model_parity("chance", batch_model(one, ""), predictor, X) for one in (model, other))

    assert same.of == "model chance, trained and served"
    assert 0 < same.rounding < 1e-14
    assert (same.compared, same.different) == (200, 0)
    assert different.different > 150
    assert different.example.startswith("row ")
