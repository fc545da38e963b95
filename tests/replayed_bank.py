"""A project whose flow returns all kinds of things, run once per session; not to be changed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fullcycle.cli import fullcycle
from fullcycle.cli.group import status_of
from whole_shop import rewrite

_MORE = """

def write(one: Fraction) -> bytes:
    return str(one).encode()


def read(data: bytes) -> Fraction:
    return Fraction(data.decode())


ratios = fc.codec(Fraction, suffix=".ratio", write=write, read=read)
RATES = fc.File("churn/rates.bin")  # ignored by git: kept beside the archive


@fc.step
def shifted(examples: pl.DataFrame) -> pl.DataFrame:
    return examples.with_columns(amount=pl.col("amount") + float(os.environ.get("SHIFT", "0")))


@fc.step
def told(shifted: pl.DataFrame) -> dict[str, Any]:
    return {"mean": [shifted["amount"].mean()], "rows": shifted.height}


@fc.step
def ratio(examples: pl.DataFrame) -> Fraction:
    return Fraction(examples.height, 3)


@fc.step
def pickled(examples: pl.DataFrame) -> fc.Pickled[set[int]]:
    return {examples.height}


@fc.step
def rated(examples: pl.DataFrame) -> float:
    return examples.height * float(RATES.text())


@fc.step(depends_on=[fc.Variable("MOOD")])
def mood(examples: pl.DataFrame) -> str:
    return os.environ.get("MOOD", "none")


@fc.step(volatile=True)
def drawn(examples: pl.DataFrame) -> float:
    return random.random()


@fc.step
def upon_drawn(drawn: float) -> float:
    return drawn + 1


@fc.step
def slices(examples: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {str(kind[0]): part for kind, part in examples.partition_by("kind", as_dict=True).items()}


@fc.step
def sized(slices: fc.Each[pl.DataFrame]) -> int:
    return slices.height + int(os.environ.get("SHIFT", "0"))


@fc.step
def careful(told: dict[str, Any], *, limit: int = 0) -> int:
    if told["rows"] < limit:
        raise ValueError("too few rows")
    return limit
"""


@pytest.fixture(scope="session")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run 1 is done, run 2 reuses most of it with other leaves, run 3 failed."""
    folder = tmp_path_factory.mktemp("replayed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("SHIFT", raising=False)
        patch.delenv("MOOD", raising=False)
        well("new", "bank")
        patch.chdir(folder / "bank")
        well("new", "churn")
        subprocess.run([sys.executable, "churn/made_up.py"], check=True, capture_output=True)
        rewrite("churn/flow.py", "import fullcycle as fc\n", _IMPORTS)
        flow = Path("churn/flow.py")
        flow.write_text(flow.read_text() + _MORE)
        Path("churn/rates.bin").write_text("1.5")
        rewrite(".gitignore", "*.duckdb\n", "*.duckdb\n*.bin\n")
        well("run", "churn", "-m", "first")
        well("run", "churn", "-m", "fewer leaves", "-p", "leaves=4")
        assert status_of(fullcycle, ["run", "churn", "-m", "too strict", "-p", "limit=9999"]) == 1
    return folder / "bank"


_IMPORTS = """import os
import random
from fractions import Fraction
from typing import Any

import fullcycle as fc
"""


@pytest.fixture
def bare_record(varied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The record and the configuration alone, in another place: no file of the project, no warehouse."""
    root = tmp_path / "elsewhere"
    shutil.copytree(varied / ".fullcycle", root / ".fullcycle")
    shutil.copy(varied / "fullcycle.toml", root)
    monkeypatch.chdir(root)
    return root


def well(*words: str) -> None:
    """Type a command that must end well."""
    assert status_of(fullcycle, words) == 0
