"""``fullcycle replay``: a run computed again from the record alone."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from fullcycle.flow import runs
from fullcycle.wiring import open_project
from recorded_runs import append
from replayed_bank import bare_record, varied
from whole_shop import rewrite

__all__ = ["bare_record", "varied"]


def verdicts(said):
    return {step["step"]: step["verdict"] for step in said.json["steps"]}


def step_of(said, name):
    return next(step for step in said.json["steps"] if step["step"] == name)


def test_a_run_is_replayed_from_its_record_alone(bare_record, typed):
    said = typed("fullcycle replay churn@1 --json")

    assert said.code == 0, said.err
    found = verdicts(said)
    assert {name for name, told in found.items() if told == "taken"} == {"examples", "happenings", "past"}
    assert (found.pop("drawn"), found.pop("upon_drawn")) == ("varies", "follows")
    assert set(found.values()) == {"taken", "identical"}
    assert said.json["same"]
    assert [(one["step"], one["was"] == one["now"]) for one in said.json["scores"]] == [("chance", True)]
    assert sorted(path.name for path in bare_record.iterdir()) == [".fullcycle", "fullcycle.toml"]


def test_a_replay_adds_no_run_and_remembers_nothing_but_what_it_found(bare_record, typed):
    before = typed("fullcycle runs --json").out
    heads = open_project().ledger.heads()

    typed("fullcycle replay churn@2")

    after = open_project().ledger.heads()
    assert typed("fullcycle runs --json").out == before
    assert {stream: at for stream, at in after.items() if heads.get(stream) != at} == {"replays/churn": 1}
    (found,) = open_project().ledger.read("replays/churn")
    assert (found.body.run, found.body.same) == (2, True)


def test_what_differs_is_told_with_its_first_place_and_what_follows_is_told_apart(
    bare_record, typed, monkeypatch
):
    monkeypatch.setenv("SHIFT", "1")

    said = typed("fullcycle replay churn@2 --json")

    assert said.code == 1
    found = verdicts(said)
    assert [name for name, told in found.items() if told == "differs"] == ["shifted", "sized"]
    assert found["told"] == "follows"
    assert found["chance"] == "identical"
    where = step_of(said, "shifted")["where"]
    assert where.startswith("amount[0]: ")
    assert where.endswith("4,000 of 4,000 rows differ")
    assert step_of(said, "told")["where"].startswith("['mean'][0]: ")
    assert "(2 of 2 parts differ)" in step_of(said, "sized")["where"]
    shown = typed("fullcycle replay churn@2")
    assert "✗ shifted      differs" in shown.out
    assert "↳ told         differs: it was given something else" in shown.out


def test_of_a_model_the_first_line_that_differs_and_its_score_are_told(varied, tmp_path, typed, monkeypatch):
    monkeypatch.chdir(shutil.copytree(varied, tmp_path / "bank"))
    rewrite("churn/flow.py", '"num_leaves": leaves', '"num_leaves": leaves + int(os.environ.get("SHIFT", 0))')
    assert typed("fullcycle run churn --only chance").code == 0
    monkeypatch.setenv("SHIFT", "3")

    said = typed("fullcycle replay churn")

    assert said.code == 1
    assert "✗ chance       differs\n      line 10: tree_sizes=" in said.out
    assert "      auc 0." in said.out
    assert said.out.splitlines()[-1].startswith("1 of 2 identical, ")


def test_a_declared_variable_that_changed_is_named_as_a_suspect(bare_record, typed, monkeypatch):
    monkeypatch.setenv("MOOD", "good")

    said = typed("fullcycle replay churn@1 --json")

    assert said.code == 1
    assert step_of(said, "mood") == {
        "step": "mood",
        "verdict": "differs",
        "where": "'none' → 'good'",
        "suspects": ["environment variable MOOD changed"],
    }


def test_a_run_that_failed_fails_again_at_the_same_step(bare_record, typed):
    said = typed("fullcycle replay churn@3")

    assert said.code == 0, said.out
    assert "it fails as it did then: step careful of churn@3 failed: ValueError: too few rows" in said.out


def test_the_folder_is_a_project_of_its_own_and_kept_on_demand(bare_record, typed, tmp_path, monkeypatch):
    folder = tmp_path / "kept"

    said = typed(f"fullcycle replay churn@1 --in-folder {folder}")

    assert said.code == 0
    assert f"kept in {folder}/bank" in said.out
    assert (folder / "bank/churn/flow.py").exists()
    again = typed(f"fullcycle replay churn@1 --in-folder {folder}")
    assert again.code == 2
    assert "is not empty" in again.err
    assert "name a folder that is not there yet" in again.err
    monkeypatch.chdir(folder / "bank")
    assert [run["message"] for run in typed("fullcycle runs --json").jsons] == ["replay of churn@1"]


def test_other_versions_than_then_are_listed_and_are_no_error_by_themselves(bare_record, typed):
    project = open_project()
    run = runs(project.ledger, "churn")[0]
    installed = json.loads(project.objects.get(run.started.lock)) | {"polars": "0.1", "gone-by-now": "1.0"}
    lock = project.objects.put(json.dumps(installed).encode())
    start = msgspec.structs.replace(run.started, lock=lock, python="3.9.1")
    append(project.ledger, start=start, events=[*run.steps.values(), *run.evaluations.values(), run.finished])

    said = typed("fullcycle replay churn@4")

    assert said.code == 0
    _, _, told = said.out.partition("not as it was then:\n")
    lines = told.splitlines()[:3]
    assert [line.split()[:2] for line in lines] == [
        ["Python", "3.9.1"],
        ["polars", "0.1"],
        ["gone-by-now", "1.0"],
    ]


def test_rows_that_are_kept_no_longer_are_told_with_the_source_and_what_to_do(bare_record, typed):
    project = open_project()
    run = runs(project.ledger, "churn")[0]
    project.objects.remove_all(list(project.artifacts.each_object(run.steps["examples"].artifact)))

    said = typed("fullcycle replay churn@1")

    assert said.code == 2
    assert "churn@1 cannot be replayed: the record no longer holds the rows of examples" in said.err
    assert "restore the artifacts from a backup, or replay a later run: fullcycle runs churn" in said.err


def test_rows_that_were_written_to_are_not_taken_for_what_was_read(bare_record, typed):
    project = open_project()
    artifact = runs(project.ledger, "churn")[0].steps["examples"].artifact
    file = project.objects.path(artifact.object)
    file.chmod(0o644)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)

    said = typed("fullcycle replay churn@1")

    assert said.code == 2
    assert "churn@1 cannot be replayed: the rows of examples are " in said.err
    assert "replays/churn" not in project.ledger.heads()


def test_a_run_that_was_killed_is_replayed_as_far_as_it_came(bare_record, typed):
    project = open_project()
    run = runs(project.ledger, "churn")[0]
    came_to = [run.steps[name] for name in ("examples", "happenings", "past", "training", "shifted")]
    gone = msgspec.structs.replace(run.started.process, began="1")  # its number is another's by now
    append(project.ledger, start=msgspec.structs.replace(run.started, process=gone), events=came_to)

    said = typed("fullcycle replay churn@4")

    assert said.code == 0, said.out
    assert "churn@4 ended without a word during step " in said.out
    assert ": replayed is what it had finished\n" in said.out
    assert "2 of 2 identical" in said.out


@pytest.mark.parametrize(
    ("ref", "told"),
    [
        ("chrn@1", "did you mean 'churn'?"),
        ("churn@9", "the last run is churn@3"),
        ("churn@1/chance", "replay the run: fullcycle replay churn@1"),
        ("churn@v1", "make one: fullcycle release churn"),
        ("churn@prod", "fullcycle deploy churn@v1 --to prod"),
    ],
)
def test_what_cannot_be_replayed_is_told_with_what_to_type(bare_record, typed, ref, told):
    said = typed(f"fullcycle replay {ref}")

    assert said.code == 2
    assert told in said.err


def test_code_that_no_longer_loads_here_is_told_and_nothing_is_recorded(varied, tmp_path, typed, monkeypatch):
    root = Path(shutil.copytree(varied, tmp_path / "bank"))
    monkeypatch.chdir(root)
    (root / "churn" / "aside.py").write_text("import os\n\nHERE = os.environ['ASIDE']\n")
    rewrite("churn/flow.py", "import random\n", "import random\nfrom bank.churn import aside as aside\n")
    monkeypatch.setenv("ASIDE", "1")
    assert typed("fullcycle run churn -m 'with a variable'").code == 0
    monkeypatch.delenv("ASIDE")

    said = typed("fullcycle replay churn@4")

    assert said.code == 2
    assert "KeyError: 'ASIDE'" in said.err
    assert "replays/churn" not in open_project().ledger.heads()
