"""``fullcycle experiments``: what is designed, what runs, and what came of what is closed."""

from fullcycle.experiment import ExperimentDesigned, record_design
from fullcycle.wiring import open_project


def test_a_running_experiment_is_listed_with_its_day_and_phase(played, typed):
    told, (row,) = typed("fullcycle experiments"), typed("fullcycle experiments --json").jsons

    assert (row["capability"], row["experiment"], row["state"]) == ("winback", "trial", "running")
    assert (row["environment"], row["phase"], row["day"], row["days"]) == ("prod", 1, 1, 28)
    assert row["verdict"] is None
    assert "running in prod, day 1 of 28" in told.out
    assert "fullcycle experiment read winback --name trial" in told.out


def test_a_closed_one_says_what_was_concluded_by_whom(played, typed):
    closed = typed("fullcycle experiment close winback --early -m enough --json").json

    told, (row,) = typed("fullcycle experiments winback"), typed("fullcycle experiments winback --json").jsons

    assert (row["state"], row["verdict"], row["reason"]) == ("closed", closed["decision"], closed["reason"])
    assert f"{closed['decision']}: {closed['reason']}" in told.out
    assert typed("fullcycle experiment read winback").out.splitlines()[-1].startswith("  closed ")


def test_one_that_is_only_designed_is_listed_too(shop, typed):
    project = open_project()
    body = ExperimentDesigned(run=1, design=project.artifacts.keep({}))
    record_design(project.ledger, "winback", "next", body, by="dana")

    newest, _ = typed("fullcycle experiments --json").jsons

    assert (newest["experiment"], newest["state"], newest["by"]) == ("next", "designed", "dana")
    assert "next        designed" in typed("fullcycle experiments winback").out


def test_where_there_is_none_the_list_says_how_to_begin(tmp_path, monkeypatch, typed):
    monkeypatch.chdir(tmp_path)
    typed("fullcycle new bare")
    monkeypatch.chdir(tmp_path / "bare")

    assert typed("fullcycle experiments").out.startswith("no experiment yet; fullcycle experiment design")
    assert typed("fullcycle experiments --json").jsons == []


def test_a_capability_that_is_not_there_is_refused(shop, typed):
    said = typed("fullcycle experiments winbak")

    assert said.code == 2
    assert "did you mean 'winback'?" in said.err
