"""How often a ratio rings in some segment where all of them are sound, at one look and over all days.

Planted, and caught: levels that are not held against their number; chi-square of a few units at uneven
weights; the test of one look, read every day; units of one arm that get lost in one level.
"""

import numpy as np

from fullcycle.experiment import Count, Statistics, readout, sample_ratio
from fullcycle.experiment.ratio_check import exact_ratio
from made_up_experiment import DAY, START, day_name, metric, spec

MEAN = {"metrics": {"visited": metric("visited", kind="mean", within_s=0.0)}, "guardrails": {}}
ARMS = ("today", "chosen")
HALVES = dict.fromkeys(ARMS, 0.5)


def by_segment(draws, plan):
    """The readout's check; ``draws`` are the units of an arm, ``(levels, days, arms)``."""
    counts = tuple(
        Count(arm, day_name(day), int(n), segment="city", level=f"city {level}")
        for level, days in enumerate(draws)
        for day, both in enumerate(days)
        for arm, n in zip(ARMS, both, strict=True)
    )
    found = readout(
        plan, Statistics(as_of=(START + draws.shape[1]) * DAY, by_segment=counts, assigned=(), counted=())
    )
    return next(one for one in found.checks if one.name == "ratio by segment")


def drawn(rng, shape, share, units):
    first = rng.binomial(units, share, shape)
    return np.stack([first, units - first], axis=-1)


def test_read_every_day_a_sound_ratio_blocks_by_some_segment_at_most_once_in_a_hundred(rng, happens_at_most):
    plan = spec(**MEAN, segments=("city",), days=14)
    draws = drawn(rng, (250, 6, 14), 0.5, 400)
    days = (4, 9, 14)

    def rings(standing):
        return sum(any(by_segment(one[:, :day], plan).standing == standing for day in days) for one in draws)

    happens_at_most(rings("blocks"), len(draws), 0.01)
    lost = draws[:60].copy()
    lost[:, 2, :, 1] = (lost[:, 2, :, 1] * 0.85).astype(int)
    assert sum(by_segment(one, plan).standing == "blocks" for one in lost) > 55  # planted: units get lost
    once = [any(by_segment(one[:, :day], plan).p < 0.05 for day in range(1, 15)) for one in draws[:80]]
    assert sum(once) > 10  # planted: the test of one look, read every day at 5 %


def test_at_one_look_a_sound_ratio_rings_in_some_segment_at_most_once_in_a_hundred(rng, happens_at_most):
    plan = spec(**MEAN, segments=("city",), analysis="fixed", days=1)
    draws = drawn(rng, (1_500, 20, 1), 0.5, 200)

    happens_at_most(sum(by_segment(one, plan).standing != "ok" for one in draws), len(draws), 0.01)
    alone = [
        any(exact_ratio(dict(zip(ARMS, both, strict=True)), HALVES) < 0.01 for both in one[:, 0])
        for one in draws[:300]
    ]
    assert sum(alone) > 30  # planted: each level as if it were the only one


def test_few_units_at_uneven_weights_ring_no_more_often(rng, happens_at_most):
    weights, runs = {"today": 0.98, "chosen": 0.02}, 4_000
    first = rng.binomial(12, 0.98, runs)
    each = [{"today": int(n), "chosen": int(12 - n)} for n in first]

    happens_at_most(sum(exact_ratio(one, weights) < 0.001 for one in each), runs, 0.001)
    assert sum(sample_ratio(one, weights).p < 0.001 for one in each) > 20  # planted: chi-square
