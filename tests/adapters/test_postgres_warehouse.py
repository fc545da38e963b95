"""PostgreSQL as a warehouse: what a query gives, what is refused, and in whose words."""

from datetime import UTC, date, datetime

import polars as pl
import psycopg
import pytest

from fullcycle.adapters.postgres_warehouse import PostgresWarehouse
from fullcycle.kernel import Invalid, Misconfigured, UnknownName


@pytest.fixture
def warehouse(postgres):
    with psycopg.connect(postgres, autocommit=True, options="-c client_min_messages=warning") as connection:
        connection.execute("drop table if exists clients")
        connection.execute(
            "create table clients (id bigint, name text, spend numeric(9, 2), seen timestamptz, "
            "born date, active bool)"
        )
        connection.execute(
            "insert into clients values (1, 'Zoë 100%%', 2.5, '2026-01-02 03:04:05Z', '2000-02-29', true), "
            "(2, null, null, null, null, false)".replace("%%", "%")
        )
    return PostgresWarehouse(postgres)


def test_rows_come_with_their_types(warehouse):
    frame = warehouse.sql("select * from clients order by id").frame()

    assert frame.schema == {
        "id": pl.Int64,
        "name": pl.String,
        "spend": pl.Float64,
        "seen": pl.Datetime("us", "UTC"),
        "born": pl.Date,
        "active": pl.Boolean,
    }
    assert frame.row(0) == (
        1,
        "Zoë 100%",
        2.5,
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        date(2000, 2, 29),
        True,
    )


def test_values_are_bound_and_a_per_cent_sign_is_one(warehouse):
    query = warehouse.sql(
        "select id % 2 as odd, '$least' as told from clients where name like '%100\\%' and id >= $least;",
        least=1,
    )

    assert query.frame().rows() == [(1, "$least")]


def test_columns_that_are_booleans_are_told(warehouse):
    assert warehouse.booleans(warehouse.sql("select * from clients where id = $id", id=1)) == {"active"}


def test_a_table_and_a_column_that_are_not_there_are_named(warehouse):
    with pytest.raises(UnknownName, match="'client'") as table:
        warehouse.sql("select *\nfrom client").frame()
    with pytest.raises(UnknownName, match="'spent'") as column:
        warehouse.sql("select spent from clients").frame()

    assert "did you mean 'clients'" in str(table.value)
    assert "line 2 of the query" in str(table.value)
    assert "spend" in str(column.value)


def test_a_source_only_reads(warehouse):
    with pytest.raises(Misconfigured, match="may only read"):
        warehouse.sql("delete from clients returning id").frame()
    with pytest.raises(Invalid, match="goes on after its end"):
        warehouse.sql("select 1; delete from clients")


def test_values_that_do_not_match_are_refused(warehouse):
    with pytest.raises(Invalid, match=r"\$least"):
        warehouse.sql("select $least")
    with pytest.raises(UnknownName, match="'most'"):
        warehouse.sql("select $least", least=1, most=2)


def test_sql_that_is_none_shows_its_line(warehouse):
    with pytest.raises(Invalid, match="line 2 of the query: form clients"):
        warehouse.sql("select *\nform clients").frame()


def test_a_server_that_is_not_there_tells_no_password():
    lost = PostgresWarehouse("postgresql://me:quiet-elephant@/db?host=/nowhere")

    with pytest.raises(Misconfigured, match="does not answer") as caught:
        lost.sql("select 1").frame()

    assert "quiet-elephant" not in str(caught.value)
