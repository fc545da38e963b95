"""fullcycle.adapters.xgboost_native: the package's own predictions, bit for bit, without the package."""

import gc
import subprocess
import sys

import numpy as np
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st

import fullcycle as fc
from fullcycle.adapters.xgboost import XGBoostCodec
from fullcycle.adapters.xgboost_native import NativeXGBooster, native_xgboost_codec
from fullcycle.kernel import Damaged, Invalid

OBJECTIVES = [
    "reg:squarederror",
    "binary:logistic",
    "binary:logitraw",
    "count:poisson",
    "reg:gamma",
    "reg:tweedie",
    "reg:absoluteerror",
    "reg:quantileerror",
]
KINDS = ["q", "q", "c", "q"]


def table(n: int, seed: int = 7) -> np.ndarray:
    """A number, a large one, a category by code and a flag; a tenth of the values missing."""
    rng = np.random.default_rng(seed)
    x = np.column_stack(
        [rng.normal(size=n), rng.exponential(1e5, n), rng.integers(0, 6, n), rng.integers(0, 2, n)]
    ).astype(np.float64)
    x[rng.random(x.shape) < 0.1] = np.nan
    return x


def train(objective: str, rounds: int = 30, **more: object) -> xgb.Booster:
    x = table(1_500)
    signal = np.nan_to_num(x[:, 0]) + (x[:, 2] == 3)
    y = (signal > 0.5).astype(float) if "binary" in objective else np.exp(signal / 2)
    if objective.startswith("multi"):
        y = np.digitize(signal, [0.0, 1.0]).astype(float)
    rows = xgb.DMatrix(x, y, feature_types=KINDS, enable_categorical=True)
    extra = {"quantile_alpha": 0.3} if "quantile" in objective else {}
    settings = {"objective": objective, "nthread": 1, "seed": 1, "max_cat_to_onehot": 2, **extra, **more}
    return xgb.train(settings, rows, rounds)


def native(booster: xgb.Booster) -> NativeXGBooster:
    model: NativeXGBooster = native_xgboost_codec().decode(XGBoostCodec().encode(booster))
    return model


@pytest.fixture(scope="module")
def binary() -> xgb.Booster:
    return train("binary:logistic")


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_it_is_the_packages_prediction_bit_for_bit_however_it_is_asked(objective):
    booster = train(objective)
    x = table(400, seed=8)
    rows = xgb.DMatrix(x, feature_types=KINDS, enable_categorical=True)

    expected = booster.predict(rows).tolist()

    assert booster.inplace_predict(x).tolist() == expected
    fc.testing.same_predictions(native(booster), x, expected)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_what_each_feature_adds_is_what_the_package_says_and_leaves_predictions_alone(objective):
    booster = train(objective)
    x = table(60, seed=9)
    rows = xgb.DMatrix(x, feature_types=KINDS, enable_categorical=True)
    model = native(booster)
    before = model.scores(x.tolist())
    told = np.array([model.contributions(row) for row in x.tolist()])

    np.testing.assert_allclose(told, booster.predict(rows, pred_contribs=True), rtol=1e-4, atol=1e-5)
    raw = booster.predict(rows, output_margin=True)
    np.testing.assert_allclose(told.sum(axis=1), raw, rtol=1e-4, atol=1e-4)
    assert model.scores(x.tolist()) == before


def test_contributions_of_another_width_are_refused(binary):
    with pytest.raises(Invalid, match="3 features were given to a model of 4"):
        native(binary).contributions([0.0] * 3)


@pytest.mark.parametrize("more", [{"base_score": 0.9}, {"tree_method": "exact"}])
def test_base_scores_and_exact_trees_are_predicted_too(more):
    x, y = np.nan_to_num(table(500)), np.nan_to_num(table(500)[:, 0])
    booster = xgb.train({"nthread": 1, "seed": 1, **more}, xgb.DMatrix(x, y), 20)

    fc.testing.same_predictions(native(booster), x, booster.predict(xgb.DMatrix(x)))


def test_dropped_trees_are_predicted_as_in_place_where_the_two_ways_of_the_package_differ():
    x, y = np.nan_to_num(table(500)), np.nan_to_num(table(500)[:, 0])
    booster = xgb.train({"nthread": 1, "booster": "dart", "rate_drop": 0.3}, xgb.DMatrix(x, y), 20)
    model = native(booster)

    assert model.scores(x.tolist()) == booster.inplace_predict(x).tolist()
    fc.testing.same_predictions(model, x, booster.predict(xgb.DMatrix(x)))
    assert native(train("reg:squarederror", 3)).rounding([0.0] * 4) == 0


def test_a_booster_without_trees_is_refused():
    x = np.nan_to_num(table(100))
    with pytest.raises(Invalid, match="XGBoost refused to predict"):
        native(xgb.train({"booster": "gblinear", "nthread": 1}, xgb.DMatrix(x, x[:, 0]), 2))


number = st.floats(allow_nan=True, allow_infinity=True, width=64)


@settings(max_examples=200, deadline=None)
@given(row=st.tuples(number, number, st.sampled_from([0.0, 3.0, 5.0, 9.0, float("nan")]), number))
def test_any_numbers_at_all_give_what_the_package_gives_in_place(binary, asked, row):
    with np.errstate(all="ignore"):
        expected = float(binary.inplace_predict(np.array([row]))[0])

    assert asked.score(row) == expected
    assert asked.scores([row, row]) == [expected, expected]


@pytest.fixture(scope="module")
def asked(binary) -> NativeXGBooster:
    return native(binary)


def test_a_matrix_in_threads_is_the_same_matrix(binary):
    x = table(9_000, seed=3)
    alone = native(binary).scores_of(x)

    assert native(binary).scores_of(x, threads=2).tolist() == alone.tolist()
    assert alone.tolist() == binary.inplace_predict(x).tolist()


def test_the_package_is_never_imported_nor_what_it_brings(binary):
    code = (
        "import sys; from fullcycle.adapters.xgboost_native import native_xgboost_codec\n"
        "native_xgboost_codec().decode(bytes.fromhex(sys.stdin.read())).score([1.0] * 4)\n"
        "print([m for m in ('xgboost', 'numpy', 'scipy', 'pandas', 'sklearn') if m in sys.modules])"
    )
    data = XGBoostCodec().encode(binary).hex()
    done = subprocess.run(
        [sys.executable, "-c", code], input=data, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_memory_is_given_back(binary):
    resource = pytest.importorskip("resource")
    data = XGBoostCodec().encode(binary)

    def opened() -> int:
        for _ in range(60):
            native_xgboost_codec().decode(data).score([0.0] * 4)
        gc.collect()
        return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

    opened()
    before = opened()

    assert opened() - before < 8 * 1024  # KiB


def test_what_is_no_model_is_told_as_damage(binary):
    data = XGBoostCodec().encode(binary)
    for wrong in (b"", b"no model at all", data[:-10], data[:-1] + b"\0"):
        with pytest.raises(Damaged, match="not readable as an XGBoost model"):
            native_xgboost_codec().decode(wrong)


def test_a_model_of_several_classes_is_refused_with_the_way_out():
    with pytest.raises(Invalid, match=r"3 numbers for a row.*\n.*\n.*one model per class"):
        native(train("multi:softprob", num_class=3, rounds=3))


def test_what_is_served_is_not_stored(binary):
    codec = native_xgboost_codec()

    assert not codec.matches(binary)
    with pytest.raises(Invalid, match="a model that is being served is not stored"):
        codec.encode(native(binary))
