"""fullcycle.adapters.duckdb_experiment: the one query against a loop over plain rows."""

from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import polars as pl
import pytest

from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.adapters.duckdb_experiment import DuckDBExperimentStore
from fullcycle.experiment import ExperimentSpec, Moments, Phase, Statistics, readout
from fullcycle.kernel import Invalid, Misconfigured, UnknownName, micros
from fullcycle.metric import MetricSpec

START = datetime(2026, 1, 1)
DAY = timedelta(days=1)
LATER = micros(START + 60 * DAY)


def metric(name, **options):
    given = {"kind": "proportion", "within_s": 14 * 86400.0, **options}
    return MetricSpec(name=name, source="visits", unit="client_id", time="at", **given)


METRICS = {
    m.name: m
    for m in (
        metric("visited"),
        metric("spent", kind="mean", column="spend"),
        metric("capped", kind="mean", column="spend", cap=20.0, where="spend > 1"),
        metric("visits", kind="mean"),
        metric("soon", within_s=86400.0, after_s=3600.0, late_s=7200.0),
    )
}
SPEC = ExperimentSpec(
    name="trial",
    capability="winback",
    order=("today", "chosen"),
    arms={"today": "winback.service:today", "chosen": "winback.service:choose"},
    weights={"today": 0.5, "chosen": 0.5},
    seed="winback/trial",
    unit="client_id",
    metrics=METRICS,
    primary="visited",
)
TRIGGERED = ExperimentSpec(
    **{f: getattr(SPEC, f) for f in SPEC.__struct_fields__ if f != "triggered"}, triggered="delivered"
)


def exposure(unit, arm, at, decision=None, experiment="trial"):
    return {
        "decision_id": decision or f"{unit}-{at.isoformat()}",
        "at": at.replace(tzinfo=UTC),
        "release": 1,
        "environment": "prod",
        "experiment": experiment,
        "arm": arm,
        "arm_probability": 0.5,
        "unit": unit,
    }


class Shop:
    """A warehouse with visits and deliveries, and a folder with exposures."""

    def __init__(self, folder):
        self.folder = folder / "events"
        self.folder.mkdir()
        self.path = folder / "warehouse.duckdb"
        self.files = []
        with duckdb.connect(str(self.path)) as connection:
            connection.execute('create table visits (client_id bigint, "at" timestamp, spend double)')
            connection.execute("create table delivered (decision_id varchar)")

    def expose(self, *rows):
        path = self.folder / f"{len(self.files)}.parquet"
        pl.DataFrame(list(rows)).write_parquet(path)
        self.files.append(path)

    def fill(self, table, rows):
        with duckdb.connect(str(self.path)) as connection:
            connection.executemany(f"insert into {table} values ({', '.join('?' * len(rows[0]))})", rows)

    def read(self, spec=SPEC, as_of=LATER, phase=None):
        warehouse = DuckDBWarehouse(self.path, folders=[self.folder])
        sources = {name: warehouse.sql(f"select * from {name}") for name in ("visits", "delivered")}
        return DuckDBExperimentStore(warehouse).statistics(
            spec, self.files, sources, as_of=as_of, phase=phase
        )


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def test_a_unit_is_counted_once_at_its_first_exposure(shop):
    shop.expose(
        exposure("1", "today", START + DAY), exposure("1", "today", START), exposure("2", "chosen", START)
    )
    shop.expose(exposure("1", "today", START))  # the same decision, read again
    shop.fill("visits", [(1, START + timedelta(hours=2), 10.0), (1, START + 2 * DAY, 5.0)])

    found = shop.read()

    assert found.moments("visited", "today") == Moments(1, 1.0, 0.0)
    assert found.moments("spent", "today") == Moments(1, 15.0, 0.0)
    assert found.moments("visits", "today") == Moments(1, 2.0, 0.0)
    assert found.moments("spent", "chosen") == Moments(1, 0.0, 0.0)
    assert {count.day for count in found.assigned} == {"2026-01-01"}


def test_only_what_was_decided_in_a_phase_is_counted_by_its_releases_and_else_by_time(shop):
    def decided(unit, release, day):
        return {**exposure(unit, "today", START + day * DAY), "release": release}

    rows = [
        decided("1", 1, 0),
        decided("2", 2, 2),
        decided("3", 1, 4),
        decided("4", 2, 5),
        decided("5", 3, 1),
    ]
    shop.expose(*rows)
    second, third = micros(START + 2 * DAY), micros(START + 4 * DAY)
    phases = [
        Phase(1, micros(START + DAY), second, (1, 3), (1,)),  # v1 answers again later
        Phase(2, second, third, (2,)),
        Phase(3, third, None, (1,), (1,)),
    ]

    found = [shop.read(phase=phase) for phase in phases]

    # 4 was asked of v2 as it went: it is that phase's, whatever the time
    assert [sum(count.units for count in one.assigned) for one in found] == [2, 2, 1]
    store = DuckDBExperimentStore(DuckDBWarehouse(shop.path, folders=[shop.folder]))
    assert [store.decisions(SPEC, shop.files, phase) for phase in phases] == [2, 2, 1]
    assert store.decisions(SPEC, [], phases[0]) == 0


def test_a_unit_with_two_arms_counts_nowhere(shop):
    shop.expose(
        exposure("1", "today", START), exposure("1", "chosen", START + DAY), exposure("2", "today", START)
    )

    found = shop.read()

    assert found.crossed == 1
    assert sum(count.units for count in found.assigned) == 1
    assert found.moments("visited", "today").units == 1


def test_other_experiments_and_unknown_arms_are_not_exposures(shop):
    shop.expose(
        exposure("1", "today", START, experiment="another"),
        exposure("2", "retired", START),
        exposure("3", "chosen", START),
    )

    assert [(c.arm, c.units) for c in shop.read().assigned] == [("chosen", 1)]


def test_only_triggered_exposures_begin_a_window(shop):
    shop.expose(
        exposure("1", "today", START, "a"),
        exposure("1", "today", START + 5 * DAY, "b"),
        exposure("2", "today", START, "c"),
    )
    shop.fill("delivered", [("b",), ("b",)])
    shop.fill("visits", [(1, START + DAY, 1.0)])

    found = shop.read(TRIGGERED)

    assert [(c.day, c.units) for c in found.counted] == [("2026-01-06", 1)]
    assert sum(c.units for c in found.assigned) == 2
    assert found.moments("visited", "today") == Moments(1, 0.0, 0.0)  # came before the delivery
    assert readout(TRIGGERED, found).untriggered == 1


def test_a_unit_inside_its_window_is_immature_for_that_metric_only(shop):
    shop.expose(exposure("1", "today", START))

    found = shop.read(as_of=micros(START + 3 * DAY))

    assert {(c.metric, c.units) for c in found.immature} == {
        (name, 1) for name in ("visited", "spent", "capped", "visits")
    }
    assert {cell.metric for cell in found.cells} == {"soon"}


def test_what_comes_after_the_moment_of_reading_does_not_count(shop):
    shop.expose(exposure("1", "today", START + 90 * DAY))

    assert shop.read().assigned == ()


def test_the_query_says_what_a_loop_over_plain_rows_says(shop):
    rng = np.random.default_rng(20260101)
    units = [
        (i, rng.choice(["today", "chosen"]), START + timedelta(seconds=int(s)))
        for i, s in enumerate(rng.integers(0, 20 * 86400, 300))
    ]
    shop.expose(*(exposure(str(i), str(arm), at) for i, arm, at in units))
    visited = [
        (int(c), START + timedelta(seconds=int(s)), float(x))
        for c, s, x in zip(
            rng.integers(0, 320, 900), rng.integers(0, 40 * 86400, 900), rng.gamma(1, 9, 900), strict=True
        )
    ]
    shop.fill("visits", visited)
    as_of = START + 28 * DAY

    found = shop.read(as_of=micros(as_of))

    def value(m, unit, at):
        begin = at + timedelta(seconds=m.after_s)
        spends = [
            x for c, t, x in visited if c == unit and begin < t <= begin + timedelta(seconds=m.within_s)
        ]
        spends = [x for x in spends if m.where is None or x > 1]
        if m.kind == "proportion":
            return float(bool(spends))
        total = sum(spends) if m.column else float(len(spends))
        return total if m.cap is None else min(total, m.cap)

    for m in METRICS.values():
        for arm in ("today", "chosen"):
            known = [
                (i, at) for i, a, at in units if a == arm and at + timedelta(seconds=m.known_after_s) <= as_of
            ]
            oracle = Moments.of(np.array([value(m, i, at) for i, at in known]))
            moments = found.moments(m.name, arm)
            assert moments.units == oracle.units
            assert moments.mean == pytest.approx(oracle.mean, rel=1e-12)
            assert moments.m2 == pytest.approx(oracle.m2, rel=1e-9, abs=1e-12)
            days = {at.date().isoformat() for _, at in known}
            assert {c.day for c in found.cells if (c.metric, c.arm) == (m.name, arm)} == days


def test_a_variance_survives_a_mean_of_a_hundred_million(shop):
    spends = np.random.default_rng(3).normal(1e8, 1.0, 2_000)
    shop.expose(*(exposure(str(i), "today", START) for i in range(2_000)))
    shop.fill("visits", [(i, START + timedelta(hours=1), float(x)) for i, x in enumerate(spends)])

    found = shop.read().moments("spent", "today")

    assert found.variance == pytest.approx(np.var(spends - 1e8, ddof=1), rel=1e-6)


def test_nobody_exposed_yet_gives_empty_statistics(shop):
    assert shop.read() == Statistics(as_of=LATER)


def test_a_mistake_in_a_metrics_condition_is_told(shop):
    shop.expose(exposure("1", "today", START))
    broken = ExperimentSpec(
        **{f: getattr(SPEC, f) for f in SPEC.__struct_fields__ if f != "metrics"},
        metrics={"visited": metric("visited", where="spent > 0")},
    )

    with pytest.raises(UnknownName, match="'spent'"):
        shop.read(broken)


def test_a_value_that_is_no_number_says_whose(shop):
    shop.expose(exposure("1", "today", START))
    shop.fill("visits", [(1, START + DAY, float("nan"))])

    with pytest.raises(Invalid, match="the metric spent of the experiment trial"):
        shop.read()


def test_a_source_that_cannot_be_asked_any_more_is_named(shop):
    shop.expose(exposure("1", "today", START))
    warehouse = DuckDBWarehouse(shop.path, folders=[shop.folder])
    asked = {"visits": "select * from visits", "delivered": "select * from delivered"}

    def read(**changed):
        sources = {name: warehouse.sql(text) for name, text in {**asked, **changed}.items()}
        return DuckDBExperimentStore(warehouse).statistics(SPEC, shop.files, sources, as_of=LATER)

    read()
    with pytest.raises(UnknownName, match="'total'") as caught:
        read(visits="select *, total from visits")
    assert caught.value.where.startswith("the source visits: ")
    with pytest.raises(UnknownName, match="'visit'") as caught:
        read(visits="select * from visit")
    assert caught.value.where.startswith("the source visits: ")


def test_a_lacking_source_and_a_folder_that_is_closed_are_named(shop, tmp_path):
    shop.expose(exposure("1", "today", START))
    warehouse = DuckDBWarehouse(shop.path, folders=[shop.folder])
    with pytest.raises(UnknownName, match="'visits'"):
        DuckDBExperimentStore(warehouse).statistics(SPEC, shop.files, {}, as_of=LATER)
    with pytest.raises(Misconfigured, match="folders="):
        DuckDBExperimentStore(DuckDBWarehouse(shop.path)).statistics(SPEC, shop.files, {}, as_of=LATER)
