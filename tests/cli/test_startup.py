"""What a run loads that has nothing to compute and nothing to read: no library that it has no use for."""

import subprocess
import sys
from pathlib import Path

FLOW = """
import fullcycle as fc
import polars as pl

from small.bench.rows import Happening


@fc.source(Happening, version=lambda: 1)
def happenings(warehouse: fc.Warehouse) -> fc.Query:
    return warehouse.sql("select 1 as id, timestamp '2024-01-01' as happened_at")


happened = fc.proportion(happenings, within="14d")


@fc.step
def total(happenings: pl.DataFrame) -> int:
    return happenings.height
"""
LOADED = """
import sys
from fullcycle.cli import fullcycle
fullcycle.main(["run", "bench", "-m", "again"], standalone_mode=False)
needless = ["numpy", "duckdb", "scipy", "lightgbm", "sklearn", "pandas", "pyarrow", "matplotlib"]
needless += ["IPython", "pdb"]
print("loaded:", *(name for name in needless if name in sys.modules))
"""


def test_a_run_that_reuses_everything_loads_no_library_that_the_flow_does_not(tmp_path, monkeypatch, typed):
    monkeypatch.chdir(tmp_path)
    typed("fullcycle new small")
    monkeypatch.chdir("small")
    typed("fullcycle new bench")
    Path("bench/flow.py").write_text(FLOW)
    subprocess.run([sys.executable, "-c", "import duckdb; duckdb.connect('warehouse.duckdb')"], check=True)
    assert typed("fullcycle run bench -m first").code == 0

    again = subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True)

    assert "0 of 1 step ran" in again.stdout
    assert again.stdout.splitlines()[-1] == "loaded:"
