"""fullcycle.bandit.learning: examples, the posterior against statsmodels, laws, refusals."""

from typing import Annotated, Literal

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

import fullcycle as fc
from fullcycle.bandit.context import context, contexts
from fullcycle.kernel import Invalid, UnknownName
from shown_banners import BANNERS, CONTEXTS, decided, past, seen


class Session(fc.Row):
    device: Literal["phone", "desktop", "tablet"]
    age: int | None
    looks: Annotated[list[float], fc.length(2)]
    known: bool | None


class Sight(fc.Row):
    device: Literal["phone", "desktop", "tablet"]
    age: int | None
    looks: Annotated[list[float], fc.length(2)]
    known: bool | None


@fc.features
def sight(session: Session) -> Sight:
    return Sight(device=session.device, age=session.age, looks=session.looks, known=session.known)


SESSIONS = pl.DataFrame(
    {
        "device": ["phone", "desktop", "tablet", "phone"],
        "age": [20, None, 40, 60],
        "looks": [[0.0, 1.0], [1.0, 1.0], [2.0, 1.0], [3.0, 1.0]],
        "known": [True, None, False, True],
        "action": ["a", "b", "a", "b"],
        "outcome": [1.0, 0.0, 0.5, 0.25],
    },
    schema_overrides={"device": pl.String},
)

numbers = st.integers(0, 2**32)


def random_of(seed):
    return np.random.default_rng(seed)


def test_before_anything_was_learnt_all_actions_are_alike():
    bandit = fc.thompson(seen, pl.DataFrame({"action": [], "outcome": []}))

    for x in CONTEXTS:
        assert bandit.weights(x, BANNERS) == pytest.approx(dict.fromkeys(BANNERS, 1 / 3), abs=1e-12)
        assert fc.linucb(seen, pl.DataFrame({"action": [], "outcome": []})).weights(x, BANNERS) == (
            pytest.approx(dict.fromkeys(BANNERS, 1 / 3), abs=1e-12)
        )


def test_choices_have_a_column_each_and_numbers_are_brought_to_scale():
    bandit = fc.thompson(sight, SESSIONS)
    x = context(bandit.form.columns, sight.encode(Sight("tablet", 40, [3.0, 1.0], None)))

    ages = np.array([20, 40, 60])
    assert x == pytest.approx(
        [1, 0, 0, 1, (40 - 40) / ages.std(), 0, (3 - 1.5) / np.std([0, 1, 2, 3]), 0, 0, 1]
    )
    missing = context(bandit.form.columns, sight.encode(Sight("phone", None, [1.5, 1.0], True)))
    assert missing == pytest.approx([1, 1, 0, 0, 0, 1, 0, 0, 1, 0])


def test_a_row_and_a_table_have_the_same_context_to_the_bit():
    bandit = fc.thompson(sight, SESSIONS)
    by_table = contexts(bandit.form.columns, sight.matrix(SESSIONS)).tolist()
    rows = SESSIONS.select(Sight.__struct_fields__).iter_rows(named=True)

    assert [context(bandit.form.columns, sight.encode(Sight(**row))) for row in rows] == by_table


@pytest.mark.parametrize("strength", [1.0, 7.5])
def test_the_posterior_is_that_of_a_regression_with_the_prior_as_further_rows(strength):
    """Theil & Goldberger, 1961: a Gaussian prior is ``strength`` observed as so many rows.

    statsmodels fits those by least squares: an independent implementation.
    """
    frame = past(random_of(1), 4_000)
    bandit = fc.thompson(seen, frame, strength=strength)
    x = sm.add_constant(frame.select("phone", "evening").cast(pl.Float64).to_numpy())
    y = frame["outcome"].to_numpy()
    residual = 0.0
    fits = {}
    for action in BANNERS:
        own = (frame["action"] == action).to_numpy()
        prior = np.sqrt(strength) * np.eye(3)
        start = np.array([y.mean(), 0.0, 0.0])
        fit = sm.OLS(np.concatenate([y[own], prior @ start]), np.vstack([x[own], prior])).fit()
        residual += ((y[own] - x[own] @ fit.params) ** 2).sum()
        fits[action] = fit
    noise = (y.var() + residual) / (1 + len(y))

    for seen_as in CONTEXTS:
        at = np.array([1.0, seen_as.phone, seen_as.evening])
        for told in bandit.tell(seen_as, BANNERS):
            fit = fits[told.action]
            assert told.mean == pytest.approx(at @ fit.params, rel=1e-9)
            spread = np.sqrt(noise * (at @ fit.normalized_cov_params @ at))
            assert told.spread == pytest.approx(spread, rel=1e-9)


def test_linucb_takes_the_highest_upper_bound():
    frame = past(random_of(2), 3_000)
    for alpha in (0.0, 1.0, 3.0):
        bandit = fc.linucb(seen, frame, alpha=alpha, floor=0.05)
        for x in CONTEXTS:
            bounds = {one.action: one.mean + alpha * one.spread for one in bandit.tell(x, BANNERS)}
            weights = bandit.weights(x, BANNERS)
            assert max(weights, key=weights.get) == max(bounds, key=bounds.get)
            assert sorted(weights.values()) == pytest.approx([0.05, 0.05, 0.90])


def test_where_every_outcome_is_the_same_no_action_is_the_better_one():
    frame = past(random_of(9), 900).with_columns(outcome=pl.lit(0.1))

    for x in CONTEXTS:
        weights = fc.thompson(seen, frame, floor=0.0).weights(x, BANNERS)
        assert weights == pytest.approx(dict.fromkeys(BANNERS, 1 / 3), abs=0.05)


def test_where_less_is_better_the_lowest_is_taken():
    frame = past(random_of(3), 3_000)
    up, down = (
        fc.thompson(seen, frame),
        fc.thompson(seen, frame.with_columns(-pl.col("outcome")), good="down"),
    )

    for x in CONTEXTS:
        assert down.weights(x, BANNERS) == pytest.approx(up.weights(x, BANNERS), abs=1e-9)
    assert fc.linucb(seen, frame, alpha=0, good="down").weights(CONTEXTS[0], BANNERS)["sale"] < 0.5


def test_an_action_that_was_never_taken_is_as_the_prior_says():
    bandit = fc.thompson(seen, past(random_of(4), 2_000).filter(pl.col("action") != "brand"))
    told = bandit.tell(CONTEXTS[0], BANNERS)

    assert (told[2].rows, told[2].mean) == (0, bandit.form.baseline)
    assert told[2].spread > 10 * told[0].spread
    assert bandit.weights(CONTEXTS[0], BANNERS)["brand"] > 0.3


def test_features_are_those_that_were_logged():
    """Which differ from what the request's fields would give."""
    logged = '{"phone":true,"evening":false}'
    frame = decided(np.zeros(400, int), np.arange(400) % 2, np.arange(400) % 2 == 0)
    bandit = fc.thompson(seen, frame.with_columns(features=pl.lit(logged)))

    assert bandit.form == fc.thompson(seen, frame.with_columns(phone=True)).form


def test_rows_whose_features_were_not_logged_are_computed_where_they_can_be():
    frame = past(random_of(5), 1_000)
    texts = frame.select(pl.struct("phone", "evening").struct.json_encode()).to_series()
    mixed = frame.with_columns(features=pl.when("phone").then(texts))

    assert fc.thompson(seen, mixed).rows == 1_000
    told, whole = fc.thompson(seen, mixed).form, fc.thompson(seen, frame).form
    assert told.baseline == whole.baseline
    partly = fc.thompson(seen, mixed.drop("evening"))
    assert (partly.rows, partly.form.left_out) == (frame["phone"].sum(), 1_000 - frame["phone"].sum())


def test_a_decision_without_an_action_or_outcome_is_left_out():
    frame = past(random_of(6), 10).with_columns(
        outcome=pl.when(pl.int_range(10) < 3).then(None).otherwise(pl.col("outcome"))
    )

    assert fc.thompson(seen, frame).rows == 7


@settings(max_examples=25, deadline=None)
@given(numbers, st.integers(0, 300), st.floats(0, 0.5))
def test_weights_sum_to_one_and_keep_the_floor(seed, n, floor):
    for bandit in (
        fc.thompson(seen, past(random_of(seed), n), floor=floor),
        fc.linucb(seen, past(random_of(seed), n), floor=floor),
    ):
        for x in CONTEXTS:
            weights = bandit.weights(x, BANNERS)
            assert sum(weights.values()) == pytest.approx(1.0, abs=1e-12)
            assert min(weights.values()) >= min(floor, 1 / 3)


@settings(max_examples=10, deadline=None)
@given(numbers, st.sampled_from([0.01, 100.0]), st.sampled_from([-5.0, 3.0]))
def test_the_unit_of_the_outcome_does_not_matter(seed, unit, shift):
    frame = past(random_of(seed), 2_000)
    other = frame.with_columns(pl.col("outcome") * unit + shift)

    for x in CONTEXTS:
        again = fc.thompson(seen, other).weights(x, BANNERS)
        assert again == pytest.approx(fc.thompson(seen, frame).weights(x, BANNERS), abs=1e-6)


@settings(max_examples=10, deadline=None)
@given(numbers)
def test_the_order_of_rows_does_not_matter(seed):
    frame = past(random_of(seed), 500)

    for x in CONTEXTS:
        again = fc.thompson(seen, frame.sample(fraction=1, shuffle=True, seed=1)).weights(x, BANNERS)
        assert again == pytest.approx(fc.thompson(seen, frame).weights(x, BANNERS), abs=1e-9)


REFUSED = {
    "no outcome": (lambda f: (f.drop("outcome"), {}), UnknownName, "there is no 'outcome'"),
    "no action": (lambda f: (f.rename({"action": "banner"}), {}), UnknownName, "there is no 'action'"),
    "a floor of one": (lambda f: (f, {"floor": 1.0}), Invalid, "floor=1.0"),
    "a prior of nothing": (lambda f: (f, {"strength": 0.0}), Invalid, "strength=0.0"),
    "neither way": (lambda f: (f, {"good": "left"}), Invalid, 'write good="up"'),
    "an outcome of text": (
        lambda f: (f.cast({"outcome": pl.String}), {}),
        Invalid,
        "its outcomes are String",
    ),
    "an outcome that is none": (
        lambda f: (f.with_columns(outcome=float("nan")), {}),
        Invalid,
        "an outcome is NaN",
    ),
    "an action of parts": (
        lambda f: (f.with_columns(action=pl.lit(0.5)), {}),
        Invalid,
        "its actions are Float",
    ),
    "other features": (
        lambda f: (f.with_columns(features=pl.lit('{"phone":3}')), {}),
        Invalid,
        "logged features are no Seen",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_learnt_from_is_refused(what):
    make, kind, words = REFUSED[what]
    frame, options = make(past(random_of(7), 20))

    with pytest.raises(kind, match=words):
        fc.thompson(seen, frame, **options)


def test_an_alpha_below_zero_is_refused():
    with pytest.raises(Invalid, match="write zero or more"):
        fc.linucb(seen, past(random_of(8), 5), alpha=-1.0)
