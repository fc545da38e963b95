"""``fullcycle show``: a run in full, and what its steps returned."""

import shutil
import subprocess
from pathlib import Path

import pytest

from fullcycle.wiring import open_project


@pytest.fixture
def mine(here, tmp_path, monkeypatch):
    """A copy of the project that may be changed."""
    copy = Path(shutil.copytree(here, tmp_path / "bank"))
    monkeypatch.chdir(copy)
    return copy


def git(*words):
    told = ["git", "-c", "user.name=Ana", "-c", "user.email=ana@example.org", *words]
    subprocess.run(told, check=True, capture_output=True)


def test_a_run_tells_each_parameter_and_who_set_it(here, typed):
    said, data = typed("fullcycle show churn@2").out, typed("fullcycle show churn@2 --json").json

    assert said.startswith("churn@2  fewer leaves\n")
    assert "leaves=4 (given)" in said
    assert "rounds=60 (default)" in said
    assert data["settings"]["leaves"] == {"value": 4, "origin": "given"}


def test_a_parameter_of_the_environment_is_told_as_such(mine, typed):
    toml = mine / "fullcycle.toml"
    toml.write_text(
        toml.read_text().replace(
            "[environments.dev]", '[environments.dev]\nparameters = { "churn.chance.leaves" = 5 }', 1
        )
    )
    assert typed("fullcycle run churn").code == 0

    assert typed("fullcycle show churn --json").json["settings"]["leaves"] == {
        "value": 5,
        "origin": "environment",
    }


def test_each_step_tells_what_it_took_and_why_it_ran(here, typed):
    said, data = typed("fullcycle show churn@2").out, typed("fullcycle show churn@2 --json").json

    (chance,) = [line for line in said.splitlines() if line.startswith("  chance ")]
    assert "ran: parameter leaves 8 → 4" in chance
    assert "USD" in chance
    step = data["steps"]["chance"]
    assert step["cost"]["amount"] > 0
    assert step["peak_memory_bytes"] > step["size_bytes"] > 0
    assert step["inputs"] == {"training": data["steps"]["training"]["content"]}
    total = sum(one["cost"]["amount"] for one in data["steps"].values())
    assert 0 < total <= data["cost"]["amount"]


def test_a_run_outside_git_says_so(here, typed):
    assert "not in git" in typed("fullcycle show churn@1").out


def test_what_was_not_committed_is_named_file_by_file(mine, typed):
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "first")
    typed("fullcycle run churn -m clean")
    flow = mine / "churn/flow.py"
    flow.write_text(f"{flow.read_text()}\nTRIED = 1\n")
    (mine / "library.py").write_text("")
    typed("fullcycle run churn -m dirty")
    git("commit", "-q", "-a", "-m", "later")

    assert ", as committed" in typed("fullcycle show churn@5").out
    said, data = typed("fullcycle show churn@6").out, typed("fullcycle show churn@6 --json").json
    assert "with 2 files not as committed" in said
    assert data["uncommitted"] == {"churn/flow.py": "changed", "library.py": "added"}
    shutil.rmtree(mine / ".git")
    assert "which is not here" in typed("fullcycle show churn@6").out


def test_the_lock_is_counted_and_listed_when_asked_for(here, typed):
    few, every = typed("fullcycle show churn@1").out, typed("fullcycle show churn@1 --lock").out

    assert " distributions (fullcycle show churn@1 --lock)" in few
    assert "polars " not in few
    assert "polars " in every


def test_a_failed_run_shows_how_far_it_came_and_why_no_further(here, typed):
    said = typed("fullcycle show churn@4").out

    assert "failed: step training of churn@4 failed" in said
    assert "past " in said
    assert "holdout=2 (given)" in said


def test_a_table_shows_its_columns_and_first_rows(here, typed):
    said = typed("fullcycle show churn@1/examples").out
    data = typed("fullcycle show churn@1/examples --json").json

    assert "4,000 rows × 4 columns" in said
    table = data["returned"]["tables"][""]
    assert table["schema"]["amount"] == "Float64"
    assert [row["id"] for row in table["first"]] == [0, 1, 2, 3, 4]


def test_a_split_shows_both_sides_and_its_label(here, typed):
    data = typed("fullcycle show churn@1/training --json").json

    assert data["returned"]["facts"]["label"] == "outcome"
    assert {part: table["rows"] for part, table in data["returned"]["tables"].items()} == {
        "train": 2800,
        "test": 1200,
    }


def test_a_model_shows_its_parameters_and_its_score(here, typed):
    said = typed("fullcycle show churn@2/chance").out

    assert "num_leaves: 4" in said
    assert "score      chance: auc " in said


def test_personal_values_are_masked_wherever_they_went(mine, typed):
    rows = mine / "churn/rows.py"
    rows.write_text(
        rows.read_text().replace("amount: Annotated[float,", "amount: Annotated[float, fc.personal,")
    )
    typed("fullcycle run churn")

    for step in ("examples", "training"):
        tables = typed(f"fullcycle show churn/{step} --json").json["returned"]["tables"].values()
        assert {row["amount"] for table in tables for row in table["first"]} == {"•••"}


def test_what_the_store_has_lost_is_said(mine, typed):
    shutil.rmtree(mine / open_project().config.project.artifacts)

    said = typed("fullcycle show churn@1/examples")

    assert said.code == 0
    assert "returned   cannot be shown: " in said.out
