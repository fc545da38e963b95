"""``fullcycle diff``: two runs side by side, of a project of some thousand rows."""

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from fullcycle.wiring import open_project


def test_a_parameter_that_changed_is_told_and_all_else_is_the_same(here, typed):
    said = typed("fullcycle diff churn@1 churn@2")

    assert said.code == 0
    assert said.out.startswith("churn@1 → churn@2\nparameters\n  ~ leaves 8 → 4\n")
    assert "~ chance (model): other content" in said.out
    assert "the same: code, what examples, happenings, past, training returned" in said.out


def test_two_models_on_the_same_rows_are_compared_row_by_row(here, typed):
    (score,) = typed("fullcycle diff churn@1 churn@2 --only scores --json").json["scores"]

    assert score["now"]["value"] - score["was"]["value"] == pytest.approx(score["difference"]["value"])
    paired, apart = (score[name]["high"] - score[name]["low"] for name in ("difference", "was"))
    assert paired < apart / 2
    assert "on the same rows" in typed("fullcycle diff churn@1 churn@2 --only scores").out


def test_code_tells_the_lines_and_the_steps_that_they_reach(here, typed):
    said = typed("fullcycle diff churn@2 churn@3 --only code")

    assert "~ churn/flow.py  +1 −1" in said.out
    assert "chance reaches: churn/flow.py:" in said.out
    assert "chance() changed" in said.out
    assert "nothing of it reaches examples, happenings, past, training" in said.out
    assert '+        "max_bin": 63, "num_leaves": leaves' in said.out


def test_data_tells_rows_by_key_and_what_became_of_columns(here, typed):
    found = {each["step"]: each for each in typed("fullcycle diff churn@1 churn@3 --json").json["data"]}

    rows, columns = (found["examples"]["tables"][""][name] for name in ("rows", "columns"))
    amount, asked_at = columns
    assert (rows["was"], rows["now"], rows["removed"], rows["changed"]) == (4000, 3990, 10, 100)
    assert rows["key"] == ["id", "asked_at"]
    assert (amount["column"], asked_at["column"]) == ("amount", "asked_at")
    assert amount["now"]["mean"] > amount["was"]["mean"]
    assert set(found["training"]["tables"]) == {"train", "test"}
    said = typed("fullcycle diff churn@1 churn@3 --only data").out
    assert "~ examples: 4,000 → 3,990 rows, +0 −10, 100 changed (by id, asked_at)" in said
    assert "amount: mean " in said


def test_other_rows_are_not_compared_row_by_row(here, typed):
    said = typed("fullcycle diff churn@1 churn@3 --only scores").out

    assert "not judged on the same rows" in said
    assert "overlap" in said


def test_a_run_is_the_same_as_itself_in_every_part(here, typed):
    said = typed("fullcycle diff churn@1 churn@1").out.splitlines()

    assert len(said) == 2
    assert said[1].startswith(
        "the same: code, parameters, what examples, happenings, past, training, chance "
    )
    assert said[1].endswith("the score of chance, timings, surroundings, lock")


def test_a_failed_run_is_compared_as_far_as_it_came(here, typed):
    said = typed("fullcycle diff churn@3 churn@4").out

    assert "~ holdout 0.3 → 2" in said
    assert "seed" not in said
    assert "− training (step): churn@4 is failed" in said
    assert "→ not judged" in said
    assert "~ status done → failed" in said


def test_a_capability_alone_is_its_last_run(here, typed):
    assert typed("fullcycle diff churn@1 churn").out.startswith("churn@1 → churn (churn@4)")


def test_timings_stand_side_by_side(here, typed):
    said = typed("fullcycle diff churn@1 churn@2 --only timings")

    assert "→ reused" in said.out
    (chance,) = [
        one
        for one in typed("fullcycle diff churn@1 churn@2 --json").json["timings"]
        if one["step"] == "chance"
    ]
    assert chance["was"]["cpu"] > 0
    assert chance["was"]["cost"]["currency"] == chance["now"]["cost"]["currency"]


def test_what_the_store_has_lost_is_said_and_the_rest_is_told(here, typed, tmp_path, monkeypatch):
    copy = Path(shutil.copytree(here, tmp_path / "bank"))
    monkeypatch.chdir(copy)
    project = open_project()
    shutil.rmtree(copy / project.config.project.artifacts)

    said = typed("fullcycle diff churn@1 churn@2")

    assert said.code == 0
    assert "~ leaves 8 → 4" in said.out
    assert "~ chance (model): " in said.out


@pytest.mark.parametrize(
    ("sides", "code", "words"),
    [
        ("churn@1 churn@9", 2, "there is no run churn@9"),
        ("churn@1 churn@v1", 2, "there is no release churn@v1"),
        ("churn@1 churn@prod", 2, "nothing is deployed to churn@prod"),
        ("churn@1 chrun@2", 2, "did you mean 'churn'"),
        ("churn@1/chance churn@2", 2, "is a step"),
        ("churn@1 churn@2 --only everything", 2, "is not one of"),
    ],
)
def test_what_cannot_be_compared_is_refused(here, typed, sides, code, words):
    said = typed(f"fullcycle diff {sides}")

    assert said.code == code
    assert words in said.err


def test_different_capabilities_are_refused(here, typed):
    (here / "loyalty").mkdir(exist_ok=True)
    (here / "loyalty/brief.md").write_text("")
    project = open_project()
    start = project.ledger.read("runs/churn")[0].body

    if not project.ledger.read("runs/loyalty"):
        project.ledger.append("runs/loyalty", 0, replace(start, capability="loyalty"))

    said = typed("fullcycle diff churn@1 loyalty@1")

    assert said.code == 2
    assert "are different capabilities" in said.err


def test_a_report_of_two_runs_shows_their_charts_side_by_side(here, typed, tmp_path):
    said = typed(f"fullcycle report churn@1 churn@2 -o {tmp_path / 'page.html'}")

    page = (tmp_path / "page.html").read_text()
    assert said.code == 0
    assert "churn@1 → churn@2" in page
    assert page.count("Do predictions come true?") >= 2
    assert "<script" not in page


@pytest.mark.slow
def test_releases_tell_gates_what_they_pin_and_golden_answers(revised, typed):
    said = typed("fullcycle diff winback@prod winback@v2")

    assert said.out.startswith("winback@prod (winback@v1, winback@1) → winback@v2 (winback@2)")
    assert "~ winback/service.py" in said.out
    assert "days 28 → 14" in said.out
    assert "golden rows" in said.out
    assert "shared requests" in said.out
    found = typed("fullcycle diff winback@v1 winback@v2 --json").json["release"]
    assert found["golden"]["different"] > 0
