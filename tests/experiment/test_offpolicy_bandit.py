"""What a bandit's own log says of other policies, and of another bandit, held by simulation.

The log is made by the package's bandit: learnt anew after each batch, its weights logged as the
propensity. Planted, and noticed: a policy judged by the rows that it was chosen on, one judged
without its weights, and a log that is evened out by another chance than that of the draw.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

import fullcycle as fc
from fullcycle.experiment import always, cross_fit, decision_log, evened, policy_value
from fullcycle.experiment.offpolicy_interval import Ratios, spread_of
from fullcycle.kernel import Invalid, NotEnoughData
from shown_banners import BANNERS, CHANCES, CONTEXTS, decided, seen

BATCHES, BATCH = 6, 1_000
RATES = 3 * np.array([[1, x.phone, x.evening] for x in CONTEXTS]) @ CHANCES.T  # by context and banner


@dataclass
class World:
    """What was decided: the place of each context, what was done, how likely, and whether it was clicked."""

    places: np.ndarray
    done: np.ndarray
    propensity: np.ndarray
    clicked: np.ndarray

    def rows(self, which):
        return decided(self.places[which], self.done[which], self.clicked[which])

    def log(self, which):
        return decision_log(
            self.done[which].tolist(), self.propensity[which], self.clicked[which], actions=range(3)
        )


def weights_of(bandit):
    return np.array([list(bandit.weights(x, BANNERS).values()) for x in CONTEXTS])


def lived(rng, learn=fc.thompson, **options):
    """A bandit's first six batches, each learnt from all before it."""
    parts = []
    for _ in range(BATCHES):
        before = pl.concat([decided(np.empty(0, int), np.empty(0, int), np.empty(0)), *(p[0] for p in parts)])
        chances = weights_of(learn(seen, before, floor=0.1, **options))
        places = rng.integers(0, 4, BATCH)
        done = (rng.random((BATCH, 1)) > chances.cumsum(axis=1)[places]).sum(axis=1).clip(max=2)
        clicked = (rng.random(BATCH) < RATES[places, done]).astype(float)
        parts.append((decided(places, done, clicked), places, done, chances[places, done], clicked))
    return World(*(np.concatenate(side) for side in list(zip(*parts, strict=True))[1:]))


def true_value(chances):
    """By context ``(4, 3)``; contexts are as likely as each other."""
    return float((chances * RATES).sum() / 4)


def outside(found, truth):
    return not found.low <= truth <= found.high


FIRST, SECOND = slice(0, BATCHES * BATCH // 2), slice(BATCHES * BATCH // 2, None)


@pytest.mark.slow
@pytest.mark.parametrize("forgets", [{}, {"half_life": "3h"}])
def test_a_fixed_policy_and_another_bandit_are_covered_by_every_method(forgets, rng, happens_at_rate):
    """The other bandit learns from the first half and is judged by the second."""
    runs = 300
    methods = ("ips", "snips", "dr", "replay")
    missed = {(method, who): 0 for method in methods for who in ("new", "other")}
    for _ in range(runs):
        world = lived(rng) if not forgets else lived(rng, _forgetful)
        log, places = world.log(SECOND), world.places[SECOND]
        seen_as = np.column_stack([places // 2, places % 2])
        expected = cross_fit(log, seen_as)
        even, kept = evened(log, range(len(log)))
        other = weights_of(fc.linucb(seen, world.rows(FIRST), floor=0.05))
        for who, chances in (("new", np.tile([0.0, 1.0, 0.0], (4, 1))), ("other", other)):
            for method in methods:
                which, asked = (even, places[kept]) if method == "replay" else (log, places)
                predicted = expected if method == "dr" else None
                found = policy_value(which, chances[asked], method=method, predicted=predicted)
                missed[method, who] += outside(found, true_value(chances))

    for count in missed.values():
        happens_at_rate(count, runs, 0.05)


def _forgetful(features, rows, **options):
    hours = pl.Series(np.arange(rows.height) // BATCH, dtype=pl.Int64)
    return fc.thompson(
        features,
        rows.with_columns(decided=pl.lit(0).cast(pl.Datetime("us")) + pl.duration(hours=hours)),
        half_life="3h",
        **options,
    )


def test_switching_covers_on_a_bandits_log(rng, happens_at_most):
    runs, missed = 200, 0
    for _ in range(runs):
        world = lived(rng)
        log, places = world.log(SECOND), world.places[SECOND]
        expected = cross_fit(log, np.column_stack([places // 2, places % 2]))
        chances = np.tile([0.0, 1.0, 0.0], (4, 1))
        found = policy_value(log, chances[places], method="switch-dr", predicted=expected)
        missed += outside(found, true_value(chances))

    happens_at_most(missed, runs, 0.05)


def test_a_policy_judged_by_the_rows_it_was_chosen_on_would_be_noticed(rng, happens_at_rate):
    """Planted: in 300 kinds of visit that differ in nothing, the banner that was clicked most is taken."""
    runs, kinds, missed = 300, 300, {"apart": 0, "on itself": 0}
    for _ in range(runs):
        kind, done = rng.integers(0, kinds, 6_000), rng.integers(0, 3, 6_000)
        clicked = (rng.random(6_000) < 0.1).astype(float)
        log = decision_log(done.tolist(), np.full(6_000, 1 / 3), clicked, actions=range(3))
        half = np.arange(6_000) < 3_000
        later = decision_log(done[~half].tolist(), np.full(3_000, 1 / 3), clicked[~half], actions=range(3))
        for name, learnt, judge, asked in (
            ("apart", half, later, kind[~half]),
            ("on itself", np.full(6_000, fill_value=True), log, kind),
        ):
            sums = np.zeros((kinds, 3))
            np.add.at(sums, (kind[learnt], done[learnt]), clicked[learnt])
            chances = np.eye(3)[sums.argmax(axis=1)]
            missed[name] += outside(policy_value(judge, chances[asked]), 0.1)

    happens_at_rate(missed["apart"], runs, 0.05)
    with pytest.raises(AssertionError):
        happens_at_rate(missed["on itself"], runs, 0.05)


def test_forgetting_a_bandits_weights_would_be_noticed(rng, happens_at_rate):
    """Planted: the plain mean of the rows in which what is new was shown, which is where it is liked."""
    runs, missed = 100, 0
    for _ in range(runs):
        world = lived(rng)
        log = world.log(SECOND)
        agrees = (log.done == 1).astype(float)
        naive = spread_of(Ratios.of(log, agrees * log.reward, agrees), alpha=0.05)
        missed += outside(naive, true_value(np.tile([0.0, 1.0, 0.0], (4, 1))))

    with pytest.raises(AssertionError):
        happens_at_rate(missed, runs, 0.05)


def test_what_is_evened_out_has_each_action_as_often_whatever_it_was_drawn_by(rng):
    done = rng.choice(3, 60_000, p=[0.7, 0.2, 0.1])
    log = decision_log(done.tolist(), np.array([0.7, 0.2, 0.1])[done], rng.random(60_000), actions=range(3))

    even, kept = evened(log, [f"d{n}" for n in range(60_000)])

    counts = np.bincount(even.done)
    assert counts.min() > 0.95 * counts.max()
    assert len(even) == pytest.approx(3 * 0.1 * 60_000, rel=0.05)
    assert (even.reward == log.reward[kept]).all()
    assert (even.done == log.done[kept]).all()
    assert set(even.propensity) == {1 / 3}


def test_an_action_that_was_never_drawn_has_no_part_in_a_log_that_is_evened_out(rng):
    done = rng.choice(3, 6_000, p=[0.5, 0.3, 0.2])
    chance, reward = np.array([0.5, 0.3, 0.2])[done], (rng.random(6_000) < 0.2).astype(float)
    three, four = (decision_log(done.tolist(), chance, reward, actions=range(many)) for many in (3, 4))

    values = []
    for log in (three, four):
        even, _ = evened(log, range(6_000))
        values.append(policy_value(even, always(even, [0] * len(even)), method="replay"))

    assert values[0] == values[1]


def test_a_log_evened_out_by_another_chance_would_be_noticed(rng):
    done = rng.choice(3, 60_000, p=[0.7, 0.2, 0.1])
    wrong = decision_log(done.tolist(), np.array([0.6, 0.3, 0.1])[done], rng.random(60_000), actions=range(3))

    counts = np.bincount(evened(wrong, range(60_000))[0].done)

    assert counts.min() < 0.95 * counts.max()


def test_a_row_is_kept_or_not_whoever_else_is_there(rng):
    done = rng.choice(2, 1_000, p=[0.8, 0.2])
    chance, reward = np.array([0.8, 0.2])[done], rng.random(1_000)
    whole, some = (
        evened(decision_log(done[:n].tolist(), chance[:n], reward[:n], actions=range(2)), range(n))[1]
        for n in (1_000, 400)
    )

    assert whole[whole < 400].tolist() == some.tolist()


def test_an_even_log_is_left_whole_and_units_stay_together(rng):
    log = decision_log([0, 1] * 50, [0.5] * 100, rng.random(100), unit=[n // 4 for n in range(100)])

    even, kept = evened(log, range(100))

    assert kept.tolist() == list(range(100))
    assert even.unit is not None
    assert even.unit.tolist() == log.unit.tolist()


def test_what_cannot_be_evened_out_is_refused():
    log = decision_log([0, 1] * 50, [1.0, 1e-9] * 50, [0.0] * 100)

    with pytest.raises(Invalid, match="give one id per row"):
        evened(log, range(7))
    with pytest.raises(NotEnoughData, match="keep a higher floor"):
        evened(decision_log([0] * 9 + [1], [1.0] * 9 + [1e-9], [0.0] * 10), range(10))
