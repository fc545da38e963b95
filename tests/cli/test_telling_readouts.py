"""A readout on the terminal at its edges: nothing known yet, nothing to compare, a sign that confuses."""

import msgspec
import pytest

from fullcycle.cli.printing import when
from fullcycle.cli.reading import show_readout
from fullcycle.experiment import Cell, Count, Gram, Readout, readout
from made_up_experiment import GOOD, day_name, metric, spec, told
from report.winback_experiment import PRIOR, RATE, full

TITLE = "winback@prod, experiment trial"
WHOLE = {"today": 0.1, "chosen": 0.1}
LOOKS = (0.25, 0.5, 0.75, 1.0)


@pytest.fixture
def printed(capsys):
    """What is printed for people; nothing in it is a number that is none."""

    def show(found: Readout) -> str:
        kept = msgspec.convert(msgspec.to_builtins(found), Readout)
        assert kept == found
        show_readout(kept, TITLE)
        said = capsys.readouterr().out
        for word in ("nan", "None", "inf", "-0.0%", "+0.00 points", "e-0"):
            assert word not in said
        assert said.splitlines()[0].startswith(TITLE)
        return said

    return show


def test_before_anybody_is_exposed(printed):
    said = printed(readout(spec(), told(GOOD, days=0), rate=RATE, prior=PRIOR))

    assert "nobody was exposed yet" in said.splitlines()[0]
    assert "Keep going for another 42 days: nobody was exposed yet." in said
    assert "what would change it: the first units" in said


def test_it_says_until_when_the_log_was_read(printed):
    found = msgspec.structs.replace(told(GOOD, days=3), watermark=1_767_323_045_000_000)
    said = printed(readout(spec(), found, rate=RATE))

    assert f"holds what was logged until {when(1_767_323_045_000_000)}" in said
    assert "what was logged" not in printed(readout(spec(), told(GOOD, days=3), rate=RATE))


def test_while_no_window_is_over_the_day_of_the_first_is_told(printed):
    started = told(GOOD, days=3, at_day=4)
    waiting = [Count(one.arm, one.day, one.units, name) for one in started.counted for name in GOOD]
    said = printed(
        readout(spec(), msgspec.structs.replace(started, cells=(), immature=tuple(waiting)), rate=RATE)
    )

    assert "nothing is known yet" in said.splitlines()[0]
    assert "visited is known of no unit yet; the first will be on 2026-01-15" in said
    assert "6,000 units wait for the end of their window of visited, converted" in said


def test_an_arm_that_nobody_got_blocks_it_all(printed):
    whole = told(GOOD, days=5)
    only = {
        field: tuple(one for one in getattr(whole, field) if one.arm == "today")
        for field in ("cells", "assigned", "counted")
    }
    said = printed(readout(spec(), msgspec.structs.replace(whole, **only), rate=RATE))

    assert "Nothing can be concluded: the assigned units do not have the promised ratio" in said
    assert "chosen 0 of 2,500 expected; p < 0.0001" in said
    assert "not known yet" in said


def test_an_arm_of_which_nothing_is_known_is_named(printed):
    whole = told(GOOD, days=5, at_day=25)
    cells = tuple(cell for cell in whole.cells if cell.arm == "today")
    said = printed(readout(spec(), msgspec.structs.replace(whole, cells=cells), rate=RATE))

    assert "visited is known of no unit with chosen" in said


def test_a_metric_that_is_zero_everywhere_leaves_nothing_to_compare(printed):
    zero = {"visited": {"today": 0.0, "chosen": 0.0}, "converted": WHOLE}
    said = printed(readout(spec(), told(zero, days=10, at_day=30), rate=RATE, prior=PRIOR))

    assert "visited is the same for every unit of today and chosen" in said
    assert "no spread" in said


def test_a_loss_that_shrinks_is_a_gain(printed):
    profit = {"today": -2.0, "chosen": -1.6}
    cells = tuple(
        Cell("visited", arm, day_name(day), Gram(1_000, (mean + 0.01 * (day % 3),), (25_000.0,)))
        for arm, mean in profit.items()
        for day in range(10)
    )
    metrics = {"visited": metric("visited", kind="mean", column="profit"), "converted": metric("converted")}
    found = readout(spec(metrics=metrics), told({"converted": WHOLE}, days=10, at_day=30, cells=cells))
    said = printed(found)

    assert "Ship chosen: it raises visited by 0.400" in said
    assert ", from -1.99" in said
    assert "+20." in said  # relative to the size of the control, whatever its sign


def test_a_plan_too_short_is_told_with_what_it_would_take(printed):
    open_still = {"visited": {"today": 0.15, "chosen": 0.153}}
    said = printed(readout(spec(guardrails={}), told(open_still, days=10, at_day=24), rate=RATE, prior=PRIOR))

    assert "Keep going for another 18 days, though what is seen so far would take about 293 to decide" in said
    assert "more than the plan has, so that it will most likely stay open" in said


def test_what_is_decided_soon_is_told_to_be(printed):
    nearly = {"visited": {"today": 0.15, "chosen": 0.163}}
    found = readout(spec(guardrails={}), told(nearly, days=10, at_day=24))

    assert found.verdict.decision == "keep going"
    assert 0 < found.verdict.forecast_days < found.verdict.days_left
    assert f"what is seen so far would be decided in about {found.verdict.forecast_days}" in printed(found)


def test_a_guardrail_is_told_by_how_much_worse_it_may_be(printed):
    rates = {"visited": GOOD["visited"], "converted": {"today": 0.05, "chosen": 0.05}}
    found = readout(spec(guardrails={"converted": 0.05}), told(rates, days=10, at_day=24), rate=RATE)
    said = printed(found)

    (rail,) = found.guardrails
    assert f"converted may be up to {rail.worst:.1%} worse with chosen (5% tolerated)" in said
    assert found.verdict.forecast_days is not None
    kept = readout(spec(), told(GOOD))
    assert "✓ guardrail holds: converted is at most" in printed(kept)
    assert kept.guardrails[0].worst < kept.guardrails[0].margin


def test_the_bounds_of_a_guardrail_are_those_of_its_slack():
    found = readout(spec(), told(GOOD))
    (rail,) = found.guardrails

    assert rail.slack_low == pytest.approx((rail.margin - rail.worst) * 0.10)
    assert rail.slack_high == pytest.approx((rail.margin - rail.best) * 0.10)


def test_three_arms_are_told_each_by_its_name(printed):
    said = printed(full())

    assert "2 arms are compared with today: each is read at 2.50%" in said
    for arm in ("chosen", "bold"):
        assert f"visited, {arm} − today, after so many days" in said
        assert "converted is at most" in said
    assert "as measured" in said


def test_the_traffic_of_a_third_arm_does_not_hasten_the_forecast():
    rates = {"today": 0.15, "chosen": 0.165}
    arms = ("today", "chosen", "bold")
    options = {"guardrails": {}, "metrics": {"visited": metric("visited")}, "alpha": 0.1}
    three = readout(
        spec(arms=arms, **options),
        told({"visited": {**rates, "bold": 0.15}}, days=10, at_day=24),
        planned_units=56_000,
    )
    two = readout(
        spec(**{**options, "alpha": 0.05}), told({"visited": rates}, days=10, at_day=24), planned_units=56_000
    )

    assert three.verdict.forecast_days == two.verdict.forecast_days


def test_looks_are_told_with_their_bounds(printed):
    found = full("group-sequential", at_day=30, looks=LOOKS)
    said = printed(found)

    assert "segments are read at the last look" in said
    assert "  by segment:" not in said
    for look in found.looks_ahead:
        assert f"±{look.bound:.2f} needed  to come" in said
    first = found.path[0]
    assert f"{first.arm} {first.difference / first.stderr:+.2f}" in said


def test_an_effect_found_at_a_look_is_beyond_its_bound():
    found = full("group-sequential", at_day=30, looks=LOOKS)

    bounds = {look.day: look.bound for look in found.looks}
    for step in found.path:
        beyond = abs(step.difference / step.stderr) > bounds[step.day] * 1.001
        assert beyond == (step.low > 0 or step.high < 0)


def test_the_next_look_is_told_and_not_the_end_of_the_plan(printed):
    found = full("group-sequential", at_day=30, looks=LOOKS)
    same = msgspec.structs.replace(
        found, verdict=msgspec.structs.replace(found.verdict, decision="keep going", arm="bold")
    )

    assert f"Keep going until the next look on {found.next_look}: so far bold raises visited" in printed(same)


def test_a_look_before_the_first_shows_nothing(printed):
    found = full("group-sequential", days=3, at_day=10, looks=LOOKS)
    said = printed(found)

    assert found.segments == found.ages == found.path == []
    assert f"Keep going: no planned look is over yet; the first can be read on {found.next_look}." in said


def test_a_fixed_plan_says_what_a_look_before_its_end_costs(printed):
    said = printed(readout(spec(analysis="fixed"), told(GOOD, days=10, at_day=24), rate=RATE))

    assert "Keep going for another 18 days: this plan is read once, at its end." in said
    assert "a fixed analysis is read once, at its end, which is in 18 days" in said
    assert "! peeking:" in said


def test_money_is_told_with_what_is_to_be_expected_of_a_winner_alone(printed):
    winner = printed(readout(spec(), told(GOOD), rate=RATE, prior=PRIOR))
    worse = {"visited": {"today": 0.18, "chosen": 0.15}, "converted": WHOLE}
    loser = printed(readout(spec(), told(worse), rate=RATE, prior=PRIOR))

    assert "chosen is worth 12,000 USD a year (8,190 to 15,800)" in winner
    assert "a winner looks better than it is" in winner
    assert "by how much is not known here" in printed(readout(spec(), told(GOOD), rate=RATE))
    assert "chosen is worth -12,000 USD a year" in loser
    assert "if it is shipped" not in loser
