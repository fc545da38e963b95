"""The example's capability demand in a small panel: three stores of ten items over two years."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from fullcycle.cli import fullcycle
from fullcycle.cli.group import status_of
from shop_scripts import script


def query(text: str, **tables: Any) -> list[tuple[Any, ...]]:
    """Ask, or change, the warehouse of the current project."""
    with duckdb.connect("warehouse.duckdb") as connection:
        for name, table in tables.items():
            connection.register(name, table)
        return connection.execute(text).fetchall()


def open_store(number: int) -> None:
    """Add the sales of a store."""
    query(
        "insert into shop.sales from one",
        one=script("made_up_sales").sold_by(number, items=10, first=date(2016, 1, 1)),
    )


def laid_out(folder: Path, *lines: str) -> Path:
    """A project with its sales loaded, in which these commands were typed."""
    with pytest.MonkeyPatch.context() as here:
        here.chdir(folder)
        assert status_of(fullcycle, ["new", "shop", "--example", "demand"]) == 0
        here.chdir(folder / "shop")
        query("create schema shop")
        query(
            "create table shop.sales"
            "(store bigint, item bigint, day date, sold bigint, lost bigint, price double, cost double)"
        )
        for store in (1, 2, 3):
            open_store(store)
        for line in lines:
            assert status_of(fullcycle, line.split()[1:]) == 0, line
    return folder / "shop"
