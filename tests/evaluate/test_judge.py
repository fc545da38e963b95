"""fullcycle.evaluate.judge: a real LightGBM model judged, then laws, then refusals."""

from dataclasses import dataclass
from typing import Literal

import lightgbm as lgb
import msgspec
import numpy as np
import polars as pl
import pytest
from sklearn import metrics

from evaluate.shop import Campaign, Client, Traits, mailings, traits
from fullcycle.adapters.lightgbm import LightGBMModel
from fullcycle.evaluate import Evaluation, evaluate, split
from fullcycle.feature import features
from fullcycle.kernel import Invalid, NotEnoughData, UnknownName


@dataclass(frozen=True)
class Step:
    score: str
    features: object = traits
    baseline: object = None
    slices: tuple = ()


Day = Literal["sat", "sun"]


class Answers:
    """A model that is a function of the matrix."""

    def __init__(self, function):
        self.predict = function


@pytest.fixture(scope="module")
def halves():
    return split(mailings(6_000), "outcome", test=0.4)


@pytest.fixture(scope="module")
def booster(halves):
    data = lgb.Dataset(halves.train.x(traits), halves.train.y, categorical_feature=[2])
    options = {"objective": "binary", "num_leaves": 8, "verbose": -1, "num_threads": 1, "seed": 1}
    return LightGBMModel(lgb.train(options, data, num_boost_round=40))


def womens_to_newbies(seen: Traits) -> float:
    return 0.3 if seen.newbie and seen.campaign == "womens" else 0.2


@pytest.fixture(scope="module")
def judged(halves, booster):
    step = Step("qini@none", baseline=womens_to_newbies, slices=("newbie", "recency"))
    return evaluate(step, booster, halves, explainer=booster)


def test_a_model_that_knows_whom_to_treat_beats_random_order_and_its_baseline(judged):
    assert judged.model.low > 0.01
    assert judged.baseline_name == "womens_to_newbies"
    assert 0 < judged.baseline.value < judged.model.value
    assert judged.difference.low > 0
    assert judged.beats_baseline
    assert not judged.clearly_worse


def test_the_curve_starts_at_nothing_and_stays_in_its_band(judged):
    assert (judged.curve[0].share, judged.curve[0].gain) == (0, 0)
    assert judged.curve[-1].share == 1
    assert all(point.low <= point.gain <= point.high for point in judged.curve)


def test_slices_name_their_rows_and_quarter_nothing_that_has_few_values(judged):
    newbies = [part for part in judged.slices if part.column == "newbie"]

    assert [part.value for part in newbies] == ["no", "yes"]
    assert sum(part.rows for part in newbies) == judged.test_rows
    assert [part.value for part in judged.slices if part.column == "recency"] == [
        str(n) for n in range(1, 13)
    ]
    assert all(part.score.low <= part.score.value <= part.score.high for part in newbies)


def test_predictions_come_true_on_average_in_every_bin(judged):
    assert judged.bins_kind == "calibration"
    assert sum(part.rows for part in judged.bins) == judged.test_rows
    assert all(part.low <= part.observed <= part.high for part in judged.bins)
    assert sum(part.low - 0.02 <= part.predicted <= part.high + 0.02 for part in judged.bins) >= 8


def test_the_strongest_feature_comes_first_with_rows_that_show_its_direction(judged):
    assert {influence.feature for influence in judged.influences} == set(traits.names)
    means = [influence.mean_abs for influence in judged.influences]
    assert means == sorted(means, reverse=True)
    campaign = next(part for part in judged.influences if part.feature == "campaign")
    assert campaign.labels == ["mens", "womens", "none"]
    assert len(campaign.effects) == len(campaign.levels) == 200
    assert set(campaign.levels) == {0, 0.5, 1}
    assert next(part for part in judged.influences if part.feature == "newbie").labels == ["no", "yes"]


def test_an_evaluation_is_plain_data_and_the_same_every_time(judged, halves, booster):
    step = Step("qini@none", baseline=womens_to_newbies, slices=("newbie", "recency"))
    again = evaluate(step, booster, halves, explainer=booster)

    assert msgspec.json.encode(again) == msgspec.json.encode(judged)
    assert msgspec.json.decode(msgspec.json.encode(judged), type=Evaluation) == judged


def test_a_plain_score_asks_once_and_stands_beside_the_training_rate(halves, booster):
    found = evaluate(Step("logloss"), booster, halves)

    test = halves.test
    assert found.model.value == pytest.approx(metrics.log_loss(test.y, booster.predict(test.x(traits))))
    rate = np.full(len(test), halves.train.y.mean())
    assert found.baseline.value == pytest.approx(metrics.log_loss(test.y, rate))
    assert found.baseline_name == "the training rate"
    assert (found.curve, found.influences) == ([], [])
    assert found.difference.high < 0
    assert found.beats_baseline


def test_without_propensities_the_shares_of_the_actions_stand_in_and_it_says_so(halves, booster):
    bare = split(mailings(6_000).drop("propensity"), "outcome", test=0.4)

    told = evaluate(Step("qini@none"), booster, halves)
    guessed = evaluate(Step("qini@none"), booster, bare)

    assert "no column 'propensity'" in guessed.notes[0]
    assert told.notes == []
    assert guessed.model.value == pytest.approx(told.model.value, rel=0.1)


def test_training_on_uneven_draws_without_a_weight_is_noted(booster):
    uneven = mailings(600).with_columns(
        propensity=pl.when(pl.col("newbie")).then(0.5).otherwise(0.3), w=1 / pl.col("propensity")
    )
    plain, weighted = (split(uneven, "outcome", test=0.5, weight=w) for w in (None, "w"))

    assert "not drawn evenly" in evaluate(Step("qini@none"), booster, plain).notes[0]
    assert evaluate(Step("qini@none"), booster, weighted).notes == [
        "the split's weight is left out: qini@none weighs by propensity"
    ]
    assert evaluate(Step("auc"), booster, weighted).notes == []


def test_a_constant_model_has_a_qini_of_zero_for_certain(halves):
    found = evaluate(Step("qini@none"), Answers(lambda matrix: np.zeros(len(matrix))), halves)

    assert (found.model.value, found.model.low, found.model.high) == (0, 0, 0)
    assert not found.beats_baseline


def test_a_model_beside_itself_is_no_different_for_certain(halves):
    def by_recency(seen: Traits) -> float:
        return float(seen.recency)

    found = evaluate(Step("auc", baseline=by_recency), Answers(lambda matrix: matrix[:, 0]), halves)

    assert (found.difference.value, found.difference.low, found.difference.high) == (0, 0, 0)


def test_groups_widen_the_interval_of_rows_that_repeat_each_other(halves):
    once = mailings(500).with_columns(client=pl.int_range(500))
    often = pl.concat([once] * 8)
    model = Answers(lambda matrix: 0.1 + matrix[:, 0] / 100)

    def width(halves):
        found = evaluate(Step("brier"), model, halves).model
        return found.high - found.low

    grouped = width(split(often, "outcome", test=0.5, group="client"))
    assert grouped > 2 * width(split(often, "outcome", test=0.5))


def test_a_slice_too_small_to_tell_says_so():
    frame = mailings(1_000).with_columns(
        shop=pl.when(pl.int_range(pl.len()) < 60).then(pl.lit("new")).otherwise(pl.lit("old")),
        spent=pl.int_range(pl.len()) / 7,
    )
    halves = split(frame, "outcome", test=0.5)
    found = evaluate(Step("auc", slices=("shop", "spent")), Answers(lambda matrix: matrix[:, 0]), halves)

    small = next(part for part in found.slices if part.value == "new")
    assert (small.score, small.note) == (None, "too few rows: fewer than 50")
    quarters = [part for part in found.slices if part.column == "spent"]
    assert [part.value[0] for part in quarters] == ["≤", "3", "7", ">"]
    assert sum(part.rows for part in quarters) == 500


# refusals


@pytest.mark.parametrize(
    ("step", "error", "words"),
    [
        (Step("qini@nothing"), UnknownName, "the actions that 'campaign' can take"),
        (Step("auc", slices=("recencey",)), UnknownName, "did you mean 'recency'"),
        (Step("aux"), UnknownName, "did you mean 'auc'"),
    ],
)
def test_names_that_do_not_exist_are_refused(halves, booster, step, error, words):
    with pytest.raises(error, match=words):
        evaluate(step, booster, halves)


@features
def without_action(client: Client) -> Traits:
    return Traits(recency=client.recency, newbie=client.newbie, campaign="none")


@features
def free_text(client: Client, campaign: str) -> Traits:
    return Traits(recency=client.recency, newbie=client.newbie, campaign="none")


@features
def two_actions(client: Client, campaign: Campaign, reminder: Campaign) -> Traits:
    return Traits(recency=client.recency, newbie=client.newbie, campaign=campaign)


@features
def day_and_action(client: Client, day: Day, campaign: Campaign) -> Traits:
    return Traits(recency=client.recency, newbie=client.newbie, campaign=campaign)


@pytest.mark.parametrize(
    ("unclear", "words"),
    [
        (without_action, "no parameter.* can be the action"),
        (free_text, "give the features one parameter that is a Literal"),
        (two_actions, "2 parameter.*: campaign, reminder"),
    ],
)
def test_features_without_one_clear_action_cannot_be_judged_by_gains(booster, unclear, words):
    frame = mailings(200).with_columns(reminder=pl.lit("none"))

    with pytest.raises(Invalid, match=words):
        evaluate(Step("qini@none", features=unclear), booster, split(frame, "outcome", test=0.5))


def test_two_possible_actions_are_told_apart_by_the_control(halves, booster):
    dated = split(mailings(6_000).with_columns(day=pl.lit("sun")), "outcome", test=0.4)

    found = evaluate(Step("qini@none", features=day_and_action), booster, dated)

    assert found.model == evaluate(Step("qini@none"), booster, halves).model


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (pl.lit(0.0).alias("propensity"), "propensities are not above 0 and at most 1, such as 0.0"),
        (pl.lit("kids").alias("campaign"), "'campaign' holds 'kids', which is none of its actions"),
    ],
)
def test_a_log_that_cannot_be_true_is_refused(booster, change, words):
    wrong = split(mailings(200).with_columns(change), "outcome", test=0.5)

    with pytest.raises(Invalid, match=words):
        evaluate(Step("qini@none"), booster, wrong)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda matrix: np.zeros((len(matrix), 2)), r"shape \(2400, 2\)"),
        (lambda matrix: np.full(len(matrix), np.nan), "predictions are NaN or infinite"),
    ],
)
def test_a_model_that_does_not_answer_with_a_number_per_row_is_refused(halves, answer, words):
    with pytest.raises(Invalid, match=words):
        evaluate(Step("mae"), Answers(answer), halves)


def test_a_test_side_without_a_control_says_so(booster):
    treated = split(mailings(300).filter(pl.col("campaign") != "none"), "outcome", test=0.5)

    with pytest.raises(NotEnoughData, match="got the control 'none'"):
        evaluate(Step("qini@none"), booster, treated)
