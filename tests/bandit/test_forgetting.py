"""fullcycle.bandit.forgetting: examples, laws, a world that switches, refusals.

Planted, and noticed: a half-life that is taken no notice of.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

import fullcycle as fc
from fullcycle.bandit import BanditCodec
from fullcycle.kernel import Invalid, UnknownName
from fullcycle.serve.draw import HashedDraw
from shown_banners import BANNERS, CONTEXTS, chances, decided, past, seen

START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def random_of(seed):
    return np.random.default_rng(seed)


def dated(frame, hours):
    return frame.with_columns(
        decided=pl.Series([START + HOUR * float(hour) for hour in hours], dtype=pl.Datetime("us", "UTC"))
    )


def one_an_hour(seed, n):
    return dated(past(random_of(seed), n), range(n))


def told(bandit):
    return [one for x in CONTEXTS for one in bandit.tell(x, BANNERS)]


def test_a_decision_whose_outcome_is_not_known_yet_makes_no_other_older():
    shown = past(random_of(1), 60)
    waiting = shown.head(1).with_columns(outcome=pl.lit(None, dtype=shown.schema["outcome"]))
    known, late = dated(shown, [100] * 60), dated(waiting, [10_000])

    found = fc.thompson(seen, pl.concat([known, late]), half_life="1h")

    assert told(found) == told(fc.thompson(seen, known, half_life="1h"))


def test_two_decisions_a_half_life_old_count_like_one_of_now():
    now = past(random_of(1), 60)
    twice = pl.concat(
        [dated(now, [100] * 60), dated(now.head(30), [90] * 30), dated(now.head(30), [90] * 30)]
    )
    once = pl.concat([dated(now, [100] * 60), dated(now.head(30), [100] * 30)])

    found = fc.thompson(seen, twice, half_life="10h")
    plain = fc.thompson(seen, once)
    for ours, theirs in zip(told(found), told(plain), strict=True):
        assert ours.mean == pytest.approx(theirs.mean, rel=1e-9)
        assert ours.spread == pytest.approx(theirs.spread, rel=1e-9)
    assert sum(one.counts or one.rows for one in found.form.learnt) == pytest.approx(90)
    assert found.rows == 120


def test_the_posterior_is_that_of_a_weighted_regression():
    """statsmodels fits it: an independent implementation."""
    frame = one_an_hour(2, 3_000)
    bandit = fc.thompson(seen, frame, half_life="500h")
    x = sm.add_constant(frame.select("phone", "evening").cast(pl.Float64).to_numpy())
    y, weight = frame["outcome"].to_numpy(), 0.5 ** (np.arange(2_999, -1, -1) / 500)
    start = np.array([(y * weight).sum() / weight.sum(), 0.0, 0.0])
    for action in BANNERS:
        own = (frame["action"] == action).to_numpy()
        fit = sm.WLS(
            np.concatenate([y[own], start]),
            np.vstack([x[own], np.eye(3)]),
            weights=np.concatenate([weight[own], np.ones(3)]),
        ).fit()
        for seen_as in CONTEXTS:
            (known,) = bandit.tell(seen_as, [action])
            assert known.mean == pytest.approx(
                np.array([1.0, seen_as.phone, seen_as.evening]) @ fit.params, rel=1e-9
            )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 300))
def test_a_window_is_a_filter_of_the_rows(seed, hours):
    frame = one_an_hour(seed, 400)
    found = fc.linucb(seen, frame, window=f"{hours}h")

    plain = fc.linucb(seen, frame.tail(hours))
    assert [(one.mean, one.factor) for one in found.form.learnt] == [
        (one.mean, one.factor) for one in plain.form.learnt
    ]
    assert (found.rows, found.form.forgotten) == (min(hours, 400), max(400 - hours, 0))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.integers(-10_000, 10_000))
def test_no_clock_is_asked_only_how_far_apart_decisions_are_counts(seed, later):
    frame = one_an_hour(seed, 200)
    moved = frame.with_columns(pl.col("decided") + HOUR * later)

    assert fc.thompson(seen, frame, half_life="50h").form == fc.thompson(seen, moved, half_life="50h").form


def test_a_half_life_of_ever_forgets_nothing_and_a_short_one_knows_less():
    frame = one_an_hour(3, 2_000)
    plain, ever, short = (
        told(fc.thompson(seen, frame, **options))
        for options in ({}, {"half_life": "100000000d"}, {"half_life": "24h"})
    )

    assert [one.mean for one in ever] == pytest.approx([one.mean for one in plain], rel=1e-6)
    assert all(one.spread > 3 * other.spread for one, other in zip(short, plain, strict=True))


def test_what_is_forgotten_is_kept_with_the_bandit():
    bandit = fc.thompson(seen, one_an_hour(4, 100), half_life="24h", window="2d")
    codec = BanditCodec()

    form = codec.decode(codec.encode(bandit)).form
    assert (form.half_life_s, form.window_s, form.forgotten) == (86_400, 172_800, 52)
    assert form == bandit.form


def test_the_propensity_is_still_how_often_an_action_is_picked():
    bandit = fc.thompson(seen, one_an_hour(5, 3_000), half_life="200h", floor=0.02)
    weights = bandit.weights(CONTEXTS[1], BANNERS)
    picked: Counter[str] = Counter()
    for n in range(25_000):
        draw = HashedDraw(f"forgetful/{n}")
        action = draw.pick(weights)
        picked[action] += 1
        assert draw.propensity == pytest.approx(weights[action], rel=1e-15)

    counts, expected = [picked[one] for one in BANNERS], [25_000 * weights[one] for one in BANNERS]
    assert chisquare(counts, expected, sum_check=False).pvalue > 1e-5


def test_rows_without_a_time_are_forgotten_and_other_columns_may_hold_it():
    frame = one_an_hour(6, 40).with_columns(
        pl.when(pl.int_range(40) < 10).then(None).otherwise(pl.col("decided")).alias("decided")
    )

    assert fc.thompson(seen, frame, half_life="1d").rows == 30
    renamed = frame.rename({"decided": "sent"})
    assert fc.thompson(seen, renamed, half_life="1d", at="sent").rows == 30
    days = renamed.with_columns(pl.col("sent").dt.date())
    assert fc.thompson(seen, days, window="3d", at="sent").rows == 30


BATCHES, BATCH, RUNS = 40, 300, 12


def regrets(test, **options):
    """What is lost before the switch and after it, on average: the best banner becomes another one."""
    lost = np.zeros(2)
    for run in range(RUNS):
        random = np.random.default_rng([int.from_bytes(blake2b(test.encode(), digest_size=4).digest()), run])
        frames = [dated(decided(np.empty(0, int), np.empty(0, int), np.empty(0)), [])]
        for batch in range(BATCHES):
            bandit = fc.thompson(seen, pl.concat(frames), **options)
            places = random.integers(0, 4, BATCH)
            odds = 4 * chances(places)
            if batch >= BATCHES // 2:
                odds = odds[:, [1, 2, 0]]
            weights = np.array([list(bandit.weights(x, BANNERS).values()) for x in CONTEXTS])
            reached = weights.cumsum(axis=1)[places]
            actions = np.minimum((random.random((BATCH, 1)) > reached).sum(axis=1), 2)
            own = odds[np.arange(BATCH), actions]
            clicked = random.random(BATCH) < own
            frames.append(dated(decided(places, actions, clicked), [batch] * BATCH))
            lost[batch >= BATCHES // 2] += (odds.max(axis=1) - own).sum() / RUNS
    return lost


@pytest.mark.slow
def test_where_the_world_switches_a_bandit_that_forgets_finds_the_new_best():
    """The other side of it is the planted error: the half-life taken no notice of loses far more."""
    before, after = regrets("switch", half_life="4h")
    by_window = regrets("switch", window="8h")
    steady, stuck = regrets("switch")

    assert after < 0.6 * stuck
    assert by_window[1] < 0.6 * stuck
    assert before < 3 * steady  # what it costs while nothing changes


REFUSED = {
    "no time": (lambda f: f.drop("decided"), {"half_life": "7d"}, UnknownName, "there is no 'decided'"),
    "another column": (lambda f: f, {"window": "7d", "at": "sent"}, UnknownName, "there is no 'sent'"),
    "a number": (lambda f: f.with_columns(decided=1.0), {"window": "7d"}, Invalid, "its times are Float64"),
    "no length": (lambda f: f, {"half_life": "a week"}, Invalid, "half_life of fc.thompson"),
    "nothing": (lambda f: f, {"window": "0s"}, Invalid, "write a length of time above zero"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_forgotten_by_is_refused(what):
    make, options, kind, words = REFUSED[what]

    with pytest.raises(kind, match=words) as caught:
        fc.thompson(seen, make(one_an_hour(7, 20)), **options)

    assert "thompson" in str(caught.value)
