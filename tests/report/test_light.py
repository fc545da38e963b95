"""A report is told without the libraries of tables and numbers."""

import subprocess
import sys

import pytest

_HEAVY = ("numpy", "polars", "duckdb", "scipy", "lightgbm", "vl_convert", "markdown_it")


@pytest.mark.parametrize("module", ["fullcycle.evaluate", "fullcycle.report", "fullcycle.report.page"])
def test_importing_it_brings_nothing_heavy(module):
    told = f"import sys, {module}; print([name for name in {_HEAVY} if name in sys.modules])"

    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
