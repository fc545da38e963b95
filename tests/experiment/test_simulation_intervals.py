"""Coverage of 95 % intervals, estimator by estimator: 10,000 experiments a cell.

Each rate must fall into an exact binomial band of 1e-5. Shortfalls that are known of small samples
are stated with the sample, not tuned away.

Planted, and caught: a variance with n in place of n - 1 at small n; a covariate's sign turned; a
gain taken from covariates and not from the difference; covariates taken out of one arm alone; a
ratio without the covariance of its two sides; rows counted as units; a relative interval that takes
the control for exactly known; arms that are freed from covariates taken to know nothing of each other.
"""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from scipy.special import stdtrit
from scipy.stats import norm

import simulated
from fullcycle.experiment import (
    Estimate,
    Fixed,
    adjusted,
    contrast,
    mean_of,
    ratio_of,
    relative_interval,
)

RUNS = 10_000
MANY = (RUNS,)
HALF = float(np.exp(0.5))  # the mean of a lognormal amount


def misses(arms, truth):
    """How many intervals leave out the truth."""
    outside = 0
    for control, treated in zip(*arms, strict=True):
        low, high = contrast(control, treated).interval(Fixed())
        outside += not low <= truth <= high
    return outside


def estimates(arms, of):
    return [[of(gram) for gram in arm.grams()] for arm in arms]


def freed(arms, **options):
    """Both arms, freed from covariates."""
    pairs = [adjusted(*pair, **options) for pair in zip(*(arm.grams() for arm in arms), strict=True)]
    return [pair.control for pair in pairs], [pair.treated for pair in pairs]


MEANS = {
    "normal at 10 units": (
        lambda rng: [simulated.normal(rng, MANY, 10, m, s) for m, s in ((0, 1), (1, 9))],
        1,
    ),
    "normal at 500": (lambda rng: [simulated.normal(rng, MANY, 500, m, 1) for m in (0, 0.1)], 0.1),
    "Bernoulli at 1,000": (lambda rng: [simulated.bernoulli(rng, MANY, 1_000, p) for p in (0.1, 0.12)], 0.02),
    "spending at 2,000": (
        lambda rng: [simulated.spending(rng, MANY, 2_000, p) for p in (0.05, 0.06)],
        0.01 * HALF,
    ),
    "capped spending at 1,000": (
        lambda rng: [simulated.spending(rng, MANY, 1_000, 0.1, cap=4.0) for _ in range(2)],
        0.0,
    ),
    "sessions summed at 200": (
        lambda rng: [simulated.sessions(rng, MANY, 200, per_session=m) for m in (10, 10.5)],
        0.5 * 4.5,
    ),
}


@pytest.mark.parametrize("name", MEANS)
def test_a_difference_of_means_is_covered(rng, happens_at_rate, name):
    draw, truth = MEANS[name]

    happens_at_rate(misses(estimates(draw(rng), mean_of), truth), RUNS, 0.05)


def test_a_small_arm_of_skewed_spending_is_missed_more_often(rng, happens_at_rate):
    """A known shortfall: 99 : 1 with 100 units in the small arm, 10 % of them buying: 16.6 %, not 5 %.

    With 1,000 units in it, it is 7 %. Skewness cancels between arms of the same size, and not here.
    """
    spread = 0.1 * np.exp(2) - (0.1 * HALF) ** 2
    for n, rate in ((100, 0.166), (1_000, 0.07)):
        large = simulated.normal(rng, MANY, 99 * n, 0.1 * HALF, spread)  # so large that its mean is normal
        small = simulated.spending(rng, MANY, n, 0.1)
        happens_at_rate(misses(estimates([large, small], mean_of), 0.0), RUNS, rate)


def test_a_variance_over_n_would_be_noticed(rng, happens_at_rate):
    arms = [simulated.normal(rng, MANY, 6, 0, 1) for _ in range(2)]
    planted = [[Estimate(6, gram.means[0], gram.products[0] / 36) for gram in arm.grams()] for arm in arms]

    happens_at_rate(misses(estimates(arms, mean_of), 0.0), RUNS, 0.05)
    with pytest.raises(AssertionError):
        happens_at_rate(misses(planted, 0.0), RUNS, 0.05)


def leaning(k):
    """The covariance of a value and of k covariates that explain half of it."""
    matrix = np.eye(k + 1) * 1.0
    matrix[0, 1:] = matrix[1:, 0] = np.sqrt(0.5 / k)
    return matrix


@pytest.mark.parametrize(("k", "n"), [(1, 100), (3, 200)])
def test_a_difference_freed_from_covariates_is_covered(rng, happens_at_rate, k, n):
    """At the fewest units that are trusted with so many covariates, and a real effect of four errors."""
    arms = [simulated.normal(rng, MANY, n, [m] + [5.0] * k, leaning(k)) for m in (0, 4 / np.sqrt(n))]

    happens_at_rate(misses(freed(arms), 4 / np.sqrt(n)), RUNS, 0.05)


def test_many_covariates_on_few_units_take_part_of_the_effect(rng, happens_at_rate):
    """A known shortfall, and why each covariate asks for 50 units more: 20 of them on 50 units an arm.

    An effect of four standard errors is missed in 10 % of cases, not in 5 %; none is missed at 5.6 %.
    """
    covariance = np.eye(21)
    for effect, rate in ((0.0, 0.056), (0.6, 0.1)):
        arms = [simulated.normal(rng, MANY, 50, [m] + [0.0] * 20, covariance) for m in (0, effect)]
        value, variance, df = simulated.compared(*arms)
        outside = np.abs(value - effect) > -stdtrit(df, 0.025) * np.sqrt(variance)
        happens_at_rate(int(outside.sum()), RUNS, rate)


def test_all_runs_at_a_time_are_compared_as_one_is(rng):
    arms = [simulated.normal(rng, (20,), n, [3.0] * 4, np.eye(4) + 0.3) for n in (60, 90)]
    value, variance, df = simulated.compared(*arms)
    found = [contrast(*pair) for pair in zip(*freed(arms), strict=True)]

    assert value == pytest.approx([one.value for one in found], rel=1e-9)
    assert np.sqrt(variance) == pytest.approx([one.stderr for one in found], rel=1e-9)
    assert df == pytest.approx([one.df for one in found], rel=1e-9)


def test_skewed_spending_freed_from_what_was_spent_before_is_covered(rng, happens_at_rate):
    arms = [simulated.spending(rng, MANY, 2_000, 0.1, lean=0.8) for _ in range(2)]

    happens_at_rate(misses(freed(arms), 0.0), RUNS, 0.05)


def turned(gram):
    """The covariate with its sign turned in the mean and not in the products."""
    return msgspec.structs.replace(gram, means=(gram.means[0], -gram.means[1]))


def test_a_covariate_that_is_taken_out_wrongly_would_be_noticed(rng, happens_at_rate):
    arms = [simulated.normal(rng, MANY, 500, [0, 0], leaning(1)) for _ in range(2)]
    right = freed(arms)
    means = estimates(arms, mean_of)
    unmoved = [  # the spread of what is adjusted, at the difference of what is not
        [Estimate(a.units, b.mean, a.variance_of_mean) for a, b in zip(*pair, strict=True)]
        for pair in zip(right, means, strict=True)
    ]
    one_sided = [means[0], right[1]]  # one arm alone is adjusted, by slopes of both
    signs = [[turned(gram) for gram in arm.grams()] for arm in arms]
    pairs = [adjusted(*pair) for pair in zip(*signs, strict=True)]

    happens_at_rate(misses(right, 0.0), RUNS, 0.05)
    for planted in (
        unmoved,
        [one_sided[0], right[1]],
        [[p.control for p in pairs], [p.treated for p in pairs]],
    ):
        with pytest.raises(AssertionError):
            happens_at_rate(misses(planted, 0.0), RUNS, 0.05)


def test_a_ratio_of_units_that_cluster_is_covered(rng, happens_at_rate):
    arms = [simulated.sessions(rng, MANY, 200, per_session=m) for m in (10, 11)]

    happens_at_rate(misses(estimates(arms, ratio_of), 1.0), RUNS, 0.05)


def test_a_ratio_that_forgets_how_its_sides_go_together_would_be_noticed(rng, happens_at_rate):
    arms = [simulated.sessions(rng, MANY, 200) for _ in range(2)]

    def without(gram):
        top, _, below = gram.products
        return ratio_of(msgspec.structs.replace(gram, products=(top, 0.0, below)))

    with pytest.raises(AssertionError):
        happens_at_rate(misses(estimates(arms, without), 0.0), RUNS, 0.05)


def test_rows_taken_for_units_would_be_noticed(rng, happens_at_rate):
    """The mean over sessions, with the spread of sessions that know nothing of each other."""
    found = []
    for _ in range(2):
        many = rng.integers(1, 9, (RUNS, 100))
        rows = rng.normal(0, 2, (RUNS, 100, 1)) + rng.normal(size=(RUNS, 100, 8))
        kept = np.arange(8) < many[..., None]
        n = kept.sum(axis=(1, 2))
        mean = np.where(kept, rows, 0).sum(axis=(1, 2)) / n
        square = np.where(kept, (rows - mean[:, None, None]) ** 2, 0).sum(axis=(1, 2)) / (n - 1)
        found.append(
            [Estimate(*each) for each in zip(n.tolist(), mean.tolist(), (square / n).tolist(), strict=True)]
        )

    with pytest.raises(AssertionError):
        happens_at_rate(misses(found, 0.0), RUNS, 0.05)


def test_a_ratio_freed_from_a_covariate_is_covered(rng, happens_at_rate):
    """Sessions as the covariate of what is spent per visit, which leans on it."""
    arms = []
    for level in (10, 10.5):
        many = rng.integers(1, 9, (RUNS, 200)).astype(float)
        before = rng.normal(size=(RUNS, 200))
        total = many * (level + 2 * before + rng.normal(size=(RUNS, 200)))
        arms.append(simulated.of_rows(np.stack([total, many, before], axis=-1)))

    happens_at_rate(misses(freed(arms, ratio=True), 0.5), RUNS, 0.05)


def test_a_winsorised_mean_is_covered_where_arms_are_alike_and_where_they_are_not(rng, happens_at_rate):
    """Cut at the 99th percentile of both arms together, which is itself estimated."""
    for rates in ((0.2, 0.2), (0.2, 0.25)):
        rows = [
            np.where(rng.random((RUNS, 500)) < p, np.exp(rng.normal(size=(RUNS, 500))), 0.0) for p in rates
        ]
        cut = np.quantile(np.concatenate(rows, axis=1), 0.99, axis=1, method="inverted_cdf")
        arms = [simulated.of_rows(np.minimum(each, cut[:, None])[..., None]) for each in rows]
        sample = np.minimum(np.exp(rng.normal(size=2_000_000)), true_cut(sum(rates) / 2))
        happens_at_rate(misses(estimates(arms, mean_of), (rates[1] - rates[0]) * sample.mean()), RUNS, 0.05)


def true_cut(rate):
    """The 99th percentile of a value that is a lognormal amount at that rate, else nothing."""
    return float(np.exp(norm.isf(0.01 / rate)))


@pytest.mark.parametrize("draw", ["spending", "sessions"])
def test_a_relative_interval_is_covered(rng, happens_at_rate, draw):
    if draw == "spending":
        arms = estimates([simulated.spending(rng, MANY, 2_000, p) for p in (0.10, 0.12)], mean_of)
    else:
        arms = estimates([simulated.sessions(rng, MANY, 200, per_session=m) for m in (10, 12.26)], ratio_of)
    truth = {"spending": 0.2, "sessions": 2.26 / (10 + 0.3 * 204 / 36)}[draw]
    ends = [relative_interval(*pair, Fixed()) for pair in zip(*arms, strict=True)]

    happens_at_rate(sum(not low <= truth <= high for low, high in ends), RUNS, 0.05)
    known = [
        tuple(end / a.mean for end in contrast(a, b).interval(Fixed())) for a, b in zip(*arms, strict=True)
    ]
    if draw == "spending":  # planted: the control taken for exactly known
        with pytest.raises(AssertionError):
            happens_at_rate(sum(not low <= truth <= high for low, high in known), RUNS, 0.05)


@pytest.mark.parametrize("lifted", ["by as much", "by as many times"])
def test_a_relative_interval_beside_a_strong_covariate_is_covered(rng, happens_at_rate, lifted):
    """A covariate that explains 90 %, and +50 %; so is a guardrail at that margin, on either side of it.

    Planted: two arms at the same level of their covariates, taken to know nothing of each other.
    """
    one = np.array([[100.0, 10 * np.sqrt(0.9)], [10 * np.sqrt(0.9), 1.0]])
    times = np.array([1.5, 1.0]) if lifted == "by as many times" else np.ones(2)
    drawn = [
        simulated.normal(rng, MANY, 400, [mean, 0.0], spread)
        for mean, spread in ((10.0, one), (15.0, one * np.outer(times, times)))
    ]
    right = list(zip(*freed(drawn), strict=True))
    apart = [tuple(replace(arm, level=0.0, along=0.0) for arm in pair) for pair in right]

    def missed(pairs):
        ends = [relative_interval(*pair, Fixed()) for pair in pairs]
        return sum(not low <= 0.5 <= high for low, high in ends)

    def passed_or_broke(pairs):
        found = [contrast(*pair, factor=1.5) for pair in pairs]
        return sum(abs(one.value) > one.reach(Fixed()) for one in found)

    happens_at_rate(missed(right), RUNS, 0.05)
    happens_at_rate(passed_or_broke(right), RUNS, 0.1)
    for count, rate in ((missed, 0.05), (passed_or_broke, 0.1)):
        with pytest.raises(AssertionError):
            happens_at_rate(count(apart), RUNS, rate)
