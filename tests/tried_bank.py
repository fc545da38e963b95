"""A project of some thousand rows in which four runs were tried, once per session; not to be changed."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from fullcycle.cli import fullcycle
from fullcycle.cli.group import status_of
from whole_shop import rewrite


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four runs: the first, one with other leaves, one of other code and data, and one that failed."""
    folder = tmp_path_factory.mktemp("compared")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        well("new bank")
        patch.chdir(folder / "bank")
        well("new churn")
        subprocess.run([sys.executable, "churn/made_up.py"], check=True, capture_output=True)
        well("run churn -m first")
        well("run churn -m 'fewer leaves' -p leaves=4")
        rewrite("churn/flow.py", '"num_leaves": leaves', '"max_bin": 63, "num_leaves": leaves')
        with duckdb.connect("warehouse.duckdb") as warehouse:
            warehouse.execute("delete from churn_examples where id >= 3990")
            warehouse.execute("update churn_examples set amount = amount + 50 where id < 100")
        well("run churn -m 'fewer bins'")
        assert status_of(fullcycle, ["run", "churn", "-p", "holdout=2"]) == 1
    return folder / "bank"


def well(line: str) -> None:
    """Type a command that must end well."""
    words = line.replace("'", "").split(" -m ")
    rest = words[1].split(" -p ") if len(words) > 1 else []
    told = [*words[0].split(), *(["-m", rest[0]] if rest else []), *(["-p", rest[1]] if rest[1:] else [])]
    assert status_of(fullcycle, told) == 0


@pytest.fixture
def here(bank: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same as the current folder."""
    monkeypatch.chdir(bank)
    return bank
