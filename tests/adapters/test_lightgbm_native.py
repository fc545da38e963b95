"""fullcycle.adapters.lightgbm_native: the package's own predictions, bit for bit, without the package."""

import gc
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.adapters.lightgbm_native import NativeBooster
from fullcycle.kernel import Damaged, Invalid

CATEGORIES = 4
OBJECTIVES = ["regression", "binary", "poisson", "regression_l1", "quantile", "cross_entropy", "tweedie"]


def table(n: int, seed: int = 7) -> np.ndarray:
    """Two numbers, two categories by code, one flag; a tenth of the values missing."""
    rng = np.random.default_rng(seed)
    x = np.column_stack(
        [
            rng.normal(size=n),
            rng.integers(0, 1000, n),
            rng.integers(0, CATEGORIES, n),
            rng.integers(0, CATEGORIES, n),
            rng.integers(0, 2, n),
        ]
    ).astype(np.float64)
    x[rng.random(x.shape) < 0.1] = np.nan
    return x


def train(objective: str, *, rounds: int = 40, **more: object) -> lgb.Booster:
    x = table(2_000)
    signal = np.nan_to_num(x[:, 0]) + np.nan_to_num(x[:, 2]) / 3
    y = (signal > 0.5).astype(float) if objective in ("binary", "cross_entropy") else np.exp(signal / 2)
    if objective == "multiclass":
        y = np.digitize(signal, [0.0, 1.0]).astype(float)
    data = lgb.Dataset(x, y, categorical_feature=[2, 3])
    settings = {"objective": objective, "num_leaves": 15, "num_threads": 1, "verbose": -1, "seed": 1, **more}
    return lgb.train(settings, data, num_boost_round=rounds)


def native(booster: lgb.Booster) -> NativeBooster:
    return NativeBooster(booster.model_to_string().encode())


@pytest.fixture(scope="module")
def binary() -> lgb.Booster:
    return train("binary")


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_what_each_feature_adds_is_what_the_package_says_and_sums_to_the_raw_score(objective):
    booster = train(objective)
    model, rows = native(booster), table(50, seed=3)
    told = np.array([model.contributions(row) for row in rows.tolist()])

    assert told.tobytes() == booster.predict(rows, pred_contrib=True).tobytes()
    np.testing.assert_allclose(told.sum(axis=1), booster.predict(rows, raw_score=True), atol=1e-9)


def test_contributions_of_another_width_are_refused(binary):
    with pytest.raises(Invalid, match="4 features were given to a model of 5"):
        native(binary).contributions([0.0] * 4)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_one_row_at_a_time_is_the_packages_prediction_bit_for_bit(objective):
    booster = train(objective)
    x = table(1_000, seed=8)

    model = native(booster)

    expected = booster.predict(x).tolist()
    assert [model.score(row) for row in x.tolist()] == expected
    assert model.scores(x.tolist()) == expected


def test_a_model_stopped_early_answers_with_its_best_iteration():
    x, held = table(2_000), table(500, seed=9)
    signal = np.nan_to_num(x[:, 0])
    noise = np.random.default_rng(3).normal(size=500)
    data = lgb.Dataset(x, signal)
    booster = lgb.train(
        {"num_threads": 1, "verbose": -1, "learning_rate": 0.5},
        data,
        num_boost_round=200,
        valid_sets=[lgb.Dataset(held, np.nan_to_num(held[:, 0]) + noise, reference=data)],
        callbacks=[lgb.early_stopping(3, verbose=False)],
    )

    assert 0 < booster.best_iteration < 200
    assert native(booster).scores(held.tolist()) == booster.predict(held).tolist()


def test_linear_trees_and_random_forests_are_predicted_too():
    for booster in (
        train("regression", linear_tree=True),
        train("regression", boosting="rf", bagging_freq=1, bagging_fraction=0.7),
    ):
        x = table(300, seed=10)
        assert native(booster).scores(x.tolist()) == booster.predict(x).tolist()


number = st.floats(allow_nan=True, allow_infinity=True, width=64)


@settings(max_examples=300, deadline=None)
@given(row=st.tuples(number, number, number, number, number))
def test_any_numbers_at_all_give_what_the_package_gives(binary, row):
    """Unseen categories, infinities and missing values included."""
    model = native(binary)

    expected = float(binary.predict(np.array([row]))[0])

    assert model.score(row) == expected
    assert model.scores([row]) == [expected]


def test_threads_ask_one_model_at_once_and_each_gets_its_own_answer(binary):
    x = table(2_000, seed=11)
    expected = binary.predict(x).tolist()
    model = native(binary)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(model.score, x.tolist(), chunksize=50))

    assert answers == expected


def test_no_rows_have_no_predictions(binary):
    assert native(binary).scores([]) == []


def test_the_package_is_never_imported_nor_what_it_brings():
    code = (
        "import sys; from fullcycle.adapters.lightgbm_native import library; library();"
        "print([m for m in ('lightgbm', 'numpy', 'scipy', 'pandas', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_memory_is_given_back(binary):
    resource = pytest.importorskip("resource")
    text = binary.model_to_string().encode()
    row = [0.0] * 5

    def opened() -> int:
        for _ in range(100):
            NativeBooster(text).score(row)
        gc.collect()
        return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

    opened()
    before = opened()

    assert opened() - before < 8 * 1024  # KiB; a hundred kept models would take more than 20 MB


def test_what_is_no_model_is_told_as_damage():
    for text in (b"", b"no model at all", b"tree\x00"):
        with pytest.raises(Damaged, match="not readable as a LightGBM model"):
            NativeBooster(text)


def test_a_row_of_another_width_is_refused_before_it_reaches_the_library(binary):
    model = native(binary)

    with pytest.raises(Invalid, match="4 features were given to a model of 5"):
        model.score([1.0] * 4)
    with pytest.raises(Invalid, match="6 features"):
        model.scores([[1.0] * 5, [1.0] * 6])
    assert math.isfinite(model.score([1.0] * 5))


def test_a_model_of_several_classes_is_refused_with_the_way_out():
    with pytest.raises(Invalid, match=r"3 numbers for a row.*\n.*\n.*one model per class"):
        native(train("multiclass", num_class=3, rounds=3))
