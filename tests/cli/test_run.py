"""``fullcycle run``: failed, interrupted and doubled runs, and what the next one makes of them."""

import signal
from pathlib import Path

from whole_shop import process, rewrite

TRAINS = "    data = lgb.Dataset("


def status_of_runs(typed):
    return {run["run"]: run["status"] for run in typed("fullcycle runs winback --json").jsons}


def test_a_step_that_raises_shows_the_users_own_traceback_first(shop, typed):
    rewrite("winback/flow.py", TRAINS, f'    raise ValueError("too few leaves")\n{TRAINS}')

    failed = typed("fullcycle run winback -m broken")

    trace, _, message = failed.err.partition("\nError: ")
    assert failed.code == 1
    assert trace.startswith("Traceback (most recent call last):\n")
    assert trace.count("  File ") == 1
    assert f'{shop}/winback/flow.py", line ' in trace
    assert trace.endswith("ValueError: too few leaves")
    assert message.startswith("step visit of winback@2 failed: ValueError: too few leaves")
    assert "its inputs: training Split" in message
    assert "look at its inputs: fullcycle debug winback@2/visit; then mend it" in message


def test_after_a_failed_run_the_next_one_reuses_what_finished(shop, typed):
    rewrite("winback/flow.py", TRAINS, f'    raise ValueError("too few leaves")\n{TRAINS}')
    typed("fullcycle run winback -m broken -p holdout=0.2")
    rewrite("winback/flow.py", '    raise ValueError("too few leaves")\n', "")

    mended = typed("fullcycle run winback -m mended -p holdout=0.2 --json")

    assert mended.code == 0
    assert mended.json["steps"]["training"]["reused"]
    assert not mended.json["steps"]["visit"]["reused"]
    assert status_of_runs(typed) == {"winback@3": "done", "winback@2": "failed", "winback@1": "done"}
    shown = typed("fullcycle show winback@2").out
    assert "status     failed: " in shown
    assert "step visit of winback@2 failed: ValueError: too few leaves" in shown


def test_a_failed_run_is_not_released_and_the_last_good_one_is(shop, typed):
    rewrite("winback/flow.py", TRAINS, f'    raise ValueError("too few leaves")\n{TRAINS}')
    typed("fullcycle run winback -m broken")

    refused = typed("fullcycle release winback@2")

    assert refused.code == 2
    assert "winback@2 is failed" in refused.err
    assert "release a run that is done" in refused.err
    assert "winback@v1 already holds winback@1" in typed("fullcycle release winback").out


def test_a_second_run_reuses_everything_and_says_why(shop, typed):
    said = typed("fullcycle run winback -m again")

    assert said.code == 0
    assert "▸" not in said.out
    assert "nothing it stands on changed" in said.out
    assert "✓ visit: qini@No E-Mail" in said.out


def test_a_run_as_json_prints_one_object_and_nothing_else(shop, typed):
    said = typed("fullcycle run winback -m again -p leaves=5 --json")

    assert said.err == ""
    assert said.json["parameters"] == {"leaves": "5"}
    assert said.json["steps"]["visit"]["reason"] == "parameter leaves 8 → 5"
    assert said.json == typed("fullcycle show winback@2 --json").json


def test_parameters_of_the_environment_count_and_the_typed_ones_go_before_them(shop, typed):
    parameters = 'parameters = {"winback.visit.leaves" = 5, "winback.rounds" = 20}'
    rewrite("fullcycle.toml", "[environments.dev]", f"[environments.dev]\n{parameters}\n#")

    run = typed("fullcycle run winback -m configured -p rounds=10 --json").json

    assert run["parameters"] == {"visit.leaves": 5, "rounds": "10"}
    assert run["steps"]["visit"]["reason"] == "parameter leaves 8 → 5; parameter rounds 150 → 10"


def test_two_runs_at_once_are_both_right(shop, typed):
    both = [process(shop, "run", "winback", "-m", f"leaves {n}", "-p", f"leaves={n}") for n in (5, 6)]
    ended = [(one.communicate(timeout=60), one.returncode) for one in both]

    assert [code for _, code in ended] == [0, 0], ended
    runs = {run["message"]: run for run in typed("fullcycle runs winback --json").jsons}
    assert {runs["leaves 5"]["run"], runs["leaves 6"]["run"]} == {"winback@2", "winback@3"}
    for n in (5, 6):
        alone = typed(f"fullcycle run winback -p leaves={n} --json").json
        assert alone["steps"]["visit"]["reused"]
        assert alone["scores"] == runs[f"leaves {n}"]["scores"]


def test_an_interrupted_run_ends_at_once_without_a_traceback_and_says_how_to_go_on(shop, typed):
    stop = '    print("training", flush=True)\n    __import__("time").sleep(60)\n'
    rewrite("winback/flow.py", TRAINS, f"{stop}{TRAINS}")
    running = process(shop, "run", "winback", "-m", "interrupted")
    assert any(line == "training\n" for line in running.stdout)

    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=10)

    assert running.returncode == 130
    assert "Traceback" not in out + err
    assert "winback@2 was interrupted during step visit; kept: 1 of 2 steps\n" in err
    assert err.endswith("go on: fullcycle run winback -m interrupted\n")
    assert status_of_runs(typed)["winback@2"] == "interrupted"
    rewrite("winback/flow.py", stop, "")
    assert typed("fullcycle run winback -m again").code == 0


def test_look_up_tables_are_the_same_however_often_they_are_made(shop, typed):
    once = typed("fullcycle record rebuild --json").json
    again = typed("fullcycle record rebuild --json").json
    Path(".fullcycle/lookups.db").unlink()

    assert once == again == typed("fullcycle record rebuild --json").json
    assert once["runs"] == 1
    typed("fullcycle run winback -m more")
    assert typed("fullcycle record rebuild --json").json["runs"] == 2
