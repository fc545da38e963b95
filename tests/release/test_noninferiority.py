"""fullcycle.release.noninferiority: examples first, then laws."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.brief import Brief, Estimate, Margin, Reach
from fullcycle.evaluate import Measured
from fullcycle.kernel import Interval, Money
from fullcycle.release import Compared, ComparedSlice, Evidence, Incumbent, Scored
from fullcycle.release.noninferiority import baseline, difference, incumbent, margin

LOW = Brief(
    problem="…",
    owner="growth@example.com",
    tier="low",
    metric="visited",
    estimate=Estimate(
        effect=Interval(0.01, 0.03), reach=Reach(count=1, period="year"), worth=Money(1, "USD")
    ),
)
MEDIUM = msgspec.structs.replace(LOW, tier="medium")
TENTH = msgspec.structs.replace(LOW, margin=Margin(value=0.1, share=True))
GIVEN = msgspec.structs.replace(LOW, margin=Margin(value=0.02))
SCORED = Scored(
    step="visit",
    score="auc",
    higher_is_better=True,
    model=Measured(0.72, 0.70, 0.74),
    baseline=Measured(0.5, 0.5, 0.5),
    difference=Measured(0.22, 0.20, 0.24),
)
URBAN = ComparedSlice(column="zip_code", value="Urban", rows=800, difference=Measured(0.0, -0.03, 0.03))
RURAL = ComparedSlice(column="zip_code", value="Rural", rows=31, note="too few rows: fewer than 50")
EQUAL = Compared(
    step="visit",
    score="auc",
    higher_is_better=True,
    rows=2000,
    difference=Measured(0.001, -0.01, 0.012),
    gain=Measured(0.22, 0.20, 0.24),
    slices=(URBAN, RURAL),
)


def beside(*compared, scores=(SCORED,), old=(SCORED,)):
    return Evidence(
        scores=scores, incumbent=Incumbent(release=7, environment="prod", scores=old, compared=compared)
    )


def told(one, brief=LOW):
    return incumbent(beside(one), brief)


def replaced(**fields):
    return msgspec.structs.replace(EQUAL, **fields)


def test_a_model_that_keeps_what_the_deployed_one_surely_gains_passes():
    said = told(EQUAL)

    assert said.passed
    assert said.found == (
        "visit: auc +0.001 [-0.01, 0.012] against v7 in prod on 2,000 same rows, margin 0.04; 1 slice too; "
        "1 slice too small to tell: zip_code Rural (31 rows)"
    )
    assert said.needed == (
        "new minus deployed: no loss beyond 20% of what the deployed model surely gains, with 95 %, over all "
        "and in each slice"
    )


def test_the_margin_is_a_fifth_of_the_sure_gain_or_what_the_brief_says():
    assert margin(EQUAL, LOW) == pytest.approx(0.04)
    assert margin(EQUAL, TENTH) == pytest.approx(0.02)
    assert margin(EQUAL, GIVEN) == 0.02


def test_where_the_deployed_model_gains_nothing_for_certain_only_a_certain_loss_refuses():
    unsure = replaced(gain=Measured(0.01, -0.01, 0.03), slices=(), difference=Measured(-0.1, -0.3, 0.01))

    assert margin(unsure, LOW) is None
    assert told(unsure).passed
    assert "nothing certain to keep" in told(unsure).found
    assert not told(msgspec.structs.replace(unsure, difference=Measured(-0.1, -0.3, -0.01))).passed


def test_a_loss_that_cannot_be_excluded_refuses_and_says_what_would_help():
    unclear = told(replaced(difference=Measured(-0.01, -0.05, 0.03)))

    assert not unclear.passed
    assert "judge visit on more rows" in unclear.mend
    assert "margin: 10 %" in unclear.mend


def test_a_certain_loss_is_told_otherwise():
    assert "find out what made visit worse" in told(replaced(difference=Measured(-0.1, -0.2, -0.05))).mend


def test_a_slice_alone_can_refuse():
    worse = msgspec.structs.replace(URBAN, difference=Measured(-0.02, -0.06, 0.01))
    said = told(replaced(slices=(RURAL, worse)))

    assert not said.passed
    assert said.found.endswith("; worse in zip_code Urban (800 rows) -0.02 [-0.06, 0.01]")


def test_a_slice_with_too_few_rows_is_told_and_refuses_nothing():
    said = told(replaced(slices=(RURAL,)))

    assert said.passed
    assert "1 slice too small to tell: zip_code Rural (31 rows)" in said.found


def test_a_model_that_could_not_be_asked_about_the_same_rows_is_held_to_its_own_evaluation():
    lost = Compared(step="visit", score="auc", higher_is_better=True, note="not asked: its features are gone")
    better = msgspec.structs.replace(SCORED, model=Measured(0.9, 0.89, 0.91))

    same = incumbent(beside(lost), LOW)
    worse = incumbent(beside(lost, old=(better,)), LOW)

    assert same.passed
    assert "each on rows of its own (not asked: its features are gone)" in same.found
    assert not worse.passed
    assert "visit: auc -0.18 [-0.2024, -0.1576]" in worse.found
    assert "find out what made visit worse" in worse.mend


def test_an_incumbent_of_another_score_is_not_compared_and_says_so():
    other = msgspec.structs.replace(SCORED, score="qini")
    said = incumbent(beside(old=(other,)), LOW)

    assert said.passed
    assert said.found == "visit: v7 in prod has no auc to compare"


def test_nothing_deployed_and_no_model_pass():
    assert incumbent(Evidence(scores=(SCORED,)), LOW).found == "nothing is deployed"
    assert incumbent(beside(scores=()), LOW).found == "no model"
    assert baseline(Evidence(), MEDIUM).found == "no model"


def test_a_gain_that_is_not_certain_is_enough_at_tier_low_only():
    unsure = Evidence(scores=(msgspec.structs.replace(SCORED, difference=Measured(0.01, -0.01, 0.03)),))

    assert baseline(unsure, LOW).passed
    assert not baseline(unsure, MEDIUM).passed
    assert "cannot be told from its baseline" in baseline(unsure, MEDIUM).mend


def test_a_model_that_is_worse_than_its_baseline_is_refused_at_every_tier():
    worse = Evidence(scores=(msgspec.structs.replace(SCORED, difference=Measured(-0.02, -0.03, -0.001)),))

    for brief in (LOW, MEDIUM):
        assert baseline(worse, brief).found == "visit: auc -0.02 [-0.03, -0.001] against its baseline"
        assert "the baseline is better" in baseline(worse, brief).mend


def test_a_model_that_was_not_compared_with_its_baseline_is_refused():
    said = baseline(Evidence(scores=(msgspec.structs.replace(SCORED, difference=None),)), LOW)

    assert not said.passed
    assert "run the flow again" in said.mend


# laws

points = st.floats(-1, 1).map(lambda x: round(x, 6))
widths = st.floats(0, 1).map(lambda x: round(x, 6))
measured = st.builds(lambda v, below, above: Measured(v, v - below, v + above), points, widths, widths)
briefs = st.sampled_from([LOW, MEDIUM, TENTH, GIVEN])
losses = st.floats(0, 0.5)


@given(old=measured, gain=measured, brief=briefs)
def test_a_model_holds_against_itself_whatever_the_margin(old, gain, brief):
    for better in (True, False):
        same = replaced(
            difference=Measured(0.0, 0.0, 0.0),
            gain=gain,
            higher_is_better=better,
            slices=(msgspec.structs.replace(URBAN, difference=Measured(0.0, 0.0, 0.0)),),
        )
        scored = msgspec.structs.replace(SCORED, model=old, higher_is_better=better)
        assert incumbent(beside(same, scores=(scored,)), brief).passed
        assert incumbent(beside(scores=(scored,), old=(scored,)), brief).passed


@given(change=measured, gain=measured, brief=briefs, lost=losses, more=losses)
def test_a_greater_loss_never_passes_where_a_smaller_one_does_not(change, gain, brief, lost, more):
    less = Measured(change.value - lost - more, change.low - lost - more, change.high - lost)
    for place in ("all", "slice"):
        before, after = (
            replaced(gain=gain, slices=(), difference=each)
            if place == "all"
            else replaced(gain=gain, slices=(msgspec.structs.replace(URBAN, difference=each),))
            for each in (change, less)
        )
        assert told(before, brief).passed or not told(after, brief).passed


@given(change=measured, gain=measured, brief=briefs)
def test_a_score_told_the_other_way_round_is_judged_the_same(change, gain, brief):
    def mirrored(one):
        return Measured(-one.value, -one.high, -one.low)

    there = replaced(gain=gain, slices=(), difference=change)
    back = replaced(gain=mirrored(gain), slices=(), difference=mirrored(change), higher_is_better=False)

    assert told(there, brief).passed is told(back, brief).passed


@given(change=measured, gain=measured, small=st.floats(0, 1), more=st.floats(0, 1))
def test_a_wider_margin_never_refuses_what_a_narrower_one_lets_pass(change, gain, small, more):
    one = replaced(gain=gain, difference=change, slices=())
    narrow, wide = (
        msgspec.structs.replace(LOW, margin=Margin(value=value)) for value in (small, small + more)
    )

    assert told(one, wide).passed or not told(one, narrow).passed


@given(change=measured)
def test_a_baseline_is_lost_to_only_when_the_whole_interval_is_on_the_wrong_side(change):
    for better in (True, False):
        scored = msgspec.structs.replace(SCORED, difference=change, higher_is_better=better)
        lost = change.high < 0 if better else change.low > 0
        sure = change.low > 0 if better else change.high < 0
        assert baseline(Evidence(scores=(scored,)), LOW).passed is not lost
        assert baseline(Evidence(scores=(scored,)), MEDIUM).passed is sure


@given(new=measured, old=measured)
def test_a_difference_read_backwards_is_its_mirror_image(new, old):
    there, back = difference(new, old), difference(old, new)

    assert (back.value, back.low, back.high) == (-there.value, -there.high, -there.low)


@given(new=measured)
def test_a_difference_from_something_certain_keeps_the_interval(new):
    change = difference(new, Measured(0.5, 0.5, 0.5))

    assert (change.low, change.high) == (pytest.approx(new.low - 0.5), pytest.approx(new.high - 0.5))
