"""The example's capability demand, scored: from its release to the orders in the warehouse.

The panel is small here: three stores of ten items over two years.
"""

import shutil
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest

from demand_shop import laid_out, open_store, query
from fullcycle.adapters.segments import read_decisions
from fullcycle.flow import run_record
from fullcycle.record import Decision
from fullcycle.wiring import open_project
from postgres_server import running_postgres
from whole_shop import Typed, rewrite

KILLED = """
import os, signal, sys
from fullcycle.adapters.duckdb_writer import DuckDBWriter
from fullcycle.cli import fullcycle
from fullcycle.cli.group import status_of

def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

DuckDBWriter.replace = killed
status_of(fullcycle, ["score", "demand@prod"])
"""


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose demand is released and deployed; not to be changed."""
    return laid_out(
        tmp_path_factory.mktemp("scored"),
        "fullcycle run demand -m first -p rounds=30",
        "fullcycle release demand -m first",
        "fullcycle deploy demand@v1 --to prod -m first",
    )


@pytest.fixture
def shop(first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it; it is the current folder."""
    root = Path(shutil.copytree(first, tmp_path / "shop"))
    monkeypatch.chdir(root)
    return root


def orders() -> list[tuple[Any, ...]]:
    return query("select * from inventory.orders order by day, store, item")


def logged() -> list[Decision]:
    return list(read_decisions(open_project().events_folder("demand", "prod")))


def test_each_series_gets_an_order_that_is_a_logged_decision(shop: Path, typed: Typed) -> None:
    said = typed("fullcycle score demand@prod")

    assert said.code == 0
    assert "demand@v1 decided on 30 rows of 2018-01-01 for inventory.orders" in said.out
    found = query("select store, item, day, units, decision_id, release, arm, fallback from inventory.orders")
    assert len(found) == 30
    decisions = {one.id: one for one in logged()}
    assert len(decisions) == 30
    for store, item, day, units, id, release, arm, fallback in found:
        assert (day, release, arm, fallback) == (date(2018, 1, 1), "demand@v1", None, False)
        assert decisions[id].request["store"] == store
        assert decisions[id].request["item"] == item
        assert decisions[id].answer == {"units": units}
        assert decisions[id].live.keys() == {"spreads"}


def test_to_score_again_leaves_the_same_rows_and_decisions(shop: Path, typed: Typed) -> None:
    typed("fullcycle score demand@prod")
    before = orders(), [one.id for one in logged()]

    said = typed("fullcycle score demand@prod")

    assert "for inventory.orders, in place of 30" in said.out
    assert (orders(), [one.id for one in logged()]) == before


def test_who_is_killed_between_log_and_table_is_done_by_the_next(shop: Path, typed: Typed) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED], capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    assert query("select count(*) from information_schema.tables where table_name = 'orders'") == [(0,)]
    ids = [one.id for one in logged()]
    assert len(ids) == 30

    assert typed("fullcycle score demand@prod").code == 0

    assert [one.id for one in logged()] == ids  # readers see each once
    assert sorted(str(row[4]) for row in orders()) == sorted(ids)


def test_a_new_day_is_added_and_data_that_changed_replaces_what_it_was(shop: Path, typed: Typed) -> None:
    typed("fullcycle score demand@prod")
    before = orders()
    query("update shop.sales set sold = sold + 40 where store = 2 and day >= '2017-12-20'")

    assert typed("fullcycle score demand@prod").code == 0

    assert [row for row in orders() if row[0] != 2] == [row for row in before if row[0] != 2]
    pairs = [(old[3], new[3]) for old, new in zip(before, orders(), strict=True) if new[0] == 2]
    assert all(new > old for old, new in pairs)
    query(
        "insert into shop.sales select store, item, day + 1, sold, lost, price, cost "
        "from shop.sales where day = '2017-12-31'"
    )
    typed("fullcycle score demand@prod")
    assert query("select day, count(*) from inventory.orders group by day order by day") == [
        (date(2018, 1, 1), 30),
        (date(2018, 1, 2), 30),
    ]


def test_the_code_that_scores_is_the_releases_own(shop: Path, typed: Typed) -> None:
    typed("fullcycle score demand@prod")
    before = orders()
    rewrite("demand/service.py", "return Order(max(0,", "return Order(1000 + max(0,")
    rewrite("demand/flow.py", 'pl.col("day").max()', 'pl.col("day").min()')

    assert typed("fullcycle score demand@prod").code == 0

    assert orders() == before


def test_a_store_without_a_model_is_decided_for_as_it_is_usual(shop: Path, typed: Typed) -> None:
    open_store(4)

    assert typed("fullcycle score demand@prod").code == 0

    assert query("select count(*) from inventory.orders where store = 4 and units > 0") == [(10,)]


def test_a_series_that_comes_twice_is_refused_and_nothing_is_scored(shop: Path, typed: Typed) -> None:
    rewrite(
        "demand/flow.py",
        '.drop("sold", "slice")',
        '.drop("sold", "slice").pipe(lambda all: pl.concat([all] * (2 if all["store"].max() > 3 else 1)))',
    )
    for line in (
        "run demand -m twice -p rounds=30",
        "release demand -m twice",
        "deploy demand@v2 --to prod -m twice",
    ):
        assert typed(f"fullcycle {line}").code == 0
    open_store(4)

    said = typed("fullcycle score demand@prod")

    assert said.code == 1
    assert "more than one row has the same" in said.err
    assert logged() == []


def test_it_can_be_tried_on_a_table_without_being_written(shop: Path, typed: Typed) -> None:
    tomorrow = open_project().artifacts.load(_made("tomorrow"))
    tomorrow.write_parquet("some.parquet")

    assert typed("fullcycle score demand@v1 some.parquet -o orders.parquet").code == 0

    found = pl.read_parquet("orders.parquet")
    assert found.columns == ["store", "item", "day", "units", "decision_id", "release", "fallback", "error"]
    assert logged() == []


def _made(step: str) -> Any:
    return run_record(open_project().ledger, "demand", 1).steps[step].artifact


def test_it_is_not_served(shop: Path, typed: Typed) -> None:
    said = typed("fullcycle serve demand@prod")

    assert said.code == 1
    assert "demand is scored over tomorrow and written to inventory.orders, not served" in said.err
    assert "fullcycle score demand@prod" in said.err


WRITER = '{ url = "duckdb:///warehouse.duckdb", writer = "duckdb:///warehouse.duckdb" }'
UNWRITABLE = {
    '"duckdb:///warehouse.duckdb"': "no warehouse may be written",
    '{ url = "duckdb:///warehouse.duckdb", writer = "mysql://dwh" }': "no adapter writes to",
    '{ url = "duckdb:///warehouse.duckdb", writer = "$NO_SUCH_WRITER" }': "NO_SUCH_WRITER is not set",
}


@pytest.mark.parametrize("bound", UNWRITABLE)
def test_without_a_writer_nothing_is_made_or_logged(shop: Path, typed: Typed, bound: str) -> None:
    rewrite("fullcycle.toml", WRITER, bound)

    said = typed("fullcycle score demand@prod")

    assert said.code == 2
    assert UNWRITABLE[bound] in said.err
    assert logged() == []


def test_the_writer_may_stand_in_the_environment(
    shop: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite("fullcycle.toml", WRITER, '{ url = "duckdb:///warehouse.duckdb", writer = "$DWH_WRITER" }')
    monkeypatch.setenv("DWH_WRITER", "duckdb:///warehouse.duckdb")

    assert typed("fullcycle score demand@prod").code == 0


def test_a_warehouse_in_postgres_gets_the_same_orders_once_however_often_it_is_scored(
    shop: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed("fullcycle score demand@prod")
    expected = orders()
    rewrite("fullcycle.toml", WRITER, '{ url = "duckdb:///warehouse.duckdb", writer = "$DWH_WRITER" }')
    with running_postgres() as url:
        monkeypatch.setenv("DWH_WRITER", url)
        first, again = (typed("fullcycle score demand@prod") for _ in range(2))
        with psycopg.connect(url) as connection:
            found = connection.execute("select * from inventory.orders order by day, store, item").fetchall()

    assert (first.code, again.code) == (0, 0), first.err + again.err
    assert "for inventory.orders, in place of 30" in again.out
    assert found == expected


REFUSED = {
    "score demand@v1": "write demand@prod",
    "score demand@prod -o out.parquet": "is written to inventory.orders, whole and logged",
    "score demand@1": "release it first",
    "score demand@dev": "nothing is deployed to demand@dev",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_cannot_be_scored_is_refused(shop: Path, typed: Typed, line: str) -> None:
    said = typed(f"fullcycle {line}")

    assert said.code == 2
    assert REFUSED[line] in said.err
