"""What ran is known: declared and undeclared files, code that cannot be followed, in whole runs.

The bank of the skeleton is run through the command line; a step is added that fans out, so
that the processes beside the run's own read the same files.
"""

import shutil
from pathlib import Path

import pytest

from fullcycle.flow import last_run
from fullcycle.wiring import open_project

MORE = """

import os
import time
from pathlib import Path

RATES = fc.File("rates.bin")


@fc.step
def rates() -> dict[str, int]:
    return {str(n): RATES.bytes()[n] for n in range(4)}


@fc.step(timeout="60s")
def rated(rates: fc.Each[int]) -> int:
    return rates + RATES.bytes()[0]


@fc.step
def careless() -> int:
    return len((Path(ROOT) / "notes.txt").read_text())


def tricky(text: str) -> int:
    return eval(text)


@fc.step
def clever() -> int:
    return tricky("1 + 1")


@fc.step
def cleverer() -> int:
    return tricky("1 + 2")


@fc.step(depends_on=[fc.Variable("REGION")])
def regional() -> str:
    return os.environ["REGION"]
"""


@pytest.fixture
def more(bank, tmp_path, monkeypatch):
    """A copy of the bank with these steps; it is the current folder."""
    root = Path(shutil.copytree(bank, tmp_path / "bank"))
    monkeypatch.chdir(root)
    flow = root / "churn" / "flow.py"
    flow.write_text(flow.read_text() + MORE.replace("ROOT", repr(str(root))))
    with open(root / ".gitignore", "a") as ignored:
        ignored.write("\nrates.bin\n")
    (root / "rates.bin").write_bytes(b"\0\1\2\3")
    (root / "notes.txt").write_text("notes")
    monkeypatch.setenv("REGION", "north")
    return root


def lines(said, *names):
    """The printed line of each step, and what is said below it."""
    printed = said.out.splitlines()
    found = {}
    for number, line in enumerate(printed):
        word = line.split()[1] if len(line.split()) > 1 else ""
        if word in names:
            below = printed[number + 1] if number + 1 < len(printed) else ""
            found[word] = (line, below.strip() if below.startswith("    ") else "")
    return found


def test_what_ran_is_told_step_by_step(more, typed, monkeypatch):
    first = typed("fullcycle run churn -m first")
    assert first.code == 0, first.err
    told = lines(first, "careless", "clever", "cleverer", "rated")

    assert told["careless"][1].startswith("careless reads notes.txt undeclared")
    assert "cannot be followed, so all of the project's code counts: churn/flow.py" in told["clever"][1]
    assert first.out.count("cannot be followed") == 1
    assert "reads" not in told["rated"][1]

    again = lines(typed("fullcycle run churn -m again"), "rates", "rated", "careless", "clever")
    assert all("reused" in line for line, _ in again.values())
    assert "cannot be followed" in again["clever"][1]

    (more / "rates.bin").write_bytes(b"\4\1\2\3")
    monkeypatch.setenv("REGION", "south")
    changed = lines(typed("fullcycle run churn -m changed"), "rates", "rated", "careless", "regional")
    assert "file rates.bin changed" in changed["rates"][0]
    assert "file rates.bin changed" in changed["rated"][0]
    assert "environment variable REGION changed" in changed["regional"][0]
    assert "reused" in changed["careless"][0]


NATIVE = """

import duckdb
import pandas as pd

HERE = Path(__file__).parent


@fc.step
def eager() -> int:
    return pl.read_csv("rates.csv").height


@fc.step
def lazy() -> int:
    return pl.scan_csv(HERE / "prices.csv").collect().height


@fc.step
def queried() -> int:
    return len(duckdb.sql("select * from read_csv('rates.csv')").fetchall())


@fc.step
def framed() -> int:
    return len(pd.read_csv("rates.csv"))


@fc.step
def written() -> int:
    pl.DataFrame({"a": [1]}).write_csv("rates2.csv")
    return 1


@fc.step
def declared() -> int:
    return pl.read_csv(fc.File("rates.csv").path).height
"""


def test_files_that_a_library_opens_by_itself_are_told_with_the_line_that_names_them(more, typed):
    flow = more / "churn" / "flow.py"
    flow.write_text(flow.read_text() + NATIVE)
    line = 1 + flow.read_text().splitlines().index('    return pl.read_csv("rates.csv").height')
    for path in ("rates.csv", "rates2.csv", "churn/prices.csv"):
        (more / path).write_text("a\n1\n")

    said = typed("fullcycle run churn -m native")

    assert said.code == 0, said.err
    told = lines(said, "eager", "lazy", "queried", "framed", "written", "declared")
    for step in ("eager", "queried", "framed"):
        assert told[step][1].startswith(f"{step} reads rates.csv undeclared (churn/flow.py:"), step
    assert told["eager"][1] == (
        f"eager reads rates.csv undeclared (churn/flow.py:{line}), "
        'so a change of it would go unseen: use fc.File("rates.csv")'
    )
    assert told["lazy"][1].startswith("lazy reads churn/prices.csv undeclared (churn/flow.py:")
    assert told["written"][1] == told["declared"][1] == ""


def test_a_declared_file_beside_the_archive_is_kept_with_the_run(more, typed):
    assert typed("fullcycle run churn -m first").code == 0

    project = open_project()
    record = last_run(project.ledger, "churn")

    assert list(record.started.files) == ["rates.bin"]
    assert project.objects.get(record.started.files["rates.bin"]) == b"\0\1\2\3"
