"""How often checks ring where nothing is wrong, what is false among findings, and what a winner is worth.

Planted, and caught: chi-square read every day; units of one arm that get lost; arms that differed
before; days whose errors add up, taken for independent ones; segments without correction and
intervals that are not widened for their having been picked; a prior that
forgets on how few effects it was measured.
"""

from math import sqrt

import msgspec
import numpy as np
import pytest
from scipy.special import ndtri

import simulated
from fullcycle.experiment import (
    Cell,
    Count,
    Gram,
    Statistics,
    imbalance,
    readout,
    sample_ratio,
    sequential_ratio,
    shrunken,
    spread_measured,
)
from made_up_experiment import DAY, START, day_name, metric, spec

RUNS = 10_000
MEAN = {"metrics": {"visited": metric("visited", kind="mean", within_s=0.0)}, "guardrails": {}}
GRAM = Gram(500, (1.0,), (500.0,))


def assigned(per_day, *, analysis="always-valid", at_day=None):
    """The readout's check of the ratio; ``per_day`` has the shape ``(n_days, 2)``."""
    plan = spec(**MEAN, analysis=analysis, days=28)
    counts = tuple(
        Count(arm, day_name(day), int(n))
        for day, both in enumerate(per_day)
        for arm, n in zip(plan.order, both, strict=True)
    )
    cells = tuple(Cell("visited", arm, day_name(0), GRAM) for arm in plan.order)
    as_of = (START + (at_day or len(per_day))) * DAY
    found = readout(plan, Statistics(as_of=as_of, cells=cells, assigned=counts, counted=counts))
    return next(one for one in found.checks if one.name == "sample ratio")


def halves(rng, share, runs, per_day=300):
    first = rng.binomial(per_day, share, (runs, 28))
    return np.stack([first, per_day - first], axis=-1)


def test_at_the_end_of_a_fixed_plan_the_ratio_blocks_one_in_a_hundred(rng, happens_at_rate, happens_at_most):
    fair, lossy = halves(rng, 0.5, RUNS, 2_000), halves(rng, 0.508, 1_000, 2_000)

    def alarms(draws):
        return sum(
            sample_ratio(dict(zip("ab", each, strict=True)), {"a": 1, "b": 1}).p < 0.01 for each in draws
        )

    happens_at_rate(alarms(fair.sum(axis=1).tolist()), RUNS, 0.01)
    with pytest.raises(AssertionError):  # planted: one unit of thirty gets lost
        happens_at_most(alarms(lossy.sum(axis=1).tolist()), 1_000, 0.01)
    for each in [*fair[:10], *lossy[:10]]:
        standing = assigned(each, analysis="fixed", at_day=60).standing
        assert (standing == "blocks") == bool(alarms([each.sum(axis=0).tolist()]))


def test_read_every_day_the_ratio_blocks_at_most_one_in_a_hundred(rng, happens_at_most):
    runs, weights = 4_000, {"today": 0.5, "chosen": 0.5}
    fair = halves(rng, 0.5, runs)
    days = [[dict(zip(weights, day, strict=True)) for day in run] for run in fair.tolist()]
    p = np.array([sequential_ratio(run, weights) for run in days])

    happens_at_most(int((p < 0.01).sum()), runs, 0.01)
    so_far = fair.cumsum(axis=1)
    statistic = (so_far[..., 0] - so_far[..., 1]) ** 2 / so_far.sum(axis=-1)
    peeked = (statistic > 6.6349).any(axis=1)
    with pytest.raises(AssertionError):  # planted: chi-square read every day
        happens_at_most(int(peeked.sum()), runs, 0.01)
    for run in np.flatnonzero(peeked)[:20]:  # nor does a fixed plan before its end
        day = int((statistic[run] > 6.6349).argmax()) + 1
        for analysis in ("fixed", "always-valid"):
            told = assigned(fair[run, :day], analysis=analysis)
            assert (told.standing == "blocks") == (sequential_ratio(days[run][:day], weights) < 0.01)


@pytest.mark.parametrize("rate", [0.05, 0.01])
def test_covariates_that_are_alike_ring_at_their_rate(rng, happens_at_rate, rate):
    """Three of them that go together, on 500 units an arm."""
    covariance = np.eye(3) + 0.5
    arms = [simulated.normal(rng, (RUNS,), 500, [0.0] * 3, covariance).grams() for _ in range(2)]
    moved = simulated.normal(rng, (500,), 500, [0.3, 0.0, 0.0], covariance).grams()

    happens_at_rate(sum(imbalance(*pair) < rate for pair in zip(*arms, strict=True)), RUNS, rate)
    wrong = sum(imbalance(*pair) < rate for pair in zip(arms[0][:500], moved, strict=True))
    with pytest.raises(AssertionError):  # planted: one covariate differs by a third of its spread
        happens_at_rate(wrong, 500, rate)


def aged(rng, runs, together, days=7, n=5_000):
    """The effect of each day after the exposure, ``(runs, days)``; the first leans against the others."""
    shared = rng.normal(size=(runs, 1)) * sqrt(abs(together))
    own = rng.normal(size=(runs, days)) * sqrt(1 - abs(together))
    signs = np.where(np.arange(days) == 0, np.sign(together) or 1.0, 1.0)
    return (shared * signs + own) * sqrt(2 / n)


def novelty(effects, n=5_000):
    cells = tuple(
        Cell("visited", arm, str(age), Gram(n, (float(more) * (arm == "chosen"),), (n - 1.0,)))
        for age, more in enumerate(effects)
        for arm in ("today", "chosen")
    )
    counts = tuple(Count(arm, day_name(0), 500) for arm in ("today", "chosen"))
    whole = tuple(Cell("visited", arm, day_name(0), GRAM) for arm in ("today", "chosen"))
    known = Statistics(as_of=(START + 60) * DAY, cells=whole, assigned=counts, counted=counts, by_age=cells)
    return next(one for one in readout(spec(**MEAN), known).checks if one.name == "novelty")


@pytest.mark.parametrize("together", [0.0, 0.5, -0.9])
def test_an_effect_that_lasts_is_no_novelty_however_days_go_together(rng, happens_at_most, together):
    runs = 1_500
    rings = sum(novelty(each).standing == "qualifies" for each in aged(rng, runs, together))

    happens_at_most(rings, runs, 0.01)


def test_days_taken_for_independent_would_be_noticed(rng, happens_at_most):
    effects = aged(rng, 1_500, -0.9)
    step = effects[:, 0] - effects[:, 1:].mean(axis=1)
    z = step / sqrt(2 / 5_000 * (1 + 1 / 6))

    with pytest.raises(AssertionError):
        happens_at_most(int((np.abs(z) > -ndtri(0.005)).sum()), 1_500, 0.01)


TRUTH = np.array([0.0] * 9 + [0.3] * 3)  # of a spread of 1, with 400 units an arm in each level


def segmented(rng):
    cells, counts = [], []
    for n, more in enumerate(TRUTH):
        for arm in ("today", "chosen"):
            level = f"{n:02d}"
            gram = simulated.normal(rng, (1,), 400, [more * (arm == "chosen")], [[1.0]]).gram(0)
            cells.append(Cell("visited", arm, "", gram, "city", level))
            counts.append(Count(arm, "", 400, "", "city", level))
    whole = tuple(Cell("visited", arm, day_name(0), GRAM) for arm in ("today", "chosen"))
    units = tuple(Count(arm, day_name(0), 4_800) for arm in ("today", "chosen"))
    return Statistics(
        as_of=(START + 60) * DAY,
        cells=(*whole, *cells),
        assigned=units,
        counted=units,
        by_segment=tuple(counts),
    )


def far_above(shares, rate):
    """Whether the mean is above by what chance gives once in 10⁵ (normal, 4.26 standard errors)."""
    return np.mean(shares) > rate + 4.26 * np.std(shares) / sqrt(len(shares))


@pytest.mark.slow
def test_of_segments_that_are_findings_few_are_false_and_their_intervals_hold(rng):
    """Through the readout of a fixed plan, at 5 %; planted: no correction, and intervals as always."""
    false, plain_false, missed, plain_missed = [], [], [], []
    plan = spec(**MEAN, analysis="fixed", segments=("city",))
    for _ in range(2_500):
        told = readout(plan, segmented(rng)).segments
        truth = {f"{n:02d}": more for n, more in enumerate(TRUTH)}
        picked = [one for one in told if one.finding]
        bare = [one for one in told if one.p <= 0.05]
        false.append(sum(truth[one.level] == 0 for one in picked) / max(len(picked), 1))
        plain_false.append(sum(truth[one.level] == 0 for one in bare) / max(len(bare), 1))
        outside = [not one.low <= truth[one.level] <= one.high for one in picked]
        near = [abs(one.difference - truth[one.level]) > 1.96 * sqrt(2 / 400) for one in picked]
        missed.append(sum(outside) / max(len(picked), 1))
        plain_missed.append(sum(near) / max(len(picked), 1))

    assert not far_above(false, 0.05)
    assert not far_above(missed, 0.05)
    assert far_above(plain_false, 0.05)
    assert np.mean(plain_missed) > 1.3 * np.mean(missed)


@pytest.mark.parametrize("effects", [8, 30, 100])
@pytest.mark.parametrize("spread", [0.5, 1.0, 2.0])
def test_a_winner_is_covered_though_the_prior_was_measured_on_few_effects(
    rng, happens_at_most, effects, spread
):
    """Winners that cleared 1.96 standard errors; where chance alone explains the past, by the true spread.

    A known shortfall: up to 6 % miss, not 5 %. Planted: a spread that is taken as known, by which up to
    15 % miss.
    """
    runs = 40_000
    truth = rng.normal(0, spread, runs)
    estimate = truth + rng.normal(size=runs)
    outside, as_known, winners = 0, 0, np.flatnonzero(estimate > 1.96)
    for run in winners:
        past = spread_measured([(each, 1.0) for each in rng.normal(0, sqrt(1 + spread**2), effects)])
        for known in (False, True):
            among = None if known or past is None else effects
            told = shrunken(estimate[run], 1.0, past or spread, effects=among)
            missed = not told.low <= truth[run] <= told.high
            outside, as_known = (outside, as_known + missed) if known else (outside + missed, as_known)

    happens_at_most(outside, len(winners), 0.06)
    if effects == 8:
        with pytest.raises(AssertionError):
            happens_at_most(as_known, len(winners), 0.06)


def test_a_readout_of_segments_is_plain_data(rng):
    found = readout(spec(**MEAN, segments=("city",)), segmented(rng))

    assert len(found.segments) == len(TRUTH)
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found
