"""Hillstrom's e-mail test: the published figures, from the raw file through our own query.

Source: Kevin Hillstrom, MineThatData E-Mail Analytics and Data Mining Challenge, 2008. The
figures stand in two independent published analyses of it.
"""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.adapters.duckdb_experiment import DuckDBExperimentStore
from fullcycle.experiment import ExperimentSpec, Fixed, contrast, readout
from fullcycle.kernel import micros
from fullcycle.metric import MetricSpec

RAW = Path(__file__).parents[2] / "src/fullcycle/example/shop/data/hillstrom.csv.gz"
NONE, MENS, WOMENS = ARMS = ("No E-Mail", "Mens E-Mail", "Womens E-Mail")
SENT = datetime(2008, 3, 20)
AS_OF = micros(datetime(2008, 5, 1))
TWO_WEEKS_S = 14 * 86400.0

PUBLISHED = {  # units, visit, conversion, spend in dollars
    NONE: (21_306, 0.106167, 0.005726, 0.652789),
    MENS: (21_307, 0.182757, 0.012531, 1.422617),
    WOMENS: (21_387, 0.151400, 0.008837, 1.077202),
}


def metric(name, kind, **options):
    return MetricSpec(
        name=name, kind=kind, source="visits", unit="client_id", time="at", within_s=TWO_WEEKS_S, **options
    )


SPEC = ExperimentSpec(
    name="hillstrom",
    capability="winback",
    order=ARMS,
    arms=dict.fromkeys(ARMS, "winback.service:choose"),
    weights=dict.fromkeys(ARMS, 1 / 3),
    seed="hillstrom",
    unit="client_id",
    metrics={
        "visit": metric("visit", "proportion"),
        "conversion": metric("conversion", "proportion", where="conversion = 1"),
        "spend": metric("spend", "mean", column="spend"),
    },
    primary="visit",
    secondary=("conversion", "spend"),
    analysis="fixed",
)


@pytest.fixture(scope="module")
def statistics(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hillstrom")
    raw = (
        pl.read_csv(RAW, schema_overrides={"spend": pl.Float64})
        .with_row_index("client_id")
        .with_columns(at=pl.lit(SENT).dt.replace_time_zone("UTC"))
    )
    exposures, visits = folder / "exposures.parquet", folder / "visits.parquet"
    raw.select(
        decision_id=pl.col("client_id").cast(str),
        at="at",
        experiment=pl.lit("hillstrom"),
        arm="segment",
        unit=pl.col("client_id").cast(str),
    ).write_parquet(exposures)
    visited = raw.filter(pl.col("visit") == 1).with_columns(pl.col("at") + pl.duration(days=3))
    visited.select("client_id", "at", "conversion", "spend").write_parquet(visits)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(f"create table visits as from '{visits}'")
    warehouse = DuckDBWarehouse(folder / "warehouse.duckdb", folders=[folder])
    asked = {"visits": warehouse.sql("select * from visits")}
    return DuckDBExperimentStore(warehouse).statistics(SPEC, [exposures], asked, as_of=AS_OF)


@pytest.mark.parametrize("arm", ARMS)
def test_the_means_of_each_arm(statistics, arm):
    found = [statistics.moments(name, arm) for name in SPEC.metrics]

    assert [moments.units for moments in found] == [PUBLISHED[arm][0]] * 3
    assert [round(moments.mean, 6) for moments in found] == list(PUBLISHED[arm][1:])


@pytest.mark.parametrize(
    ("arm", "difference", "low", "high"),
    [(MENS, 0.769827, 0.48514, 1.05451), (WOMENS, 0.424412, 0.16896, 0.67987)],
)
def test_welchs_interval_of_spend(statistics, arm, difference, low, high):
    found = contrast(statistics.moments("spend", NONE), statistics.moments("spend", arm))

    assert round(found.value, 6) == difference
    assert found.interval(Fixed()) == pytest.approx((low, high), abs=5.1e-6)  # as printed, to five places


def test_the_sample_ratio(statistics):
    assert round(readout(SPEC, statistics).sample_ratio.p, 3) == 0.904


def test_the_readout_ships_the_mens_e_mail(statistics):
    found = readout(SPEC, statistics).verdict

    assert (found.decision, found.arm) == ("ship", MENS)
    assert datetime.fromtimestamp(statistics.as_of / 1e6, UTC).year == 2008
