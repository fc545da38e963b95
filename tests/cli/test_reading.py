"""Reading commands: ``--json`` parses, and holds the numbers that are printed for people."""

import pytest

from fullcycle.adapters.compaction import decisions
from fullcycle.wiring import open_project
from fullcycle.wiring.experiments import conclude, read
from whole_shop import LIVE

READING = [
    "fullcycle runs winback",
    "fullcycle show winback@1",
    "fullcycle show winback@v1",
    "fullcycle show winback@prod",
    "fullcycle releases winback",
    "fullcycle deployments winback",
    "fullcycle experiment read winback",
    "fullcycle check winback",
    "fullcycle record rebuild",
    "fullcycle release winback@1 --dry-run",
]


@pytest.mark.parametrize("line", READING)
def test_what_is_read_as_json_parses_and_is_all_that_is_printed(shop, typed, line):
    said = typed(f"{line} --json")

    assert said.code == 0
    assert said.err == ""
    assert said.jsons


def test_a_run_prints_the_same_numbers_for_people_and_for_programs(shop, typed):
    told, data = typed("fullcycle show winback@1"), typed("fullcycle show winback@1 --json").json

    score = data["scores"]["visit"]
    assert data["run"] == "winback@1"
    assert data["status"] == "done"
    assert data["message"] == "first"
    assert f"{score['score']} {score['value']:.4f} [{score['low']:.4f}, {score['high']:.4f}]" in told.out
    assert f"{data['steps']['mailings']['rows']:,} rows" in told.out
    assert data["steps"]["visit"]["content"][:12] in told.out
    (listed,) = typed("fullcycle runs winback --json").jsons
    assert listed["scores"]["visit"]["value"] == score["value"]
    assert (listed["run"], listed["wall_s"], listed["cost"]) == (data["run"], data["wall_s"], data["cost"])


def test_one_step_of_a_run_may_be_asked_for(shop, typed):
    said = typed("fullcycle show winback@1/visit")

    assert "visit " in said.out
    assert "mailings" not in said.out


def test_a_release_prints_the_same_manifest_for_people_and_for_programs(shop, typed):
    told, data = typed("fullcycle show winback@v1"), typed("fullcycle show winback@v1 --json").json
    (listed,) = typed("fullcycle releases winback --json").jsons

    assert listed["manifest"] in told.out
    assert listed["answers_in"] == ["prod"]
    assert data["release"] == listed["release"] == "winback@v1"
    assert data["manifest"]["service"] in told.out
    assert data["manifest"]["models"]["visit"]["artifact"]["content"][:12] in told.out
    for verdict in data["judgement"]["verdicts"]:
        assert f"✓ {verdict['gate']}: {verdict['found']}" in told.out


def test_what_is_deployed_is_shown_with_since_when_and_why(shop, typed):
    said = typed("fullcycle show winback@prod")
    (listed,) = typed("fullcycle deployments winback --json").jsons

    assert said.out.startswith("winback@prod is winback@v1 since ")
    assert "begin" in said.out
    assert (listed["release"], listed["environment"], listed["why"]) == ("winback@v1", "prod", "begin")


def test_nothing_answered_before_the_first_deployment(shop, typed):
    assert typed("fullcycle deployments winback --at 2001-01-01 --json").jsons == []
    assert (
        "nothing was deployed to winback@prod" in typed("fullcycle deployments winback --at 2001-01-01").out
    )


def test_a_readout_prints_the_same_numbers_for_people_and_for_programs(played, typed):
    told, data = (
        typed("fullcycle experiment read winback"),
        typed("fullcycle experiment read winback --json").json,
    )

    assert sum(arm["assigned"] for arm in data["arms"]) == LIVE
    for arm in data["arms"]:
        assert f"{arm['assigned']:,} assigned, {arm['counted']:,} counted, {arm['known']:,} known" in told.out
    primary = next(effect for effect in data["effects"] if effect["role"] == "primary")
    (line,) = [line for line in told.out.splitlines() if line.startswith("visited ") and "primary" in line]
    assert f"{100 * primary['difference']:+.2f} points" in line
    assert f"{100 * primary['low']:+.2f} to {100 * primary['high']:+.2f}" in line
    assert f"verdict: {data['verdict']['decision']}: {data['verdict']['reason']}" in told.out
    assert f"{data['untriggered']:,} units were decided for and never exposed" in told.out
    for check in data["checks"]:
        assert f"{check['name']}: {check['said']}" in told.out


def test_a_readout_as_of_a_day_before_the_traffic_counts_nobody(played, typed):
    data = typed("fullcycle experiment read winback --as-of 2001-01-01 --json").json

    assert {arm["known"] for arm in data["arms"]} == {0}
    assert data["verdict"]["decision"] == "keep going"


def test_a_readout_without_decisions_says_so_and_keeps_going(shop, typed):
    said = typed("fullcycle experiment read winback")

    assert said.code == 0
    assert "nobody was exposed yet" in said.out
    assert "verdict: keep going" in said.out
    assert "None" not in said.out


def test_a_design_prints_the_same_numbers_for_people_and_for_programs(shop, typed):
    told, data = (
        typed("fullcycle experiment design winback"),
        typed("fullcycle experiment design winback --json").json,
    )

    always, fixed = data["designs"]
    assert (always["analysis"], fixed["analysis"]) == ("always-valid", "fixed")
    for one in (always, fixed):
        assert f"show an effect of {one['effect']:.4f} on visited of {one['baseline']:.4f}" in told.out
    gain = data["off_policy"]["differences"]["chosen"]
    assert (
        f"chosen − today     snips {gain['difference']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}]"
        in told.out
    )


def test_more_traffic_shows_smaller_effects(shop, typed):
    few = typed("fullcycle experiment design winback --units-per-day 100 --json").json
    many = typed("fullcycle experiment design winback --units-per-day 10000 --json").json

    assert many["designs"][0]["effect"] < few["designs"][0]["effect"] / 5


def test_what_is_closed_early_is_valued_the_same_for_people_and_for_programs(played, typed):
    closed = typed("fullcycle experiment close winback --early -m enough --json").json
    told, (row,) = typed("fullcycle value winback"), typed("fullcycle value --json").jsons

    assert closed["decision"] == "unknown"
    assert row["verdict"] == "unknown"
    assert row["capability"] == "winback"
    assert row["measured"]["value"] == pytest.approx(_difference(typed))
    assert f"verdict: {row['verdict']}: {row['reason']}" in told.out
    for name in ("estimated", "off-policy", "measured", "cost so far"):
        assert name in told.out


def test_an_early_end_has_a_reason_which_is_kept(shop, typed):
    without = typed("fullcycle experiment close winback --early")
    closed = typed("fullcycle experiment close winback --early -m 'the shop closes' --json").json

    assert without.code == 2
    assert "an early end without a reason" in without.err
    assert "fullcycle experiment close winback --early -m '…'" in without.err
    assert closed["reason"].endswith("; ended early: the shop closes")


def test_closing_twice_appends_one_row_only(played, typed):
    first = typed("fullcycle experiment close winback --early -m enough")
    again = typed("fullcycle experiment close winback")

    assert "is closed" in first.out
    assert "appended to the value ledger" in first.out
    assert again.code == 0
    assert "was closed" in again.out
    assert "appended" not in again.out
    assert len(typed("fullcycle value winback --json").jsons) == 1


def test_what_was_cut_off_between_closing_and_valuing_is_made_good(played, typed):
    project = open_project()
    reading = read(project, "winback")
    conclude(project, reading, early=True, why="enough")
    assert typed("fullcycle value --json").jsons == []

    again = typed("fullcycle experiment close winback")

    (primary,) = reading.readout.primary
    (row,) = typed("fullcycle value --json").jsons
    assert "was closed" in again.out
    assert "appended to the value ledger" in again.out
    assert row["measured"]["value"] == primary.difference


def test_a_check_lists_what_is_sound_only_when_asked(shop, typed):
    few, every = typed("fullcycle check winback"), typed("fullcycle check winback@prod --all")
    found = typed("fullcycle check winback --json").jsons

    assert few.code == 0
    assert f"{len(found)} checks at 3 nodes, 0 broken" in few.out
    assert every.out.count("✓") == len(found)
    assert not any(one["broken"] for one in found)


def test_why_of_a_sound_metric_ends_with_no(shop, typed):
    said = typed("fullcycle why visited")
    data = typed("fullcycle why visited --json")

    assert said.code == data.code == 1
    assert said.out.startswith("visited is not explained by what is observed")
    assert data.json["broken"] is None


def test_reading_publishes_every_decision_once(played, typed):
    typed("fullcycle experiment read winback")
    typed("fullcycle check winback")

    project = open_project()
    logged = decisions(project.ledger, project.events_folder("winback", "prod"), "winback", "prod")
    assert logged.height == logged["decision_id"].n_unique() == LIVE


def _difference(typed):
    effects = typed("fullcycle experiment read winback --json").json["effects"]
    return next(effect["difference"] for effect in effects if effect["role"] == "primary")
