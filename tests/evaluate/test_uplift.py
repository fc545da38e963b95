"""fullcycle.evaluate.uplift: by hand, against a slow second implementation, laws, simulation."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.evaluate.uplift import Actions, curves_at, qini, qini_curves
from fullcycle.kernel import NotEnoughData

NAMES = ("none", "mens", "womens")


def actions(logged, propensity=None):
    logged = np.asarray(logged)
    return Actions(NAMES, 0, logged, np.full(len(logged), 1 / 3) if propensity is None else propensity)


def points(y, acts, predicted):
    share, gained = qini_curves(np.asarray(y, float), acts, np.asarray(predicted, float))(
        np.ones((1, len(y)))
    )
    return share[0].tolist(), gained[0].tolist()


def area(y, acts, predicted, weight=None):
    weight = np.ones(len(y)) if weight is None else weight
    return float(qini(np.asarray(y, float), acts, np.asarray(predicted, float))(weight[None, :])[0])


def test_four_clients_by_hand():
    """Ranked t c t c with outcomes 1 0 0 1, so q is 1/2, 1/2, (1 - 0·2/1)/2, (1 - 1·2/2)/2.

    Above the first control the curve is straight; it ends at zero, so its whole area counts:
    half of (0 + 1/2)·1/2 + (1/2 + 1/2)·1/4 + (1/2 + 0)·1/4 = 5/16.
    """
    predicted = [[0, 4, -9], [0, 3, -9], [0, 2, -9], [0, 1, -9]]
    share, gained = points([1, 0, 0, 1], actions([1, 0, 1, 0]), predicted)

    assert share == [0, 0.25, 0.5, 0.75, 1]
    assert gained == [0, 0.25, 0.5, 0.5, 0]
    assert area([1, 0, 0, 1], actions([1, 0, 1, 0]), predicted) == pytest.approx(5 / 16)


def test_a_row_with_another_treatment_than_the_recommended_one_tells_nothing():
    predicted = [[0, 4, -9], [0, 3, -9], [0, 2, -9], [0, 1, -9], [0, 8, -9]]

    with_other = points([1, 0, 0, 1, 7], actions([1, 0, 1, 0, 2]), predicted)

    assert with_other == points([1, 0, 0, 1], actions([1, 0, 1, 0]), predicted[:4])


def test_a_row_with_one_of_two_tied_treatments_counts_half():
    tied = [[0, 1, 1]] * 4  # one block: R_t/N_t - R_c/N_c over everybody
    share, gained = points([1, 0, 1, 0], actions([1, 2, 0, 0]), tied)

    assert (share, gained) == ([0, 1], [0, pytest.approx(0.5 - 0.5)])


def test_propensities_let_every_row_stand_for_those_that_were_not_drawn():
    logged, y = [1, 1, 1, 0], [1.0, 0.0, 0.0, 0.0]
    predicted = [[0, 1, -9]] * 4
    rare = np.array([0.1, 0.9, 0.9, 0.5])

    _, gained = points(y, actions(logged, rare), predicted)

    assert gained[-1] == pytest.approx((1 / 0.1) / (1 / 0.1 + 2 / 0.9))


def naive(y, acts, predicted):
    """The definition, rank by rank in plain Python, ties by averaging both sums over the block."""
    rows = []
    for outcome, logged, p, row in zip(y, acts.logged, acts.propensity, predicted, strict=True):
        treatments = {a: row[a] for a in (1, 2)}
        best = max(treatments.values())
        tied = [a for a, value in treatments.items() if value == best]
        t = (logged in tied) / len(tied) / p
        c = (logged == 0) / p
        if t or c:
            rows.append((best - row[0], t, c, outcome))
    all_t, all_c = sum(r[1] for r in rows), sum(r[2] for r in rows)
    curve = [(0.0, 0.0)]
    for gain in sorted({r[0] for r in rows}, reverse=True):
        above = [r for r in rows if r[0] >= gain]
        n_t, n_c = sum(r[1] for r in above), sum(r[2] for r in above)
        if n_t and n_c:
            r_t, r_c = (sum(r[k] * r[3] for r in above) for k in (1, 2))
            curve.append(((n_t + n_c) / (all_t + all_c), (r_t - r_c * n_t / n_c) / all_t))
    under = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(curve))
    return under - curve[-1][1] / 2


def draw(seed, n, digits=1):
    rng = np.random.default_rng(seed)
    logged = np.r_[0, 1, 2, rng.integers(0, 3, n - 3)]
    return (
        rng.normal(size=n),
        actions(logged, rng.uniform(0.1, 1, n)),
        np.round(rng.normal(size=(n, 3)), digits),
    )


@given(seed=st.integers(0, 10_000), n=st.integers(6, 40))
def test_the_fast_way_is_the_slow_way(seed, n):
    y, acts, predicted = draw(seed, n, digits=0)
    try:
        fast = area(y, acts, predicted)
    except NotEnoughData:
        return
    assert fast == pytest.approx(naive(y, acts, predicted), abs=1e-12)


@given(seed=st.integers(0, 10_000), n=st.integers(3, 60), constant=st.floats(-5, 5))
def test_a_constant_prediction_has_a_qini_of_exactly_zero(seed, n, constant):
    y, acts, predicted = draw(seed, n)

    assert area(y, acts, np.full_like(predicted, constant)) == 0


@given(seed=st.integers(0, 10_000), n=st.integers(10, 60))
def test_only_the_order_of_gains_counts_and_the_level_of_outcomes_does_not(seed, n):
    y, acts, predicted = draw(seed, n)
    try:
        expected = area(y, acts, predicted)
    except NotEnoughData:
        return
    shuffled = np.random.default_rng(seed).permutation(n)
    mixed = Actions(NAMES, 0, acts.logged[shuffled], acts.propensity[shuffled])

    assert area(y, acts, predicted * 4) == pytest.approx(expected)
    assert area(y + 5, acts, predicted) == pytest.approx(expected, abs=1e-9)
    assert area(y * 3, acts, predicted) == pytest.approx(expected * 3)
    assert area(y[shuffled], mixed, predicted[shuffled]) == pytest.approx(expected, abs=1e-12)


@given(seed=st.integers(0, 10_000), n=st.integers(10, 40))
def test_a_weight_of_two_is_the_row_twice(seed, n):
    y, acts, predicted = draw(seed, n)
    twice = 1.0 + (np.arange(n) % 2)
    copies = np.repeat(np.arange(n), twice.astype(int))
    try:
        heavy = area(y, acts, predicted, twice)
    except NotEnoughData:
        return
    assert heavy == pytest.approx(area(y[copies], acts.take(copies), predicted[copies]))


def simulated(seed, n=4_000):
    """The men's e-mail adds ``lift`` on average, drawn unevenly; the women's adds nothing."""
    rng = np.random.default_rng(seed)
    lift = rng.uniform(-1, 1, n)
    odds = np.column_stack([np.full(n, 0.3), 0.2 + 0.3 * (lift > 0), np.zeros(n)])
    odds[:, 2] = 1 - odds.sum(axis=1)
    logged = (rng.uniform(size=n)[:, None] > odds.cumsum(axis=1)).sum(axis=1)
    y = lift * (logged == 1) + rng.normal(size=n)
    return rng, lift, y, actions(logged, odds[np.arange(n), logged])


def test_over_many_draws_a_random_order_scores_nothing_and_the_truth_scores_what_it_is_worth():
    """Truth: q(x) = x - x² for lifts uniform on (-1, 1) ranked downwards, so the area is 1/6."""
    random, true = [], []
    for seed in range(60):
        rng, lift, y, acts = simulated(seed)
        zero = np.zeros_like(lift)
        random.append(area(y, acts, np.column_stack([zero, rng.normal(size=len(y)), zero - 9])))
        true.append(area(y, acts, np.column_stack([zero, lift, zero - 9])))

    assert np.mean(random) == pytest.approx(0, abs=4 * np.std(random) / 60**0.5)
    assert np.mean(true) == pytest.approx(1 / 6, abs=4 * np.std(true) / 60**0.5)


def test_a_curve_is_read_off_at_any_share():
    curves = qini_curves(
        np.array([1.0, 0, 0, 1]),
        actions([1, 0, 1, 0]),
        np.array([[0, 4.0, -9], [0, 3, -9], [0, 2, -9], [0, 1, -9]]),
    )

    read = curves_at(np.array([0, 0.125, 0.5, 1]), curves)(np.ones((2, 4)))

    assert read.tolist() == [[0, 0.125, 0.5, 0]] * 2


def test_without_a_control_or_a_treated_row_it_says_which_is_lacking():
    with pytest.raises(NotEnoughData, match="none of 2 rows got the control 'none'"):
        qini(np.ones(2), actions([1, 1]), np.zeros((2, 3)))
    with pytest.raises(NotEnoughData, match="got the recommended treatment"):
        qini(np.ones(2), actions([0, 1]), np.array([[0, 1.0, 2.0]] * 2))
