"""A readout through DuckDB, from rows to what is said: of which units it is, and what it notices."""

from datetime import date, datetime, timedelta

import msgspec
import numpy as np
import pytest

from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.adapters.duckdb_experiment import DuckDBExperimentStore
from fullcycle.experiment import headline, readout
from fullcycle.kernel import micros
from told_worlds import SPEC, World, decision, drawn, metric

START = datetime(2026, 1, 1)
DAY = timedelta(days=1)


def read(world, spec, folder, at):
    """The readout of a world as of so many days after its start."""
    world.exposures.write_parquet(folder / "log.parquet")
    warehouse = DuckDBWarehouse(None, folders=[folder])
    sources = {}
    for name, frame in world.frames.items():
        frame.write_parquet(folder / f"{name}.parquet")
        file = str(folder / f"{name}.parquet")
        sources[name] = warehouse.sql("select * from read_parquet($file)", file=file)
    store, as_of = DuckDBExperimentStore(warehouse), micros(START + at * DAY)
    found = store.statistics(spec, [folder / "log.parquet"], sources, as_of=as_of, by_age=True)
    return readout(spec, found, planned_units=400)


def smooth(seed, units=400):
    """A drawn world of which no two visits spent the same: a quantile has an interval."""
    world = drawn(seed, units=units)
    rng = np.random.default_rng(seed)
    visits = [(u, at, None if s is None else s + rng.normal(), *more) for u, at, s, *more in world.visits]
    return World(world.decisions, visits, world.orders)


def of_first_exposures_until(world, last):
    """The same world, had nobody come later who was not there before."""
    first: dict[str, date] = {}
    for one in world.decisions:
        day = one["at"].date()
        first[one["unit"]] = min(first.get(one["unit"], day), day)
    kept = [one for one in world.decisions if first[one["unit"]] <= last]
    return World(kept, world.visits, world.orders)


PLAN = msgspec.structs.replace(
    SPEC,
    metrics={**SPEC.metrics, "p90": metric("p90", kind="quantile", column="spend", q=0.9)},
    days=20,
    starts="2026-01-01",
    secondary=("median", "p90", "per_order", "winsorised"),
    covariates=(),
    guardrails={"visited": 0.5},
    segments=("größe",),
)


@pytest.mark.parametrize(
    ("options", "last", "at"),
    [
        ({"analysis": "fixed"}, date(2026, 1, 20), 50),
        ({"analysis": "group-sequential", "looks": (0.5, 1.0)}, date(2026, 1, 20), 50),
        ({"analysis": "group-sequential", "looks": (0.5, 1.0)}, date(2026, 1, 10), 20),  # between two looks
        ({"analysis": "fixed", "primary": "median"}, date(2026, 1, 20), 50),
    ],
    ids=["fixed", "last look", "first look", "a quantile decides"],
)
def test_all_of_a_readout_is_of_the_same_units_whoever_comes_later(tmp_path, options, last, at):
    world = smooth(3)
    plan = {**options, "secondary": (*PLAN.secondary, "spent")} if "primary" in options else options
    spec = msgspec.structs.replace(PLAN, **plan)

    found = read(world, spec, tmp_path, at)
    alone = read(of_first_exposures_until(world, last), spec, tmp_path, at)

    assert found.effects[0].arm_units == alone.effects[0].arm_units > 0
    for mine, theirs in zip(found.effects, alone.effects, strict=True):
        assert mine.difference is not None, mine.metric
        assert (mine.control_units, mine.arm_units) == (theirs.control_units, theirs.arm_units), mine.metric
        assert mine.difference == pytest.approx(theirs.difference), mine.metric
        assert mine.stderr == pytest.approx(theirs.stderr), mine.metric
    assert len(found.segments) == len(alone.segments)
    for mine, theirs in zip(found.segments, alone.segments, strict=True):
        assert (mine.level, mine.units) == (theirs.level, theirs.units)
        assert mine.difference == pytest.approx(theirs.difference)
    for mine, theirs in zip(found.ages, alone.ages, strict=True):
        assert mine.difference == pytest.approx(theirs.difference)
    assert [one.known for one in found.arms] == [one.known for one in alone.arms]
    assert [step.units for step in found.path] == [step.units for step in alone.path]


def test_who_comes_after_a_plan_is_counted_and_said(tmp_path):
    world = smooth(3)
    spec = msgspec.structs.replace(PLAN, analysis="fixed")

    found = read(world, spec, tmp_path, 50)
    always = read(world, msgspec.structs.replace(PLAN, analysis="always-valid"), tmp_path, 50)

    assert found.last_day == "2026-01-20"
    assert found.after_plan > 0
    assert always.after_plan == 0
    assert sum(one.units for one in always.units_by_day) == found.after_plan + sum(
        one.units for one in found.units_by_day
    )
    assert found.sample_ratio.counts == {one.arm: one.assigned for one in found.arms}


def test_a_quantile_that_decides_has_its_days_and_is_told_at_each_look(tmp_path):
    world = smooth(3)
    spec = msgspec.structs.replace(
        PLAN, analysis="group-sequential", looks=(0.5, 1.0), primary="median", secondary=("spent",)
    )

    found = read(world, spec, tmp_path, 50)

    assert (found.first_day, found.last_day) == ("2026-01-01", "2026-01-20")
    assert [step.day for step in found.path] == ["2026-01-10", "2026-01-20"]
    assert found.path[0].units < found.path[1].units == sum(one.known for one in found.arms)


def visits_by_age(rng, chances):
    """Units of two arms that visit with some chance on each day after they were exposed."""
    decisions, visits = [], []
    for unit in range(3_000):
        arm = ("today", "chosen")[unit % 2]
        at = START + timedelta(hours=int(rng.integers(0, 10 * 24)))
        decisions.append(decision(unit, arm, at, unit))
        for age, chance in enumerate(chances[arm]):
            if rng.random() < chance:
                visits.append((unit, at + age * DAY + timedelta(hours=3), 1.0, False, "Bern"))
    return World(decisions, visits, [])


@pytest.mark.parametrize(
    ("chosen", "rings"),
    [([0.45] + [0.1] * 6, "larger on the first day"), ([0.15] * 7, ""), ([0.1] + [0.4] * 6, "grows after")],
    ids=["wears off", "lasts", "is found later"],
)
def test_a_novelty_that_was_planted_in_the_rows_is_noticed_in_the_readout(tmp_path, chosen, rings):
    rng = np.random.default_rng(20261121)
    world = visits_by_age(rng, {"today": [0.1] * 7, "chosen": chosen})
    visits = metric("visits", kind="mean")
    spec = msgspec.structs.replace(
        SPEC, metrics={"visits": visits}, primary="visits", covariates=(), segments=(), days=10
    )

    found = read(world, spec, tmp_path, 25)

    check = next(one for one in found.checks if one.name == "novelty")
    planted = [of - 0.1 for of in chosen]
    for one, effect in zip(found.ages, planted, strict=True):
        assert abs(one.difference - effect) < 4 * one.stderr
    assert sum(one.difference for one in found.ages) == pytest.approx(found.primary[0].difference)
    assert check.standing == ("qualifies" if rings else "ok")
    assert rings in check.said
    assert ("novelty" in found.verdict.qualified) == bool(rings)
    assert (f"But {check.said}" in headline(found)) == bool(rings)
