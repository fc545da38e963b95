"""fullcycle.flow.undeclared: which files of the project a step reads without saying so."""

import os
import sqlite3
import sys
import timeit
from pathlib import Path

import pytest

from fullcycle.flow import undeclared
from fullcycle.flow.undeclared import Undeclared, files_named, told, watching


@pytest.fixture
def root(tmp_path, monkeypatch):
    project = tmp_path / "shop"
    (project / ".fullcycle").mkdir(parents=True)
    for name in ("rates.csv", "tax.csv", ".fullcycle/ledger", "flow.py"):
        (project / name).write_text("1")
    (tmp_path / "elsewhere.csv").write_text("1")
    monkeypatch.chdir(project)
    return project


def read(root: Path, act, declared=(), named=None) -> list[str]:
    with watching(root, declared.__contains__, named) as found:
        act()
    return [one.path for one in found]


@pytest.mark.parametrize(
    "act",
    [
        lambda: open("rates.csv").close(),
        lambda: Path("rates.csv").read_bytes(),
        lambda: Path("rates.csv").absolute().read_text(),
        lambda: os.close(os.open("rates.csv", os.O_RDONLY)),
        lambda: open(b"rates.csv", "rb").close(),
        lambda: Path("../shop/rates.csv").read_text(),
        lambda: [Path("rates.csv").read_text() for _ in range(3)],
    ],
)
def test_a_file_that_is_read_is_told_once(root, act):
    assert read(root, act) == ["rates.csv"]


def test_a_database_that_is_opened_is_told(root):
    def act():
        sqlite3.connect("shop.db").close()

    assert read(root, act) == ["shop.db"]


def test_a_link_to_the_project_leads_to_it(root, tmp_path):
    (tmp_path / "link").symlink_to(root)

    assert read(root, lambda: (tmp_path / "link" / "rates.csv").read_text()) == ["rates.csv"]
    assert read(tmp_path / "link", lambda: Path("rates.csv").read_text()) == ["rates.csv"]


@pytest.mark.parametrize(
    "act",
    [
        lambda: Path("../elsewhere.csv").read_text(),
        lambda: Path(".fullcycle/ledger").read_text(),
        lambda: Path("flow.py").read_text(),
        lambda: Path("declared.csv").exists(),
        lambda: Path("out.csv").write_text("x"),
        lambda: [Path("out.csv").write_text("x"), Path("out.csv").read_text()],
        lambda: os.fdopen(os.dup(0)).close(),
        lambda: __import__("colorsys"),
    ],
)
def test_what_is_no_input_is_not_told(root, act):
    assert read(root, act) == []


def test_a_declared_file_is_not_told(root):
    def act():
        Path("rates.csv").read_text()
        Path("tax.csv").read_text()

    assert read(root, act, ["rates.csv"]) == ["tax.csv"]


def test_libraries_installed_inside_the_project_are_not_told(root, monkeypatch):
    (root / "env" / "lib").mkdir(parents=True)
    (root / "env" / "lib" / "data.json").write_text("{}")
    monkeypatch.setattr(sys, "prefix", str(root / "env"))

    assert read(root, lambda: Path("env/lib/data.json").read_text()) == []


def test_nothing_is_heard_of_once_it_ended(root):
    found = read(root, lambda: None)
    Path("rates.csv").read_text()

    assert found == []


def test_a_step_that_raises_is_watched_no_longer(root):
    with pytest.raises(ZeroDivisionError), watching(root, lambda _: False):
        1 / 0

    assert undeclared._watch is None


def test_without_a_folder_nothing_is_watched():
    assert read(None, lambda: None) == []


def test_the_warning_names_step_and_file_and_what_to_write():
    assert told("priced", [Undeclared("rates.csv")]) == (
        'priced reads rates.csv undeclared, so a change of it would go unseen: use fc.File("rates.csv")'
    )
    assert "a, b, c and 2 more" in told("priced", [Undeclared(path) for path in "abcde"])
    assert told("priced", []) == ""


def test_a_file_that_the_code_names_is_read_though_nobody_hears_of_it(root):
    os.utime("rates.csv", (1e9, 1e9))
    with watching(root, [].__contains__, {"rates.csv": "flow.py:3"}) as found:
        Path("tax.csv").read_text()

    assert found == [Undeclared("tax.csv"), Undeclared("rates.csv", "flow.py:3")]


def test_a_file_that_the_code_names_and_writes_or_declares_is_not_told(root):
    def act():
        Path("tax.csv").write_text("2")
        os.utime("rates.csv")  # as a library does that writes without Python

    named = {"tax.csv": "flow.py:1", "rates.csv": "flow.py:2", "gone.csv": "flow.py:3"}
    assert read(root, act, named=named) == []
    assert read(root, lambda: None, ["rates.csv"], {"rates.csv": "flow.py:2"}) == []


def test_a_path_is_meant_from_the_project_or_from_a_folder_of_the_code(root):
    for path in ("winback/prices.csv", "library/deep/prices.csv", "notes.txt"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("1")
    texts = [
        ("winback/flow.py", 3, "prices.csv"),
        ("winback/flow.py", 4, "../notes.txt"),
        ("library/deep/crm.py", 1, "deep/prices.csv"),
        ("library/deep/crm.py", 2, "rates.csv"),
        ("winback/flow.py", 9, "rates.csv"),
        ("winback/flow.py", 5, "../../elsewhere.csv"),
        ("winback/flow.py", 6, "absent.csv"),
        ("winback/flow.py", 7, "flow.py"),
        ("winback/flow.py", 8, str(root / "tax.csv")),
    ]

    assert files_named(root, texts) == {
        "winback/prices.csv": "winback/flow.py:3",
        "notes.txt": "winback/flow.py:4",
        "library/deep/prices.csv": "library/deep/crm.py:1",
        "rates.csv": "library/deep/crm.py:2",
        "tax.csv": "winback/flow.py:8",
    }


def test_the_warning_names_the_line_that_names_the_file():
    assert told("priced", [Undeclared("rates.csv", "flow.py:12")]).startswith(
        "priced reads rates.csv undeclared (flow.py:12), so a change"
    )


def test_it_costs_next_to_nothing_where_no_step_runs(root):
    """An audit event costs about as much as a call of an empty function; one is an import or an open."""
    read(root, lambda: None)
    opening = min(timeit.repeat(lambda: open("rates.csv").close(), number=200, repeat=5))
    hearing = min(timeit.repeat(lambda: undeclared._hear("open", ()), number=200, repeat=5))

    assert hearing < opening / 5
