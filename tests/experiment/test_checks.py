"""fullcycle.experiment.checks: what stands against believing an experiment, and what it says."""

import msgspec
import pytest
from scipy.stats import binomtest

from fullcycle.experiment import (
    AlwaysValid,
    Cell,
    Count,
    Covariate,
    Gram,
    contrast,
    headline,
    mean_of,
    readout,
)
from made_up_experiment import GOOD, day_name, metric, spec, told


def check(found, name):
    return next(one for one in found.checks if one.name == name)


def of_segment(counts, level, segment="device"):
    return tuple(Count(arm, "", n, "", segment, level) for arm, n in counts.items())


def test_of_a_sound_experiment_each_check_is_passed():
    found = readout(spec(), told(GOOD))

    assert {one.standing for one in found.checks} == {"ok"}
    assert found.verdict.decision == "ship"


def test_one_look_at_a_ratio_is_by_chi_square_and_all_looks_by_a_test_for_them():
    """Cookie Cats' units: chi-square rings at 1 %, and would ring as often by chance if read each day."""
    days = told(GOOD, days=1, per_day=45_000)
    cats = (Count("today", day_name(0), 44_700), Count("chosen", day_name(0), 45_489))
    days = msgspec.structs.replace(days, assigned=cats, counted=cats)

    once, always = readout(spec(analysis="fixed"), days), readout(spec(), days)

    assert check(once, "sample ratio").standing == "blocks"
    assert check(once, "sample ratio").p == pytest.approx(0.0086, abs=5e-5)
    assert check(always, "sample ratio").standing == "ok"


def test_a_broken_ratio_is_looked_for_by_segment():
    statistics = told(
        GOOD,
        lost={"chosen": 60},
        by_segment=of_segment({"today": 14_000, "chosen": 14_000}, "desktop")
        + of_segment({"today": 14_000, "chosen": 12_320}, "phone"),
    )
    found = readout(spec(segments=("device",)), statistics)

    assert check(found, "sample ratio").standing == "blocks"
    assert "among device = phone: look there" in check(found, "ratio by segment").said


def by_device(phone, *, days=1, others=3):
    """Counts of sound devices, and of a phone whose arms have so many units, spread over days."""
    counts = [
        Count(arm, day_name(day), n // days, "", "device", "phone")
        for day in range(days)
        for arm, n in phone.items()
    ]
    for level in range(others):
        counts += of_segment({"today": 6_000, "chosen": 6_000}, f"sound {level}")
    return tuple(counts)


LOST = {"today": 8_139, "chosen": 7_712}


def test_a_ratio_that_looks_broken_in_a_segment_holds_the_winner_back_in_all_that_is_told():
    """427 of 8,139 units lost: one look finds it over four levels, the test for every day does not yet."""
    statistics = told(GOOD, by_segment=by_device(LOST))
    found = readout(spec(segments=("device",)), statistics)
    sound = readout(
        spec(segments=("device",)), told(GOOD, by_segment=by_device({"today": 8_139, "chosen": 8_100}))
    )

    assert sound.verdict.decision == "ship"
    assert check(found, "sample ratio").standing == "ok"
    rung = check(found, "ratio by segment")
    assert rung.standing == "qualifies"
    assert rung.p == pytest.approx(4 * binomtest(7_712, 15_851).pvalue, rel=0.01)
    assert "device = phone (today 8,139 of 7,926 expected, chosen 7,712 of 7,926 expected)" in rung.said
    assert found.verdict.decision == "unknown"
    assert found.verdict.held == rung.short == "one arm's units seem to get lost among device = phone"
    assert found.verdict.reason.endswith(f", but {rung.short}")
    assert found.verdict.qualified == ("ratio by segment",)
    assert headline(found).startswith("Do not ship chosen yet: it raises visited by 3.00 points")
    assert headline(found).endswith(f", but {rung.short}; find out why first.")
    assert "finding what loses units there" in found.verdict.would_change


def test_a_winner_is_held_back_while_the_plan_goes_on():
    statistics = told(GOOD, days=20, at_day=34, by_segment=by_device(LOST))
    verdict = readout(spec(segments=("device",)), statistics).verdict

    assert (verdict.decision, verdict.arm, verdict.days_left) == ("keep going", "chosen", 8)
    assert verdict.held


@pytest.mark.parametrize(
    ("analysis", "phone"), [("always-valid", {"today": 8_139, "chosen": 7_500}), ("fixed", LOST)]
)
def test_a_ratio_that_is_broken_in_a_segment_for_sure_blocks_as_in_the_whole(analysis, phone):
    """For sure: by the test for every day; of a fixed plan, by the one look at its end."""
    found = readout(spec(segments=("device",), analysis=analysis), told(GOOD, by_segment=by_device(phone)))

    rung = check(found, "ratio by segment")
    assert rung.standing == "blocks"
    assert found.verdict.decision == "unknown"
    assert found.verdict.reason == rung.said
    assert headline(found) == f"Nothing can be concluded: {rung.said}."
    assert rung == found.checks[0]


def test_of_many_segments_one_is_held_against_all_of_them():
    """The same loss among sixty levels is what chance makes of one of them."""
    few = readout(spec(segments=("device",)), told(GOOD, by_segment=by_device(LOST, others=3)))
    many = readout(spec(segments=("device",)), told(GOOD, by_segment=by_device(LOST, others=59)))

    assert check(few, "ratio by segment").standing == "qualifies"
    assert check(many, "ratio by segment").standing == "ok"
    assert many.verdict.decision == "ship"


def test_units_that_no_id_tells_apart_are_counted_and_said():
    found = readout(spec(), told(GOOD, unitless=1_312))

    assert check(found, "units without an id").said.startswith("1,312 decisions were made for requests that")
    one = check(readout(spec(), told(GOOD, unitless=1)), "units without an id")
    assert one.said.startswith("1 decision was made for requests that name no unit: it takes part in nothing")
    assert found.verdict.qualified == ("units without an id",)
    assert "units without an id" not in {one.name for one in readout(spec(), told(GOOD)).checks}


@pytest.mark.parametrize(("crossed", "standing"), [(0, "ok"), (100, "qualifies"), (1_000, "blocks")])
def test_units_with_two_arms_qualify_until_they_are_many(crossed, standing):
    found = readout(spec(), told(GOOD, crossed=crossed))

    assert check(found, "crossed units").standing == standing
    assert (found.verdict.decision == "unknown") == (standing == "blocks")


def test_exposures_that_no_decision_is_logged_of_are_told():
    found = readout(spec(triggered="deliveries"), told(GOOD, exposed_without_decision=1_204))

    assert check(found, "exposures").standing == "qualifies"
    assert "1,204 exposures name a decision that is not in the log" in check(found, "exposures").said


def test_a_look_before_the_end_of_a_fixed_design_is_told_its_price():
    found = readout(spec(analysis="fixed"), told(GOOD, days=10, at_day=24))

    assert check(found, "peeking").standing == "qualifies"
    assert "with a chance of 27% instead of 5%" in check(found, "peeking").said
    assert not [one for one in readout(spec(analysis="fixed"), told(GOOD)).checks if one.name == "peeking"]


def with_covariate(shift):
    """Visits that lean on what was visited before; in the arm ``chosen`` that was higher by ``shift``."""
    cells = []
    for arm, rate, before in (("today", 0.15, 0.3), ("chosen", 0.18, 0.3 + shift)):
        for n in range(28):
            v, b, vb = rate * (1 - rate), 0.21, 0.08
            cells.append(
                Cell("visited", arm, day_name(n), Gram(1000, (rate, before), (1000 * v, 1000 * vb, 1000 * b)))
            )
    return told({"converted": GOOD["converted"]}, cells=tuple(cells))


ADJUSTED = {"covariates": (Covariate(name="visited_before"),), "guardrails": {}}


def test_a_covariate_sharpens_the_effect_and_the_raw_one_stands_beside():
    found = readout(spec(**ADJUSTED), with_covariate(0.0)).primary[0]

    assert found.difference == pytest.approx(found.raw_difference)
    assert found.reduction == pytest.approx(0.08**2 / 0.21 / (0.15 * 0.85 + 0.18 * 0.82) * 2, rel=0.05)
    assert found.low > found.raw_low
    assert found.imbalance == pytest.approx(1.0)


def test_arms_that_differed_before_are_told_and_adjusted_for():
    found = readout(spec(**ADJUSTED), with_covariate(0.02))

    assert check(found, "before the exposure").standing == "qualifies"
    assert found.primary[0].difference == pytest.approx(0.03 - 0.02 * 0.08 / 0.21, rel=0.01)
    assert found.primary[0].raw_difference == pytest.approx(0.03)


def by_age(effects, n=20_000):
    """What units did in each day after their exposure: the arm ``chosen`` more by ``effects``."""
    return tuple(
        Cell("visited", arm, str(age), Gram(n, (0.02 + more * (arm == "chosen"),), (n * 0.02,)))
        for age, more in enumerate(effects)
        for arm in ("today", "chosen")
    )


def test_an_effect_that_wears_off_is_told():
    wears_off = readout(spec(), told(GOOD, by_age=by_age([0.03, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001])))
    lasts = readout(spec(), told(GOOD, by_age=by_age([0.004] * 7)))

    assert "the effect of chosen is larger on the first day" in check(wears_off, "novelty").said
    assert check(lasts, "novelty").standing == "ok"
    assert [one.age for one in lasts.ages] == list(range(7))


def test_rows_that_came_late_are_told():
    found = readout(
        spec(), told(GOOD, late=(Count("today", "", 31, "visited"), Count("chosen", "", 4, "visited")))
    )

    assert check(found, "late rows").said.startswith("35 rows came after")
    assert found.late == {"visited": 35, "converted": 0}


def in_segment(level, rates, n):
    return tuple(
        Cell("visited", arm, "", Gram(n, (rate,), (n * rate * (1 - rate),)), "city", level)
        for arm, rate in rates.items()
    )


def test_of_many_segments_only_what_chance_does_not_explain_is_a_finding():
    even, odd = {"today": 0.15, "chosen": 0.152}, {"today": 0.15, "chosen": 0.19}
    levels = {f"city {n}": odd if n == 3 else even for n in range(10)}
    statistics = told(
        GOOD,
        cells=tuple(cell for level, rates in levels.items() for cell in in_segment(level, rates, 4_000)),
        by_segment=tuple(
            count
            for level in levels
            for count in of_segment({"today": 4_000, "chosen": 4_000}, level, segment="city")
        ),
    )
    found = readout(spec(segments=("city",)), statistics).segments

    assert [one.level for one in found if one.finding] == ["city 3"]
    assert len(found) == 10
    picked = next(one for one in found if one.finding)
    plain = next(one for one in found if not one.finding)
    assert picked.high - picked.low > plain.high - plain.low  # widened for its having been picked


def test_a_small_segment_is_told_at_the_boundary_for_its_share():
    """Tuned for all units, one of two in a hundred is more than twice as wide as it need be."""
    rates, sizes = {"today": 0.15, "chosen": 0.16}, {"large": 27_440, "small": 560}
    statistics = told(
        GOOD,
        cells=tuple(cell for level, n in sizes.items() for cell in in_segment(level, rates, n)),
        by_segment=tuple(
            count
            for level, n in sizes.items()
            for count in of_segment({"today": n, "chosen": n}, level, segment="city")
        ),
    )
    found = {one.level: one for one in readout(spec(segments=("city",)), statistics).segments}
    pair = [Gram(560, (rate,), (560 * rate * (1 - rate),)) for rate in rates.values()]
    small = contrast(*map(mean_of, pair))
    low, high = small.interval(AlwaysValid(56_000 // 64))  # 2 % is nearest to the sixth power of a half
    wide = small.interval(AlwaysValid(56_000))

    assert (found["small"].low, found["small"].high) == pytest.approx((low, high))
    assert (wide[1] - wide[0]) / (high - low) > 2
    whole = readout(spec(), statistics).primary[0]
    assert found["large"].high - found["large"].low < 1.02 * (whole.high - whole.low)


def test_what_is_told_of_a_quantile_needs_rows_enough():
    metrics = {"visited": metric("visited", kind="quantile", column="ms", q=0.9)}
    found = readout(spec(metrics=metrics, guardrails={}), told(GOOD)).primary[0]

    assert found.difference is None
    assert not found.reliable


def test_units_exposed_before_the_planned_start_are_told():
    early, sound = (readout(spec(starts=day_name(day)), told(GOOD)) for day in (3, 0))

    found = check(early, "early units")
    assert found.standing == "qualifies"
    assert f"6,000 units were exposed before the planned start, {day_name(3)}" in found.said
    assert not [one for one in sound.checks if one.name == "early units"]


def test_units_that_had_another_arm_in_an_earlier_phase_are_counted_and_told():
    statistics = msgspec.structs.replace(told(GOOD), moved=1_000)
    found = readout(spec(), statistics)

    moved = check(found, "moved units")
    assert moved.standing == "qualifies"
    assert "1,000 units" in moved.said
    assert "had another arm in an earlier phase" in moved.said
    assert found.verdict.decision == "ship"
