"""fullcycle.evaluate.paired: two models on the same rows; examples, then a law."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from evaluate.shop import mailings, traits
from fullcycle.evaluate import Contender, Sample, Split, evaluate, paired, split


@dataclass(frozen=True)
class Step:
    score: str = "rmse"
    features: object = traits
    baseline: object = None
    slices: tuple = ()


class Answers:
    """A model that is a function of the matrix."""

    def __init__(self, function):
        self.predict = function


def flat(value):
    return Answers(lambda matrix: np.full(len(matrix), value))


HALVES = split(mailings(2_000), "outcome", test=0.5)


def contender(model, halves=HALVES, score="rmse"):
    return Contender(Step(score), model, halves)


def test_the_difference_is_that_of_the_two_scores_and_its_interval_is_narrower():
    was, now = flat(0.30), flat(0.27)
    alone = [evaluate(Step(), model, HALVES).model for model in (was, now)]

    found = paired(contender(was), contender(now))

    assert found.value == pytest.approx(alone[1].value - alone[0].value)
    assert found.low <= found.value <= found.high
    assert found.high - found.low < (alone[0].high - alone[0].low) / 2


@pytest.mark.parametrize("score", ["rmse", "mae", "brier", "qini@none"])
def test_a_model_beside_itself_differs_by_nothing_for_certain(score):
    found = paired(contender(flat(0.3), score=score), contender(flat(0.3), score=score))

    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_turned_round_it_says_the_opposite():
    there = paired(contender(flat(0.3)), contender(flat(0.2)))
    back = paired(contender(flat(0.2)), contender(flat(0.3)))

    assert (back.value, back.low, back.high) == pytest.approx((-there.value, -there.high, -there.low))


def test_a_column_more_leaves_the_rows_the_same():
    test = replace(HALVES.test, frame=HALVES.test.frame.with_columns(more=1))

    assert paired(contender(flat(0.3)), contender(flat(0.2), replace(HALVES, test=test))) is not None


@pytest.mark.parametrize(
    "other",
    [
        split(mailings(2_000), "outcome", test=0.5, seed=8),
        split(mailings(1_000), "outcome", test=0.5),
        Split(HALVES.train, Sample(HALVES.test.frame.reverse(), "outcome")),
    ],
    ids=["other rows", "fewer rows", "another order"],
)
def test_other_rows_are_not_paired(other):
    assert paired(contender(flat(0.3)), contender(flat(0.3), other)) is None


def test_other_scores_are_not_paired():
    assert paired(contender(flat(0.3)), contender(flat(0.3), score="mae")) is None
