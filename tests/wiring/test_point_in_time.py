"""Windows, as-of joins and lookups in a run: what a step is given is of the class that it asks for."""

import duckdb
import pytest

import fullcycle as fc
from fullcycle.cli import fullcycle
from fullcycle.cli.group import status_of
from small_projects import TOML, brief, write

BRIEF = brief("ordered")
FLOW = """\
from datetime import date, datetime
from typing import Annotated

import fullcycle as fc
import polars as pl


class Order(fc.Row):
    client_id: Annotated[int, fc.key]
    at: Annotated[datetime, fc.time]
    amount: float


class Habit(fc.Row):
    client_id: Annotated[int, fc.key]
    day: Annotated[datetime, fc.time]
    orders_90d: int
    mean_90d: float | None


@fc.source(Order)
def orders(warehouse: fc.Warehouse) -> fc.Query:
    return warehouse.sql("select * from orders")


ordered = fc.proportion(orders, within="14d")


@fc.step
def history(orders: pl.DataFrame) -> pl.DataFrame:
    return fc.trailing(
        orders, by="client_id", at="at", last="90d", orders_90d=pl.len(), mean_90d=pl.mean("amount")
    )


@fc.step
def habits(history: pl.DataFrame) -> fc.Lookup[Habit]:
    return fc.Lookup(Habit, history)


@fc.step
def known(orders: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    return fc.asof(orders, history, Habit, delay="1d")


@fc.step
def asked(habits: fc.Lookup[Habit]) -> dict[str, int | bool]:
    habit = habits.get(1)
    return {"orders": habit.orders_90d, "of the class": isinstance(habit, Habit)}
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute(
            "create table orders as select 1 as client_id, timestamp '2026-01-01' + interval (n) day as at,"
            " 10.0::double as amount from range(5) numbers(n)"
        )
    write(tmp_path, {"fullcycle.toml": TOML, "winback/brief.md": BRIEF, "winback/flow.py": FLOW})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_history_is_made_looked_up_and_joined_as_it_was_known(shop):
    assert status_of(fullcycle, ["run", "winback", "-m", "first"]) == 0
    run = fc.open("winback", fc.Capability).run("again")

    assert run["asked"] == {"orders": 5, "of the class": True}
    assert run["known"]["orders_90d"].to_list() == [None, None, None, 1, 2]
    assert run["habits"].get(1).mean_90d == 10.0
    assert all(run.record.steps[name].reused for name in ("history", "habits", "known", "asked"))
