"""``fullcycle run`` with several values of a parameter."""

import shutil
import signal
from pathlib import Path

import duckdb
import pytest

from fullcycle.flow import runs
from fullcycle.wiring import open_project
from whole_shop import process, rewrite

SLOW = "    data = lgb.Dataset("


@pytest.fixture
def own(bank, tmp_path, monkeypatch):
    """A copy of the bank, with four runs in it; it is the current folder."""
    root = Path(shutil.copytree(bank, tmp_path / "bank"))
    monkeypatch.chdir(root)
    return root


def trials_of(number):
    return [run for run in runs(open_project().ledger, "churn") if run.started.grid == number]


def test_every_combination_is_a_run_of_the_grid_and_the_table_has_the_best_first(own, typed):
    said = typed("fullcycle run churn -m 'how deep' -p leaves=4,8 -p rounds=10,20 -p seed=3")

    assert said.code == 0, said.err
    trials = trials_of(1)
    assert [run.started.parameters for run in trials] == [
        {"seed": "3", "leaves": leaves, "rounds": rounds} for leaves in ("4", "8") for rounds in ("10", "20")
    ]
    lines = said.out.splitlines()
    assert lines[0] == "4 trials: leaves (2), rounds (2)"
    assert "  4/4 leaves=8 rounds=20  churn@8 chance 0." in said.out
    ranking = sorted(trials, key=lambda run: -run.evaluations["chance"].value)
    assert [line.split()[0] for line in lines[-5:-1]] == [run.ref for run in ranking]
    assert lines[-1].startswith("grid 1 of churn 4 trials, ")
    page = (own / "reports/churn-grid-1.html").read_text()
    assert page.count("<svg") == 2  # one for a wide screen, one for a narrow
    assert "grid 1 of churn" in page


def test_sources_are_read_once_and_shared_steps_are_reused(own, typed):
    typed("fullcycle run churn -p leaves=4,8,16")

    first, *others = trials_of(1)
    assert not first.steps["examples"].reason.startswith("as it was in ")
    for run in others:
        assert run.steps["examples"].reason == f"as it was in {first.ref}"
        assert run.steps["training"].reused
    assert {run.started.sources_of for run in others} == {first.ref}


def test_as_json_it_is_one_object_with_the_trials_best_first(own, typed):
    said = typed("fullcycle run churn -m deep -p leaves=4,8 --json")

    assert said.json["grid"] == 1
    assert said.json["axes"] == {"leaves": ["4", "8"]}
    values = [trial["scores"]["chance"]["value"] for trial in said.json["trials"]]
    assert values == sorted(values, reverse=True)
    assert Path(said.json["page"]).exists()


def test_a_trial_that_fails_is_told_and_the_others_go_on(own, typed):
    said = typed("fullcycle run churn -p holdout=2,0.3")

    assert said.code == 1
    assert "1/2 holdout=2  churn@5 ✗ step training of churn@5 failed: " in said.out
    assert "      fullcycle show churn@5 · fullcycle debug churn@5/training\n" in said.out
    assert [run.status for run in trials_of(1)] == ["failed", "done"]
    assert "2 trials, 1 failed" in said.out


def test_a_grid_that_was_killed_goes_on_with_what_is_missing_on_the_same_rows(own, typed):
    rewrite("churn/flow.py", SLOW, f"    __import__('time').sleep(0.3)\n{SLOW}")
    command = "run churn -m deep -p leaves=4,8,16,31"
    running = process(own, *command.split())
    assert any("2/4" in line for line in running.stdout)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    before = {run.number for run in trials_of(1) if run.status == "done"}
    with duckdb.connect("warehouse.duckdb") as warehouse:
        warehouse.execute("delete from churn_examples where id < 500")

    said = typed(f"fullcycle {command}")

    assert said.code == 0, said.err
    assert f"grid 1 goes on: {len(before)} of its 4 trials done, on the same rows" in said.out
    trials = [run for run in trials_of(1) if run.status == "done"]
    assert sorted(run.started.parameters["leaves"] for run in trials) == ["16", "31", "4", "8"]
    assert before < {run.number for run in trials}
    assert len({run.steps["examples"].artifact.content for run in trials}) == 1
    again = typed(f"fullcycle {command}").out
    assert "goes on" not in again
    assert "grid 2 of churn 4 trials" in again


@pytest.mark.parametrize(
    "change",
    [
        lambda: rewrite("churn/flow.py", "rounds: int = 60", "rounds: int = 50"),
        lambda: rewrite("fullcycle.toml", "[environments.dev]", "[environments.dev]\nparameters = {}\n"),
    ],
)
def test_other_files_are_another_grid(own, typed, change):
    typed("fullcycle run churn -p holdout=0.3,2")
    change()

    said = typed("fullcycle run churn -p holdout=0.3,2")

    assert "goes on" not in said.out
    assert "grid 2 of churn" in said.out


def test_the_list_of_runs_tells_the_grid_and_can_be_held_to_one(own, typed):
    typed("fullcycle run churn -m deep -p leaves=4,8")

    assert [run["grid"] for run in typed("fullcycle runs churn --json").jsons] == [
        1,
        1,
        None,
        None,
        None,
        None,
    ]
    assert [run["run"] for run in typed("fullcycle runs churn --grid 1 --json").jsons] == [
        "churn@6",
        "churn@5",
    ]
    assert "a trial of grid 1: fullcycle runs churn --grid 1" in typed("fullcycle show churn@6").out
    shown = typed("fullcycle runs churn").out.splitlines()
    assert " grid " in shown[0]
    assert " grid " not in typed("fullcycle runs churn --where leaves=31").out


def test_a_text_with_a_comma_is_one_value_where_it_is_quoted(own, typed):
    rewrite("churn/flow.py", "holdout: float = 0.3", 'holdout: float = 0.3, why: str = ""')

    said = typed("""fullcycle run churn --json -p 'why="a,b"'""")

    assert said.json["steps"]["training"]["parameters"]["why"] == "a,b"


@pytest.mark.parametrize(
    ("typing", "what", "mend"),
    [
        ("-p leaves=4,many", "'many' is not of type int", "write, say, -p chance.leaves=8"),
        ("-p leaves=4,4", "leaves=4 and leaves=4 are the same trial", "name each value once"),
        ("-p leaves=4,,8", "'4,,8' names an empty value", "leave a comma out"),
        ("-p leaves=4 -p leaves=8", "leaves is told twice", "-p leaves=15,31"),
        ("-p leafs=4,8", "there is no 'leafs'", "did you mean 'leaves'?"),
        (
            "-p leaves=4,8 --dry-run",
            "a grid cannot be told beforehand",
            "trials: fullcycle run churn -p leaves=4",
        ),
        (f"-p seed={','.join(map(str, range(1001)))}", "these are 1,001 trials", "add --yes if you mean it"),
    ],
)
def test_a_wrong_grid_is_refused_before_anything_is_recorded(own, typed, typing, what, mend):
    said = typed(f"fullcycle run churn -m wrong {typing}")

    assert said.code != 0
    assert what in said.err
    assert mend in said.err
    heads = open_project().ledger.heads()
    assert heads["runs/churn"] == 4
    assert "grids/churn" not in heads
