"""Past units by bucket: DuckDB and PostgreSQL hold what Polars holds of all of them in one arm."""

import json
from datetime import datetime, timedelta

import duckdb
import msgspec
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
from fullcycle.experiment import Covariate, ExperimentSpec, PastRows, Statistics
from fullcycle.kernel import Misconfigured, Missing, micros
from fullcycle.metric import MetricSpec

START = datetime(2026, 1, 1)
DAY = timedelta(days=1)
LATER = micros(START + 60 * DAY)
UNITS = 300


def metric(name, **options):
    given = {"kind": "mean", "source": "visits", "within_s": 7 * 86400.0, **options}
    return MetricSpec(name=name, unit="client_id", time="at", **given)


SPENT = metric("spent", column="spend")
METRICS = [
    metric("visited", kind="proportion"),
    SPENT,
    msgspec.structs.replace(SPENT, name="per_visit", kind="ratio", over=metric("visits")),
    metric("median", kind="quantile", column="spend", q=0.5),
]
SPEC = ExperimentSpec(
    name="it's a trial",
    capability="winback",
    order=("today", "chosen"),
    arms={"today": "winback.service:today", "chosen": "winback.service:choose"},
    weights={"today": 0.5, "chosen": 0.5},
    seed="winback/trial",
    unit="client_id",
    metrics={one.name: one for one in METRICS},
    primary="spent",
    covariates=(Covariate(name="recency"), Covariate(name="before", before=SPENT)),
    forced={"1": "today"},
)


def mailed():
    """Who was mailed when: everybody once, some again; nobody's arm is told."""
    rows = [(n, START + (n % 20) * DAY + timedelta(hours=n % 7), n % 5) for n in range(UNITS)]
    return rows + [(n, START + 25 * DAY, 9) for n in range(0, UNITS, 10)]


def visited():
    return [
        (n % UNITS, START + (n % 37) * DAY - 5 * DAY + timedelta(hours=n % 11), float(n % 13))
        for n in range(0, 7 * UNITS, 3)
    ]


MAILED = pl.DataFrame(
    mailed(), schema={"client_id": pl.Int64, "sent": pl.Datetime("us"), "recency": pl.Int64}, orient="row"
)
VISITS = pl.DataFrame(
    visited(), schema={"client_id": pl.Int64, "at": pl.Datetime("us"), "spend": pl.Float64}, orient="row"
)
DELIVERED = pl.DataFrame({"decision_id": [f"d{n}" for n in range(0, UNITS, 3)]})
LOG = pl.DataFrame(
    {
        "decision_id": [f"d{n}" for n in range(MAILED.height)],
        "at": MAILED["sent"].dt.replace_time_zone("UTC"),
        "release": [1] * MAILED.height,
        "experiment": [None] * MAILED.height,  # of before there was any
        "arm": [None] * MAILED.height,
        "arm_probability": [None] * MAILED.height,
        "unit": [None] * MAILED.height,
        "request": [
            json.dumps({"client_id": unit, "recency": recency}) for unit, _, recency in MAILED.iter_rows()
        ],
        "fallback": [False] * MAILED.height,
    },
    schema={
        "decision_id": pl.String,
        "at": pl.Datetime("us", "UTC"),
        "release": pl.Int64,
        "experiment": pl.String,
        "arm": pl.String,
        "arm_probability": pl.Float64,
        "unit": pl.String,
        "request": pl.String,
        "fallback": pl.Boolean,
    },
)
FRAMES = {"visits": VISITS, "delivered": DELIVERED, "mailed": MAILED}


class InDuckDB:
    """A store, its sources, and the files of a log."""

    def __init__(self, folder, url):
        path = folder / "warehouse.duckdb"
        with duckdb.connect(str(path)) as connection:
            for name, frame in FRAMES.items():
                frame.write_parquet(folder / f"{name}.parquet")
                connection.execute(f"create table {name} as from '{folder / f'{name}.parquet'}'")
        self.log = [folder / "log.parquet"]
        LOG.write_parquet(self.log[0])
        self.warehouse = DuckDBWarehouse(path, folders=[folder])
        self.store = DuckDBExperimentStore(self.warehouse)


class InPostgres:
    def __init__(self, folder, url):
        with psycopg.connect(url, autocommit=True, options="-c client_min_messages=warning") as connection:
            connection.execute("drop schema if exists fullcycle cascade")
            connection.execute("drop table if exists visits, orders, delivered, mailed")
            connection.execute(_TABLES)
            connection.execute('create table visits (client_id bigint, "at" timestamp, spend float8)')
            connection.execute("create table delivered (decision_id text)")
            connection.execute("create table mailed (client_id bigint, sent timestamp, recency bigint)")
            for name, frame in FRAMES.items():
                with connection.cursor().copy(f"copy {name} from stdin") as copy:
                    for row in frame.iter_rows():
                        copy.write_row(row)
            columns = ", ".join(["capability", "environment", *COLUMNS])
            with connection.cursor().copy(f"copy fullcycle.exposures ({columns}) from stdin") as copy:
                for row in LOG.select(COLUMNS).iter_rows():
                    copy.write_row(("winback", "prod", *row))
            connection.execute("insert into fullcycle.published values ('winback', 'prod', 7, '[]')")
        self.log = []
        self.warehouse = PostgresWarehouse(url)
        self.store = PostgresExperimentStore(self.warehouse, "prod")


@pytest.fixture(params=[InDuckDB, InPostgres], ids=["duckdb", "postgres"])
def place(request, tmp_path, postgres):
    return request.param(tmp_path, postgres)


def sources(place):
    return {name: place.warehouse.sql(f"select * from {name}") for name in FRAMES}


def rows(place):
    told = place.warehouse.sql("select * from mailed where recency <= $most", most=99)
    return PastRows(told, "client_id", "sent", ("recency",))


def in_one_arm(triggered=None):
    """What Polars says where everybody is in one arm of a real experiment."""
    log = LOG.with_columns(
        experiment=pl.lit(SPEC.name),
        arm=pl.lit("all"),
        unit=MAILED["client_id"].cast(pl.String),
    )
    spec = msgspec.structs.replace(SPEC, order=("all",), forced={}, triggered=triggered)
    return PolarsExperimentStore(log, {**FRAMES}).statistics(spec, as_of=LATER)


def whole(told: Statistics, name: str):
    return msgspec.structs.replace(
        told, cells=tuple(msgspec.structs.replace(cell, arm="all") for cell in told.cells)
    ).gram(name, "all")


@pytest.mark.parametrize("kind", ["rows", "log"])
def test_all_buckets_together_are_what_one_arm_would_have_been(place, kind):
    units = rows(place) if kind == "rows" else place.log
    expected = in_one_arm()

    found = place.store.past(SPEC, units, sources(place), as_of=LATER, buckets=40)

    assert {cell.arm for cell in found.cells} <= {f"b{n}" for n in range(40)}
    assert len({cell.arm for cell in found.cells}) > 30
    assert found.crossed == 0
    assert sum(count.units for count in found.counted) == UNITS
    for name in ("visited", "spent", "per_visit"):
        told, wanted = whole(found, name), expected.gram(name, "all")
        assert told.units == wanted.units == UNITS
        assert told.means == pytest.approx(wanted.means)
        assert told.products == pytest.approx(wanted.products, rel=1e-9, abs=1e-9)
    for day in found.days("spent"):
        until = sum(c.gram.units for c in found.cells if c.metric == "spent" and c.day <= day)
        assert until == expected.gram("spent", "all", until=day).units


@pytest.mark.parametrize("kind", ["rows", "log"])
def test_only_who_meets_the_condition_is_of_the_past_from_when_that_was(place, kind):
    units = rows(place) if kind == "rows" else place.log
    condition = {"recency": {"$in": [0, 1, 9]}}
    asked = msgspec.structs.replace(SPEC, condition=json.dumps(condition))
    first = MAILED.filter(pl.col("recency").is_in([0, 1, 9])).group_by("client_id").agg(pl.col("sent").min())

    found = place.store.past(asked, units, sources(place), as_of=LATER, buckets=40)

    by_day = dict.fromkeys(found.days("spent"), 0)
    for cell in found.cells:
        if cell.metric == "spent":
            by_day[cell.day] += cell.gram.units
    expected = first.group_by(pl.col("sent").dt.strftime("%Y-%m-%d")).len()
    assert by_day == dict(expected.iter_rows())
    assert 100 < sum(by_day.values()) < UNITS
    assert sum(count.units for count in found.counted) == first.height


def test_a_quantile_is_told_of_one_bucket(place):
    (found,) = place.store.past(SPEC, rows(place), sources(place), as_of=LATER, buckets=1).quantiles
    (expected,) = in_one_arm().quantiles

    assert (found.arm, found.rows, found.units) == ("b0", expected.rows, expected.units)
    assert found.value == expected.value
    assert found.spread_of_share == pytest.approx(expected.spread_of_share)


def test_a_log_is_gone_back_in_only_so_far_and_what_triggers_counts(place):
    since = micros(START + 10 * DAY)
    triggered = msgspec.structs.replace(SPEC, triggered="delivered")

    late = place.store.past(SPEC, place.log, sources(place), as_of=LATER, since=since)
    counted = place.store.past(triggered, place.log, sources(place), as_of=LATER)
    of_rows = place.store.past(triggered, rows(place), sources(place), as_of=LATER)

    assert min(count.day for count in late.counted) == "2026-01-11"
    assert 0 < sum(count.units for count in late.counted) < UNITS
    assert sum(count.units for count in counted.counted) == DELIVERED.height
    assert sum(count.units for count in of_rows.counted) == UNITS  # no row of the past names a decision


def test_values_that_are_not_known_yet_are_counted_and_left_out(place):
    found = place.store.past(SPEC, rows(place), sources(place), as_of=micros(START + 15 * DAY))

    late = sum(count.units for count in found.immature if count.metric == "spent")
    assert late > 0
    assert whole(found, "spent").units + late == sum(count.units for count in found.counted)


def test_a_unit_is_in_the_same_bucket_of_every_past(place):
    once, again = (
        place.store.past(SPEC, units, sources(place), as_of=LATER, buckets=30)
        for units in (rows(place), place.log)
    )

    assert {(c.arm, c.day, c.gram.units) for c in once.cells} == {
        (c.arm, c.day, c.gram.units) for c in again.cells
    }


def test_a_log_that_is_not_there_is_no_past(place, tmp_path):
    if isinstance(place, InDuckDB):
        assert place.store.past(SPEC, [], sources(place), as_of=LATER) == Statistics(as_of=LATER)
        with pytest.raises(Misconfigured, match="may not read"):
            place.store.past(SPEC, [tmp_path.parent / "x.parquet"], sources(place), as_of=LATER)
        return
    other = PostgresExperimentStore(place.warehouse, "dev")
    with pytest.raises(Missing, match="no exposures of winback in dev"):
        other.past(SPEC, [], sources(place), as_of=LATER)
