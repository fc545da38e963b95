"""Writing to a warehouse: whole days, at once, by nobody but a batch capability; one suite for each."""

import threading
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import duckdb
import polars as pl
import psycopg
import pytest

from fullcycle.adapters.duckdb_writer import DuckDBWriter
from fullcycle.adapters.postgres_writer import PostgresWriter
from fullcycle.kernel import FullcycleError, Invalid, Misconfigured
from postgres_server import PASSWORD

MONDAY, TUESDAY = date(2018, 1, 1), date(2018, 1, 2)
NIGHT = datetime(2018, 1, 1, 23, 59, tzinfo=UTC)


def orders(day, *units):
    return pl.DataFrame({"item": range(len(units)), "day": [day] * len(units), "units": units})


class InDuckDB:
    integer, text = "BIGINT", "VARCHAR"

    def __init__(self, path):
        self.path = path
        self.writer = DuckDBWriter(path)

    def run(self, statement):
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("set timezone = 'UTC'")
            return connection.execute(statement).fetchall()


class InPostgres:
    integer, text = "bigint", "text"

    def __init__(self, url):
        self.writer = PostgresWriter(url)
        self._url = url

    def run(self, statement):
        with psycopg.connect(self._url) as connection:
            connection.execute("set timezone = 'UTC'")
            done = connection.execute(statement)
            return done.fetchall() if done.description else []


@pytest.fixture
def in_postgres(request):
    """A schema ``inventory`` that is not there yet."""
    made = InPostgres(request.getfixturevalue("postgres"))
    yield made
    made.run("drop schema if exists inventory cascade")


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request, tmp_path):
    if request.param == "duckdb":
        return InDuckDB(tmp_path / "shop.duckdb")
    return request.getfixturevalue("in_postgres")


def held(warehouse):
    return warehouse.run("select day, units from inventory.orders order by day, item")


def test_the_first_rows_make_the_table(warehouse):
    gone = warehouse.writer.replace("inventory.orders", orders(MONDAY, 3, 4), time="day")

    assert gone == 0
    assert held(warehouse) == [(MONDAY, 3), (MONDAY, 4)]


def test_a_day_is_replaced_whole_and_others_stay(warehouse):
    writer = warehouse.writer
    writer.replace("inventory.orders", orders(MONDAY, 3, 4), time="day")
    writer.replace("inventory.orders", orders(TUESDAY, 5), time="day")

    gone = writer.replace("inventory.orders", orders(MONDAY, 9), time="day")

    assert gone == 2
    assert held(warehouse) == [(MONDAY, 9), (TUESDAY, 5)]


def test_days_between_those_that_are_replaced_stay(warehouse):
    writer, wednesday = warehouse.writer, TUESDAY + timedelta(days=1)
    for day in (MONDAY, TUESDAY, wednesday):
        writer.replace("inventory.orders", orders(day, 1), time="day")

    both = pl.concat([orders(wednesday, 8), orders(MONDAY, 7)])

    assert writer.replace("inventory.orders", both, time="day") == 2
    assert held(warehouse) == [(MONDAY, 7), (TUESDAY, 1), (wednesday, 8)]


def test_the_same_again_leaves_the_same(warehouse):
    for _ in range(3):
        warehouse.writer.replace("inventory.orders", orders(MONDAY, 3, 4), time="day")

    assert held(warehouse) == [(MONDAY, 3), (MONDAY, 4)]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", None])
def test_moments_of_a_day_are_replaced_by_those_of_the_same_day_in_utc(warehouse, zone):
    moment = NIGHT if zone else NIGHT.replace(tzinfo=None)
    late = pl.DataFrame({"item": [1], "day": [moment], "units": [1]})
    if zone:
        late = late.with_columns(pl.col("day").dt.convert_time_zone(zone))
    early = late.with_columns(pl.col("day") - timedelta(hours=23), units=pl.lit(2, pl.Int64))
    after = late.with_columns(pl.col("day") + timedelta(minutes=2))
    for each in (late, after):
        warehouse.writer.replace("inventory.orders", each, time="day")

    assert warehouse.writer.replace("inventory.orders", early, time="day") == 1
    assert warehouse.run("select units from inventory.orders order by day") == [(2,), (1,)]


def test_no_rows_replace_nothing(warehouse):
    warehouse.writer.replace("inventory.orders", orders(MONDAY, 3), time="day")

    assert warehouse.writer.replace("inventory.orders", orders(MONDAY), time="day") == 0
    assert held(warehouse) == [(MONDAY, 3)]


def test_values_of_every_type_come_back_as_they_were(warehouse):
    row = {
        "day": MONDAY,
        "moment": NIGHT,
        "local": datetime(2018, 1, 1, 7, 30, 0, 123456),
        "yes": True,
        "small": -7,
        "large": 2**63 - 1,
        "share": 0.1,
        "endless": float("-inf"),
        "kind": 'O\'Brien; \\ \t"ü"',
        "nothing": None,
        "price": Decimal("12.50"),
        "opens": time(9, 30),
        "units": [1.5, 2.5],
        "names": ["a,b", 'c"d', "{}"],
        "raw": b"\x00\xff",
    }
    frame = pl.DataFrame([row], schema_overrides={"small": pl.Int16, "nothing": pl.Float64}, strict=False)
    frame = frame.with_columns(pl.col("price").cast(pl.Decimal(10, 2)), pl.col("kind").cast(pl.Categorical))
    for _ in range(2):
        warehouse.writer.replace("inventory.orders", frame, time="day")

    columns = ", ".join(row).replace("moment", "moment at time zone 'UTC'")  # pytz is not asked for
    (found,) = warehouse.run(f"select {columns} from inventory.orders")

    assert dict(zip(row, found, strict=True)) == {**row, "moment": NIGHT.replace(tzinfo=None)}


def test_a_column_that_is_not_written_is_left_empty(warehouse):
    warehouse.run("create schema inventory")
    warehouse.run("create table inventory.orders (day date, note varchar, units bigint, item bigint)")

    warehouse.writer.replace("inventory.orders", orders(MONDAY, 3), time="day")

    assert warehouse.run("select day, note, units from inventory.orders") == [(MONDAY, None, 3)]


def test_a_table_of_other_columns_is_refused_and_stays(warehouse):
    warehouse.run("create schema inventory")
    warehouse.run("create table inventory.orders (day date, units text)")
    warehouse.run("insert into inventory.orders values ('2018-01-01', 'three')")

    told = f"units is {warehouse.text}, and {warehouse.integer} is written"
    with pytest.raises(Invalid, match=told) as caught:
        warehouse.writer.replace("inventory.orders", orders(MONDAY, 3), time="day")

    assert "item is not there" in str(caught.value)
    assert warehouse.run("select units from inventory.orders") == [("three",)]


def test_names_are_taken_as_they_are_written(warehouse):
    odd = orders(MONDAY, 3).rename({"units": 'Units "of" it; --', "day": "Day"})

    for _ in range(2):
        warehouse.writer.replace("inventory.Orders 2018", odd, time="Day")

    assert warehouse.run('select "Day", "Units ""of"" it; --" from inventory."Orders 2018"') == [(MONDAY, 3)]


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    writer = DuckDBWriter(tmp_path / "nowhere" / "shop.duckdb")

    with pytest.raises(FullcycleError, match="nowhere"):
        writer.replace("inventory.orders", orders(MONDAY, 3), time="day")


def test_of_several_who_write_a_day_at_once_one_s_rows_stay(in_postgres):
    errors = []

    def write(units):
        try:
            in_postgres.writer.replace("inventory.orders", orders(MONDAY, units, units), time="day")
        except FullcycleError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert len(held(in_postgres)) == 2
    assert len({units for _, units in held(in_postgres)}) == 1


def test_what_fails_in_between_leaves_the_day_as_it_was_and_quotes_no_row(in_postgres):
    in_postgres.writer.replace("inventory.orders", orders(MONDAY, 3, 4), time="day")
    in_postgres.run("alter table inventory.orders add check (units < 10)")

    with pytest.raises(
        Misconfigured, match=r"does not write inventory\.orders(.|\n)*check constraint"
    ) as caught:
        in_postgres.writer.replace("inventory.orders", orders(MONDAY, 5, 77), time="day")

    assert "77" not in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert held(in_postgres) == [(MONDAY, 3), (MONDAY, 4)]


def test_who_may_write_the_table_and_nothing_else_can(in_postgres, postgres):
    in_postgres.writer.replace("inventory.orders", orders(MONDAY, 3), time="day")
    in_postgres.run("create role scorer login password 'quiet'")
    in_postgres.run("grant usage on schema inventory to scorer")
    in_postgres.run("grant select, insert, delete on inventory.orders to scorer")
    writer = PostgresWriter(postgres.replace("fullcycle:", "scorer:", 1).replace("quiet%20elephant", "quiet"))
    try:
        assert writer.replace("inventory.orders", orders(MONDAY, 8), time="day") == 1
        with pytest.raises(Misconfigured, match=r"permission denied(.|\n)*let this user select"):
            writer.replace("inventory.others", orders(MONDAY, 8), time="day")
    finally:
        in_postgres.run("drop owned by scorer")
        in_postgres.run("drop role scorer")


def test_a_server_that_is_not_there_is_told_without_the_password():
    writer = PostgresWriter("postgresql://ana:hunter2@/shop?host=/nowhere")

    with pytest.raises(Misconfigured, match="does not answer") as caught:
        writer.replace("inventory.orders", orders(MONDAY, 3), time="day")

    assert "hunter2" not in str(caught.value)


def test_a_column_without_a_type_there_is_named(in_postgres):
    frame = orders(MONDAY, 3).with_columns(where=pl.struct("item", "units"))

    with pytest.raises(Invalid, match=r"no type for Struct(.|\n)*the column where"):
        in_postgres.writer.replace("inventory.orders", frame, time="day")
