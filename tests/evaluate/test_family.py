"""fullcycle.evaluate.family: several models as one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.evaluate import Measured, mean_of

scores = st.builds(
    lambda value, below, above: Measured(value, value - below, value + above),
    st.floats(-100, 100),
    st.floats(0, 10),
    st.floats(0, 10),
)


def test_a_hundred_alike_are_a_tenth_as_uncertain_as_one():
    mean = mean_of([Measured(5.0, 4.0, 6.0)] * 100)

    assert mean.value == 5
    assert (mean.low, mean.high) == pytest.approx((4.9, 5.1))


def test_one_alone_is_as_it_is_however_lopsided_its_interval():
    assert mean_of([Measured(1.0, 0.9, 5.0)]) == Measured(1.0, 0.9, 5.0)


@given(st.lists(scores, min_size=2, max_size=20), st.floats(-50, 50))
def test_what_is_added_to_every_score_is_added_to_the_mean(every, shift):
    moved = [Measured(one.value + shift, one.low + shift, one.high + shift) for one in every]

    before, after = mean_of(every), mean_of(moved)
    for end in ("value", "low", "high"):
        assert getattr(after, end) == pytest.approx(getattr(before, end) + shift, abs=1e-9)


@pytest.mark.slow
def test_the_interval_of_the_mean_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(5)
    width = rng.uniform(0.5, 2, 30)
    held = 0
    for _ in range(2_000):
        found = rng.normal(3.0, width)
        every = [Measured(v, v - 1.96 * w, v + 1.96 * w) for v, w in zip(found, width, strict=True)]
        mean = mean_of(every)
        held += mean.low <= 3.0 <= mean.high

    assert held / 2_000 == pytest.approx(0.95, abs=0.015)
