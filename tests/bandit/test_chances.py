"""fullcycle.bandit.chances: examples, then laws. The integral is held against SciPy's quadrature."""

from math import fsum

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from fullcycle.bandit.chances import best, floored, highest

means = st.floats(-3, 3)
spreads = st.floats(1e-3, 1e2)
gaussians = st.lists(st.tuples(means, spreads), min_size=1, max_size=6)


def by_quadrature(means, spreads):
    """The same probability, as it is defined."""

    def chance(i):
        others = [j for j in range(len(means)) if j != i]

        def density(t):
            below = np.prod([norm.cdf(t, means[j], spreads[j]) for j in others])
            return norm.pdf(t, means[i], spreads[i]) * below

        low, high = means[i] - 9 * spreads[i], means[i] + 9 * spreads[i]
        edges = {m + k * s for m, s in zip(means, spreads, strict=True) for k in (-4, -1, 0, 1, 4)}
        points = sorted(edge for edge in edges if low < edge < high)
        return quad(density, low, high, points=points, limit=400)[0]

    return [chance(i) for i in range(len(means))]


def test_of_two_it_is_the_chance_that_a_difference_is_above_zero():
    assert best([1.0, 0.0], [3.0, 4.0])[0] == pytest.approx(norm.cdf(1 / 5), abs=1e-12)


@pytest.mark.parametrize(
    ("means", "spreads"),
    [
        ([0.02, 0.021, 0.019], [0.003, 0.002, 0.0025]),
        ([0.0, 0.5, -0.5], [1.0, 1.0, 1.0]),
        ([0.0, 0.0, 0.0], [1.0, 0.01, 0.0001]),
        ([0.3, 0.2, 0.1, 0.0], [1.0, 10.0, 0.1, 0.3]),
        ([0.0, 1.0, 1.0, 1.0, 1.0, 2.0], [5.0, 1.0, 1.0, 1.0, 0.2, 0.1]),
    ],
)
def test_it_is_the_probability_of_being_the_highest(means, spreads):
    assert best(means, spreads) == pytest.approx(by_quadrature(means, spreads), abs=1e-3)


def test_of_actions_that_are_known_about_as_well_it_is_nearly_exact():
    means, spreads = [0.02, 0.021, 0.019], [0.003, 0.002, 0.0025]

    assert best(means, spreads) == pytest.approx(by_quadrature(means, spreads), abs=5e-6)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(means, st.floats(0.01, 10)), min_size=3, max_size=3))
def test_of_three_actions_it_is_nearly_exact_however_well_each_is_known(known):
    means, spreads = map(list, zip(*known, strict=True))

    assert best(means, spreads) == pytest.approx(by_quadrature(means, spreads), abs=2e-6)


def test_of_three_one_of_which_is_known_for_certain_nothing_breaks():
    assert best([0.0, 1.0, -1.0], [1e-200, 1e-200, 1e-200]) == pytest.approx([0.0, 1.0, 0.0])
    assert best([0.5, 0.0, 0.0], [1e-12, 1.0, 1.0])[0] == pytest.approx(norm.cdf(0.5) ** 2, abs=1e-6)


def test_a_hundred_actions_that_are_known_alike_are_as_likely():
    assert best([0.1] * 100, [0.01] * 100) == pytest.approx([0.01] * 100)


@given(gaussians)
def test_they_sum_to_one_and_none_is_below_zero(known):
    found = best(*zip(*known, strict=True))

    assert fsum(found) == pytest.approx(1.0, abs=1e-12)
    assert min(found) >= 0


@given(gaussians, st.floats(-10, 10), st.sampled_from([0.25, 1, 4]))
def test_only_differences_count_and_not_their_unit(known, shift, unit):
    means, spreads = map(list, zip(*known, strict=True))
    moved = best([mean * unit + shift for mean in means], [spread * unit for spread in spreads])

    assert moved == pytest.approx(best(means, spreads), abs=1e-3)


@given(gaussians, st.randoms(use_true_random=False))
def test_the_order_of_actions_does_not_matter(known, random):
    order = list(range(len(known)))
    random.shuffle(order)
    found = best(*zip(*known, strict=True))

    assert best(*zip(*[known[n] for n in order], strict=True)) == pytest.approx([found[n] for n in order])


def test_the_highest_bound_has_all_and_equal_ones_share_it():
    assert highest([0.1, 0.3, 0.2]) == [0, 1, 0]
    assert highest([0.3, 0.3, 0.2]) == [0.5, 0.5, 0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0, 0.99))
def test_no_chance_is_below_the_floor_unless_there_is_not_so_much_to_share(parts, floor):
    total = fsum(parts) or 1.0
    chances = [part / total for part in parts] if fsum(parts) > 1e-9 else highest([0.0] * len(parts))
    found = floored(chances, floor)

    assert fsum(found) == pytest.approx(1.0)
    assert min(found) >= min(floor, 1 / len(parts))


def test_a_floor_takes_from_each_in_the_same_proportion():
    assert floored([0.5, 0.5, 0.0], 0.1) == pytest.approx([0.45, 0.45, 0.1])
    assert floored([1.0, 0.0], 0.6) == [0.5, 0.5]
