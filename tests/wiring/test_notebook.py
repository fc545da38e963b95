"""fc.open: anything in the record by its reference, as a notebook asks for it."""

from pathlib import Path

import polars as pl
import pytest

import fullcycle as fc
from at_terminal import with_elements


@pytest.fixture
def here(played: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(played)
    return played


def test_a_capability_runs_and_lists_its_runs(here):
    winback = fc.open("winback", fc.Capability)
    before = winback.runs()

    run = winback.run("fewer leaves", leaves=4)

    after = winback.runs()
    assert after["run"].to_list() == [run.number, *before["run"]]
    assert after.row(0, named=True)["message"] == "fewer leaves"
    assert after.row(0, named=True)["leaves"] == 4
    assert after.row(0, named=True)["visit"] == run.scores["visit"]


def test_a_grid_is_a_frame_of_its_trials_the_best_first(here):
    winback = fc.open("winback", fc.Capability)

    tried = winback.grid("how deep", leaves=[4, 6], rounds=(10, 20), seed=3)

    assert tried.height == 4
    assert tried["visit"].to_list() == sorted(tried["visit"], reverse=True)
    assert set(tried.select("leaves", "rounds").rows()) == {(4, 10), (4, 20), (6, 10), (6, 20)}
    assert tried["seed"].unique().to_list() == [3]
    with pytest.raises(fc.FullcycleError, match=r"give lists: leaves=\[15, 31\]"):
        winback.grid("nothing", leaves=4)


def test_a_run_takes_the_options_of_the_command_line(here):
    winback = fc.open("winback", fc.Capability)

    run = winback.run("part", only="training", force=["training"], sources="@1")

    assert run.record.started.only == ["training"]
    assert run.record.steps["training"].reason == "forced"
    assert run.record.steps["past"].reason == "as it was in winback@1"
    assert "visit" not in run.record.steps
    with pytest.raises(fc.FullcycleError, match="did you mean 'visit'"):
        winback.run("wrong", only=["visti"])


def test_an_element_is_opened_by_its_key(here):
    with_elements()
    winback = fc.open("winback", fc.Capability)
    ref = winback.run("each", only="shares").record.ref

    assert fc.open(f"{ref}/shares[b]", float) == 3.0
    assert fc.open(f"{ref}/names[a/1]") == 1
    with pytest.raises(fc.FullcycleError, match="did you mean 'a/1'"):
        fc.open(f"{ref}/shares[a1]")
    with pytest.raises(fc.FullcycleError, match="training returned no elements"):
        fc.open("winback@1/training[b]")


def test_a_run_gives_what_its_steps_returned(here):
    run = fc.open("winback@1", fc.Run)

    assert run["training"].train.frame.height > run["training"].test.frame.height
    assert fc.open("winback@1/mailings", pl.DataFrame).equals(run["mailings"])


def test_the_deployed_model_answers_rows_of_its_features(here):
    model = fc.open("winback@prod/visit", fc.Model)
    run = fc.open("winback@1", fc.Run)
    booster = run["visit"]
    seen = {"recency": 3, "log_history": 4.5, "zip_code": "Urban", "newbie": True, "channel": "Web"}
    row = model_row(here, campaign="Mens E-Mail", **seen)

    assert model.predict(row) == booster.predict([[3, 4.5, 0, 1, 1, 0]])[0]


def model_row(root: Path, **fields: object) -> fc.Row:
    """A row of the release's own features."""
    from fullcycle.wiring import open_project
    from fullcycle.wiring.flow import Flow
    from fullcycle.wiring.released import released

    project = open_project(root)
    _, manifest = released(project, "winback", 1)
    flow = Flow.open(project, "winback", "dev", project.archived(manifest.archive))
    return flow.graph.nodes["visit"].declared.features.row(**fields)


@pytest.mark.parametrize(
    ("reference", "what", "mend"),
    [
        ("winbak", "there is no 'winbak'", "did you mean 'winback'"),
        ("winback@1/vist", "there is no 'vist'", "did you mean 'visit'"),
        ("winback@99", "there is no run winback@99", "the last run is"),
        ("winback@v9", "there is no release winback@v9", "the last one is winback@v1"),
        ("winback/visit", "does not say of which run", "winback@42/visit"),
        ("win back", "is not a reference", "winback@42"),
    ],
)
def test_what_is_not_there_is_told_with_the_nearest(here, reference, what, mend):
    with pytest.raises(fc.FullcycleError) as refused:
        fc.open(reference)

    assert what in refused.value.what
    assert mend in refused.value.mend


def test_another_kind_than_expected_is_refused(here):
    with pytest.raises(fc.FullcycleError, match="is a Run, not a Capability"):
        fc.open("winback@1", fc.Capability)
