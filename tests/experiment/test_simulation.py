"""What the statistics promise, held by simulation; and that the simulations would notice a breach.

Each rate must fall into an exact binomial band of 1e-5; where the promise is "at most",
only the upper side counts. Shortfalls that are known for small samples are stated with
the sample, not tuned away.
"""

import numpy as np
import pytest

from fullcycle.experiment import (
    AlwaysValid,
    Fixed,
    Moments,
    Rule,
    contrast,
    relative_interval,
    sample_ratio,
    units_needed,
)

RUNS = 10_000
DAYS = 28


def normal(rng, mean, sd, n, runs):
    """Moments of ``runs`` samples of ``n`` normal values, drawn without drawing the values."""
    means = rng.normal(mean, sd / np.sqrt(n), runs)
    m2s = sd**2 * rng.chisquare(n - 1, runs)
    return [Moments(n, float(a), float(b)) for a, b in zip(means, m2s, strict=True)]


def bernoulli(rng, rate, n, runs):
    hits = rng.binomial(n, rate, runs) / n
    return [Moments(n, float(p), float(n * p * (1 - p))) for p in hits]


def spending(rng, rate, n, runs):
    """Mostly nothing, else a lognormal amount: revenue per client."""
    found = []
    for _ in range(runs):
        bought = rng.lognormal(0.0, 1.0, rng.binomial(n, rate))
        mean = bought.sum() / n
        found.append(Moments(n, float(mean), float((bought**2).sum() - n * mean**2)))
    return found


def misses(controls, treated, truth, rule):
    count = 0
    for a, b in zip(controls, treated, strict=True):
        low, high = contrast(a, b).interval(rule)
        count += not low <= truth <= high
    return count


def test_the_fixed_interval_covers_normal_values_of_unequal_spread(rng, happens_at_rate):
    a, b = normal(rng, 10, 1, 40, RUNS), normal(rng, 10.5, 4, 25, RUNS)

    happens_at_rate(misses(a, b, 0.5, Fixed()), RUNS, 0.05)


def test_the_fixed_interval_covers_proportions(rng, happens_at_rate):
    a, b = bernoulli(rng, 0.15, 1_000, RUNS), bernoulli(rng, 0.18, 1_000, RUNS)

    happens_at_rate(misses(a, b, 0.03, Fixed()), RUNS, 0.05)


def test_the_fixed_interval_covers_skewed_spending(rng, happens_at_rate):
    a, b = spending(rng, 0.05, 1_000, 4_000), spending(rng, 0.20, 1_000, 4_000)

    happens_at_rate(misses(a, b, 0.15 * np.exp(0.5), Fixed()), 4_000, 0.05)


def test_of_skewed_spending_by_few_clients_it_misses_more(rng, happens_at_rate):
    """A known shortfall: at n = 200 an arm, 5 % of one and 20 % of the other buying, 6.1 % instead of 5 %."""
    a, b = spending(rng, 0.05, 200, 4_000), spending(rng, 0.20, 200, 4_000)

    happens_at_rate(misses(a, b, 0.15 * np.exp(0.5), Fixed()), 4_000, 0.061)


def test_the_relative_interval_covers(rng, happens_at_rate):
    a, b = bernoulli(rng, 0.15, 1_000, RUNS), bernoulli(rng, 0.18, 1_000, RUNS)

    outside = 0
    for control, treated in zip(a, b, strict=True):
        low, high = relative_interval(control, treated, Fixed())
        outside += not low <= 0.2 <= high

    happens_at_rate(outside, RUNS, 0.05)


def test_too_small_a_standard_error_would_be_noticed(rng, happens_at_rate):
    """Planted: a fifth of one arm's variance gets lost."""
    a, b = bernoulli(rng, 0.15, 1_000, RUNS), bernoulli(rng, 0.18, 1_000, RUNS)
    planted = [Moments(m.units, m.mean, m.m2 * 0.8) for m in b]

    with pytest.raises(AssertionError):
        happens_at_rate(misses(a, planted, 0.03, Fixed()), RUNS, 0.05)


def looks(rng, rates, per_day, runs):
    """Cumulative moments of both arms after each day, shape ``(runs, DAYS)`` of pairs."""
    sides = []
    for rate in rates:
        hits = rng.binomial(per_day, rate, (runs, DAYS)).cumsum(axis=1)
        n = per_day * np.arange(1, DAYS + 1)
        sides.append(
            [[Moments(int(k), x / k, x - x * x / k) for k, x in zip(n, row, strict=True)] for row in hits]
        )
    return [list(zip(*pair, strict=True)) for pair in zip(*sides, strict=True)]


def ever_missed(histories, truth, rule):
    count = 0
    for history in histories:
        intervals = (contrast(a, b).interval(rule) for a, b in history)
        count += any(not low <= truth <= high for low, high in intervals)
    return count


@pytest.mark.slow
def test_peeking_every_day_misses_at_most_five_percent_where_always_valid(rng, happens_at_most):
    runs = 2_000
    alike = looks(rng, (0.15, 0.15), 250, runs)
    unlike = looks(rng, (0.15, 0.18), 250, runs)
    rule = AlwaysValid(2 * 250 * DAYS)

    happens_at_most(ever_missed(alike, 0.0, rule), runs, 0.05)
    happens_at_most(ever_missed(unlike, 0.03, rule), runs, 0.05)


@pytest.mark.slow
def test_peeking_every_day_at_a_fixed_interval_would_be_noticed(rng, happens_at_most):
    runs = 1_000
    alike = looks(rng, (0.15, 0.15), 250, runs)

    wrong = ever_missed(alike, 0.0, Fixed())

    assert 0.20 < wrong / runs < 0.34  # about 26 % in the literature
    with pytest.raises(AssertionError):
        happens_at_most(wrong, runs, 0.05)


@pytest.mark.slow
def test_a_guardrail_at_its_very_margin_is_passed_by_peeking_at_most_five_percent(rng, happens_at_most):
    runs = 2_000
    at_margin = looks(rng, (0.20, 0.19), 250, runs)
    rule = AlwaysValid(2 * 250 * DAYS)

    def passes(history, rule):
        found = (contrast(a, b, factor=0.95) for a, b in history)
        return any(c.value > c.reach(rule) for c in found)

    happens_at_most(sum(passes(history, rule) for history in at_margin), runs, 0.05)
    with pytest.raises(AssertionError):  # planted: Student's t at every look
        happens_at_most(sum(passes(history, Fixed()) for history in at_margin), runs, 0.05)


def test_an_experiment_of_the_planned_size_has_the_planned_power(rng, happens_at_rate):
    past = Moments(1_000, 0.0, 999.0)
    for analysis in ("fixed", "always-valid"):
        n = units_needed(past, 0.1, rule=Rule(analysis)) // 2
        rule = Fixed() if analysis == "fixed" else AlwaysValid(2 * n)
        a, b = normal(rng, 0, 1, n, RUNS), normal(rng, 0.1, 1, n, RUNS)
        found = sum(contrast(*pair).interval(rule)[0] > 0 for pair in zip(a, b, strict=True))
        happens_at_rate(found, RUNS, 0.8)


def alarms(draws, weights):
    return sum(not sample_ratio({"a": int(a), "b": int(b)}, weights).ok for a, b in draws)


def test_the_sample_ratio_rings_once_in_a_hundred_readouts(rng, happens_at_rate, happens_at_most):
    runs, weights = 40_000, {"a": 0.3, "b": 0.7}
    fair = rng.multinomial(50_000, [0.3, 0.7], runs)
    lossy = rng.multinomial(50_000, [0.302, 0.698], 4_000)  # one in a hundred of an arm got lost

    happens_at_rate(alarms(fair, weights), runs, 0.01)
    with pytest.raises(AssertionError):
        happens_at_most(alarms(lossy, weights), 4_000, 0.01)
