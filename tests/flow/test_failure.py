"""fullcycle.flow.failure: what a user sees of their own mistakes, and what is kept of a run that failed."""

import pickle

import polars as pl
import pytest

from fullcycle.code import load
from fullcycle.flow import CodeFailed, StepFailed, last_run
from fullcycle.flow.failure import unreadable
from fullcycle.kernel import Invalid, Missing, UnknownName
from small_flows import Shop, project, ran
from small_projects import of

FLOW = """
    from shop.library.money import share

    class Client(fc.Row):
        client_id: Annotated[int, fc.key]

    @fc.source(Client)
    def clients(warehouse: fc.Warehouse) -> fc.Query:
        return warehouse.sql("select * from clients")

    @fc.step
    def count(clients: pl.DataFrame) -> int:
        return clients.height

    @fc.step
    def rate(clients: pl.DataFrame, count: int) -> float:
        return share(count)

    @fc.step
    def told(rate: float) -> str:
        return str(rate)
"""
BROKEN = "def share(count):\n    return 1 / (count - 3)\n"
MENDED = "def share(count):\n    return 1 / (count + 3)\n"


@pytest.fixture
def shop():
    return Shop(tables={"clients": pl.DataFrame({"client_id": range(3)})})


def flow(money):
    return project(FLOW, money=money)


def test_a_failing_step_shows_the_users_own_traceback_and_its_inputs(shop):
    with pytest.raises(StepFailed) as caught:
        shop.run(flow(BROKEN))

    error = caught.value
    assert error.what == "step rate of winback@1 failed: ZeroDivisionError: division by zero"
    assert error.where.endswith("winback/flow.py:20 (its inputs: clients 3 × 1, count int)")
    assert error.mend == "look at its inputs: fullcycle debug winback@1/rate; then mend it and run again"
    assert error.exit_code == 1
    lines = error.traceback.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith('winback/flow.py", line 22, in rate')
    assert lines[2].strip() == "return share(count)"
    assert any(line.endswith('library/money.py", line 2, in share') for line in lines)
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert "fullcycle" not in error.traceback


def test_a_run_that_failed_is_recorded_with_what_it_finished(shop):
    with pytest.raises(StepFailed):
        shop.run(flow(BROKEN))

    record = last_run(shop.ledger, "winback")
    assert record.status == "failed"
    assert list(record.steps) == ["clients", "count"]
    assert record.finished.error == "step rate of winback@1 failed: ZeroDivisionError: division by zero"
    assert last_run(shop.ledger, "winback", status="done") is None


def test_the_next_run_reuses_what_the_failed_one_finished(shop):
    with pytest.raises(StepFailed):
        shop.run(flow(BROKEN))

    record = shop.run(flow(MENDED))

    assert (record.number, record.status) == (2, "done")
    assert ran(record) == {"rate": "never ran", "told": "never ran"}
    assert last_run(shop.ledger, "winback", status="failed").number == 1


def test_the_cause_of_a_failure_is_in_its_traceback(shop):
    with pytest.raises(StepFailed) as caught:
        shop.run(
            """
            @fc.step
            def step() -> int:
                try:
                    return {}["leaves"]
                except KeyError as error:
                    raise ValueError("no leaves") from error
            """
        )

    assert "KeyError: 'leaves'" in caught.value.traceback
    assert "direct cause" in caught.value.traceback
    assert "fullcycle" not in caught.value.traceback


def test_an_error_made_for_users_keeps_its_own_cure(shop):
    with pytest.raises(StepFailed) as caught:
        shop.run(
            """
            @fc.step
            def training() -> fc.Split:
                return fc.split(pl.DataFrame({"visited": [0.0, 1.0]}), "visitd", test=0.5)
            """
        )

    assert caught.value.what == "step training of winback@1 failed: there is no 'visitd'"
    assert caught.value.mend.splitlines() == [
        "did you mean 'visited'?",
        "         look at its inputs: fullcycle debug winback@1/training",
    ]


def test_only_the_first_line_of_a_long_error_is_repeated(shop):
    with pytest.raises(StepFailed) as caught:
        shop.run("@fc.step\ndef step() -> int: raise ValueError('one\\ntwo')")

    assert caught.value.what == "step step of winback@1 failed: ValueError: one"
    assert "two" in caught.value.traceback


def test_an_error_that_says_nothing_is_told_by_its_class(shop):
    with pytest.raises(StepFailed, match=r"failed: AssertionError\n"):
        shop.run("@fc.step\ndef step() -> int: raise AssertionError")


def test_the_failure_of_a_step_survives_pickling(shop):
    with pytest.raises(StepFailed) as caught:
        shop.run("@fc.step\ndef step() -> int: raise ValueError('bad')")

    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.traceback) == (str(caught.value), caught.value.traceback)


@pytest.mark.parametrize(
    ("step", "what", "mend"),
    [
        (
            "def step() -> pl.DataFrame: pass",
            "it says it returns DataFrame, and returned None",
            "end it with a return, or annotate it -> None",
        ),
        (
            "def step() -> pl.DataFrame: return 3",
            "it says it returns DataFrame, and returned a value of type int",
            "return what it says",
        ),
        (
            "def step() -> dict[str, Any]: return {'a': object()}",
            "what was returned['a'] is a builtins.object, which nothing here knows how to store",
            "teach the store its type in ten lines: fc.codec",
        ),
    ],
)
def test_a_result_that_cannot_be_kept_names_the_step(shop, step, what, mend):
    with pytest.raises(StepFailed) as caught:
        shop.run(f"@fc.step\n{step}")

    assert caught.value.what == f"step step of winback@1 failed: {what}"
    assert caught.value.where.endswith("winback/flow.py:6 (its inputs: none)")
    assert caught.value.mend.startswith(mend)
    assert caught.value.mend.endswith("look at its inputs: fullcycle debug winback@1/step")
    assert last_run(shop.ledger, "winback").finished.error == caught.value.what


def test_a_value_that_cannot_be_read_as_what_is_asked_for_is_refused(shop):
    with pytest.raises(StepFailed, match="step total of winback@1 failed: what is stored is no"):
        shop.run(
            """
            from dataclasses import dataclass
            @dataclass
            class Plan:
                price: float
            @fc.step
            def plan() -> Any: return Plan("not a number")
            @fc.step
            def total(plan: Plan) -> float: return plan.price
            """
        )


def test_a_parameter_that_no_record_can_hold_is_refused_before_anything_runs(shop):
    with pytest.raises(Invalid) as caught:
        shop.run("@fc.step\ndef step(*, how: Any = object()) -> int: return 0")

    assert caught.value.what == "parameter 'how' of step is a object, which no record can hold"
    assert last_run(shop.ledger, "winback") is None


# modules that cannot be imported


def importing(**files):
    loaded = load(of({name.replace("__", "/") + ".py": text for name, text in files.items()}))
    try:
        loaded.module("winback.flow")
    except Exception as error:  # noqa: BLE001 - whatever a user's module raises
        return unreadable(error, "winback/flow.py", loaded.name)
    raise AssertionError("it could be imported")


def test_a_module_that_raises_is_told_with_the_line_that_raised():
    error = importing(
        winback__flow="from shop.library.money import RATE\n",
        library__money="def read():\n    return int('x')\n\nRATE = read()\n",
    )

    assert type(error) is CodeFailed
    assert error.what == (
        "winback/flow.py cannot be imported: ValueError: invalid literal for int() with base 10: 'x'"
    )
    assert error.where.endswith("library/money.py:2")
    assert error.exit_code == 2
    lines = error.traceback.splitlines()
    assert lines[1].endswith('winback/flow.py", line 1, in <module>')
    assert lines[-1] == "ValueError: invalid literal for int() with base 10: 'x'"
    assert "loader" not in error.traceback


def test_a_line_that_is_not_python_is_told_as_that_line():
    error = importing(winback__flow="import shop.library.money\n", library__money="a = 1\nb = = 2\n")

    assert error.what == "library/money.py is not Python: invalid syntax: b = = 2"
    assert error.where.endswith("library/money.py:2")


def test_an_import_of_what_is_not_there_names_its_line():
    error = importing(
        winback__flow="import math\nfrom shop.library.money import euros\n", library__money="def euro(): ..."
    )

    assert isinstance(error, UnknownName)
    assert error.what == "there is no 'euros' in shop.library.money"
    assert error.where.endswith("winback/flow.py:2")
    assert error.mend == "did you mean 'euro'?"


def test_a_declaration_that_is_refused_names_its_line():
    error = importing(
        winback__flow="""\
        import fullcycle as fc
        class Client(fc.Row):
            client_id: int
        @fc.source(Client, fresh_within="2d")
        def clients(warehouse: fc.Warehouse) -> fc.Query: return warehouse.sql("select 1")
        """
    )

    assert error.what == "fresh_within='2d' needs to know when a row became true"
    assert error.where.endswith("winback/flow.py:4 (a source of Client)")


def test_an_error_without_a_line_of_the_project_stays_as_it_is():
    error = Missing("gone", "the store", "restore it")

    assert str(unreadable(error, "winback/flow.py", "shop[1]")) == str(error)
