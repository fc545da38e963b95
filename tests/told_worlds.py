"""Made-up worlds of decisions and rows, and what each store says of an experiment in them.

Frames are the oracle: they compute by another way than the one query.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb
import msgspec
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
from fullcycle.experiment import Covariate, ExperimentSpec, Statistics
from fullcycle.kernel import micros
from fullcycle.metric import MetricSpec

START = datetime(2026, 1, 1)
DAY = timedelta(days=1)
LATER = micros(START + 40 * DAY)


def metric(name, **options):
    given = {"kind": "mean", "source": "visits", "within_s": 7 * 86400.0, **options}
    return MetricSpec(name=name, unit="client_id", time="at", **given)


SPENT = metric("spent", column="spend")
METRICS = [
    metric("visited", kind="proportion"),
    SPENT,
    metric("capped", column="spend", cap=20.0, where="spend > 1"),
    metric("winsorised", column="spend", winsor=0.9, within_s=3 * 86400.0),
    metric("soon", kind="proportion", within_s=86400.0, after_s=3600.0, late_s=7200.0),
    metric("returned", column="back"),
    msgspec.structs.replace(
        SPENT, name="per_order", kind="ratio", over=metric("orders", source="orders", within_s=5 * 86400.0)
    ),
    metric("median", kind="quantile", column="spend", q=0.5),
    metric("p90", kind="quantile", column="spend", q=0.9, where="shop = 'Zürich'"),
]
SPEC = ExperimentSpec(
    name="trial",
    capability="winback",
    order=("today", "chosen"),
    arms={"today": "winback.service:today", "chosen": "winback.service:choose"},
    weights={"today": 0.5, "chosen": 0.5},
    seed="winback/trial",
    unit="client_id",
    metrics={one.name: one for one in METRICS},
    primary="spent",
    covariates=(
        Covariate(name="recency"),
        Covariate(name="spent_before", before=metric("spent_before", column="spend", within_s=10 * 86400.0)),
        Covariate(name="größe"),
    ),
    segments=("device", "größe"),
)

VISITS = 'select client_id::{ids} as client_id, "at", spend, back, shop from visits'


@dataclass
class World:
    """Plain rows: decisions, visits and orders."""

    decisions: list[dict]
    visits: list[tuple]
    orders: list[tuple]
    ids: str = "bigint"  # what the warehouse holds the clients of visits as

    @property
    def exposures(self):
        schema = {
            "decision_id": pl.String,
            "at": pl.Datetime("us", "UTC"),
            "release": pl.Int64,
            "environment": pl.String,
            "experiment": pl.String,
            "arm": pl.String,
            "arm_probability": pl.Float64,
            "unit": pl.String,
            "request": pl.String,
            "fallback": pl.Boolean,
        }
        return pl.DataFrame(self.decisions, schema=schema)

    @property
    def frames(self):
        visits = {
            "client_id": pl.Int64,
            "at": pl.Datetime("us"),
            "spend": pl.Float64,
            "back": pl.Boolean,
            "shop": pl.String,
        }
        orders = {"client_id": pl.Int64, "at": pl.Datetime("us")}
        delivered = pl.DataFrame({"decision_id": self.delivered}, schema={"decision_id": pl.String})
        return {
            "visits": pl.DataFrame(self.visits, schema=visits, orient="row"),
            "orders": pl.DataFrame(self.orders, schema=orders, orient="row"),
            "delivered": delivered,
        }

    @property
    def delivered(self):
        return [one["decision_id"] for one in self.decisions[::3]] + ["nobody's", "nobody's", None]


def decision(unit, arm, at, n, **fields):
    return {
        "decision_id": f"d{n}",
        "at": at.replace(tzinfo=UTC),
        "release": 1,
        "environment": "prod",
        "experiment": "trial",
        "arm": arm,
        "arm_probability": 0.5,
        "unit": str(unit),
        "request": json.dumps({"client_id": unit, **fields}, ensure_ascii=False),
    }


def drawn(seed, units=60, *, arms=("today", "chosen"), offset=0.0):
    """A world with ties, nulls, twice-exposed units, strangers and names beyond ASCII."""
    rng = np.random.default_rng(seed)
    decisions = []
    for unit in range(units):
        for _ in range(int(rng.integers(1, 4))):
            at = START + timedelta(hours=int(rng.integers(0, 40 * 24)))
            arm = arms[unit % len(arms)] if rng.random() < 0.97 else arms[0]
            fields = {
                "recency": [None, 1, 2.5, 7][int(rng.integers(0, 4))],
                "device": ["handy", "Büro", None, "it's"][unit % 4],
                "größe": bool(rng.random() < 0.5),
            }
            if rng.random() < 0.1:
                fields.pop("recency")
            decisions.append(decision(unit, arm, at, len(decisions), **fields))
    visits, orders = [], []
    for unit in rng.integers(0, units + 5, units * 6):
        at = START + timedelta(hours=int(rng.integers(-200, 45 * 24)))
        spend = None if rng.random() < 0.1 else offset + float(rng.integers(0, 6)) * 5.5
        visits.append((int(unit), at, spend, bool(rng.random() < 0.3), ["Zürich", "Bern"][int(unit) % 2]))
        if rng.random() < 0.5:
            orders.append((int(unit), at))
    return World(decisions, visits, orders)


def by_polars(world, spec, as_of, tmp_path, url, phase=None):
    return PolarsExperimentStore(world.exposures, world.frames).statistics(spec, as_of=as_of, phase=phase)


def by_duckdb(world, spec, as_of, tmp_path, url, phase=None):
    path = tmp_path / "warehouse.duckdb"
    path.unlink(missing_ok=True)
    log = tmp_path / "exposures.parquet"
    world.exposures.write_parquet(log)
    with duckdb.connect(str(path)) as connection:
        for name, frame in world.frames.items():
            frame.write_parquet(tmp_path / f"{name}.parquet")
            file = str(tmp_path / f"{name}.parquet").replace("'", "''")
            connection.execute(f"create table {name} as select * from read_parquet('{file}')")
    warehouse = DuckDBWarehouse(path, folders=[tmp_path])
    sources = {name: warehouse.sql(f"select * from {name}") for name in world.frames}
    sources["visits"] = warehouse.sql(VISITS.format(ids=world.ids))
    return DuckDBExperimentStore(warehouse).statistics(spec, [log], sources, as_of=as_of, phase=phase)


def by_postgres(world, spec, as_of, tmp_path, url, phase=None):
    with psycopg.connect(url, autocommit=True, options="-c client_min_messages=warning") as connection:
        connection.execute("drop schema if exists fullcycle cascade")
        connection.execute("drop table if exists visits, orders, delivered")
        connection.execute(_TABLES)
        connection.execute(
            'create table visits (client_id bigint, "at" timestamp, spend float8, back boolean, shop text)'
        )
        connection.execute('create table orders (client_id bigint, "at" timestamp)')
        connection.execute("create table delivered (decision_id text)")
        columns = ", ".join(["capability", "environment", *COLUMNS])
        with connection.cursor().copy(f"copy fullcycle.exposures ({columns}) from stdin") as copy:
            for row in world.exposures.drop("environment").iter_rows():
                copy.write_row(("winback", "prod", *row))
        for name, frame in world.frames.items():
            with connection.cursor().copy(f"copy {name} from stdin") as copy:
                for row in frame.iter_rows():
                    copy.write_row(row)
        connection.execute("insert into fullcycle.published values ('winback', 'prod', 7, '[]')")
    warehouse = PostgresWarehouse(url)
    sources = {name: warehouse.sql(f"select * from {name}") for name in world.frames}
    sources["visits"] = warehouse.sql(VISITS.format(ids=world.ids))
    store = PostgresExperimentStore(warehouse, "prod")
    return store.statistics(spec, [], sources, as_of=as_of, phase=phase)


def oracle(world, spec=SPEC, as_of=LATER, phase=None):
    return by_polars(world, spec, as_of, None, "", phase)


def require_equal(found: Statistics, told: Statistics, scale=1.0):
    """Equal but for rounding; ``scale`` is the size of the values."""
    for name in (
        "assigned",
        "counted",
        "by_segment",
        "immature",
        "late",
        "crossed",
        "moved",
        "exposed_without_decision",
        "decided_without_exposure",
    ):
        ours, theirs = getattr(found, name), getattr(told, name)
        if isinstance(ours, tuple):
            ours, theirs = set(ours), set(theirs)
        assert ours == theirs, name
    mine, other = (
        {(c.metric, c.arm, c.day, c.segment, c.level): c.gram for c in one.cells} for one in (found, told)
    )
    assert mine.keys() == other.keys()
    for key, gram in mine.items():
        assert gram.units == other[key].units, key
        assert gram.means == pytest.approx(other[key].means, rel=1e-12, abs=1e-9), key
        products = other[key].products
        assert gram.products == pytest.approx(products, rel=1e-9, abs=1e-9 * scale), key
    by_place, others = (
        {(c.metric, c.arm, c.segment, c.level, c.day): c for c in one.quantiles} for one in (found, told)
    )
    assert by_place.keys() == others.keys()
    for key, cell in by_place.items():
        near = others[key]
        assert (cell.rows, cell.units, cell.value, cell.ladder) == (
            near.rows,
            near.units,
            near.value,
            near.ladder,
        ), key
        assert cell.spread_of_share == pytest.approx(near.spread_of_share, rel=1e-12, abs=1e-15)
