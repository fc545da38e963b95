"""``fullcycle run`` with options: what is left out, forced, taken, audited and only planned."""

import subprocess
from pathlib import Path

import pytest

from at_terminal import at_terminal, everything, with_elements
from fullcycle.wiring import open_project
from whole_shop import rewrite

TRAINS = "    data = lgb.Dataset("


def test_only_runs_a_step_and_what_it_stands_on(shop, typed):
    said = typed("fullcycle run winback --only training --json")

    assert said.code == 0
    assert set(said.json["steps"]) == {"mailings", "visits", "past", "training"}
    assert said.json["only"] == ["training"]
    assert "asked      --only training" in typed("fullcycle show winback@2").out


def test_a_run_held_to_some_steps_is_not_released(shop, typed):
    typed("fullcycle run winback --only training -m part")

    refused = typed("fullcycle release winback@2")

    assert refused.code == 2
    assert "winback@2 left steps out: it was held to training" in refused.err
    assert "winback@v1 already holds winback@1" in typed("fullcycle release winback").out


def test_force_computes_a_step_again(shop, typed):
    said = typed("fullcycle run winback --force training -m again")

    assert "▸ training     ran     forced" in said.out
    assert "· visit" in said.out
    assert "winback@2 1 of 2 steps ran, reuse saved" in said.out
    assert "asked      --force training" in typed("fullcycle show winback@2").out


@pytest.mark.parametrize("ref", ["@1", "winback@1"])
def test_sources_of_an_earlier_run_need_no_warehouse(shop, typed, ref):
    Path("warehouse.duckdb").unlink()

    said = typed(f"fullcycle run winback --sources {ref} --json")

    assert said.code == 0
    assert said.json["steps"]["mailings"]["reason"] == "as it was in winback@1"
    assert said.json["steps"]["visit"]["reused"]
    assert said.json["sources_of"] == "winback@1"
    assert typed("fullcycle show winback@2 --json").json == said.json


def test_an_audit_is_printed_and_recorded(shop, typed):
    said = typed("fullcycle run winback --audit 100% -m audited")

    assert said.code == 0, said.err
    assert "✓ training     audited: the same" in said.out
    assert "✓ visit        audited: the same" in said.out
    shown = typed("fullcycle show winback@2 --json").json
    assert {name: one["same"] for name, one in shown["audited"].items()} == {"training": True, "visit": True}


def test_an_audit_that_finds_another_result_fails_the_run(shop, typed, monkeypatch):
    monkeypatch.setenv("LEAVES", "8")
    rewrite(
        "winback/flow.py", '"num_leaves": leaves', '"num_leaves": int(__import__("os").environ["LEAVES"])'
    )
    typed("fullcycle run winback -m hidden")
    monkeypatch.setenv("LEAVES", "4")

    said = typed("fullcycle run winback --audit 100% -m audited")

    assert said.code == 1
    assert "✗ visit        audited: another result" in said.out
    assert "the audit of winback@3 computed another result" in said.err
    assert "visit: recorded " in said.err
    assert "--force visit" in said.err
    assert "fullcycle diff winback@3" in said.err
    assert typed("fullcycle show winback@3 --json").json["status"] == "failed"


def test_a_dry_run_tells_what_would_run_and_records_nothing(shop, typed):
    rewrite("winback/flow.py", TRAINS, f"    leaves = leaves + 0\n{TRAINS}")
    before = everything()

    said = typed("fullcycle run winback --dry-run -p holdout=0.2")

    assert said.code == 0
    assert "▸ mailings     would read read again: unchanged" in said.out
    assert "▸ training     would run  parameter holdout 0.3 → 0.2" in said.out
    assert "▸ visit        would run  winback/flow.py:" in said.out
    assert everything() == before
    assert typed("fullcycle run winback -m real -p holdout=0.2 --json").json["run"] == "winback@2"


def test_a_dry_run_as_json_gives_each_step(shop, typed):
    steps = typed("fullcycle run winback --dry-run --json -p holdout=0.2").json["steps"]

    verdicts = {one["step"]: one["verdict"] for one in steps}
    assert verdicts["deliveries"] == "read"
    assert verdicts["training"] == "run"
    assert verdicts["visit"] == "perhaps"


def test_a_dry_run_before_the_first_run_records_nothing_either(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    typed("fullcycle new shop --example winback")
    monkeypatch.chdir("shop")

    refused = typed("fullcycle run winback --dry-run")

    assert refused.code == 2  # there is no table to read
    assert open_project().ledger.heads() == {}


def test_keep_going_lists_each_element_that_failed(shop, typed):
    with_elements()
    rewrite("winback/flow.py", "return 6 / names", "return 6 / (names - 2)")
    rewrite("winback/flow.py", '"c": 3}', '"c": 2}')

    said = typed("fullcycle run winback --keep-going -m broken")

    assert said.code == 1
    assert "step shares of winback@2 failed for 2 of 3 elements" in said.err
    assert "  b: ZeroDivisionError: division by zero" in said.err
    assert "  c: ZeroDivisionError: division by zero" in said.err
    assert "fullcycle debug 'winback@2/shares[b]'" in said.err
    assert said.err.startswith("Traceback (most recent call last):\n")
    assert "· visit" in said.out


def test_elements_are_counted_where_a_fan_out_is_told(shop, typed):
    with_elements()
    assert "3 elements" in typed("fullcycle run winback -m each").out
    rewrite("winback/flow.py", '"c": 3}', '"c": 4}')

    assert "1 of 3 elements anew: names has new content" in typed("fullcycle run winback -m one").out


def test_where_nobody_is_at_a_terminal_the_commit_says_what_a_run_tries(shop, typed):
    git = ["git", "-c", "user.name=Ana", "-c", "user.email=ana@example.org"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "Fewer leaves\n\nMore words"]):
        subprocess.run([*git, *words], check=True)

    assert typed("fullcycle run winback --json").json["message"] == "Fewer leaves"
    assert typed("fullcycle run winback --json -m mine").json["message"] == "mine"


def test_at_a_terminal_somebody_is_asked_once_and_not_in_continuous_integration(shop, typed):
    shown = at_terminal("run", "winback", typed="deeper trees\n", CI="")
    assert shown.count("What does this run try?") == 1
    shown = at_terminal("run", "winback", CI="true")
    assert "What does this run try?" not in shown

    runs = {run["run"]: run["message"] for run in typed("fullcycle runs winback --json").jsons}
    assert runs["winback@2"] == "deeper trees"
    assert runs["winback@3"] == ""


def test_a_terminal_sees_how_far_the_elements_are_and_a_pipe_does_not(shop, typed):
    with_elements()
    rewrite("winback/flow.py", "return 6 / names", '__import__("time").sleep(0.5)\n    return 6 / names')

    shown = at_terminal("run", "winback", "-m", "slow", "--only", "shares")

    assert "shares  1 of 3, about" in shown
    assert "▸ shares" in shown
    piped = typed("fullcycle run winback -m slow --only shares --force shares")
    assert "of 3, about" not in piped.out + piped.err


# refusals: nothing is recorded


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--only visti", "there is no 'visti'\n  where: --only, the steps of winback\n  mend:  did you mean"),
        ("--force trainin", "did you mean 'training'?"),
        ("--force visit --only training", "--force visit asks for a step that --only training leaves out"),
        ("--force mailings --sources @1", "--force mailings asks to read what --sources winback@1 takes"),
        ("--sources @9", "there is no run winback@9"),
        ("--sources winback", "'winback' is no run"),
        ("--sources winback@v1", "'winback@v1' is no run"),
        ("--sources @1/visit", "'@1/visit' is no run"),
        ("--sources other@1", "'other@1' is a run of another capability"),
        ("--sources 1", "write --sources @1"),
        ("--sources @", "'winback@' is not a reference"),
        ("--audit ten", "'ten' is no share of the results"),
        ("--audit 0%", "'0%' is no share of the results"),
        ("--audit 10% --dry-run", "a dry run computes nothing that could be audited"),
        ("-p leaves", "'leaves' is not NAME=VALUE"),
        ("--dry-run -p leafs=3", "did you mean 'leaves'?"),
        ("--dry-run --only visti", "did you mean 'visit'?"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_anything_is_recorded(shop, typed, options, told):
    before = everything()

    refused = typed(f"fullcycle run winback {options}")

    assert refused.code == 2
    assert told in refused.err
    assert everything() == before
