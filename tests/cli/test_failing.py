"""A step that fails, whatever its way of failing: what is printed, recorded and shown afterwards."""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from at_terminal import at_terminal
from fullcycle.wiring import open_project
from tried_bank import well
from whole_shop import rewrite

FLOW = '''"""A flow of which every part can be made to fail."""

import time
from datetime import datetime
from typing import Annotated, Any

import fullcycle as fc
import polars as pl


class Client(fc.Row):
    id: Annotated[int, fc.key]
    seen: Annotated[datetime, fc.time]


class Strange:
    pass


@fc.source(Client)
def clients(warehouse: fc.Warehouse) -> fc.Query:
    return warehouse.sql("select id, seen from clients")


happened = fc.proportion(clients, within="14d")
past = fc.outcomes(happened, of=clients)


@fc.step
def parts() -> dict[str, int]:
    return {"a/1": 1, "b": 2, "c": 3}


@fc.step
def shares(parts: fc.Each[int]) -> pl.DataFrame:
    return pl.DataFrame({"share": [6 / parts]})


@fc.step
def total(shares: dict[str, pl.DataFrame]) -> float:
    return sum(one["share"].sum() for one in shares.values())


@fc.step
def doubled(clients: pl.DataFrame) -> Any:
    return clients.height * 2


@fc.step
def told(doubled: int, total: float) -> str:
    return f"{doubled} {total}"
'''
RETURNS = "    return clients.height * 2\n"
SLOW = "    time.sleep(60)\n" + RETURNS
LINE = FLOW.splitlines().index("def doubled(clients: pl.DataFrame) -> Any:")  # of its decorator, from one


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("failing")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        well("new shop")
        patch.chdir(folder / "shop")
        well("new toy")
    (folder / "shop/toy/flow.py").write_text(FLOW)
    for name in ("rows", "service", "made_up", "test_toy"):
        (folder / f"shop/toy/{name}.py").unlink()
    return folder / "shop"


@pytest.fixture
def toy(made, tmp_path, monkeypatch):
    """A copy of a project that has never run; it is the current folder."""
    root = Path(shutil.copytree(made, tmp_path / "shop"))
    monkeypatch.chdir(root)
    with duckdb.connect("warehouse.duckdb") as warehouse:
        warehouse.execute("create table clients as select 1 as id, timestamp '2025-01-01' as seen")
    return root


@pytest.fixture
def piped(typed, monkeypatch):
    def run(text, line):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        return typed(line)

    return run


def broken(old, new):
    rewrite("toy/flow.py", old, new)


def test_a_step_that_raises_is_told_with_its_run_its_line_its_inputs_and_its_debugging(toy, typed):
    broken(RETURNS, '    raise ValueError("no clients")\n')

    said = typed("fullcycle run toy -m broken")

    assert said.code == 1
    first, *_, what, where, mend = said.err.splitlines()
    assert first == "Traceback (most recent call last):"
    assert what == "Error: step doubled of toy@1 failed: ValueError: no clients"
    assert where == f"  where: {toy}/toy/flow.py:{LINE} (its inputs: clients 1 × 2)"
    assert mend == "  mend:  look at its inputs: fullcycle debug toy@1/doubled; then mend it and run again"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (RETURNS, "    return Strange()\n", "a shop.toy.flow.Strange, which nothing here knows how to store"),
        ("-> Any:\n" + RETURNS, "-> str:\n" + RETURNS, "returns str, and returned a value of type int"),
        ("-> Any:\n" + RETURNS, "-> str:\n    pass\n", "it says it returns str, and returned None"),
        (f"@fc.step\ndef doubled(clients: pl.DataFrame) -> Any:\n{RETURNS}",
         f'@fc.step(timeout="1s")\ndef doubled(clients: pl.DataFrame) -> Any:\n{SLOW}',
         "it took longer than 1 s"),
    ],
    ids=["unknown type", "wrong type", "none", "too slow"],
)  # fmt: skip
def test_every_way_of_failing_is_told_alike(toy, typed, old, new, what):
    broken(old, new)
    if "-> str" in new:
        broken("def told(doubled: int,", "def told(doubled: str,")

    said = typed("fullcycle run toy -m broken")

    assert said.code == 1
    assert "Error: step doubled of toy@1 failed: " in said.err
    assert what in said.err
    assert f"where: {toy}/toy/flow.py:{LINE} (its inputs: clients 1 × 2)" in said.err
    assert said.err.endswith("look at its inputs: fullcycle debug toy@1/doubled\n")
    (kept,) = typed("fullcycle show toy@1 --json").json["failures"]
    assert (kept["step"], kept["line"], kept["left_out"]) == ("doubled", f"toy/flow.py:{LINE}", ["told"])


def test_a_source_whose_table_is_not_there_is_told_alike_and_offers_the_projects_tables_only(toy, typed):
    broken("from clients", "from duck_tables")

    said = typed("fullcycle run toy -m broken")

    assert said.code == 1
    assert "Error: source clients of toy@1 failed: there is no 'duck_tables'" in said.err
    assert "mend:  use one of: clients\n" in said.err
    assert said.err.endswith("look at its query: fullcycle debug toy@1/clients\n")


def test_a_source_that_raises_shows_the_users_own_traceback(toy, typed):
    broken("    return warehouse.sql(", '    raise ValueError("closed")\n    return warehouse.sql(')

    said = typed("fullcycle run toy -m broken")

    assert said.code == 1
    assert said.err.startswith(f'Traceback (most recent call last):\n  File "{toy}/toy/flow.py"')
    assert "source clients of toy@1 failed: ValueError: closed" in said.err
    assert "/fullcycle/" not in said.err


def test_a_class_of_the_projects_own_is_named_as_its_author_does(toy, typed):
    broken("class Strange:\n    pass", "class Strange(Exception):\n    pass")
    broken(RETURNS, "    raise Strange(repr(Client))\n")

    said = typed("fullcycle run toy -m broken")

    assert "shop.toy.flow.Strange: <class 'shop.toy.flow.Client'>" in said.err
    assert "shop[" not in said.err + typed("fullcycle show toy@1").out


def test_going_on_tells_each_failure_as_a_whole_and_then_what_was_left_out(toy, typed):
    broken(RETURNS, '    raise ValueError("no clients")\n')
    broken("[6 / parts]", "[6 / (parts - 2)]")

    said = typed("fullcycle run toy -m broken --keep-going")

    assert said.code == 1
    assert "  ✗ shares       failed  ZeroDivisionError: division by zero\n" in said.out
    assert "  ✗ doubled      failed  ValueError: no clients\n" in said.out
    shares, doubled = said.err.split("Traceback (most recent call last):\n")[1:]
    assert "Error: step shares of toy@1 failed for 1 of 3 elements\n  b: ZeroDivisionError" in shares
    assert "fullcycle debug 'toy@1/shares[b]'" in shares
    assert "Error: step doubled of toy@1 failed: ValueError: no clients" in doubled
    assert "look at its inputs: fullcycle debug toy@1/doubled" in doubled
    assert said.err.endswith(
        "left out, because of that:\n  total: stands on shares\n  told: stands on shares and doubled\n"
    )


def test_what_failed_is_told_even_where_a_later_step_takes_the_process_along(toy):
    broken(RETURNS, "    import os\n\n    os._exit(3)\n")
    broken("[6 / parts]", "[6 / (parts - 2)]")

    said = subprocess.run(
        [sys.executable, "-m", "fullcycle.cli", "run", "toy", "-m", "broken", "--keep-going"],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        check=False,
    )

    assert said.returncode == 3
    assert "  ✗ shares       failed  ZeroDivisionError: division by zero\n" in said.stdout
    assert "Traceback" not in said.stderr


# afterwards


def test_a_failed_run_shows_what_failed_where_and_what_was_left_out(toy, typed):
    broken("[6 / parts]", "[6 / (parts - 2)]")
    typed("fullcycle run toy -m broken --keep-going")

    said = typed("fullcycle show toy@1").out

    assert "  failed     shares: ZeroDivisionError: division by zero\n" in said
    decorated = FLOW.splitlines().index("def shares(parts: fc.Each[int]) -> pl.DataFrame:")
    assert f"written at toy/flow.py:{decorated}, raised at toy/flow.py:{decorated + 2}\n" in said
    assert "its inputs: parts int\n" in said
    assert "3 elements: 2 made, 1 failed\n" in said
    assert "  b: ZeroDivisionError: division by zero\n" in said
    assert "left out because of it: total, told\n" in said
    assert "fullcycle debug 'toy@1/shares[b]'\n" in said


def test_a_failed_step_is_shown_and_one_that_was_left_out_names_it(toy, typed):
    broken(RETURNS, '    raise ValueError("no clients")\n')
    typed("fullcycle run toy -m broken")

    failed = typed("fullcycle show toy@1/doubled")
    assert failed.code == 0
    assert "failed     doubled: ValueError: no clients" in failed.out
    left = typed("fullcycle show toy@1/told")
    assert left.code == 2
    assert "told was left out of toy@1: it stands on doubled, which failed" in left.err
    assert "fullcycle show toy@1/doubled" in left.err


def test_an_element_shows_whether_it_was_made_and_what_it_came_to(toy, typed):
    broken("[6 / parts]", "[6 / (parts - 2)]")
    typed("fullcycle run toy -m broken --keep-going")

    made = typed("fullcycle show 'toy@1/shares[a/1]'")
    assert made.code == 0
    assert "state      made" in made.out
    assert "took       " in made.out
    assert "polars.DataFrame" in made.out
    failed = typed("fullcycle show 'toy@1/shares[b]'").out
    assert "state      failed" in failed
    assert "error      ZeroDivisionError: division by zero" in failed
    assert "fullcycle debug 'toy@1/shares[b]'" in failed
    told = typed("fullcycle show 'toy@1/shares[c]' --json").json
    assert (told["state"], told["wall"] > 0, told["value"]["kind"]) == ("made", True, "polars.DataFrame")


def test_an_element_of_a_run_that_is_done_is_shown_and_an_unknown_one_refused(toy, typed):
    assert typed("fullcycle run toy -m good").code == 0

    assert "state      made" in typed("fullcycle show 'toy@1/shares[b]'").out
    unknown = typed("fullcycle show 'toy@1/shares[a1]'")
    assert unknown.code == 2
    assert "there is no 'a1'" in unknown.err
    assert "did you mean 'a/1'?" in unknown.err
    once = typed("fullcycle show 'toy@1/total[b]'")
    assert (once.code, "total is called once, not per element" in once.err) == (2, True)


def test_a_family_shows_the_shapes_of_its_tables(toy, typed):
    typed("fullcycle run toy -m good")

    assert "a/1: 1 × 1, " in typed("fullcycle show toy@1/shares").out


def test_what_is_no_environment_is_refused_with_all_that_there_is(toy, typed):
    typed("fullcycle run toy -m good")

    refused = typed("fullcycle show toy@x")

    assert refused.code == 2
    assert "there is no 'x'\n  where: toy@x\n" in refused.err
    assert "a run: toy@1; what is deployed: toy@dev, toy@prod" in refused.err
    assert "did you mean 'prod'? name a run: toy@1" in typed("fullcycle show toy@prd").err


# its debugging


def test_the_debugger_opens_at_the_projects_own_line_and_knows_no_frame_of_ours(toy, typed, piped):
    broken(RETURNS, '    here = 41\n    return clients["nothing"]\n')
    typed("fullcycle run toy -m broken")

    said = piped("p here + 1\nwhere\n", "fullcycle debug toy@1/doubled --run")

    assert said.code == 1
    assert said.out.startswith(f"> {toy}/toy/flow.py(")
    assert "\n42\n" in said.out
    assert "fullcycle/" not in said.out
    assert "/fullcycle/" not in said.err


def test_what_fails_in_the_console_shows_no_line_of_ours(toy, typed):
    broken(RETURNS, '    raise ValueError("no clients")\n')
    typed("fullcycle run toy -m broken")

    shown = at_terminal("debug", "toy@1/doubled", typed="doubled(clients)\nexit()\n")

    assert "ValueError: no clients" in shown
    assert "fullcycle/" not in shown
    assert "During handling" not in shown


def test_code_that_is_not_todays_any_more_is_told(toy, typed, piped):
    broken(RETURNS, '    raise ValueError("no clients")\n')
    typed("fullcycle run toy -m broken")
    assert "note: " not in piped("", "fullcycle debug toy@1/doubled").err

    rewrite("toy/flow.py", "import time\n", "import time  # still\n")

    note = "note: toy/flow.py changed since: what is shown of it is the run's, not today's\n"
    assert note in piped("", "fullcycle debug toy@1/doubled").err


def test_a_source_is_opened_with_its_query_and_its_warehouse(toy, typed, piped):
    broken("select id, seen", "select id, seen + 1 as seen")
    typed("fullcycle run toy -m broken")

    said = piped("print(query.text)\nprint(warehouse.tables())", "fullcycle debug toy@1/clients")

    assert said.out == "select id, seen + 1 as seen from clients\n['main.clients']\n"
    assert piped("", "fullcycle debug toy@1/clients --run").code == 1


def test_outcomes_are_debugged_at_the_line_that_binds_them(toy, typed, piped):
    typed("fullcycle run toy -m good")

    line = FLOW.splitlines().index("past = fc.outcomes(happened, of=clients)") + 1
    said = piped("print(query.frame().height)", "fullcycle debug toy@1/past")

    assert said.err.startswith(f"toy@1/past  {toy}/toy/flow.py:{line}\n")
    assert said.out == "1\n"


# files that are not there


@pytest.mark.parametrize("command", ["run toy -m x", "run toy --dry-run"])
def test_a_declared_file_that_is_not_there_is_refused_before_any_step_runs(toy, typed, command):
    Path("rates.csv").write_text("1")
    broken(RETURNS, '    return fc.File("rate.csv").text()\n')

    refused = typed(f"fullcycle {command}")

    assert refused.code == 2
    assert refused.out == ""
    line = FLOW.splitlines().index("    return clients.height * 2") + 1
    assert refused.err.splitlines() == [
        "Error: there is no file rate.csv",
        f"  where: {toy}/toy/flow.py:{line}",
        "  mend:  did you mean 'rates.csv'? else write it",
    ]
    assert open_project().ledger.heads("runs/") == {}
