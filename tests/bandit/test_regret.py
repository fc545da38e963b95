"""What a bandit is for: its regret grows ever more slowly, and no faster than sampling's.

The reference is Thompson sampling as it is published (Agrawal & Goyal, ICML 2013): a theta is drawn
for each action and decision, and the best is taken. It is written here in NumPy, by itself.

Planted, and noticed: standard deviations that are five times what they are (loses more than 1.2 times
the reference), features of another visit than was decided on, and weights that learn nothing (in
neither does the regret grow more slowly).
"""

from hashlib import blake2b

import msgspec
import numpy as np
import polars as pl
import pytest

import fullcycle as fc
from fullcycle.bandit import LearntBandit
from shown_banners import BANNERS, CONTEXTS, chances, decided, seen

ROUNDS, BATCH, RUNS = 12_000, 300, 40


def random_of(test, run):
    return np.random.default_rng([int.from_bytes(blake2b(test.encode(), digest_size=4).digest()), run])


class Sampling:
    """Thompson sampling with one Gaussian posterior per action; the noise's variance is estimated."""

    def __init__(self, random):
        self.random = random
        self.places, self.actions, self.rewards = np.empty(0, int), np.empty(0, int), np.empty(0)

    def choose(self, places):
        x = context_matrix(places)
        y, every = self.rewards, context_matrix(self.places)
        start = np.array([y.mean() if len(y) else 0.0, 0.0, 0.0])
        noise = max(y.var(), 1e-9) if y.any() else 1.0
        drawn = []
        for action in range(3):
            own = self.actions == action
            precision = np.eye(3) + every[own].T @ every[own]
            mean = np.linalg.solve(precision, start + every[own].T @ y[own])
            spread = noise * np.linalg.inv(precision)
            thetas = self.random.multivariate_normal(mean, spread, size=len(x))
            drawn.append((thetas * x).sum(axis=1))
        return np.argmax(drawn, axis=0)

    def learn(self, places, actions, rewards):
        self.places = np.append(self.places, places)
        self.actions = np.append(self.actions, actions)
        self.rewards = np.append(self.rewards, rewards)


class Ours:
    """The bandit of the package, learnt anew after each batch from all that there is."""

    def __init__(self, random, learn, **options):
        self.random, self.make, self.options = random, learn, options
        self.past = [decided(np.empty(0, int), np.empty(0, int), np.empty(0))]

    def bandit(self):
        return self.make(seen, pl.concat(self.past), **self.options)

    def choose(self, places):
        bandit = self.bandit()
        weights = np.array([list(bandit.weights(x, BANNERS).values()) for x in CONTEXTS])
        reached = weights.cumsum(axis=1)[places]
        return np.minimum((self.random.random((len(places), 1)) > reached).sum(axis=1), 2)

    def learn(self, places, actions, rewards):
        self.past.append(decided(places, actions, rewards))


class TooUnsure(Ours):
    """A planted error: every standard deviation five times what it is."""

    def bandit(self):
        true = super().bandit()
        wide = [
            msgspec.structs.replace(one, factor=tuple(tuple(5 * n for n in row) for row in one.factor))
            for one in true.form.learnt
        ]
        return LearntBandit(msgspec.structs.replace(true.form, learnt=tuple(wide)), true.contract)


class MixedUp(Ours):
    """A planted error: it learns from the features of another visit than was decided on."""

    def learn(self, places, actions, rewards):
        super().learn(np.roll(places, 1), actions, rewards)


class Unlearning(Ours):
    """A planted error: what it learns reaches nobody, so all banners stay alike."""

    def learn(self, places, actions, rewards):
        pass


def context_matrix(places):
    return np.column_stack([np.ones(len(places)), places // 2, places % 2])


def regret(player, random):
    """What is lost against the best banners, on average, after each batch."""
    lost = [0.0]
    for _ in range(ROUNDS // BATCH):
        places = random.integers(0, 4, BATCH)
        odds = chances(places)
        actions = player.choose(places)
        own = odds[np.arange(BATCH), actions]
        player.learn(places, actions, (random.random(BATCH) < own).astype(float))
        lost.append(lost[-1] + float((odds.max(axis=1) - own).sum()))
    return np.array(lost)


def mean_regret(test, make, runs=RUNS):
    found = []
    for run in range(runs):
        random = random_of(test, run)
        found.append(regret(make(random), random))
    return np.mean(found, axis=0)


def require_sublinear(lost):
    """What is lost in the last quarter is less than half of what was in the first."""
    quarter = len(lost) // 4
    assert lost[-1] - lost[-1 - quarter] < 0.5 * (lost[quarter] - lost[0])


def thompson(random, kind=Ours):
    return kind(random, fc.thompson, floor=0.0)


@pytest.fixture(scope="module")
def sampling():
    return mean_regret("sampling", Sampling)[-1]


@pytest.mark.slow
def test_regret_is_sublinear_and_that_of_sampling_or_less(sampling):
    lost = mean_regret("thompson", thompson)

    assert lost[-1] <= 1.2 * sampling
    require_sublinear(lost)
    uniform = (chances(np.arange(4)).max(axis=1) - chances(np.arange(4)).mean(axis=1)).mean() * ROUNDS
    assert lost[-1] < 0.5 * uniform


@pytest.mark.slow
def test_linucb_is_sublinear_too(sampling):
    lost = mean_regret("linucb", lambda random: Ours(random, fc.linucb, floor=0.0, alpha=1.0))

    require_sublinear(lost)
    assert lost[-1] <= 1.2 * sampling


@pytest.mark.slow
def test_a_planted_error_is_found(sampling):
    assert mean_regret("too unsure", lambda random: thompson(random, TooUnsure), 4)[-1] > 1.2 * sampling


@pytest.mark.slow
@pytest.mark.parametrize("kind", [MixedUp, Unlearning])
def test_a_bandit_that_does_not_learn_is_found(kind):
    lost = mean_regret(kind.__name__, lambda random: thompson(random, kind), 4)

    with pytest.raises(AssertionError):
        require_sublinear(lost)
