"""fullcycle.experiment.offpolicy_log: what past decisions are, and what they are not."""

import numpy as np
import pytest

from fullcycle.experiment import always, decision_log, weights_of
from fullcycle.kernel import Invalid, NotEnoughData, UnknownName


def test_weights_are_the_policys_chance_over_the_logged_one():
    log = decision_log(["a", "b", "b", "c"], [0.5, 0.25, 0.25, 0.25], [1, 0, 1, 1])

    assert weights_of(log, always(log, ["a", "b", "a", "b"])).tolist() == [2.0, 4.0, 0.0, 0.0]
    half = np.tile([0.5, 0.25, 0.25], (4, 1))
    assert weights_of(log, half).tolist() == [1.0, 1.0, 1.0, 1.0]


def test_an_action_that_was_never_done_can_be_named():
    log = decision_log(["a", "a"], [1.0, 1.0], [1, 0], actions=["b", "a"])

    assert always(log, ["b", "a"]).tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_sums_by_unit_follow_the_units():
    log = decision_log(["a"] * 3, [1.0] * 3, [1, 2, 4], unit=["y", "x", "y"])

    assert log.per_unit(log.reward).tolist() == [5.0, 2.0]


@pytest.mark.parametrize("chance", [0.0, -0.1, 1.1, float("nan")])
def test_a_propensity_that_is_no_chance_is_refused(chance):
    with pytest.raises(Invalid, match="not above 0 and at most 1 in 1 of 2 rows") as caught:
        decision_log(["a", "b"], [0.5, chance], [1, 0])

    assert "leave out rows that have none" in caught.value.mend


def test_what_makes_no_log_is_refused():
    with pytest.raises(Invalid, match="2 actions, propensities of shape"):
        decision_log(["a", "b"], [0.5], [1, 0])
    with pytest.raises(Invalid, match="1 of 2 rewards are NaN"):
        decision_log(["a", "b"], [0.5, 0.5], [1, float("nan")])
    with pytest.raises(NotEnoughData, match="there is 1 past decision"):
        decision_log(["a"], [0.5], [1])
    with pytest.raises(UnknownName, match="there is no 'b'"):
        decision_log(["a", "b"], [0.5, 0.5], [1, 0], actions=["a"])


def test_chances_that_are_none_are_refused():
    log = decision_log(["a", "b"], [0.5, 0.5], [1, 0])

    with pytest.raises(Invalid, match=r"shape \(2,\), the log \(2, 2\)") as caught:
        weights_of(log, [0.5, 0.5])
    assert "always(log, chosen)" in caught.value.mend
    with pytest.raises(Invalid, match="in 1 of 2 rows the policy's chances are no chances"):
        weights_of(log, [[0.5, 0.5], [0.5, 0.6]])
    with pytest.raises(Invalid, match="are no chances"):
        weights_of(log, [[1.5, -0.5], [0.5, 0.5]])
    with pytest.raises(Invalid, match="1 choices for 2 rows"):
        always(log, ["a"])
    with pytest.raises(UnknownName, match="there is no 'c'"):
        always(log, ["a", "c"])
