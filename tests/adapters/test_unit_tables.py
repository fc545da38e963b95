"""A table of one row per unit: the same statistics as NumPy computes from its columns."""

import msgspec
import numpy as np
import polars as pl
import psycopg
import pytest

from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.adapters.duckdb_experiment import DuckDBExperimentStore
from fullcycle.adapters.postgres_experiment import PostgresExperimentStore
from fullcycle.adapters.postgres_warehouse import PostgresWarehouse
from fullcycle.experiment import LACKING, Moments, table_metric, table_spec
from fullcycle.kernel import Invalid, Misconfigured, UnknownName


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(20260501)
    n = 2_000
    before = rng.gamma(2, 10, n)
    frame = pl.DataFrame(
        {
            "variant": rng.choice(["A", "B", "Ünbekannt"], n),
            "spend": before + rng.normal(5, 3, n),
            "converted": rng.random(n) < 0.2,
            "sessions": rng.poisson(3, n),
            "before": before,
            "device": rng.choice(["phone", "desk", None], n),
            "rating": [None if x < 0.3 else x * 5 for x in rng.random(n)],
            "visits_before": [None if x < 0.2 else x for x in rng.random(n)],
        }
    )
    frame.write_parquet(tmp_path / "units.parquet")
    return tmp_path / "units.parquet", frame


@pytest.fixture
def store(tmp_path):
    return DuckDBExperimentStore(DuckDBWarehouse(None, folders=[tmp_path]))


def metrics(*told):
    return [table_metric(one) for one in told]


def test_the_sums_of_a_parquet_file_are_those_of_its_columns(table, store):
    path, frame = table
    spec = table_spec(
        "units",
        ["A", "B"],
        metrics("spend", "converted:proportion", "spend/sessions"),
        covariates=["before"],
        segments=["device"],
    )

    found = store.statistics_of_table(spec, path, arm="variant", as_of=1)

    for arm in ("A", "B"):
        own = frame.filter(pl.col("variant") == arm)
        ours = found.gram("spend/sessions", arm)
        values = own.select("spend", "sessions", "before").to_numpy().T.astype(float)
        assert ours.units == own.height
        assert ours.means == pytest.approx(values.mean(axis=1))
        for i in range(3):
            for j in range(3):
                assert ours.covariance(i, j) == pytest.approx(np.cov(values)[i, j], rel=1e-9)
        assert found.gram("spend", arm) == ours.of([0, 2])
        assert found.moments("converted", arm).mean == pytest.approx(own["converted"].mean())
        phone = own.filter(pl.col("device") == "phone")
        part = found.gram("spend", arm, segment="device", level="phone")
        assert (part.units, part.means[0]) == (phone.height, pytest.approx(phone["spend"].mean()))
    assert found.levels("device") == [LACKING, "desk", "phone"]
    assert {one.arm: one.units for one in found.counted} == {
        arm: frame.filter(pl.col("variant") == arm).height for arm in ("A", "B")
    }
    assert found.immature == ()


def test_a_table_of_postgres_says_the_same_as_its_rows_in_parquet(table, store, postgres):
    path, frame = table
    columns = "variant text, spend float8, converted bool, sessions int, before float8, device text, "
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("drop table if exists units")
        connection.execute(f"create table units ({columns} rating float8, visits_before float8)")
        with connection.cursor().copy("copy units from stdin") as copy:
            for row in frame.iter_rows():
                copy.write_row(row)
    spec = table_spec(
        "units",
        ["A", "B"],
        metrics("spend", "converted:proportion", "spend/sessions", "rating", "spend:p90", "rating:median"),
        covariates=["before", "visits_before"],
        segments=["device"],
    )
    warehouse = PostgresWarehouse(postgres)

    ours = store.statistics_of_table(spec, path, arm="variant", as_of=1)
    theirs = PostgresExperimentStore(warehouse, "prod").statistics_of_table(
        spec, warehouse.sql("select * from units"), arm="variant", as_of=1
    )

    assert (theirs.counted, theirs.by_segment, theirs.immature) == (
        ours.counted,
        ours.by_segment,
        ours.immature,
    )
    assert ours.quantiles
    for mine, other in zip(ours.quantiles, theirs.quantiles, strict=True):
        assert msgspec.structs.replace(mine, spread_of_share=0.0) == msgspec.structs.replace(
            other, spread_of_share=0.0
        )
        assert mine.spread_of_share == pytest.approx(other.spread_of_share, rel=1e-12)
    for mine, other in zip(ours.cells, theirs.cells, strict=True):
        assert (mine.metric, mine.arm, mine.segment, mine.level) == (
            other.metric,
            other.arm,
            other.segment,
            other.level,
        )
        assert mine.gram.units == other.gram.units
        assert mine.gram.means == pytest.approx(other.gram.means, rel=1e-12)
        assert mine.gram.products == pytest.approx(other.gram.products, rel=1e-9, abs=1e-9)


def test_units_without_a_metrics_value_are_left_out_of_it_and_told(table, store):
    path, frame = table
    spec = table_spec("units", ["A", "B"], metrics("spend", "rating"), covariates=["visits_before"])

    found = store.statistics_of_table(spec, path, arm="variant", as_of=1)

    own = frame.filter(pl.col("variant") == "A")
    rated = own.drop_nulls("rating")
    assert found.moments("spend", "A").units == own.height
    assert found.moments("rating", "A").units == rated.height
    assert found.moments("rating", "A").variance == pytest.approx(rated["rating"].var())
    left_out = {(one.metric, one.arm): one.units for one in found.immature}
    assert left_out["rating", "A"] == own.height - rated.height
    mean = frame.filter(pl.col("variant") != "Ünbekannt")["visits_before"].mean()
    filled = own["visits_before"].fill_null(mean)
    assert found.gram("spend", "A").means[1] == pytest.approx(filled.mean())
    assert found.gram("spend", "A").covariance(1, 1) == pytest.approx(filled.var())


def test_a_quantile_of_units_is_the_one_of_its_column(table, store):
    """The order statistic, and the binomial variance of the share of units that are not above it."""
    path, frame = table
    told = metrics("spend:p90", "rating:median", "spend")
    spec = table_spec("units", ["A", "B"], told, segments=["device"])

    found = store.statistics_of_table(spec, path, arm="variant", as_of=1)

    for arm in ("A", "B"):
        for level in (None, "phone"):
            own = frame.filter(pl.col("variant") == arm)
            where = {} if level is None else {"segment": "device", "level": level}
            own = own if level is None else own.filter(pl.col("device") == level)
            for name, column, q in (("spend p90", "spend", 0.9), ("rating p50", "rating", 0.5)):
                values = np.sort(own[column].drop_nulls().to_numpy())
                cell = found.quantile(name, arm, **where)
                assert cell.units == cell.rows == len(values)
                assert cell.value == values[int(np.ceil(q * len(values))) - 1]
                share = (values <= cell.value).mean()
                assert cell.spread_of_share == pytest.approx(share * (1 - share) / (len(values) - 1))
    lacking = frame.filter((pl.col("variant") == "A") & pl.col("rating").is_null()).height
    assert [one.units for one in found.immature if one.arm == "A"] == [lacking]
    assert found.moments("spend", "A").mean == pytest.approx(
        frame.filter(pl.col("variant") == "A")["spend"].mean()
    )


@pytest.mark.parametrize("covariates", [[], ["visits_before"]], ids=["plain", "with holes to fill"])
def test_rows_that_name_no_arm_are_counted(table, store, covariates):
    path, frame = table
    lost = frame.with_columns(
        pl.when(pl.int_range(pl.len()) % 7 == 0).then(None).otherwise("variant").alias("variant")
    )
    lost.write_parquet(path)
    spec = table_spec("units", ["A", "B"], metrics("spend", "spend:p90"), covariates=covariates)

    found = store.statistics_of_table(spec, path, arm="variant", as_of=1)

    assert found.unitless == lost["variant"].null_count()
    assert {one.arm for one in found.counted} == {one.arm for one in found.quantiles} == {"A", "B"}


def test_arms_are_found_in_the_table(table, store):
    path, frame = table

    found = store.arms_of_table(path, "variant")

    assert list(found) == ["A", "B", "Ünbekannt"]
    assert sum(found.values()) == frame.height
    with pytest.raises(UnknownName, match="'varient'"):
        store.arms_of_table(path, "varient")


def test_a_query_and_days_do_as_well(store, tmp_path):
    frame = pl.DataFrame(
        {"arm": ["a", "a", "b"], "y": [1.0, 3.0, 5.0], "first": ["2026-01-01", "2026-01-02", "2026-01-01"]}
    ).with_columns(pl.col("first").str.to_date())
    frame.write_parquet(tmp_path / "t.parquet")
    warehouse = DuckDBWarehouse(None, folders=[tmp_path])
    query = warehouse.sql(
        "select * from read_parquet($f) where y < $most", f=str(tmp_path / "t.parquet"), most=4
    )
    spec = table_spec("t", ["a", "b"], metrics("y"))

    found = store.statistics_of_table(spec, query, arm="arm", day="first", as_of=1)

    assert found.days("y") == ["2026-01-01", "2026-01-02"]
    assert found.moments("y", "a", until="2026-01-01") == Moments(1, 1.0, 0.0)
    assert found.moments("y", "b").units == 0


def test_a_unit_without_a_day_is_told_and_not_of_1970(store, tmp_path):
    path = tmp_path / "t.parquet"
    days = pl.Series("first", ["2026-01-01", None, None, "2026-01-01"]).str.to_date()
    pl.DataFrame({"arm": ["a", "b", "a", "b"], "y": [1.0, 2.0, 3.0, 4.0], "first": days}).write_parquet(path)

    with pytest.raises(Invalid, match="2 units have no first"):
        store.statistics_of_table(
            table_spec("t", ["a", "b"], metrics("y")), path, arm="arm", day="first", as_of=1
        )


def test_a_winsorised_column_is_cut_at_the_level_of_all_arms(store, tmp_path):
    pl.DataFrame({"arm": ["a", "b"] * 50, "y": [float(n) for n in range(100)]}).write_parquet(
        tmp_path / "t.parquet"
    )
    (plain,) = metrics("y")
    cut = msgspec.structs.replace(plain, name="cut", winsor=0.9)
    spec = table_spec("t", ["a", "b"], [plain, cut])

    found = store.statistics_of_table(spec, tmp_path / "t.parquet", arm="arm", as_of=1)

    values = np.minimum(np.arange(0, 100, 2), 89.0)
    assert found.moments("cut", "a").mean == pytest.approx(values.mean())
    assert found.moments("y", "a").mean == 49.0


@pytest.mark.parametrize(
    ("told", "kind", "good"),
    [
        ("spend", "mean", "up"),
        ("converted:proportion", "proportion", "up"),
        ("wait:down", "mean", "down"),
        ("wait:mean:down", "mean", "down"),
        ("a/b", "ratio", "up"),
        ("a/b:ratio:down", "ratio", "down"),
        ("wait:p90:down", "quantile", "down"),
        ("wait:median", "quantile", "up"),
    ],
)
def test_a_metric_is_told_in_a_word(told, kind, good):
    made = table_metric(told)

    assert (made.kind, made.good) == (kind, good)


@pytest.mark.parametrize(
    "told", ["spend:quantile", "spend:upwards", "a/b:p90", "spend:p0", "spend:p100", "spend:p"]
)
def test_another_kind_is_refused_with_examples(told):
    with pytest.raises(Invalid, match="converted:proportion"):
        table_metric(told)


def test_a_column_that_is_not_there_and_a_file_elsewhere_are_named(table, store, tmp_path_factory):
    path, _ = table
    with pytest.raises(UnknownName, match="did you mean 'spend'"):
        store.statistics_of_table(table_spec("t", ["A", "B"], metrics("spent")), path, arm="variant", as_of=1)
    with pytest.raises(Misconfigured, match="may not read"):
        store.arms_of_table(tmp_path_factory.mktemp("other") / "t.parquet", "arm")
