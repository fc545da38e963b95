"""fullcycle.wiring.branching: every way that draws may fall, each with its chance."""

from collections import Counter

import pytest

from fullcycle.kernel import Invalid
from fullcycle.serve import HashedDraw
from fullcycle.wiring.branching import branches


def test_a_decision_without_draws_is_certain():
    assert list(branches(lambda draw: "a")) == [("a", 1.0)]


def test_a_second_draw_may_hang_on_the_first():
    def decide(draw):
        first = draw.pick({"a": 3.0, "b": 1.0})
        return first if first == "a" else draw.pick({"c": 1.0, "d": 0.0, "e": 4.0})

    assert dict(branches(decide)) == pytest.approx({"a": 0.75, "c": 0.05, "e": 0.2})


def test_chances_are_how_often_a_service_picks():
    def decide(draw):
        return draw.pick({"x": 1.0, "y": 2.0}) + draw.pick({"p": 1.0, "q": 1.0})

    expected = dict(branches(decide))
    seen = Counter(decide(HashedDraw(f"decision {n}")) for n in range(20_000))

    assert sum(expected.values()) == pytest.approx(1.0)
    for answer, chance in expected.items():
        assert seen[answer] / 20_000 == pytest.approx(chance, abs=0.02)


def test_weights_that_a_service_refuses_are_refused():
    with pytest.raises(Invalid, match="no action has a weight above zero"):
        list(branches(lambda draw: draw.pick({"a": 0.0})))


def test_more_ways_than_can_be_followed_are_refused():
    def decide(draw):
        return [draw.pick({0: 1.0, 1: 1.0}) for _ in range(20)]

    with pytest.raises(Invalid, match="more than 10,000 ways"):
        list(branches(decide))
