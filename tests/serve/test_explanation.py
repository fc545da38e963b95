"""fullcycle.serve.explanation: what contributions add up to."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.serve.explanation import Feature, Prediction, link_of, with_contributions

LINKS = {"": lambda x: x, "log-odds": lambda x: 1 / (1 + math.exp(-x)), "logarithm": math.exp}


def asked(n, prediction):
    features = tuple(Feature(f"f{i}", i) for i in range(n))
    return Prediction(model="visit", made_by="visit", features=features, prediction=prediction)


@pytest.mark.parametrize("link", LINKS)
@given(added=st.lists(st.floats(-3, 3).map(np.float32), min_size=2, max_size=8))
def test_the_link_is_told_by_sum_and_prediction_in_single_precision_too(link, added):
    total = float(np.sum(added, dtype=np.float32))
    prediction = float(np.float32(LINKS[link](total)))
    told = with_contributions(asked(len(added) - 1, prediction), [float(one) for one in added])

    others = [
        name
        for name, f in LINKS.items()
        if math.isclose(f(total), LINKS[link](total), rel_tol=1e-4, abs_tol=1e-4)
    ]
    assert told.link in others


def test_contributions_stand_at_their_features_and_the_base_apart():
    told = with_contributions(asked(2, 6.0), [1.0, 2.0, 3.0])

    assert [one.contribution for one in told.features] == [1.0, 2.0]
    assert (told.base, told.total, told.link) == (3.0, 6.0, "")


def test_a_sum_that_explains_the_prediction_by_no_link_is_a_raw_score():
    assert link_of(-3.0, 12.0) == link_of(1e9, 0.5) == "raw score"
    assert with_contributions(asked(1, None), [1.0, 2.0]).link == "raw score"
