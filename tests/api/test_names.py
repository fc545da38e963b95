"""``import fullcycle as fc``: what it offers, and what it does not bring along."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import fullcycle

HEAVY = ("polars", "duckdb", "numpy", "scipy", "lightgbm", "pandas", "sklearn")


def fresh(code: str) -> str:
    """What a new interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("name", fullcycle.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(fullcycle, name) is getattr(fullcycle, name)


def test_type_checkers_see_the_names_that_there_are() -> None:
    tree = ast.parse(Path(fullcycle.__file__).read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.asname for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}

    assert seen == set(fullcycle.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'sauce'"):
        fullcycle.sauce


@pytest.mark.parametrize("code", ["import fullcycle", "import fullcycle.cli"])
def test_importing_brings_no_table_or_model_library(code: str) -> None:
    loaded = fresh(f"{code}\nimport sys\nprint(*sorted(sys.modules))").split()

    assert not set(HEAVY) & set(loaded)


def test_help_brings_no_table_or_model_library() -> None:
    code = (
        "import sys, fullcycle.cli\n"
        "sys.argv = ['fullcycle', '--help']\n"
        "try: fullcycle.cli.main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print(*sorted(sys.modules))"
    )

    *said, modules = fresh(code).splitlines()

    assert any("experiment" in line for line in said)
    assert not set(HEAVY) & set(modules.split())
