"""fullcycle.wiring.parity: a difference of one bit is caught, counted and shown."""

import math
from itertools import count

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest

from fullcycle.adapters.lightgbm import LightGBMModel
from fullcycle.adapters.lightgbm_native import native_booster_codec
from fullcycle.data import Row
from fullcycle.evaluate import split
from fullcycle.feature import features
from fullcycle.release import Parity
from fullcycle.wiring.parity import feature_parity, generated_parity, model_parity, of_family


class Client(Row):
    recency: int
    history: float


class Traits(Row):
    recency: int
    history: float


@features
def traits(client: Client) -> Traits:
    return Traits(recency=client.recency, history=client.history / 3)


_calls = count()


@features
def moody(client: Client) -> Traits:
    return Traits(recency=client.recency, history=client.history + next(_calls))


@pytest.fixture(scope="module")
def past():
    rng = np.random.default_rng(7)
    recency, history = rng.integers(1, 13, 600), rng.gamma(2, 100, 600)
    outcome = (rng.uniform(size=600) < recency / 13).astype(float)
    return split(
        pl.DataFrame({"recency": recency, "history": history, "outcome": outcome}), "outcome", test=0.3
    )


def booster(past, rounds):
    data = lgb.Dataset(past.train.x(traits), past.train.y)
    settings = {"objective": "binary", "num_threads": 1, "verbose": -1, "min_data_in_leaf": 20}
    return lgb.train(settings, data, num_boost_round=rounds)


def served(trained):
    return native_booster_codec().decode(trained.model_to_string().encode())


def test_rows_and_tables_agree_to_the_bit(past):
    found, matrix = feature_parity("traits", traits, past)

    assert (found.compared, found.different, found.example) == (len(past.test.frame), 0, "")
    assert found.of == "features traits, row by row and by table"
    assert matrix.shape == (len(past.test.frame), 2)


def test_features_that_depend_on_more_than_their_row_are_caught_and_shown(past):
    found, _ = feature_parity("moody", moody, past)

    assert found.different == found.compared > 0
    assert found.example.startswith("row 0, column 1: ")


@features
def rooted(client: Client) -> Traits:
    return Traits(recency=client.recency, history=math.sqrt(client.history))


def test_rows_at_the_edges_agree_to_the_bit(past):
    found = generated_parity("traits", traits, past)

    assert (found.compared, found.different, found.example, found.note) == (500, 0, "", "")
    assert found.of == "features traits, on rows at the edges of the contract"


def test_rows_that_the_function_refuses_are_refused_by_the_table_too(past):
    found = generated_parity("rooted", rooted, past)

    assert found.different == 0
    assert 0 < found.compared < 500
    assert found.note == f"refused alike: {500 - found.compared} ValueError"


def test_a_table_that_accepts_what_the_function_refuses_is_caught(past):
    class Lenient:
        inputs, where, function = rooted.inputs, rooted.where, rooted.function
        encode, names = staticmethod(rooted.encode), rooted.names

        def __call__(self, client):
            return rooted(client)

        def matrix(self, frame):
            return np.column_stack([frame["recency"], np.sqrt(frame["history"].abs())]).astype(float)

    found = generated_parity("lenient", Lenient(), past)

    assert found.different > 0
    assert found.example.startswith("ValueError row by row, but a number by table: {'client': Client(")


def test_features_that_depend_on_more_than_their_row_are_caught_at_the_edges_too(past):
    assert generated_parity("moody", moody, past).different > 0


def test_a_model_is_served_as_it_was_trained_to_the_bit(past):
    trained = booster(past, 20)

    found = model_parity("visit", LightGBMModel(trained), served(trained), past.test.x(traits))

    assert (found.different, found.compared) == (0, len(past.test.frame))
    assert found.of == "model visit, trained and served"


def test_another_model_served_is_caught_and_shown(past):
    found = model_parity(
        "visit", LightGBMModel(booster(past, 20)), served(booster(past, 21)), past.test.x(traits)
    )

    assert 0 < found.different <= found.compared
    assert " against " in found.example


def test_the_last_bit_counts(past):
    trained = booster(past, 20)

    class Nudged:
        def score(self, row):
            return float(np.nextafter(served_.score(row), 1.0))

    served_ = served(trained)
    found = model_parity("visit", LightGBMModel(trained), Nudged(), past.test.x(traits))

    assert found.different == found.compared


def compared(different=0, rows=10, **more):
    return Parity(of="model m", compared=rows, different=different, **more)


def test_a_family_s_models_are_told_in_one_line():
    found = of_family("models m", {"m['a']": compared(rounding=1e-16), "m['b']": compared(rounding=2e-15)})

    assert found == [Parity(of="models m", compared=20, different=0, note="2 models", rounding=2e-15)]


def test_of_a_family_the_first_that_differs_is_named_and_how_many_do():
    (found,) = of_family(
        "models m",
        {
            "m['a']": compared(),
            "m['b']": compared(3, example="row 1"),
            "m['c']": compared(4, example="row 2"),
        },
    )

    assert (found.compared, found.different) == (30, 7)
    assert found.example == "2 of 3 models, the first m['b']: row 1"


def test_one_of_a_family_that_had_no_rows_to_be_compared_on_stands_beside_it():
    found = of_family("models m", {"m['a']": compared(), "m['b']": compared(rows=0)})

    assert [one.compared for one in found] == [10, 0]


def test_a_model_alone_is_no_family():
    assert of_family("models m", {"m": compared()}) == [compared()]
