"""fullcycle.experiment.verdict, through the readout: each way it can end, and why."""

import msgspec
import pytest

from fullcycle.experiment import Readout, Statistics, readout
from fullcycle.experiment.telling import headline
from made_up_experiment import DAY, GOOD, START, metric, spec, told


def test_better_with_its_guardrail_kept_is_shipped():
    found = readout(spec(), told(GOOD)).verdict

    assert found.decision == "ship"
    assert found.arm == "chosen"
    assert "visited is 3.00 points higher with chosen than with today" in found.reason
    assert "converted kept within the margin" in found.reason


def test_worse_is_stopped():
    worse = {**GOOD, "visited": {"today": 0.18, "chosen": 0.15}}

    assert readout(spec(), told(worse)).verdict.decision == "stop"


def test_down_is_good_where_the_metric_says_so():
    metrics = {"visited": metric("visited", good="down")}

    lower = told({"visited": {"today": 0.18, "chosen": 0.15}})
    higher = told({"visited": {"today": 0.15, "chosen": 0.18}})

    assert readout(spec(metrics=metrics, guardrails={}), lower).verdict.decision == "ship"
    assert readout(spec(metrics=metrics, guardrails={}), higher).verdict.decision == "stop"


def test_a_broken_guardrail_stops_what_is_better():
    found = readout(spec(), told({**GOOD, "converted": {"today": 0.10, "chosen": 0.05}})).verdict

    assert found.decision == "stop"
    assert "converted by more than the tolerated 20%" in found.reason


def test_a_guardrail_that_cannot_be_told_keeps_the_verdict_open():
    unclear = told({**GOOD, "converted": {"today": 0.0020, "chosen": 0.0020}})

    found = readout(spec(), unclear).verdict

    assert found.decision == "unknown"
    assert "converted may be up to 47.5% worse with chosen (20% tolerated)" in found.reason


def test_an_interval_that_holds_zero_keeps_going_while_the_plan_has_days_left():
    same = {**GOOD, "visited": {"today": 0.15, "chosen": 0.153}}

    going = readout(spec(), told(same, days=10, at_day=24)).verdict
    over = readout(spec(), told(same)).verdict

    assert (going.decision, going.days_left) == ("keep going", 18)  # 28 days, then 14 of window
    assert "holds zero" in going.reason
    assert "more of such traffic" in going.would_change
    assert (over.decision, over.days_left) == ("unknown", 0)


def test_an_effect_too_small_to_matter_is_stopped():
    small = told({"visited": {"today": 0.15, "chosen": 0.151}}, per_day=20_000)

    found = readout(spec(matters=0.01, guardrails={}, metrics={"visited": metric("visited")}), small).verdict

    assert found.decision == "stop"
    assert "less than the 1 points that matters" in found.reason


def test_a_broken_sample_ratio_blocks_every_verdict():
    found = readout(spec(), told(GOOD, lost={"chosen": 60}))

    assert found.verdict.decision == "unknown"
    assert "do not have the promised ratio" in found.verdict.reason
    assert not found.sample_ratio.ok


def test_a_trigger_that_depends_on_the_arm_blocks_too():
    statistics = told(GOOD)
    fewer = tuple(
        msgspec.structs.replace(c, units=c.units - 80 * (c.arm == "chosen")) for c in statistics.counted
    )

    found = readout(spec(triggered="deliveries"), msgspec.structs.replace(statistics, counted=fewer))

    assert found.sample_ratio.ok
    assert not found.triggered_ratio.ok
    assert found.untriggered == 80 * 28
    assert "the triggered units" in found.verdict.reason


def test_a_fixed_analysis_is_concluded_at_its_end_and_not_before():
    early = readout(spec(analysis="fixed"), told(GOOD, at_day=41)).verdict
    late = readout(spec(analysis="fixed"), told(GOOD, at_day=42)).verdict

    assert early.decision == "keep going"
    assert "read once, at its end" in early.reason
    assert late.decision == "ship"


def test_a_handful_of_events_is_not_trusted():
    few = {"visited": {"today": 0.000, "chosen": 0.009}}
    found = readout(spec(guardrails={}, metrics={"visited": metric("visited")}), told(few, days=1, at_day=20))

    assert found.effects[0].reliable is False
    assert found.verdict.decision == "keep going"
    assert "too few units" in found.verdict.reason


def test_nobody_yet_is_no_error():
    found = readout(spec(), Statistics(as_of=START * DAY))

    assert found.verdict.decision == "keep going"
    assert found.verdict.days_left == 42
    assert found.path == []
    assert found.effects[0].difference is None


def test_of_several_arms_the_one_that_gains_most_is_shipped_each_at_its_share_of_alpha():
    arms = ("today", "chosen", "bold")
    three = told({"visited": {"today": 0.15, "chosen": 0.17, "bold": 0.19}})
    two = told({"visited": {"today": 0.15, "chosen": 0.17}})
    bare = {"guardrails": {}, "metrics": {"visited": metric("visited")}, "analysis": "fixed"}

    found, alone = readout(spec(arms=arms, **bare), three), readout(spec(**bare), two)

    assert found.verdict.arm == "bold"
    wide, narrow = (r.effects[0].high - r.effects[0].low for r in (found, alone))
    assert wide / narrow == pytest.approx(2.2414 / 1.9600, rel=1e-3)  # z of 0.0125 over z of 0.025
    assert any("Bonferroni" in note for note in found.notes)


THREE = ("today", "chosen", "other")
BROKEN = {
    "visited": {"today": 0.15, "chosen": 0.20, "other": 0.152},
    "converted": {"today": 0.10, "chosen": 0.05, "other": 0.10},
}


def test_an_arm_that_broke_its_guardrail_is_not_the_one_that_is_waited_for():
    """It gains most. The verdict is of the other arm, and says why this one is out."""
    out = "stop chosen: chosen worsens converted by more than the tolerated 20%"
    going = readout(spec(arms=THREE), told(BROKEN, days=10, at_day=24))
    over = readout(spec(arms=THREE), told(BROKEN))

    assert (going.verdict.decision, going.verdict.arm) == ("keep going", "other")
    assert (over.verdict.decision, over.verdict.arm) == ("unknown", "other")
    for found in (going, over):
        assert "higher with other than with today" in found.verdict.reason
        assert out in found.verdict.reason
        assert out in headline(found)
    assert "so far other raises visited by 0.20 points" in headline(going)


def test_arms_that_all_lose_are_stopped_each_for_its_own_reason():
    worse = {**BROKEN, "visited": {"today": 0.15, "chosen": 0.20, "other": 0.12}}
    found = readout(spec(arms=THREE), told(worse)).verdict

    assert found.decision == "stop"
    assert "chosen worsens converted" in found.reason
    assert "lower with other than with today" in found.reason


def test_the_interval_over_time_ends_where_the_effect_stands():
    found = readout(spec(), told(GOOD, days=5))

    assert [point.day for point in found.path] == [f"2026-01-0{d}" for d in range(1, 6)]
    last, whole = found.path[-1], found.primary[0]
    assert (last.difference, last.low, last.high) == (whole.difference, whole.low, whole.high)
    widths = [point.high - point.low for point in found.path]
    assert widths == sorted(widths, reverse=True)


def test_the_plan_is_tuned_to_the_first_day_and_stays_so():
    assert readout(spec(), told(GOOD, days=3)).planned_units == 2 * 1000 * 28
    assert readout(spec(), told(GOOD, days=28)).planned_units == 2 * 1000 * 28
    assert readout(spec(), told(GOOD), planned_units=9).planned_units == 9


def test_a_readout_is_plain_data():
    found = readout(spec(), told(GOOD))

    assert msgspec.json.decode(msgspec.json.encode(found), type=Readout) == found
