"""Sides of a launch in a warehouse: they are read as the arms of an experiment on the same rows are."""

import json
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import polars as pl
import psycopg
import pytest

from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.adapters.duckdb_experiment import DuckDBExperimentStore
from fullcycle.adapters.exposures import COLUMNS
from fullcycle.adapters.polars_experiment import PolarsExperimentStore
from fullcycle.adapters.postgres_experiment import PostgresExperimentStore
from fullcycle.adapters.postgres_exposures import _TABLES
from fullcycle.adapters.postgres_warehouse import PostgresWarehouse
from fullcycle.experiment import ExperimentSpec, Side, Sides
from fullcycle.kernel import micros
from fullcycle.metric import MetricSpec

START = datetime(2026, 1, 1, tzinfo=UTC)
LATER = micros(START + timedelta(days=60))
SINCE, UNTIL = START + timedelta(days=3), START + timedelta(days=20)
SPENT = MetricSpec(
    name="spent", kind="mean", source="visits", unit="client_id", time="at", column="spend",
    within_s=7 * 86400.0,
)  # fmt: skip
SPEC = ExperimentSpec(
    name="trial, it's held out",
    capability="winback",
    order=("held out", "the rest"),
    arms={"held out": "winback.service:today", "the rest": "winback.service:choose"},
    weights={"held out": 0.2, "the rest": 0.8},
    seed="winback/trial",
    unit="client_id",
    metrics={"spent": SPENT},
    primary="spent",
)
SIDES = [
    Side("held out", 2, "winback/holdout", "holdout"),
    Side("the rest", 2, None, None),
    Side("the rest", 2, "kept", "it's chosen"),
]
SIDE_OF = {(one.release, one.experiment, one.arm): one.name for one in SIDES}
KINDS = [*SIDE_OF, (2, "kept", "today"), (1, None, None), (1, "winback/holdout", "holdout")]


def decided():
    """Decisions of every kind, some by the fallback, some before the launch and after its end."""
    rng = np.random.default_rng(5)
    rows = []
    for n in range(900):
        unit, at = int(rng.integers(0, 300)), START + timedelta(minutes=int(rng.integers(0, 25 * 1440)))
        release, experiment, arm = KINDS[unit % len(KINDS)]
        told = None if experiment is None else str(unit)
        asked = json.dumps({"client_id": unit, "größe": 1})
        rows.append((f"d{n}", at, release, experiment, arm, 0.5, told, asked, bool(rng.random() < 0.1)))
    schema = {
        "decision_id": pl.String, "at": pl.Datetime("us", "UTC"), "release": pl.Int64,
        "experiment": pl.String, "arm": pl.String, "arm_probability": pl.Float64, "unit": pl.String,
        "request": pl.String, "fallback": pl.Boolean,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def visited():
    rng = np.random.default_rng(6)
    rows = [
        (
            int(rng.integers(0, 300)),
            datetime(2026, 1, 1) + timedelta(hours=int(rng.integers(0, 700))),
            float(n),
        )
        for n in range(1200)
    ]
    schema = {"client_id": pl.Int64, "at": pl.Datetime("us"), "spend": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


LOG, VISITS = decided(), visited()


def oracle(until=UNTIL):
    """The same rows, sorted out by hand and given to frames as if one experiment had made them."""
    kept = [
        {**row, "experiment": SPEC.name, "arm": side, "unit": str(json.loads(row["request"])["client_id"])}
        for row in LOG.iter_rows(named=True)
        if (side := SIDE_OF.get((row["release"], row["experiment"], row["arm"])))
        and not row["fallback"]
        and row["at"] >= SINCE
        and (until is None or row["at"] < until)
    ]
    exposures = pl.DataFrame(kept, schema=LOG.schema)
    return PolarsExperimentStore(exposures, {"visits": VISITS}).statistics(SPEC, as_of=LATER)


def by_duckdb(tmp_path, url, sides):
    LOG.write_parquet(tmp_path / "log.parquet")
    VISITS.write_parquet(tmp_path / "visits.parquet")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute(f"create or replace table visits as from '{tmp_path / 'visits.parquet'}'")
    warehouse = DuckDBWarehouse(tmp_path / "warehouse.duckdb", folders=[tmp_path])
    sources = {"visits": warehouse.sql("select * from visits")}
    store = DuckDBExperimentStore(warehouse)
    return store.statistics(SPEC, [tmp_path / "log.parquet"], sources, as_of=LATER, sides=sides)


def by_postgres(tmp_path, url, sides):
    with psycopg.connect(url, autocommit=True, options="-c client_min_messages=warning") as connection:
        connection.execute("drop schema if exists fullcycle cascade")
        connection.execute("drop table if exists visits")
        connection.execute(_TABLES)
        connection.execute('create table visits (client_id bigint, "at" timestamp, spend float8)')
        columns = ", ".join(["capability", "environment", *COLUMNS])
        with connection.cursor().copy(f"copy fullcycle.exposures ({columns}) from stdin") as copy:
            for row in LOG.select(COLUMNS).iter_rows():
                copy.write_row(("winback", "prod", *row))
        with connection.cursor().copy("copy visits from stdin") as copy:
            for row in VISITS.iter_rows():
                copy.write_row(row)
        connection.execute("insert into fullcycle.published values ('winback', 'prod', 7, '[]')")
    warehouse = PostgresWarehouse(url)
    sources = {"visits": warehouse.sql("select * from visits")}
    store = PostgresExperimentStore(warehouse, "prod")
    found = store.statistics(SPEC, [], sources, as_of=LATER, sides=sides)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop table visits")
    return found


@pytest.fixture(params=[by_duckdb, by_postgres], ids=["duckdb", "postgres"])
def read(request, tmp_path):
    url = request.getfixturevalue("postgres") if request.param is by_postgres else ""
    return lambda sides: request.param(tmp_path, url, sides)


@pytest.mark.parametrize("until", [UNTIL, None], ids=["ended", "lasting"])
def test_sides_are_read_as_the_arms_of_an_experiment_are(read, until):
    found = read(Sides(SIDES, since=micros(SINCE), until=None if until is None else micros(until)))
    told = oracle(until)

    assert found.assigned == told.assigned != ()
    assert found.counted == told.counted
    for arm in SPEC.order:
        mine, other = found.moments("spent", arm), told.moments("spent", arm)
        assert mine.units == other.units > 10
        assert (mine.mean, mine.variance) == (pytest.approx(other.mean), pytest.approx(other.variance))


def test_without_sides_nobody_is_exposed(read):
    found = read(Sides([], since=0))

    assert found.assigned == ()
    assert found.cells == ()
