"""fullcycle.serve.draw: a function of the decision's id, with an exact propensity."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel import Invalid
from fullcycle.serve.draw import HashedDraw, uniform

weight = st.floats(0, 1e6, allow_subnormal=False)
weights = st.dictionaries(st.sampled_from("abcdef"), weight, min_size=1).filter(
    lambda w: sum(w.values()) > 1e-3
)


def test_the_same_decision_picks_the_same_again():
    first, again = HashedDraw("decision-1"), HashedDraw("decision-1")

    picks = [first.pick({"a": 1, "b": 1, "c": 1}) for _ in range(20)]

    assert [again.pick({"a": 1, "b": 1, "c": 1}) for _ in range(20)] == picks
    assert len(set(picks)) == 3  # each pick of a decision is a draw of its own


def test_shares_come_out_as_the_weights_ask():
    picked = Counter(HashedDraw(f"decision-{n}").pick({"a": 1, "b": 3}) for n in range(20_000))

    assert picked["b"] / 20_000 == pytest.approx(0.75, abs=4 * (0.75 * 0.25 / 20_000) ** 0.5)


def test_uniforms_of_ids_and_picks_fill_the_unit_interval_evenly():
    drawn = [uniform(f"{n}".encode(), k) for n in range(5_000) for k in (1, 2)]

    counts = Counter(int(u * 20) for u in drawn)
    chi2 = sum((counts[bin] - 500) ** 2 / 500 for bin in range(20))
    assert chi2 < 43.8  # 0.1 % point of chi-squared with 19 degrees of freedom
    assert all(0 <= u < 1 for u in drawn)


def test_a_draw_without_a_pick_has_no_propensity():
    assert HashedDraw("x").propensity is None


def test_the_propensity_of_several_picks_is_their_product():
    draw = HashedDraw("x")

    first = draw.pick({"a": 1, "b": 3})
    second = draw.pick({"c": 2, "d": 2})

    assert second in "cd"
    assert draw.propensity == {"a": 0.25, "b": 0.75}[first] * 0.5
    assert draw.chances == ({"a": 0.25, "b": 0.75}[first], 0.5)


def test_one_pick_has_its_propensity_and_nothing_beside_it():
    draw = HashedDraw("x")
    draw.pick({"a": 1, "b": 3})

    assert draw.chances == ()


@given(id=st.text(max_size=20), weights=weights)
def test_what_is_picked_has_weight_and_its_propensity_is_its_share(id, weights):
    draw = HashedDraw(id)

    picked = draw.pick(weights)

    assert weights[picked] > 0
    assert draw.propensity == pytest.approx(weights[picked] / sum(weights.values()))


@given(id=st.text(max_size=20), weights=weights, factor=st.sampled_from([0.5, 2.0, 1024.0]))
def test_weights_are_shares_whatever_they_sum_to(id, weights, factor):
    scaled = {action: weight * factor for action, weight in weights.items()}

    assert HashedDraw(id).pick(weights) == HashedDraw(id).pick(scaled)


@given(id=st.text(max_size=20))
def test_an_action_without_a_rival_is_certain(id):
    draw = HashedDraw(id)

    assert draw.pick({"a": 0.3, "b": 0.0}) == "a"
    assert draw.propensity == 1.0


@pytest.mark.parametrize(
    "bad", [{}, {"a": 0.0}, {"a": -1.0, "b": 2.0}, {"a": float("nan")}, {"a": float("inf")}]
)
def test_weights_that_are_none_are_refused(bad):
    with pytest.raises(Invalid, match="at least one of them above zero"):
        HashedDraw("x").pick(bad)
