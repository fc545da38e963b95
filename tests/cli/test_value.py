"""``fullcycle value``: rows, parts, revisions, track records, proxies, write-ups; then refusals."""

import json
import re
from html import unescape
from pathlib import Path

import pytest

from whole_shop import rewrite


@pytest.fixture
def closed(played, typed):
    assert typed("fullcycle experiment close winback --early -m enough").code == 0


def words(html):
    text = re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(text))


def test_a_verdict_is_one_row_with_the_source_of_each_figure(closed, typed):
    said, (row,) = typed("fullcycle value").out, typed("fullcycle value --json").jsons

    assert "winback, trial: unknown" in said
    for source in ("the brief (a guess)", "past decisions (from the past)", "experiment trial, v1 (by lot)"):
        assert source in said
    assert "not launched" in said
    assert row["row"]["net"] == {"low": -row["row"]["cost"]["amount"], "high": -row["row"]["cost"]["amount"]}
    assert row["row"]["measured"]["strength"] == "randomised"
    assert row["measured"]["stderr"] > 0
    assert row["not_to_be_added_up"] == []


def test_the_parts_of_a_verdict_say_what_luck_is_in_it_and_since_when_it_is_expected(closed, typed):
    said = typed("fullcycle value winback").out

    for name in (
        "estimated",
        "off-policy",
        "measured",
        "to be expected",
        "realised",
        "cost so far",
        "net so far",
    ):
        assert re.search(rf"^{name} ", said, flags=re.MULTILINE), name
    assert "estimate 1" in said
    assert "0.017 to 0.04 of visited: first (run 1)" in said
    assert "growth@example.com: how good they are is unknown until 8 are measured (1 so far)" in said


def test_an_estimate_is_revised_with_a_reason(shop, typed):
    rewrite("winback/brief.md", "0.017 to 0.040", "0.010 to 0.030")

    said = typed("fullcycle value --revise winback -m 'the pilot in May brought less'")
    again = typed("fullcycle value --revise winback -m 'once more'")
    told = typed("fullcycle value --revise winback -m 'x' --json")

    assert said.code == 0
    assert "estimate 2 of winback: the pilot in May brought less" in said.out
    assert again.code == told.code == 1
    assert "change the estimate there first" in again.err


def test_a_revision_after_the_trial_began_is_told_and_does_not_replace_its_estimate(closed, typed):
    rewrite("winback/brief.md", "0.017 to 0.040", "0.010 to 0.030")
    typed("fullcycle value --revise winback -m 'wise after the event'")

    said = typed("fullcycle value winback").out

    assert "0.01 to 0.03 of visited: wise after the event" in said
    assert re.search(r"^estimated +0\.017 to 0\.04 ", said, flags=re.MULTILINE)


def test_calibration_and_proxy_are_unknown_until_eight(closed, typed):
    calibration, proxy = typed("fullcycle value --calibration"), typed("fullcycle value --proxy")
    (team,), (score,) = (
        typed("fullcycle value --calibration --json").jsons,
        typed("fullcycle value --proxy --json").jsons,
    )

    assert "unknown until 8 are measured" in calibration.out
    assert "correlation: unknown until 8 launches" in proxy.out
    assert "winback@v1, trial: score +" in proxy.out
    assert (team["team"], team["measured"], team["share"]) == ("growth@example.com", 1, None)
    assert score["launches"][0]["against"] == "baseline"


def test_without_a_measurement_there_is_nothing_to_hold_against(shop, typed):
    assert "nothing is measured yet" in typed("fullcycle value --calibration").out
    assert "no launch is measured yet" in typed("fullcycle value --proxy").out


def test_a_write_up_tells_a_verdict_on_one_page_that_needs_nothing_else(closed, typed):
    said = typed("fullcycle value --write-up winback")
    page, text = (Path(line) for line in said.out.split())
    html, markdown = page.read_text(), text.read_text()

    assert said.code == 0
    assert not re.search(r"(src|href)=|url\(|<script|@import", html)
    for told in (words(html), markdown.replace("\\", "")):
        assert "Win back lapsed clients" in told
        assert "Nobody can tell yet whether it works." in told
        assert re.search(
            r"Visits per client (rose|fell) from [\d.]+ to [\d.]+ in every hundred clients", told
        )
        assert "6,800 to 16,000" in told
        assert "“today” (as before, 50% of them): Today's practice: the women's e-mail to everybody." in told
        for heading in ("What was expected", "What was checked", "What happens next", "How sure this is"):
            assert heading in told
        for jargon in (
            "p =",
            "p-value",
            "guardrail",
            "propensity",
            "always-valid",
            "snips",
            "standard error",
        ):
            assert jargon not in told
    assert len(markdown.split()) < 600


def test_a_write_up_tells_programs_where_it_is(closed, typed):
    told = typed("fullcycle value --write-up winback --name trial --json").json

    assert Path(told["html"]).name == "winback-trial.html"
    assert Path(told["markdown"]).exists()
    assert told["lead"].startswith("Visits per client ")


# refusals


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("--write-up", "name it: fullcycle value --write-up winback"),
        ("--revise -m why", "name it: fullcycle value --revise winback"),
        ("--held-out", "name it: fullcycle value --held-out winback"),
        ("--proxy winback", "leave the capability out: fullcycle value --proxy"),
        ("--proxy --calibration", "ask for one of them at a time"),
        ("winback -m why", "write --revise, or leave -m out"),
        ("winback --name trial", "add --write-up"),
        ("--revise winback", "say why: fullcycle value --revise winback -m"),
        ("winbak", "did you mean 'winback'?"),
    ],
)
def test_what_means_nothing_is_refused_with_its_cure(shop, typed, line, cure):
    said = typed(f"fullcycle value {line}")

    assert said.code == 2
    assert cure in said.err


def test_what_was_never_closed_is_not_written_up(shop, typed):
    said = typed("fullcycle value --write-up winback")

    assert said.code == 2
    assert "close one: fullcycle experiment close winback" in said.err


def test_an_experiment_that_nobody_knows_is_not_written_up(closed, typed):
    said = typed("fullcycle value --write-up winback --name trail")

    assert said.code == 2
    assert "did you mean 'trial'?" in said.err


def test_what_was_not_launched_cannot_be_measured_again(closed, typed):
    said = typed("fullcycle value --held-out winback")

    assert said.code == 2
    assert "an experiment of winback measured was launched" in said.err


def test_json_lines_are_each_one_verdict(closed, typed):
    lines = typed("fullcycle value winback --json").out.splitlines()

    assert [json.loads(line)["row"]["experiment"] for line in lines] == ["trial"]
