"""Experiments that never were: the analysis on random splits of made-up pasts."""

from itertools import pairwise

import numpy as np
import pytest

from fullcycle.experiment import (
    AlwaysValid,
    Fixed,
    Gram,
    Past,
    adjusted,
    contrast,
    false_alarms_of,
    found_by_day,
    merged_grams,
)
from fullcycle.experiment.history import _crossings, _splits
from fullcycle.kernel import NotEnoughData

BUCKETS, DAYS = 100, 14


def gram(rows):
    off = rows - rows.mean(axis=0)
    products = off.T @ off
    size = rows.shape[1]
    triangle = [float(products[i, j]) for i in range(size) for j in range(i + 1)]
    return Gram(len(rows), tuple(rows.mean(axis=0).tolist()), tuple(triangle))


def cells(rng, *, covariate=False, copies=1, per=20):
    """Cells of a past: spending that is mostly nothing, in buckets and days; ``copies`` of each unit."""
    found = []
    for bucket in range(BUCKETS):
        for day in range(DAYS):
            before = rng.normal(size=per)
            value = np.where(rng.random(per) < 0.3, rng.lognormal(size=per), 0.0) + 2 * before * covariate
            rows = np.repeat(np.column_stack([value, before][: 1 + covariate]), copies, axis=0)
            found.append((f"b{bucket}", f"2026-01-{day + 1:02d}", gram(rows)))
    return found


def daily(units):
    return {day: AlwaysValid(units) for day in range(DAYS)}


def test_a_sound_past_rings_as_often_as_promised(rng):
    past = Past.of(cells(rng))

    once = false_alarms_of(past, {DAYS - 1: Fixed()}, splits=2_000)
    peeked = false_alarms_of(past, dict.fromkeys(range(DAYS), Fixed()), splits=2_000)
    always = false_alarms_of(past, daily(BUCKETS * DAYS * 20), splits=2_000)

    assert once.low <= once.rate <= once.high
    assert peeked.rate > 0.15  # what it costs to look every day
    assert not peeked.kept
    assert always.rate < 0.05
    assert always.kept


def test_units_that_are_there_twice_ring(rng):
    """Planted: each unit counts as two, so that chance looks smaller than it is."""
    found = false_alarms_of(Past.of(cells(rng, copies=2)), {DAYS - 1: Fixed()}, splits=2_000)

    assert found.rate > 0.12
    assert not found.kept


def test_what_a_covariate_explains_is_found_sooner(rng):
    past = Past.of(cells(rng, covariate=True))
    without = Past(past.units, past.sums[:, :, :1], past.products[:, :, :1], past.means[:1])
    rule = daily(BUCKETS * DAYS * 20)

    with_it, plain = (found_by_day(one, rule, 0.1, splits=200) for one in (past, without))

    assert [step.day for step in plain] == list(range(1, DAYS + 1))
    assert all(a.share <= b.share for a, b in pairwise(plain))
    assert with_it[6].share > plain[6].share + 0.3
    assert with_it[-1].share > plain[-1].share


def test_a_large_effect_is_found_and_none_is_not(rng):
    past, rule = Past.of(cells(rng)), daily(BUCKETS * DAYS * 20)

    assert found_by_day(past, rule, 5.0, splits=100)[0].share > 0.95
    assert found_by_day(past, rule, 0.0, splits=100)[-1].share < 0.1


def test_a_split_is_analysed_as_the_readout_would(rng):
    """One split, by merging the same buckets' statistics and comparing them as a readout does."""
    told = cells(rng, covariate=True)
    past = Past.of(told)
    names = sorted({bucket for bucket, _, _ in told})
    treated = _splits(BUCKETS, (0.5, 0.5), 50, 7)
    crossed = _crossings(past, {4: Fixed(), 13: Fixed()}, (0.5, 0.5), 50, 7, effect=0.05)

    for split in range(50):
        of = {name for name, there in zip(names, treated[split], strict=True) if there}
        for day in (4, 13):
            kept = [(bucket, one) for bucket, at, one in told if int(at[-2:]) <= day + 1]
            arms = [
                merged_grams([one for bucket, one in kept if (bucket in of) == side], size=2)
                for side in (False, True)
            ]
            moved = Gram(arms[1].units, (arms[1].means[0] + 0.05, arms[1].means[1]), arms[1].products)
            found = adjusted(arms[0], moved)
            low, high = contrast(found.control, found.treated).interval(Fixed())
            near = min(abs(low), abs(high)) < 1e-3  # slopes of the moved arm differ in the last digits
            assert near or crossed[split, day] == (low > 0 or high < 0)


def test_shares_of_the_arms_are_kept():
    assert _splits(100, (0.9, 0.1), 5, 0).sum(axis=1).tolist() == [10.0] * 5


def test_too_few_buckets_are_refused(rng):
    with pytest.raises(NotEnoughData, match="19 buckets"):
        Past.of([(f"b{n}", "2026-01-01", gram(rng.normal(size=(5, 1)))) for n in range(19)])
