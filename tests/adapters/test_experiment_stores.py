"""Every store that can aggregate an experiment says the same: DuckDB, PostgreSQL and Polars.

Polars computes by another way (values centred and multiplied in NumPy), so that it is the oracle
of the one query, and the two warehouses are of each other.
"""

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.adapters.duckdb_experiment import DuckDBExperimentStore
from fullcycle.adapters.polars_experiment import PolarsExperimentStore
from fullcycle.adapters.postgres_experiment import PostgresExperimentStore
from fullcycle.adapters.postgres_warehouse import PostgresWarehouse
from fullcycle.experiment import LACKING, Covariate, Phase
from fullcycle.kernel import Invalid, Missing, UnknownName, micros
from told_worlds import (
    DAY,
    LATER,
    SPEC,
    SPENT,
    START,
    World,
    by_duckdb,
    by_postgres,
    decision,
    drawn,
    metric,
    oracle,
    require_equal,
)


@pytest.fixture(params=[by_duckdb, by_postgres], ids=["duckdb", "postgres"])
def store(request, tmp_path):
    url = request.getfixturevalue("postgres") if request.param is by_postgres else ""

    def read(world, spec=SPEC, as_of=LATER, phase=None):
        return request.param(world, spec, as_of, tmp_path, url, phase)

    return read


def test_a_warehouse_and_frames_say_the_same_of_generated_rows(store):
    for seed in range(3):
        world = drawn(seed)
        require_equal(store(world), oracle(world))


def test_they_say_the_same_while_units_are_immature_and_of_one_arm_only(store):
    world = drawn(9, arms=("chosen",))
    early = micros(START + 20 * DAY)

    found = store(world, as_of=early)

    require_equal(found, oracle(world, as_of=early))
    assert {one.arm for one in found.counted} == {"chosen"}
    assert found.immature


@pytest.mark.parametrize(
    "plan",
    [
        {"analysis": "fixed", "days": 20},
        {"analysis": "fixed", "days": 20, "starts": "2026-01-05"},
        {"analysis": "group-sequential", "days": 24, "looks": (0.25, 0.5, 1.0), "triggered": "delivered"},
    ],
    ids=["fixed", "started later", "looks"],
)
def test_they_say_the_same_of_a_plan_until_the_days_at_which_it_is_read(store, plan):
    world = drawn(7)
    spec = msgspec.structs.replace(SPEC, **plan)
    as_of = micros(START + 25 * DAY)

    found = store(world, spec, as_of)

    require_equal(found, oracle(world, spec, as_of))
    first = min(one.day for one in found.assigned)
    expected = {
        "fixed": {"2026-01-20", "2026-01-24"} & {add(plan.get("starts", first), 19)},
        "group-sequential": {add(first, 5), add(first, 11)},  # the last waits for its window
    }
    assert {cell.day for cell in found.quantiles} == expected[plan["analysis"]]
    assert all(cell.day for cell in found.cells)


def add(day, many):
    return (datetime.fromisoformat(day) + many * DAY).date().isoformat()


def test_they_say_the_same_of_triggered_exposures(store):
    world = drawn(5)
    spec = msgspec.structs.replace(SPEC, triggered="delivered")

    found = store(world, spec)

    require_equal(found, oracle(world, spec))
    assert found.exposed_without_decision == 1
    assert found.decided_without_exposure > 0


def test_a_unit_that_was_forced_is_never_counted(store):
    world = drawn(6)
    spec = msgspec.structs.replace(SPEC, forced={"0": "today", "1": "chosen"})

    found = store(world, spec)

    require_equal(found, oracle(world, spec))
    assert sum(one.units for one in found.assigned) < sum(one.units for one in store(world).assigned)


def test_a_mean_of_a_hundred_million_keeps_its_variance(store):
    rng = np.random.default_rng(3)
    world = drawn(1, units=400)
    visits = [
        (unit, START + timedelta(hours=961), float(1e8 + rng.normal()), False, "Bern") for unit in range(400)
    ]
    decisions = [decision(u, "today", START + timedelta(days=39, hours=u % 24), u) for u in range(400)]
    world = World(decisions, visits, [])
    spec = msgspec.structs.replace(SPEC, covariates=(), segments=())

    found = store(world, spec, as_of=micros(START + 60 * DAY)).gram("spent", "today")

    values = np.array([spend for _, _, spend, _, _ in visits])
    assert found.units == 400
    assert found.covariance(0, 0) == pytest.approx(np.var(values - 1e8, ddof=1), rel=1e-6)


def test_a_unit_without_a_covariate_counts_with_the_mean_of_the_others(store):
    decisions = [
        decision(1, "today", START, 1, recency=1.0),
        decision(2, "today", START, 2, recency=4.0),
        decision(3, "chosen", START, 3),
    ]
    spec = msgspec.structs.replace(SPEC, covariates=(Covariate(name="recency"),), segments=("device",))

    found = store(World(decisions, [], []), spec)

    assert found.gram("spent", "chosen").means == (0.0, 2.5)
    assert found.levels("device") == [LACKING]


def test_covariates_and_segments_are_those_of_the_first_exposure_that_counts(store):
    decisions = [
        decision(1, "today", START + DAY, 1, device="late", recency=9.0),
        decision(1, "today", START, 2, device="first", recency=3.0),
    ]
    spec = msgspec.structs.replace(SPEC, covariates=(Covariate(name="recency"),), segments=("device",))

    found = store(World(decisions, [], []), spec)

    assert found.gram("spent", "today", segment="device", level="first").means == (0.0, 3.0)
    assert found.levels("device") == ["first"]


@pytest.mark.parametrize("kind", ["float8", "numeric(9, 2)", "text", "int"])
def test_units_are_the_same_in_whatever_type_a_source_holds_them(store, kind):
    decisions = [decision(7, "today", START, 1), decision(8, "chosen", START, 2)]
    world = World(decisions, [(7, START + DAY, 5.0, False, "Bern")], [])
    world.ids = kind

    found = store(world, msgspec.structs.replace(SPEC, covariates=(), segments=()))

    assert found.gram("spent", "today").means == (5.0,)


def test_a_first_exposure_whose_request_is_not_kept_lacks_its_fields(store):
    decisions = [
        {**decision(1, "today", START, 1), "request": None},
        decision(1, "today", START + DAY, 2, device="late", recency=9.0),
        decision(2, "chosen", START, 3, device="first", recency=3.0),
    ]
    spec = msgspec.structs.replace(SPEC, covariates=(Covariate(name="recency"),), segments=("device",))

    found = store(World(decisions, [], []), spec)

    assert found.gram("spent", "today", segment="device", level=LACKING).means == (
        0.0,
        3.0,
    )  # the others' mean


def two_phases():
    """Unit 1 keeps its arm, 2 gets another one, 3 is new, 4 was in the first alone, 5 gets two in this."""
    begin, again = START, START + 10 * DAY
    rows = [(1, "today", begin, 1), (2, "today", begin, 1), (4, "chosen", begin, 1), (5, "chosen", begin, 1)]
    rows += [(1, "today", again, 2), (2, "chosen", again, 2), (3, "chosen", again, 2)]
    rows += [(5, "chosen", again, 2), (5, "today", again, 2), (4, "today", again + 9 * DAY, 3)]
    decisions = [
        {**decision(unit, arm, at, n, device=f"v{release}", recency=float(release)), "release": release}
        for n, (unit, arm, at, release) in enumerate(rows)
    ]
    visits = [
        (unit, at + days * DAY, spend, False, "Bern")
        for unit in (1, 2, 3)
        for at, days, spend in [(begin, -1, 1.0), (begin, 9, 10.0), (again, 1, 100.0)]
    ]
    return World(decisions, visits, []), Phase(2, micros(again), micros(again + 8 * DAY), (2,))


def test_in_a_later_phase_what_was_known_before_is_of_before_any_phase(store):
    world, phase = two_phases()
    spec = msgspec.structs.replace(SPEC, segments=("device",), covariates=SPEC.covariates[:2])

    found = store(world, spec, phase=phase)

    assert found.gram("spent", "today").means == (100.0, 1.0, 1.0)
    assert found.gram("spent", "chosen").means == (100.0, 1.5, (1.0 + 10.0) / 2)  # 3 is new: 10 was before it
    assert found.gram("spent", "chosen", segment="device", level="v1").units == 1
    assert (found.moved, found.crossed) == (1, 1)
    require_equal(found, oracle(world, spec, phase=phase))
    assert {(one.arm, one.units) for one in found.assigned} == {("today", 1), ("chosen", 2)}


def test_in_a_later_phase_a_triggered_unit_is_of_its_first_triggered_exposure_of_any_phase(store):
    world, phase = two_phases()  # every third decision is triggered, beginning with that of unit 1
    spec = msgspec.structs.replace(
        SPEC, segments=(), covariates=SPEC.covariates[:2], triggered="delivered", metrics={"spent": SPENT}
    )

    found = store(world, spec, phase=phase)

    assert {(one.arm, one.units) for one in found.counted} == {("chosen", 1)}  # unit 3, by its only one
    assert found.gram("spent", "chosen").means == (100.0, 2.0, 10.0)
    assert found.moved == 1
    require_equal(found, oracle(world, spec, phase=phase))


@pytest.mark.parametrize("triggered", [None, "delivered"])
def test_they_say_the_same_of_a_phase_whose_releases_answer_in_others_too(store, triggered):
    world, cut = drawn(5), START + 18 * DAY
    for n, one in enumerate(world.decisions):
        one["release"] = 3 if n % 5 == 0 else 1 + (one["at"] >= cut.replace(tzinfo=UTC))
        if one["release"] == 1 and n % 4 == 0:
            one["arm"] = "gone"  # there is no such arm any more
    phase = Phase(2, micros(cut), micros(cut + 9 * DAY), (2, 3), (3,))
    spec = msgspec.structs.replace(SPEC, triggered=triggered)

    found = store(world, spec, phase=phase)

    require_equal(found, oracle(world, spec, phase=phase))
    assert found.moved > 0


def test_a_value_that_is_no_number_says_whose(store):
    world = World([decision(1, "today", START, 1)], [(1, START + DAY, float("nan"), False, "Bern")], [])

    for name in ("spent", "capped", "median"):
        spec = msgspec.structs.replace(SPEC, metrics={name: SPEC.metrics[name]}, primary=name)
        with pytest.raises(Invalid, match=f"the metric {name} of the experiment trial"):
            store(world, spec)


def test_a_ratio_among_the_covariates_is_refused(store):
    before = msgspec.structs.replace(SPEC.metrics["per_order"], name="before")
    spec = msgspec.structs.replace(SPEC, covariates=(Covariate(name="before", before=before),))

    with pytest.raises(Invalid, match="before is a ratio"):
        store(drawn(1), spec)


def test_a_mistake_in_a_condition_is_told(store):
    spec = msgspec.structs.replace(
        SPEC, metrics={"spent": metric("spent", column="spend", where="spent > 1")}, primary="spent"
    )

    with pytest.raises(UnknownName, match="'spent'"):
        store(drawn(1), spec)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), units=st.integers(1, 40), hours=st.integers(0, 60 * 24))
def test_duckdb_says_what_frames_say_at_any_moment(tmp_path, seed, units, hours):
    world, as_of = drawn(seed, units), micros(START + timedelta(hours=hours))

    require_equal(by_duckdb(world, SPEC, as_of, tmp_path, ""), oracle(world, SPEC, as_of))


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), units=st.integers(1, 40), hours=st.integers(0, 60 * 24))
def test_postgres_says_what_frames_say_at_any_moment(postgres, tmp_path, seed, units, hours):
    world, as_of = drawn(seed, units), micros(START + timedelta(hours=hours))

    require_equal(by_postgres(world, SPEC, as_of, tmp_path, postgres), oracle(world, SPEC, as_of))


def test_late_rows_are_left_out_and_counted_where_their_arrival_is_known(tmp_path):
    shown = START.replace(tzinfo=UTC)
    decisions = [decision(1, "today", START, 1), decision(2, "chosen", START, 2)]
    came = [START + 2 * DAY, START + 9 * DAY, START + 3 * DAY]
    clicks = pl.DataFrame(
        {
            "client_id": [1, 1, 2],
            "at": [START + DAY] * 3,
            "spend": [1.0, 10.0, 100.0],
            "received": came,
        }
    ).with_columns(pl.col("at").cast(pl.Datetime("us")), pl.col("received").cast(pl.Datetime("us")))
    world = World(decisions, [], [])
    spec = msgspec.structs.replace(
        SPEC, metrics={"spent": SPENT, "visited": SPEC.metrics["visited"]}, covariates=(), segments=()
    )
    told = {"visits": "received"}
    frames = PolarsExperimentStore(world.exposures, {"visits": clicks})
    clicks.write_parquet(tmp_path / "clicks.parquet")
    world.exposures.write_parquet(tmp_path / "log.parquet")
    warehouse = DuckDBWarehouse(None, folders=[tmp_path])
    file = tmp_path / "clicks.parquet"
    source = warehouse.sql("select * from read_parquet($file)", file=str(file))

    ours = frames.statistics(spec, as_of=LATER, received=told)
    theirs = DuckDBExperimentStore(warehouse).statistics(
        spec, [tmp_path / "log.parquet"], {"visits": source}, as_of=LATER, received=told
    )

    assert shown
    require_equal(theirs, ours)
    assert theirs.moments("spent", "today").mean == 1.0
    assert {(one.arm, one.metric): one.units for one in theirs.late} == {
        ("today", "spent"): 1,
        ("chosen", "spent"): 0,
        ("today", "visited"): 1,
        ("chosen", "visited"): 0,
    }


def test_days_since_the_exposure_add_up_to_the_whole_window(tmp_path):
    world = drawn(4, units=50)
    log = tmp_path / "log.parquet"
    world.exposures.write_parquet(log)
    for name, frame in world.frames.items():
        frame.write_parquet(tmp_path / f"{name}.parquet")
    warehouse = DuckDBWarehouse(None, folders=[tmp_path])
    sources = {
        name: warehouse.sql("select * from read_parquet($file)", file=str(tmp_path / f"{name}.parquet"))
        for name in world.frames
    }
    as_of = micros(START + 60 * DAY)

    found = DuckDBExperimentStore(warehouse).statistics(SPEC, [log], sources, as_of=as_of, by_age=True)

    for arm in SPEC.order:
        days = [cell for cell in found.by_age if cell.arm == arm]
        assert [cell.day for cell in days] == [str(day) for day in range(7)]
        whole = found.moments("spent", arm)
        assert {cell.gram.units for cell in days} == {whole.units}
        assert sum(cell.moments.mean for cell in days) == pytest.approx(whole.mean)


def test_a_day_since_the_exposure_counts_only_units_that_have_lived_it(tmp_path):
    decisions = [decision(1, "today", START, 1), decision(2, "today", START + 2 * DAY, 2)]
    world = World(decisions, [(1, START + timedelta(hours=30), 4.0, False, "Bern")], [])
    world.exposures.write_parquet(tmp_path / "log.parquet")
    world.frames["visits"].write_parquet(tmp_path / "visits.parquet")
    warehouse = DuckDBWarehouse(None, folders=[tmp_path])
    visits = warehouse.sql("select * from read_parquet($file)", file=str(tmp_path / "visits.parquet"))
    spec = msgspec.structs.replace(SPEC, metrics={"spent": SPENT}, covariates=(), segments=())
    as_of = micros(START + 4 * DAY)

    found = DuckDBExperimentStore(warehouse).statistics(
        spec, [tmp_path / "log.parquet"], {"visits": visits}, as_of=as_of, by_age=True
    )

    lived = {cell.day: (cell.gram.units, cell.gram.means[0]) for cell in found.by_age}
    assert lived == {"0": (2, 0.0), "1": (2, 2.0), "2": (1, 0.0), "3": (1, 0.0)}


def test_postgres_without_publication_says_what_to_publish(postgres):
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("drop schema if exists fullcycle cascade")
    warehouse = PostgresWarehouse(postgres)

    with pytest.raises(Missing, match="fullcycle experiment publish winback"):
        PostgresExperimentStore(warehouse, "prod").statistics(SPEC, [], {}, as_of=LATER)
