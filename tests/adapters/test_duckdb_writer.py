"""Writing to the embedded warehouse: whole days, at once, by nobody but a batch capability."""

from datetime import UTC, date, datetime

import duckdb
import polars as pl
import pytest

from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.adapters.duckdb_writer import DuckDBWriter
from fullcycle.kernel import FullcycleError, Invalid

MONDAY, TUESDAY = date(2018, 1, 1), date(2018, 1, 2)


def orders(day, *units):
    return pl.DataFrame({"item": range(len(units)), "day": [day] * len(units), "units": units})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "shop.duckdb"


def held(path):
    rows = DuckDBWarehouse(path).sql("select day, units from inventory.orders order by day, item").frame()
    return rows.rows()


def test_the_first_rows_make_the_table(path):
    gone = DuckDBWriter(path).replace("inventory.orders", orders(MONDAY, 3, 4), time="day")

    assert gone == 0
    assert held(path) == [(MONDAY, 3), (MONDAY, 4)]


def test_a_day_is_replaced_whole_and_others_stay(path):
    writer = DuckDBWriter(path)
    writer.replace("inventory.orders", orders(MONDAY, 3, 4), time="day")
    writer.replace("inventory.orders", orders(TUESDAY, 5), time="day")

    gone = writer.replace("inventory.orders", orders(MONDAY, 9), time="day")

    assert gone == 2
    assert held(path) == [(MONDAY, 9), (TUESDAY, 5)]


def test_the_same_again_leaves_the_same(path):
    for _ in range(3):
        DuckDBWriter(path).replace("inventory.orders", orders(MONDAY, 3, 4), time="day")

    assert held(path) == [(MONDAY, 3), (MONDAY, 4)]


def test_moments_of_a_day_are_replaced_by_those_of_the_same_day_in_utc(path):
    writer = DuckDBWriter(path)
    late = pl.DataFrame({"item": [1], "day": [datetime(2018, 1, 1, 23, 59, tzinfo=UTC)], "units": [1]})
    early = late.with_columns(day=pl.lit(datetime(2018, 1, 1, 0, 1, tzinfo=UTC)), units=pl.lit(2, pl.Int64))
    writer.replace("inventory.orders", late, time="day")

    assert writer.replace("inventory.orders", early, time="day") == 1


def test_no_rows_replace_nothing(path):
    writer = DuckDBWriter(path)
    writer.replace("inventory.orders", orders(MONDAY, 3), time="day")

    assert writer.replace("inventory.orders", orders(MONDAY), time="day") == 0
    assert held(path) == [(MONDAY, 3)]


def test_a_table_of_other_columns_is_refused_and_stays(path):
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema inventory")
        connection.execute("create table inventory.orders (day date, units varchar)")
        connection.execute("insert into inventory.orders values ('2018-01-01', 'three')")

    with pytest.raises(Invalid, match="units is VARCHAR, and BIGINT is written") as caught:
        DuckDBWriter(path).replace("inventory.orders", orders(MONDAY, 3), time="day")

    assert "item is not there" in str(caught.value)
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("select units from inventory.orders").fetchall() == [("three",)]


def test_a_warehouse_that_cannot_be_written_is_told(path, tmp_path):
    writer = DuckDBWriter(tmp_path / "nowhere" / "shop.duckdb")

    with pytest.raises(FullcycleError, match="nowhere"):
        writer.replace("inventory.orders", orders(MONDAY, 3), time="day")
