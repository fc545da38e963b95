"""fullcycle.adapters.lightgbm: what is stored answers alike, and explanations add up."""

import lightgbm as lgb
import numpy as np
import pytest

from fullcycle.adapters.lightgbm import BoosterCodec, LightGBMModel
from fullcycle.kernel import Damaged, Invalid

CODEC = BoosterCodec()


@pytest.fixture(scope="module")
def matrix():
    rng = np.random.default_rng(0)
    found = rng.normal(size=(400, 3))
    found[:, 2] = rng.integers(0, 4, 400)
    found[::9, 0] = np.nan
    return found


@pytest.fixture(scope="module")
def booster(matrix):
    y = np.nan_to_num(matrix[:, 0]) + (matrix[:, 2] == 1) > 0.3
    data = lgb.Dataset(matrix, y.astype(float), categorical_feature=[2])
    return lgb.train({"objective": "binary", "verbose": -1, "num_threads": 1, "seed": 1}, data, 20)


def test_a_stored_booster_answers_to_the_last_bit_as_before(booster, matrix):
    again = CODEC.decode(CODEC.encode(booster))

    assert CODEC.matches(again)
    assert (again.predict(matrix) == booster.predict(matrix)).all()
    assert CODEC.encode(again) == CODEC.encode(booster)


def test_the_content_is_the_text(booster):
    data = CODEC.encode(booster)

    assert data.startswith(b"tree\n")
    assert CODEC.content(booster, data) == CODEC.content(booster, data)
    assert CODEC.content(booster, data) != CODEC.content(booster, data + b"\n")


def test_shap_values_add_up_to_the_raw_prediction(booster, matrix):
    shap = LightGBMModel(booster).shap(matrix)

    assert shap.shape == (400, 4)
    assert shap.sum(axis=1) == pytest.approx(booster.predict(matrix, raw_score=True), abs=1e-9)


def test_a_feature_that_no_tree_asks_for_adds_nothing(booster, matrix):
    shap = LightGBMModel(booster).shap(matrix)

    assert np.abs(shap[:, 0]).mean() > 10 * np.abs(shap[:, 1]).mean()


def test_predictions_are_the_boosters_own_and_no_rows_get_none(booster, matrix):
    model = LightGBMModel(booster)

    assert (model.predict(matrix) == booster.predict(matrix)).all()
    assert model.predict(matrix[:0]).shape == (0,)
    assert model.shap(matrix[:0]).shape == (0, 4)


def test_another_number_of_features_is_refused(booster, matrix):
    with pytest.raises(Invalid, match=r"learnt from 3 features and is asked with shape \(400, 2\)"):
        LightGBMModel(booster).predict(matrix[:, :2])


@pytest.mark.parametrize("data", [b"tree\nnonsense", b"\xff\xfe", b""])
def test_a_damaged_model_is_refused(data):
    with pytest.raises(Damaged, match="run the step again"):
        CODEC.decode(data)
