"""Outcomes in PostgreSQL are those that DuckDB joins, whichever side comes along with the query."""

from datetime import UTC, datetime, timedelta
from math import isnan
from typing import Annotated

import duckdb
import psycopg
import pytest

import fullcycle as fc
from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.adapters.postgres_outcomes import joined_outcomes
from fullcycle.adapters.postgres_warehouse import PostgresWarehouse
from fullcycle.kernel import Invalid, micros
from fullcycle.metric import IN_POSTGRES, unit_value

START = datetime(2026, 1, 1)
LATER = micros(START + timedelta(days=9))


class Visit(fc.Row):
    client_id: Annotated[int, fc.key]
    at: Annotated[datetime, fc.time]
    spend: float | None
    back: bool
    shop: str
    tags: list[str]


class Mailing(fc.Row):
    client_id: Annotated[int, fc.key]
    sent: Annotated[datetime, fc.time]
    note: str


@fc.source(Visit)
def visits(warehouse: fc.Warehouse) -> fc.Query:
    return warehouse.sql("select * from joined_visits where client_id < $most", most=90)


@fc.source(Mailing)
def mailings(warehouse: fc.Warehouse) -> fc.Query:
    return warehouse.sql("select * from joined_mailings where client_id >= $least; -- all", least=1)


MAILINGS = [(n % 17, START + timedelta(hours=7 * n), f"ü{n} % $a") for n in range(40)]
VISITS = [
    (
        n % 17,
        START + timedelta(hours=3 * n, microseconds=n),
        None if n % 11 == 0 else 0.1 * n,
        n % 3 == 0,
        shop,
    )
    for n in range(100)
    for shop in (["Zürich", "it's", ""][n % 3],)
]
METRICS = {
    "spent": fc.mean(visits, "spend", within="2d"),
    "capped": fc.mean(visits, "spend", within="2d", cap=5, where="shop <> 'it''s'"),
    "returned": fc.mean(visits, "back", within="2d", after="1h"),
    "visited": fc.proportion(visits, within="12h"),
    "many": fc.mean(visits, within="5d"),
}


@pytest.fixture(scope="module")
def in_duckdb(tmp_path_factory):
    path = tmp_path_factory.mktemp("outcomes") / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table joined_mailings (client_id bigint, sent timestamp, note text)")
        connection.execute(
            'create table joined_visits (client_id int8, "at" timestamp, spend float8, back bool, shop text)'
        )
        connection.execute("alter table joined_visits add column tags text[]")
        connection.executemany("insert into joined_mailings values (?, ?, ?)", MAILINGS)
        connection.executemany("insert into joined_visits values (?, ?, ?, ?, ?, ['a'])", VISITS)
    return DuckDBWarehouse(path)


@pytest.fixture(scope="module")
def in_postgres(postgres):
    with psycopg.connect(postgres, autocommit=True, options="-c client_min_messages=warning") as connection:
        connection.execute("drop table if exists joined_mailings, joined_visits")
        connection.execute("create table joined_mailings (client_id bigint, sent timestamp, note text)")
        connection.execute(
            'create table joined_visits (client_id int8, "at" timestamp, spend float8, back bool, shop text)'
        )
        connection.execute("alter table joined_visits add column tags text[]")
        with connection.cursor() as cursor:
            cursor.executemany("insert into joined_mailings values (%s, %s, %s)", MAILINGS)
            cursor.executemany("insert into joined_visits values (%s, %s, %s, %s, %s, '{a}')", VISITS)
    yield PostgresWarehouse(postgres)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("drop table joined_mailings, joined_visits")


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("home", [(), ("rows",), ("events",)], ids=["both there", "rows sent", "events sent"])
def test_outcomes_are_those_of_duckdb(in_duckdb, in_postgres, metric, home):
    past = fc.outcomes(METRICS[metric], of=mailings)
    theirs = past.query(in_duckdb, mailings(in_duckdb), visits(in_duckdb), as_of=LATER)
    rows, events = (
        source(in_duckdb if side in home else in_postgres)
        for side, source in (("rows", mailings), ("events", visits))
    )

    ours = joined_outcomes(
        past,
        in_postgres,
        rows,
        events,
        as_of=LATER,
        rows_at_home="rows" in home,
        events_at_home="events" in home,
    )

    found, expected = (one.frame().sort("client_id", "sent") for one in (ours, theirs))
    assert found.columns == expected.columns == ["client_id", "sent", "note", "outcome"]
    assert found.drop("outcome").rows() == expected.drop("outcome").rows()
    assert found["outcome"].to_list() == pytest.approx(expected["outcome"].to_list(), rel=1e-12)
    assert found["outcome"].sum() > 0
    assert ours.immature.frame().item() == theirs.immature.frame().item() > 0


@pytest.mark.parametrize("home", [False, True], ids=["there", "sent"])
def test_without_rows_there_are_no_outcomes(in_postgres, home):
    past = fc.outcomes(METRICS["spent"], of=mailings)
    none = in_postgres.sql("select * from joined_mailings where false")

    found = joined_outcomes(
        past, in_postgres, none, visits(in_postgres), as_of=LATER, rows_at_home=home
    ).frame()

    assert found.columns == ["client_id", "sent", "note", "outcome"]
    assert found.height == 0


def test_keys_of_two_types_are_refused_in_the_databases_words(in_postgres):
    past = fc.outcomes(METRICS["spent"], of=mailings)
    text = in_postgres.sql("select client_id::text as client_id, sent, note from joined_mailings")

    with pytest.raises(Invalid, match="bigint"):
        joined_outcomes(past, in_postgres, text, visits(in_postgres), as_of=LATER).frame()


def test_times_with_a_zone_are_the_moments_that_they_name(in_postgres):
    zoned = in_postgres.sql(
        "select client_id, sent at time zone 'UTC' as sent, note from joined_mailings where client_id = 3"
    )
    past = fc.outcomes(METRICS["spent"], of=mailings)
    naive = in_postgres.sql("select * from joined_mailings where client_id = 3")

    one, other = (
        joined_outcomes(past, in_postgres, rows, visits(in_postgres), as_of=LATER).frame()
        for rows in (zoned, naive)
    )

    assert one["outcome"].to_list() == other["outcome"].to_list()
    assert one["sent"][0].tzinfo is not None
    assert one["sent"][0] == other["sent"][0].replace(tzinfo=UTC)


def test_a_unit_whose_value_is_no_number_is_not_cut_to_the_largest_there_is(postgres):
    value = unit_value("mean", "v", 20.0, IN_POSTGRES)
    with psycopg.connect(postgres) as connection:
        told = connection.execute(f"select {value} from (values ('nan'::float8), (1.0)) t(v)").fetchone()

    assert isnan(told[0])
