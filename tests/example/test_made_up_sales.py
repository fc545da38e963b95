"""The example's made_up_sales.py: the panel that it documents, once, and a store more without a change."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from shop_scripts import SHOP, script


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "warehouse.duckdb"
    script("made_up_sales").load(path)
    return path


@pytest.fixture
def connection(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(warehouse), read_only=True) as open_connection:
        yield open_connection


def one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[object, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def of_store(number: int, items: int = 50) -> pl.DataFrame:
    return pl.DataFrame(script("made_up_sales").sold_by(number, items))


def test_the_panel_has_the_shape_of_the_challenge(connection: duckdb.DuckDBPyConnection) -> None:
    counts = "count(*), count(distinct store), count(distinct item), min(day), max(day)"

    found = one(connection, f"select {counts} from shop.sales")

    assert found == (913_000, 10, 50, date(2013, 1, 1), date(2017, 12, 31))


def test_loading_twice_changes_nothing(warehouse: Path) -> None:
    before = warehouse.read_bytes()

    assert script("made_up_sales").load(warehouse) == {"shop.sales": 913_000}
    assert warehouse.read_bytes() == before


def test_one_more_store_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    totals = "select store, sum(sold), sum(lost) from shop.sales group by store order by store"
    made_up = script("made_up_sales")
    made_up.load(path, stores=2)
    with duckdb.connect(str(path)) as connection:
        before = connection.execute(totals).fetchall()

    made_up.load(path, stores=3)

    with duckdb.connect(str(path)) as connection:
        after = connection.execute(totals).fetchall()
    assert [store for store, _, _ in after] == [1, 2, 3]
    assert after[:2] == before


def test_fewer_items_are_the_first_of_all() -> None:
    fewer, every = of_store(4, items=10), of_store(4)

    columns = ["day", "price", "cost"]
    assert fewer.select(columns).equals(every.filter(pl.col("item") <= 10).select(columns))


def test_the_week_and_the_year_are_as_the_file_says() -> None:
    sales = of_store(1)
    mean = sales["sold"].mean()
    by_weekday = sales.group_by(pl.col("day").dt.weekday()).agg(pl.mean("sold")).sort("day")["sold"]
    by_month = sales.group_by(pl.col("day").dt.month()).agg(pl.mean("sold")).sort("day")["sold"]

    assert (by_weekday / mean).to_list() == pytest.approx(script("made_up_sales").WEEK, abs=0.01)
    assert by_month.arg_min() == 0
    assert by_month.arg_max() == 6


def test_numbers_scatter_as_poisson_numbers_do() -> None:
    sales = of_store(1).with_columns(year=pl.col("day").dt.year(), weekday=pl.col("day").dt.weekday())
    alike = sales.filter(pl.col("day").dt.month() == 7).group_by("item", "year", "weekday")

    ratio = alike.agg(pl.var("sold") / pl.mean("sold"))["sold"].to_numpy()

    assert np.mean(ratio) == pytest.approx(1, abs=0.05)


def test_the_briefs_figures_are_those_of_the_table(connection: duckdb.DuckDBPyConnection) -> None:
    brief = (SHOP / "demand" / "brief.md").read_text()

    lost, margin = one(connection, "select avg(lost), avg(price - cost) from shop.sales")

    assert f"Today {lost:.2f} items a series and day are missed" in brief
    assert f"leaves a margin of {margin:.2f} dollars" in brief
    assert f"worth: {margin:.2f} USD per item" in brief
