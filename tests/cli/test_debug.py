"""``fullcycle debug``: a step as it was called, whatever the files say by now."""

import io
import sys
from pathlib import Path

import pytest

from at_terminal import EACH, at_terminal, everything, with_elements
from fullcycle.flow import run_record
from fullcycle.wiring import open_project
from whole_shop import rewrite

TRAINS = "    data = lgb.Dataset("
FAILS = f'    unlucky = leaves + 1\n    raise ValueError("too few leaves")\n{TRAINS}'


@pytest.fixture
def piped(typed, monkeypatch):
    """Types a command line, with a text piped into it."""

    def run(text: str, line: str):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        return typed(line)

    return run


def test_a_steps_inputs_and_parameters_are_there_under_their_own_names(shop, piped):
    said = piped(
        "print(type(training).__name__, training.train.frame.height, leaves, visit.__name__, pl.__name__)",
        "fullcycle debug winback@1/visit",
    )

    assert said.code == 0, said.err
    assert said.out == "Split 18039 8 visit polars\n"
    assert said.err.startswith(f"winback@1/visit  {shop}/winback/flow.py:")
    assert "  training: Split\n" in said.err
    assert "  leaves = 8\n" in said.err
    assert "  call it: visit(training, leaves=leaves, rate=rate" in said.err


def test_the_function_called_with_them_returns_what_the_run_recorded(shop, piped):
    said = piped(
        "import fullcycle as fc\n"
        "again = visit(training, leaves=leaves, rate=rate, rounds=rounds, seed=seed)\n"
        "print(again.model_to_string() == fc.open('winback@1/visit').model_to_string())",
        "fullcycle debug winback@1/visit",
    )

    assert said.out == "True\n", said.err


def test_the_code_is_that_of_the_run_and_not_of_todays_files(shop, piped):
    rewrite("winback/flow.py", TRAINS, FAILS)

    said = piped(
        "print('unlucky' in __import__('inspect').getsource(visit))", "fullcycle debug winback@1/visit"
    )

    assert said.out == "False\n"


def test_the_rows_are_those_that_the_run_read(shop, piped):
    Path("warehouse.duckdb").unlink()

    assert piped("print(past.height)", "fullcycle debug winback@1/training").out == "25770\n"


def test_a_failed_step_is_opened_with_what_it_was_given(shop, typed, piped):
    rewrite("winback/flow.py", TRAINS, FAILS)
    typed("fullcycle run winback -m broken -p leaves=5")
    rewrite("winback/flow.py", FAILS, TRAINS)

    said = piped("print(training.test.frame.height, leaves)", "fullcycle debug winback@2/visit")

    assert said.out == "7731 5\n"


def test_a_failed_step_is_called_again_and_stops_where_it_fails(shop, typed, piped):
    rewrite("winback/flow.py", TRAINS, FAILS)
    typed("fullcycle run winback -m broken")

    said = piped("p unlucky\nlist\n", "fullcycle debug winback@2/visit --run")

    assert said.code == 1
    assert "\n9\n" in said.out
    assert "->" in said.out
    assert 'raise ValueError("too few leaves")' in said.out
    assert said.err.endswith("ValueError: too few leaves\n")


def test_the_debugger_stops_at_the_users_own_line_below_a_librarys(shop, typed, piped):
    rewrite("winback/flow.py", TRAINS, f'    unlucky = 9\n    training.train.frame["nothing"]\n{TRAINS}')
    typed("fullcycle run winback -m broken")

    said = piped("p unlucky + 1\n", "fullcycle debug winback@2/visit --run")

    assert "\n10\n" in said.out


def test_a_step_that_does_not_fail_leaves_what_it_returned(shop, piped):
    said = piped("print(returned.train.frame.height)", "fullcycle debug winback@1/training --run")

    assert said.code == 0
    assert said.out == "18039\n"
    assert "returned: Split" in said.err


def test_an_element_is_opened_by_its_key(shop, typed, piped):
    with_elements()
    typed("fullcycle run winback -m each")

    assert piped("print(names, shares(names))", "fullcycle debug winback@2/shares[b]").out == "2 3.0\n"
    assert piped("print(names)", "fullcycle debug winback@2/shares[a/1]").out == "1\n"


def test_without_a_number_it_is_the_last_run(shop, piped):
    assert piped("", "fullcycle debug winback/visit").err.startswith("winback@1/visit")


def test_nothing_is_recorded(shop, typed, piped):
    with_elements()
    typed("fullcycle run winback -m each")
    before = everything()

    piped("names = 3", "fullcycle debug winback@2/shares[b] --run")

    assert everything() == before


def test_what_is_piped_in_and_wrong_shows_its_own_traceback(shop, piped):
    said = piped("x = 1\nprint(nonsense)", "fullcycle debug winback@1/visit")

    assert said.code == 1
    assert '  File "<stdin>", line 2, in <module>' in said.err
    assert said.err.count("  File ") == 1
    assert said.err.endswith("NameError: name 'nonsense' is not defined\n")


def test_what_is_piped_in_and_is_not_python_says_so(shop, piped):
    said = piped("print(", "fullcycle debug winback@1/visit")

    assert said.code == 1
    assert "SyntaxError" in said.err


def test_at_a_terminal_a_console_opens(shop):
    shown = at_terminal("debug", "winback@1/visit", typed="print('leaves', leaves * 100)\nexit()\n")

    assert "leaves 800" in shown


# refusals


@pytest.mark.parametrize(
    ("ref", "told", "mend"),
    [
        ("winback@1", "'winback@1' is no step of a run", "write winback@42/step"),
        ("winback@v1/visit", "'winback@v1/visit' is no step of a run", "write winback@42/step"),
        ("winback@1/visti", "there is no 'visti'", "did you mean 'visit'?"),
        ("winback@9/visit", "there is no run winback@9", "the last run is winback@1"),
        ("winbak@1/visit", "there is no 'winbak'", "did you mean 'winback'?"),
        ("winback@1/past[3]", "past is called once, not per element", "write winback@1/past"),
        ("winback@1/visit[3]", "visit is called once, not per element", "write winback@1/visit"),
        ("winback@1/visit[", "'winback@1/visit[' is not a reference", "write winback"),
    ],
)
def test_what_is_no_step_of_a_run_is_refused(shop, typed, ref, told, mend):
    refused = typed(f"fullcycle debug '{ref}'")

    assert refused.code == 2
    assert told in refused.err
    assert mend in refused.err


def test_elements_are_named_where_none_or_no_such_one_is(shop, typed):
    with_elements()
    typed("fullcycle run winback -m each")

    without = typed("fullcycle debug winback@2/shares")
    assert "shares is called once per element, 3 times in all" in without.err
    assert "fullcycle debug 'winback@2/shares[a/1]'" in without.err
    unknown = typed("fullcycle debug 'winback@2/shares[a1]'")
    assert "there is no 'a1'" in unknown.err
    assert "did you mean 'a/1'?" in unknown.err


def test_a_step_whose_input_did_not_finish_points_to_that_one(shop, typed):
    flow = Path("winback/flow.py")
    flow.write_text(
        flow.read_text() + EACH.replace('return {"a/1"', 'raise ValueError("none")\n    return {"a/1"')
    )
    typed("fullcycle run winback -m broken")

    refused = typed("fullcycle debug 'winback@2/shares[b]'")

    assert "names, which shares stands on, did not finish in winback@2" in refused.err
    assert "fullcycle debug winback@2/names" in refused.err


def test_an_input_that_is_gone_is_told(shop, typed):
    project = open_project()
    artifact = run_record(project.ledger, "winback", 1).steps["past"].artifact
    project.objects.remove(artifact.object)

    refused = typed("fullcycle debug winback@1/training")

    assert "an input of winback@1/training is gone from the store" in refused.err
    assert "fullcycle run winback --only training" in refused.err
