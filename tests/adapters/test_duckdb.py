"""fullcycle.adapters.duckdb: what it gives, that it leaves no door open, how its errors read."""

import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.kernel import Invalid, Misconfigured, Missing, UnknownName


@pytest.fixture
def warehouse(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema shop")
        connection.execute(
            "create table shop.visits as select i as client_id, i * 1.5::double as spend,"
            " timestamp '2026-01-01' + to_days(i::int) as \"at\" from range(10) r(i)"
        )
        connection.execute("create view shop.buyers as select * from shop.visits where spend > 3")
    folder = tmp_path / "events"
    folder.mkdir()
    return DuckDBWarehouse(path, folders=[folder])


def test_rows_come_as_a_polars_frame_with_their_values_bound(warehouse):
    query = warehouse.sql("select client_id, spend from shop.visits where client_id >= $least", least=8)

    assert query.frame().equals(pl.DataFrame({"client_id": [8, 9], "spend": [12.0, 13.5]}))


def test_a_value_is_a_value_and_never_sql(warehouse):
    found = warehouse.sql("select $name as name", name="'; drop table shop.visits; --").frame()

    assert found.item() == "'; drop table shop.visits; --"


def test_times_are_utc_wherever_the_machine_stands(warehouse):
    found = warehouse.sql('select "at"::timestamptz as at from shop.visits limit 1').frame()

    assert found.item() == datetime(2026, 1, 1, tzinfo=UTC)


def test_tables_and_views_are_listed(warehouse):
    assert warehouse.tables() == ["shop.buyers", "shop.visits"]


def test_parquet_is_read_from_the_folders_it_was_given(warehouse):
    path = warehouse.folders[0] / "a.parquet"
    pl.DataFrame({"x": [1, 2]}).write_parquet(path)

    found = warehouse.sql("select sum(x) from read_parquet($files)", files=[str(path)]).frame()

    assert found.item() == 3


def test_another_process_writes_while_nobody_reads(warehouse):
    warehouse.sql("from shop.visits").frame()

    delete = "delete from shop.visits where client_id > 4"
    write = f"import duckdb, sys; duckdb.connect(sys.argv[1]).execute({delete!r})"
    subprocess.run([sys.executable, "-c", write, str(warehouse.path)], check=True, capture_output=True)

    assert warehouse.sql("select count(*) from shop.visits").frame().item() == 5


def test_two_threads_read_at_once(warehouse):
    found = []

    def read():
        found.append(warehouse.sql("select count(*) from range(300000)").frame().item())

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [300_000] * 4


def test_a_process_that_read_ends_without_a_word(warehouse):
    read = (
        "import sys; from pathlib import Path; from fullcycle.adapters.duckdb import DuckDBWarehouse;"
        "frame = DuckDBWarehouse(Path(sys.argv[1])).sql('from shop.visits').frame(); print(frame.height)"
    )

    done = subprocess.run(
        [sys.executable, "-c", read, str(warehouse.path)], capture_output=True, text=True, check=True
    )

    assert (done.stdout.strip(), done.stderr) == ("10", "")


@pytest.mark.parametrize(
    "text",
    [
        "insert into shop.visits select * from shop.visits",
        "update shop.visits set spend = 0",
        "delete from shop.visits",
        "create table t as select 1",
        "create temp table t as select 1",
        "drop table shop.visits",
        "copy shop.visits to 'FOLDER/visits.csv'",
        "export database 'FOLDER/all'",
        "attach 'FOLDER/other.duckdb'",
        "install httpfs",
        "load httpfs",
        "set threads = 1",
        "pragma database_list",
        "call pragma_version()",
        "checkpoint",
        "pivot shop.visits on client_id using sum(spend)",
        "select 1; drop table shop.visits",
        "",
    ],
)
def test_whatever_does_more_than_read_is_refused(warehouse, text):
    with pytest.raises(Invalid) as caught:
        warehouse.sql(text.replace("FOLDER", str(warehouse.folders[0])))

    assert "only read" in caught.value.what or "one statement" in caught.value.what
    assert "select" in caught.value.mend
    assert list(warehouse.folders[0].iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from glob('/etc/*')",
        "select * from read_parquet('https://example.com/a.parquet')",
        "select * from read_parquet('FOLDER/../../shop.parquet')",
    ],
)
def test_no_file_but_the_warehouse_is_read(warehouse, text):
    with pytest.raises(Invalid, match="no files and no other databases"):
        warehouse.sql(text.replace("FOLDER", str(warehouse.folders[0]))).frame()


def test_a_failed_write_leaves_the_tables_as_they_were(warehouse):
    with pytest.raises(Invalid):
        warehouse.sql("delete from shop.visits")

    assert warehouse.sql("select count(*) from shop.visits").frame().item() == 10


def test_a_misspelt_table_or_column_is_offered_the_nearest(warehouse):
    with pytest.raises(UnknownName, match="did you mean 'visits'") as caught:
        warehouse.sql("select *\nfrom shop.visit").frame()
    assert "from shop.visit" in caught.value.where

    with pytest.raises(UnknownName, match="client_id") as caught:
        warehouse.sql("select clientid from shop.visits").frame()
    assert caught.value.what == "there is no 'clientid'"
    assert isinstance(caught.value.__cause__, duckdb.Error)


def test_a_mistake_in_the_sql_shows_its_line(warehouse):
    with pytest.raises(Invalid, match=r"line 2 of the query: form shop\.visits"):
        warehouse.sql("select client_id, sum(spend) x\nform shop.visits group by 1")
    with pytest.raises(Invalid, match="Could not convert string 'a' to INT32"):
        warehouse.sql("select 'a'::int").frame()


def test_values_that_do_not_match_are_named(warehouse):
    with pytest.raises(Invalid, match=r"no value is given for \$since"):
        warehouse.sql("select $since")
    with pytest.raises(UnknownName, match="did you mean 'since'"):
        warehouse.sql("select $since", since=1, sinse=2)


def test_a_warehouse_that_is_not_there_says_how_to_mend_it(tmp_path):
    with pytest.raises(Missing, match=r"fullcycle\.toml") as caught:
        DuckDBWarehouse(tmp_path / "none.duckdb").sql("select 1").frame()

    assert "none.duckdb" in caught.value.where


def test_a_file_that_is_no_warehouse_is_told_from_one(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("hello " * 5000)

    with pytest.raises(Misconfigured, match="DuckDB cannot open it"):
        DuckDBWarehouse(path).sql("select 1").frame()


HOLD = """
import duckdb, sys, time
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
time.sleep(float(sys.argv[2]))
connection.close()
"""


def hold(path: Path, seconds: float):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_a_writer_that_is_soon_done_is_waited_for(warehouse):
    with hold(warehouse.path, 0.4):
        assert warehouse.sql("select count(*) from shop.visits").frame().item() == 10


def test_a_writer_that_stays_is_named(warehouse):
    with hold(warehouse.path, 60) as writer:
        began = time.monotonic()
        with pytest.raises(Misconfigured, match=f"process {writer.pid} holds it open for writing"):
            warehouse.sql("select 1").frame()
        assert time.monotonic() - began < 10
        writer.kill()


def test_a_connection_of_this_process_is_told_to_be_closed(warehouse):
    with (
        duckdb.connect(str(warehouse.path)),
        pytest.raises(Misconfigured, match="close that connection first"),
    ):
        warehouse.sql("select 1").frame()
