"""Group-sequential experiments: when they are looked at, over which units, and what is concluded."""

import msgspec
import numpy as np
import pytest

from fullcycle.experiment import GroupSequential, Statistics, contrast, mean_of, readout, spending_bounds
from made_up_experiment import DAY, GOOD, START, metric, spec, told

PLAN = {"analysis": "group-sequential", "looks": (0.25, 0.5, 0.75, 1.0), "guardrails": {}}
PLANNED = 56_000


def read(**options):
    rates = options.pop("rates", GOOD)
    return readout(spec(**{**PLAN, **options.pop("spec", {})}), told(rates, **options), planned_units=PLANNED)


def test_before_the_first_look_nothing_is_read():
    found = read(days=10, at_day=20)  # the seventh day's two weeks are over on the 21st

    assert found.verdict.decision == "keep going"
    assert "the first can be read on 2026-01-22" in found.verdict.reason
    assert found.primary[0].difference is None
    assert (found.looks, found.next_look) == ([], "2026-01-22")


def test_a_look_is_over_the_units_exposed_until_its_day_whatever_came_since():
    early, late = read(days=10, at_day=21), read(days=13, at_day=27)

    assert early.looks == late.looks
    assert [look.day for look in late.looks] == ["2026-01-07"]
    assert late.primary[0].arm_units == early.primary[0].arm_units == 7_000
    assert late.primary == early.primary


def test_its_interval_is_the_repeated_one():
    found = read(days=28, at_day=28).primary[0]  # two looks are over: 14 of 28 days
    pair = (
        told(GOOD).gram("visited", "today", until="2026-01-14"),
        told(GOOD).gram("visited", "chosen", until="2026-01-14"),
    )
    rule = GroupSequential((0.25, 0.5))

    assert (found.low, found.high) == pytest.approx(contrast(*map(mean_of, pair)).interval(rule))
    bounds = spending_bounds((0.25, 0.5), "obrien-fleming", 0.05)
    assert rule.two_sided(1e12, 0) == pytest.approx(bounds[-1])


def test_the_last_look_spends_what_is_left_though_fewer_units_came():
    full, few = read(at_day=60), read(at_day=60, per_day=400)

    assert full.looks[-1].fraction == few.looks[-1].fraction == 1.0
    assert few.looks[0].fraction == pytest.approx(0.1)
    assert few.next_look is None


def test_more_units_than_planned_leave_the_looks_where_the_days_put_them():
    """No look but the last takes all of the plan: the next would need an effect twice as large."""
    found = read(at_day=60, per_day=3_000)

    assert [look.fraction for look in found.looks] == [0.25, 0.5, 0.75, 1.0]
    assert [look.bound for look in found.looks] == pytest.approx(
        spending_bounds((0.25, 0.5, 0.75, 1.0), "obrien-fleming", 0.05)
    )


def test_an_effect_that_a_look_found_is_not_taken_back_for_more_units_than_planned():
    rates = {"visited": {"today": 0.15, "chosen": 0.158}}
    found = [
        readout(spec(**PLAN), told(rates, at_day=at_day), planned_units=PLANNED // 2) for at_day in (35, 42)
    ]

    assert [one.verdict.decision for one in found] == ["keep going", "ship"]


def test_a_first_day_that_began_in_the_evening_does_not_say_how_many_will_come():
    """A tenth of a day: by it the first look would have had more than all of the plan."""
    late = told(GOOD, at_day=60)
    first = tuple(
        msgspec.structs.replace(count, units=100) if count.day == "2026-01-01" else count
        for count in late.counted
    )
    found = readout(spec(**PLAN), msgspec.structs.replace(late, counted=first, assigned=first))

    assert found.planned_units == PLANNED
    assert [look.fraction for look in found.looks] == pytest.approx([0.2179, 0.4679, 0.7179, 1.0], abs=1e-4)


def test_looks_that_fall_on_one_day_are_one():
    found = read(spec={"looks": (0.9, 0.95, 1.0), "days": 7}, days=3, at_day=3)

    assert [look.day for look in found.looks_ahead] == ["2026-01-07"]


def test_a_plan_that_nobody_came_to_has_no_looks():
    found = readout(spec(**PLAN, starts="2026-01-01"), Statistics(as_of=(START + 60) * DAY))

    assert (found.looks, found.verdict.reason) == ([], "nobody was exposed yet")


def test_its_path_has_a_step_for_each_look():
    found = read(at_day=60)

    assert [step.day for step in found.path] == ["2026-01-07", "2026-01-14", "2026-01-21", "2026-01-28"]
    widths = [step.high - step.low for step in found.path]
    assert widths == sorted(widths, reverse=True)


def test_an_effect_large_enough_is_shipped_at_the_first_look():
    large = {"visited": {"today": 0.15, "chosen": 0.20}}

    assert read(rates=large, days=10, at_day=21).verdict.decision == "ship"
    assert read(rates=GOOD, days=10, at_day=21).verdict.decision == "ship"
    assert read(rates={"visited": {"today": 0.15, "chosen": 0.165}}, days=10, at_day=21).verdict.decision == (
        "keep going"
    )


def test_a_declared_start_counts_the_days_of_the_plan():
    found = read(spec={"starts": "2025-12-31"}, days=28, at_day=20)

    assert [look.day for look in found.looks] == ["2026-01-06"]


def test_units_after_the_plan_are_no_further_looks():
    """Read on after its end, a plan would be tested again each day at what it has left to spend."""
    for plan in ({"spec": {"analysis": "fixed", "looks": ()}}, {}):
        long = {**plan, "spec": {**plan.get("spec", {}), "days": 14}}
        ended, later = read(**long, days=14, at_day=28), read(**long, days=28, at_day=60)

        assert ended.verdict.decision == later.verdict.decision == "ship"
        assert ended.primary == later.primary
        assert ended.path == later.path


def test_a_look_waits_for_its_guardrails():
    slow = {"visited": metric("visited"), "converted": metric("converted", within_s=28 * 86400.0)}
    options = {"spec": {"metrics": slow, "guardrails": {"converted": 0.2}}, "days": 28}

    assert [look.day for look in read(**options, at_day=28).looks] == []
    assert [look.day for look in read(**options, at_day=35).looks] == ["2026-01-07"]
    fixed = {**options["spec"], "analysis": "fixed", "looks": ()}
    assert read(spec=fixed, days=28, at_day=55).verdict.decision == "keep going"
    assert read(spec=fixed, days=28, at_day=56).verdict.decision == "ship"


OVERRUN = (0.25, 0.5, 0.75, 1.0), (60_000.0, 76_000.0, 80_000.0, 84_000.0)  # of 28,000, most at first


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
def test_a_plan_that_more_came_to_than_was_thought_still_errs_as_rarely(rng, happens_at_rate, spending):
    fractions, units = OVERRUN
    bounds = spending_bounds(fractions, spending, 0.05, information=units)

    happens_at_rate(crossed(rng, units, bounds), 100_000, 0.05)
    with pytest.raises(AssertionError):  # planted: looks go together as if all had been as planned
        happens_at_rate(crossed(rng, units, spending_bounds(fractions, spending, 0.05)), 100_000, 0.05)


def crossed(rng, units, bounds):
    """How many of 100,000 paths without an effect cross at any look."""
    steps = rng.normal(size=(100_000, len(units))) * np.sqrt(np.diff([0.0, *units]))
    return int((np.abs(steps.cumsum(axis=1) / np.sqrt(units)) > bounds).any(axis=1).sum())


def test_looks_at_hardly_anything_new_are_computed_all_the_same():
    fractions = (0.5, 0.5 + 1e-9, 0.5 + 2e-9, 1.0)
    bounds = spending_bounds(fractions, "pocock", 0.05, information=(5e6, 5e6, 5e6 + 1, 5e6 + 1))

    assert 1.96 < bounds[-1] < 1.97 < bounds[0]  # the same units once more, for all that may be spent
