"""Projects for the figures of the flow, laid out in a folder and opened as a user's are."""

import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent

import duckdb

from fullcycle.wiring.project import Project, open_project

STEPS = 30
QUERY = "select client_id, joined from clients"

TOML = """\
[project]
package = "shop"
ledger = "sqlite:///.fullcycle/ledger.db"
artifacts = ".fullcycle/artifacts"
currency = "EUR"
prices = { cpu_hour = 0.04, gb_month = 0.02 }

[environments.dev]
warehouses.warehouse = "duckdb:///warehouse.duckdb"
"""

BRIEF = """\
---
problem: Nobody knows what a flow costs beside what its steps do.
owner: bench@example.com
tier: low
metric: bought
estimate:
  effect: 0.00 to 0.02 purchases per client
  reach: 10_000 clients per year
  worth: 1.00 EUR per purchase
---
# bench
"""

# Every flow begins like this: a table of one row whose version is declared, and the brief's metric.
HEAD = """\
from datetime import datetime
from typing import Annotated

import fullcycle as fc
import polars as pl


class Client(fc.Row):
    client_id: Annotated[int, fc.key]
    joined: Annotated[datetime, fc.time]


def loaded() -> str:
    return "2026-11-21"


@fc.source(Client, version=loaded)
def clients(warehouse: fc.Warehouse) -> fc.Query:
    return warehouse.sql("select client_id, joined from clients")


bought = fc.proportion(clients, within="14d")
"""

# The same three modules stand under every peer's chain: a step, its helper, the helper of that.
HELPERS = {
    "library/tariff.py": "SHARE = {share}\n\n\ndef fee(n: int) -> int:\n    return 2 * n + SHARE\n",
    "library/account.py": dedent("""\
        from shop.library.tariff import fee


        def booked(state: dict, n: int) -> dict:
            paid = [*state["paid"][-9:], fee(n)]
            return {"step": n, "total": state["total"] + fee(n), "paid": paid, "name": f"step {n}"}
    """),
}


def chain(steps: int = STEPS) -> str:
    """A chain of small objects: dicts of a number, a name and a list."""
    first = """

@fc.step
def s00(clients: pl.DataFrame) -> dict:
    return {"step": 0, "total": clients.height, "paid": [], "name": "step 0"}
"""
    each = """

@fc.step
def s{n:02}(s{before:02}: dict) -> dict:
    return booked(s{before:02}, {n})
"""
    imported = "from shop.library.account import booked\n"
    return (
        HEAD.replace("import polars as pl\n", "import polars as pl\n\n" + imported)
        + first
        + "".join(each.format(n=n, before=n - 1) for n in range(1, steps))
    )


def tables(steps: int = 10, *, changed: str = "n0") -> str:
    """A table of 80 MB, and steps that hand it on: one column is new, or with ``changed="*"`` all of them."""
    made = """

@fc.step
def made(clients: pl.DataFrame) -> pl.DataFrame:
    chance = np.random.default_rng(clients.height)
    return pl.DataFrame({f"n{n}": chance.random(1_000_000) for n in range(10)})
"""
    each = """

@fc.step
def t{n:02}({before}: pl.DataFrame) -> pl.DataFrame:
    return {before}.with_columns(pl.col("{changed}") + {n})
"""
    names = ["made", *(f"t{n:02}" for n in range(steps))]
    steps_ = "".join(each.format(n=n, before=names[n], changed=changed) for n in range(steps))
    return HEAD.replace("import polars", "import numpy as np\nimport polars") + made + steps_


BURN = """\
import time


def burn(seconds: float, answer: int = 0) -> int:
    ends = time.process_time() + seconds
    while time.process_time() < ends:
        pass
    return answer
"""


def burn(seconds: float) -> None:
    """Use so much CPU."""
    ends = time.process_time() + seconds
    while time.process_time() < ends:
        pass


def elements(count: int, expression: str, kind: str = "int") -> str:
    """A step that is called once for each of so many numbers, and returns ``expression``."""
    text = f"""
from shop.library.fire import burn  # noqa: F401


@fc.step
def numbers(clients: pl.DataFrame) -> list[int]:
    return list(range(clients.height, clients.height + {count}))


@fc.step
def made(numbers: fc.Each[int]) -> {kind}:
    n = numbers
    return {expression}
"""
    return HEAD + text


LEARNING = """\
import lightgbm as lgb
import numpy as np
import polars as pl

ROWS, COLUMNS, ROUNDS = 1_500, 8, 60
SETTINGS = {"objective": "regression", "num_leaves": 31, "verbose": -1, "num_threads": 1, "seed": 7}


def slice_of(number: int) -> pl.DataFrame:
    chance = np.random.default_rng(number)
    x = chance.random((ROWS, COLUMNS))
    y = x[:, 0] * 3 + np.sin(6 * x[:, 1]) + x[:, 2] * x[:, 3] + chance.normal(0, 0.3, ROWS)
    return pl.DataFrame(x, schema=[f"x{n}" for n in range(COLUMNS)]).with_columns(y=pl.Series(y))


def fitted(table: pl.DataFrame) -> lgb.Booster:
    data = lgb.Dataset(table.drop("y").to_numpy(), table["y"].to_numpy())
    return lgb.train(SETTINGS, data, num_boost_round=ROUNDS)


def explained(model: lgb.Booster, table: pl.DataFrame) -> pl.DataFrame:
    told = model.predict(table.drop("y").to_numpy(), pred_contrib=True, num_threads=1)
    return pl.DataFrame(np.asarray(told), schema=[f"x{n}" for n in range(COLUMNS)] + ["rest"])
"""


def slices(count: int = 100) -> str:
    """A model for each slice of a table, and what each of its answers is made of, by SHAP."""
    imports = "import polars as pl\n\nfrom shop.library.learning import explained, fitted, lgb, slice_of\n"
    return (
        HEAD.replace("import polars as pl\n", imports)
        + f"""

@fc.step
def slices(clients: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {{f"slice {{n}}": slice_of(n) for n in range({count})}}


@fc.step
def models(slices: fc.Each[pl.DataFrame]) -> lgb.Booster:
    return fitted(slices)


@fc.step
def shap(models: fc.Each[lgb.Booster], slices: fc.Each[pl.DataFrame]) -> pl.DataFrame:
    return explained(models, slices)
"""
    )


# One of two processes that do half of the work each, with nothing between them: says when it is ready.
HALF = """\
import sys

sys.path.insert(0, sys.argv[1])
numbers = range(int(sys.argv[2]), 100, 2)
if sys.argv[3] == "pool":
    from fire import burn

    todo = [lambda: burn(0.1) for _ in numbers]
else:
    from learning import explained, fitted, slice_of

    tables = [slice_of(n) for n in numbers]
    todo = [lambda table=table: explained(fitted(table), table) for table in tables]
print("ready", flush=True)
sys.stdin.readline()
for work in todo:
    work()
"""


def by_hand(library: Path, what: str) -> float:
    """Wall seconds of the work split by hand between two plain processes, their start not counted."""
    command = [sys.executable, "-c", HALF, str(library)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    halves = [subprocess.Popen([*command, str(n), what], **pipes) for n in range(2)]  # type: ignore[call-overload]
    for half in halves:
        half.stdout.readline()
    began = time.perf_counter()
    for half in halves:
        half.stdin.write("go\n")
        half.stdin.flush()
    for half in halves:
        half.wait()
    seconds = time.perf_counter() - began
    for half in halves:
        half.communicate()
    return seconds


def lay_out(folder: Path, flow: str, *, share: int = 0, files: Iterable[tuple[str, str]] = ()) -> Project:
    """Write a project with the capability ``bench`` to a new folder, and open it."""
    helpers = {path: text.format(share=share) if "tariff" in path else text for path, text in HELPERS.items()}
    every = {
        "fullcycle.toml": TOML,
        "__init__.py": "",
        "library/__init__.py": "",
        "bench/__init__.py": "",
        "bench/brief.md": BRIEF,
        "bench/flow.py": flow,
        "library/fire.py": BURN,
        **helpers,
        **dict(files),
    }
    for path, text in every.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    with duckdb.connect(folder / "warehouse.duckdb") as connection:
        connection.execute("create table clients as select 1 as client_id, timestamp '2026-01-01' as joined")
    return open_project(folder)


def fullcycle(*arguments: str, cwd: Path) -> str:
    """Run one command as a user would; give what it printed."""
    command = [sys.executable, "-m", "fullcycle.cli", *arguments]
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout
