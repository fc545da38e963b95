"""fullcycle.experiment.rehearsal: analyses on pasts in which nothing happened, and in which something did."""

import numpy as np
import pytest

from fullcycle.experiment import (
    AlwaysValid,
    Fixed,
    Gram,
    GroupSequential,
    Moments,
    Past,
    Rule,
    chance_by_day,
    looks_of,
    minimum_effect,
    rehearse,
)
from fullcycle.experiment.design import power_of
from fullcycle.experiment.history import false_alarms_of
from fullcycle.kernel import NotEnoughData

BUCKETS, DAYS, PER = 200, 14, 6
UNITS = BUCKETS * DAYS * PER


def past(rng, *, copies=1, buckets=BUCKETS, days=DAYS, per=PER):
    """A past of normal values, each unit ``copies`` times."""
    values = rng.normal(size=(buckets, days, per)).repeat(copies, axis=2)
    sums = values.sum(axis=2)[:, :, None]
    return Past(
        np.full((buckets, days), float(per * copies)), sums, (values**2).sum(axis=2)[:, :, None], np.zeros(1)
    )


def test_each_analysis_looks_when_it_may():
    assert looks_of(Rule("fixed"), 14, 999) == {13: Fixed(0.05)}
    assert looks_of(Rule(alpha=0.025), 3, 999) == dict.fromkeys(range(3), AlwaysValid(999, 0.025))
    planned = looks_of(Rule("group-sequential", looks=(0.5, 1.0), spending="pocock"), 14, 999)
    assert planned == {
        6: GroupSequential((0.5,), "pocock", 0.05),
        13: GroupSequential((0.5, 1.0), "pocock", 0.05),
    }


def test_looks_that_fall_on_one_day_are_one():
    assert set(looks_of(Rule("group-sequential", looks=(0.1, 0.2, 1.0)), 3, 999)) == {0, 2}


def test_a_sound_past_keeps_every_promise_and_peeking_keeps_none(rng):
    rule = Rule("group-sequential", looks=(0.5, 1.0))

    grouped, fixed, peeking = rehearse(past(rng), rule)
    always, *_ = rehearse(past(rng), Rule())

    assert (grouped.analysis, grouped.looks, fixed.looks, peeking.looks) == ("group-sequential", 2, 1, DAYS)
    assert all(one.alarms.kept for one in (grouped, fixed, always))
    assert (always.looks, always.alarms.rate < 0.05) == (DAYS, True)
    assert fixed.alarms.low <= fixed.alarms.rate
    assert not peeking.promised
    assert not peeking.alarms.kept
    assert 0.15 < peeking.alarms.rate < 0.35


def test_units_that_stand_twice_in_the_past_make_every_analysis_ring(rng):
    """Planted: rows are taken for units, and each unit has two that are alike."""
    for one in rehearse(past(rng, copies=2), Rule("group-sequential", looks=(0.5, 1.0))):
        assert not one.alarms.kept
    always, *_ = rehearse(past(rng, copies=4), Rule())
    assert not always.alarms.kept


def test_a_metric_that_few_units_hold_rings_in_a_small_arm(rng):
    """Planted: spending of one in fifty, some of it large, and few are treated."""
    values = (rng.random((500, 1, 20)) < 0.02) * rng.lognormal(0, 1.5, (500, 1, 20))
    values = values - values.mean()
    sums, squares = values.sum(axis=2)[:, :, None], (values**2).sum(axis=2)[:, :, None]
    spent = Past(np.full((500, 1), 20.0), sums, squares, np.zeros(1))

    (halves, *_), (small, *_) = (
        rehearse(spent, Rule("fixed"), weights=weights, splits=2_000)
        for weights in ((0.5, 0.5), (0.95, 0.05))
    )

    assert halves.alarms.kept
    assert not small.alarms.kept


def test_a_past_of_one_day_is_looked_at_once(rng):
    (only,) = rehearse(past(rng, days=1), Rule("fixed"))

    assert only.looks == 1
    assert len(rehearse(past(rng, days=1), Rule())) == 2


def test_the_band_of_a_sound_past_misses_as_rarely_as_it_says(rng, happens_at_most):
    """Splits of one past share its buckets: with few of them, rates differ by more than a binomial's."""
    pasts, missed = 150, 0
    for n in range(pasts):
        told = false_alarms_of(past(rng, buckets=50, days=1), {0: Fixed()}, splits=500, seed=n)
        missed += not told.low <= told.rate <= told.high

    happens_at_most(missed, pasts, 0.01)


def test_what_formula_and_simulation_say_of_one_look_is_the_same(rng):
    told, weights = past(rng), (0.4, 0.6)
    spread = Moments(UNITS, 0.0, float(told.products.sum()))
    effect = minimum_effect(spread, UNITS, weights=weights, rule=Rule("fixed"))

    found = chance_by_day(
        told, Rule("fixed"), effect, days=DAYS, units_per_day=UNITS / DAYS, weights=weights, splits=4_000
    )

    expected = power_of(spread, effect, UNITS, Fixed(), weights=weights)
    assert expected == pytest.approx(0.8, abs=1e-6)
    assert [step.share for step in found[:-1]] == [0.0] * (DAYS - 1)
    assert found[-1].share == pytest.approx(expected, abs=0.05)  # 200 buckets tell it to a few points


def test_planned_looks_reach_their_power_at_the_last_of_them(rng):
    told, rule = past(rng), Rule("group-sequential", looks=(0.5, 1.0))
    effect = minimum_effect(Moments(UNITS, 0.0, float(told.products.sum())), UNITS, rule=rule)

    found = chance_by_day(told, rule, effect, days=DAYS, units_per_day=UNITS / DAYS, splits=4_000)

    assert 0.05 < found[6].share < found[-1].share
    assert found[-1].share == pytest.approx(0.8, abs=0.05)


def test_twice_the_traffic_for_half_the_days_finds_as_much(rng):
    told, rule = past(rng), Rule()
    once = chance_by_day(told, rule, 0.06, days=14, units_per_day=UNITS / DAYS, splits=1_000)
    twice = chance_by_day(told, rule, 0.06, days=7, units_per_day=2 * UNITS / DAYS, splits=1_000)

    assert [a.share for a in twice] == pytest.approx([b.share for b in once[1::2]], abs=0.05)


def test_a_plan_longer_than_the_past_goes_through_it_again(rng):
    told = past(rng)
    longer = told.over(3 * DAYS, UNITS / DAYS)

    assert longer.days == 3 * DAYS
    assert longer.units.sum() == 3 * UNITS
    assert longer.sums.sum() == pytest.approx(3 * told.sums.sum())
    assert longer.products.sum() == pytest.approx(3 * told.products.sum())
    assert (longer.units[:, :DAYS].sum(axis=0) == told.units.sum(axis=0)).all()


def test_units_that_come_again_in_a_longer_plan_are_no_units_that_stand_twice(rng):
    """A plan through the past again must not ring as one whose units were doubled does."""
    longer = past(rng).over(2 * DAYS, UNITS / DAYS)

    assert false_alarms_of(longer, {2 * DAYS - 1: Fixed()}, splits=2_000).kept


def test_a_past_that_cannot_stand_for_the_plan_is_refused(rng):
    with pytest.raises(NotEnoughData, match=r"a day of the plan is 1e[+]02 days of the past"):
        past(rng).over(100, 100 * UNITS / DAYS)
    with pytest.raises(NotEnoughData, match=r"is 0[.]05 days of") as caught:
        past(rng).over(28, UNITS / DAYS / 20)
    assert "more days" in caught.value.mend


def test_a_past_in_buckets_is_the_sum_of_its_cells(rng):
    cells = [(f"b{n}", "2026-01-01", Gram(2, (float(n), 1.0), (2.0, 0.0, 0.0))) for n in range(30)]

    assert Past.of(cells).over(1, 60).units.sum() == 60
