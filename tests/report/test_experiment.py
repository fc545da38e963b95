"""fullcycle.report.experiment: one sentence first, what stands against it, and every number it rests on."""

import msgspec
import pytest

from fullcycle.adapters.markdown import markdown_html
from fullcycle.adapters.vega import VegaCharts
from fullcycle.experiment import Count, SegmentUnits, Statistics, headline, readout
from fullcycle.report import ExperimentPart, Story, Verdict, render
from made_up_experiment import DAY, GOOD, START, spec, told
from report.test_page import read, words
from report.winback_experiment import full, simple

LOOKS = (0.25, 0.5, 0.75, 1.0)


def page(found, *, drawn=False):
    part = ExperimentPart(found, "experiment winback/trial", "2026-11-21 by dana")
    svg = VegaCharts().svg if drawn else None
    story = Story("winback", "2026-11-21 08:30 UTC", experiment=part)
    html = render(story, markdown=markdown_html, svg=svg)
    read(html)
    assert "NaN" not in html
    assert "None" not in html
    return html


def text(found):
    return words(page(found)).replace("\u202f", " ").replace("\u2212", "-").partition("What it caused")[2]


def test_the_first_sentence_is_the_one_that_the_terminal_prints():
    found = simple()

    assert text(found).strip().startswith(headline(found))


def test_what_was_ended_early_is_not_told_to_keep_going():
    going = simple()
    verdict = msgspec.structs.replace(going.verdict, decision="keep going", reason="it is too early")
    going = msgspec.structs.replace(going, verdict=verdict)
    part = ExperimentPart(going, "experiment winback/trial", "2026-11-21 by dana", "unknown")

    said = words(render(Story("winback", "now", experiment=part), markdown=markdown_html))

    assert "Closed early as unknown: it is too early" in said
    assert "Keep going" not in said


def test_who_closed_it_and_under_which_promise_stands_below():
    said = text(simple())

    assert "2026-01-01 to 2026-01-28; closed 2026-11-21 by dana" in said
    assert "28 days planned, always-valid intervals at 95%" in said


def test_each_check_and_guardrail_says_in_words_and_by_a_sign_how_it_stands():
    sound, amiss = text(simple()), text(simple(guardrails={"converted": 0.01}))
    blocked = text(readout(spec(), told(GOOD, lost={"chosen": 100})))

    assert "✓ sample ratio : the assigned units have the promised ratio" in sound
    assert "✓ guardrail holds : converted is at most" in sound
    assert "? guardrail unclear : converted may be up to" in amiss
    assert "✗ sample ratio : the assigned units do not have the promised ratio" in blocked


def test_every_effect_stands_beside_what_was_measured_without_covariates():
    found = full()
    said = text(found)

    assert said.count(" as measured ") == len(found.effects)
    one = found.primary[0]
    assert f"{one.difference:+.3f}" in said
    assert f"{one.raw_difference:+.3f}" in said
    assert "Of the variance, covariates took away" in said


def test_money_tells_what_is_to_be_expected_of_a_winner():
    said = text(simple())

    assert "12,000 8,190 to 15,800" in said
    assert "A winner looks better than it is" in said
    assert "by the brief" in said


def test_of_several_arms_the_best_is_drawn_and_all_are_in_the_numbers():
    found = full()
    said = text(found)

    assert "visited: chosen against today, as it became known" in said
    for step in found.path:
        assert f"{step.day} {step.arm} {step.difference:+.3f}" in said


def test_a_plan_with_looks_shows_its_bounds_and_nothing_between_them():
    found = full("group-sequential", at_day=30, looks=LOOKS)
    said = text(found)

    for look in (*found.looks, *found.looks_ahead):
        assert f"{look.day} {100 * look.fraction:.3g}"[:12] in said
        assert f"±{look.bound:.2f}" in said
    assert "as it became known" not in said
    assert "By segment" not in said
    assert "By day since the exposure" not in said


def test_segments_of_too_few_units_are_named_below_the_others():
    found = full()
    small = [SegmentUnits(segment="channel", level=f"{n}", units=n) for n in range(6)]

    said = text(msgspec.structs.replace(found, small_segments=small))

    assert "Too few units to compare: channel: 5 (5), channel: 4 (4), channel: 3 (3), channel: 2 (2)" in said
    assert "and 2 more." in said
    assert "Too few units to compare" not in text(found)


def test_segments_say_which_are_findings():
    found = full()
    said = text(found)

    findings = [one for one in found.segments if one.finding]
    assert f"{len(findings)} findings among {len(found.segments)} comparisons" in said
    assert said.count("units finding") == 0
    assert said.count(" finding ") >= len(findings)


@pytest.mark.parametrize(
    ("found", "figures"),
    [
        (full(), 6),  # over time, metrics, segments, days since the exposure, units
        (full("group-sequential", at_day=30, looks=LOOKS), 3),
        (simple(), 4),
        (simple(days=1), 1),
        (simple(days=0), 0),
        (readout(spec(), Statistics(as_of=START * DAY)), 0),
    ],
)
def test_what_can_be_drawn_is_drawn(found, figures):
    html = page(found, drawn=True).partition('id="experiment"')[2].partition("</section>")[0]

    assert html.count("<svg") == figures  # the one over time in two widths


def test_a_readout_of_an_earlier_version_is_told_too():
    older = msgspec.to_builtins(simple())
    later = "looks looks_ahead next_look checks segments small_segments ages worth late watermark"
    for name in later.split():
        del older[name]
    for rail in older["guardrails"]:
        for name in ("worst", "best", "stderr", "units"):
            del rail[name]
    for step in older["path"]:
        del step["stderr"]
    del older["verdict"]["forecast_days"]

    said = text(msgspec.convert(older, type(simple())))

    assert said.strip().startswith("Ship chosen")
    assert "converted with chosen: holds (20% tolerated)" in said


def test_a_winner_that_is_held_back_is_told_so_first_with_who_was_left_out():
    lost = tuple(
        Count(arm, "", n, "", "channel", level)
        for level, units in {"Phone": (8_139, 7_712), "Web": (6_000, 6_000)}.items()
        for arm, n in zip(("today", "chosen"), units, strict=True)
    )
    said = text(readout(spec(segments=("channel",)), told(GOOD, by_segment=lost, unitless=12)))

    assert said.strip().startswith("Do not ship chosen yet: it raises visited by 3.00 points")
    assert "but one arm's units seem to get lost among channel = Phone; find out why first." in said
    assert "! ratio by segment : the ratio looks broken among channel = Phone (today 8,139 of" in said
    assert "Left out: 12 decisions for requests that name no unit." in said


def test_a_loss_has_the_same_minus_in_the_verdict_as_in_the_numbers():
    reason = "visited is 0.26 lower with chosen than with today (interval -0.40 to -0.12)"
    verdict = Verdict(outcome="stop", reason=reason, source="experiment winback/trial")
    html = render(Story("winback", "2026-11-21 08:30 UTC", verdict=verdict), markdown=markdown_html)

    assert "(interval \u22120.40 to \u22120.12)" in words(html)
