"""fullcycle.wiring.outgrown: what is wrong with a source, in DuckDB's and in PostgreSQL's words alike."""

import duckdb
import psycopg
import pytest

from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.adapters.postgres_warehouse import PostgresWarehouse
from fullcycle.kernel import Invalid
from fullcycle.wiring.outgrown import outgrown
from made_up_experiment import metric, spec

SPEC = spec(
    metrics={
        "visited": metric("visited", where="spend > 1"),
        "spent": metric("spent", kind="mean", column="spend"),
    },
    guardrails={},
)
WHOLE = Invalid("what the warehouse said", "line 30", "")


@pytest.fixture(params=["duckdb", "postgres"])
def asked(request, tmp_path):
    """The source of an experiment, over a table of such columns."""

    def over(columns, query="select * from kept_visits"):
        if request.param == "postgres":
            url = request.getfixturevalue("postgres")
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("drop table if exists kept_visits cascade")
                connection.execute(f"create table kept_visits ({columns})")
            return {"visits": PostgresWarehouse(url).sql(query)}
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute(f"create table kept_visits ({columns})")
        return {"visits": DuckDBWarehouse(tmp_path / "warehouse.duckdb").sql(query)}

    return over


@pytest.mark.parametrize(
    ("columns", "what", "where"),
    [
        (
            'client_id bigint, "at" timestamp, amount float8',
            "there is no 'spend'",
            "by which spent is measured",
        ),
        (
            'client_id bigint, "at" text, spend float8',
            "at is String, and no time",
            "the source visits, by which",
        ),
        (
            'client_id bigint, "at" timestamp, spend text',
            "spend is String, and no number",
            "the source visits",
        ),
        ('"at" timestamp, spend float8', "there is no 'client_id'", "the columns of the source visits"),
    ],
    ids=["renamed", "a time that is text", "a number that is text", "no unit"],
)
def test_the_source_the_metric_and_the_column_are_named(asked, columns, what, where):
    found = outgrown(SPEC, asked(columns), WHOLE)

    assert found.what == what
    assert where in found.where
    assert "run, release and deploy that, which begins a new phase" in found.mend


def test_a_source_that_cannot_be_asked_is_named(asked):
    found = outgrown(SPEC, asked("client_id bigint", "select client_id, spend from kept_visits"), WHOLE)

    assert "spend" in found.what
    assert found.where == "the query of the source visits"


def test_where_nothing_is_found_what_the_warehouse_said_stands(asked):
    sound = asked('client_id bigint, "at" timestamp, spend float8')

    assert outgrown(SPEC, sound, WHOLE) is WHOLE
