"""A project whose warehouse is PostgreSQL reads what one on DuckDB does: tables, decisions and events."""

from datetime import UTC, datetime, timedelta

import duckdb
import msgspec
import psycopg
import pytest

from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.experiment import Covariate, ExperimentSpec, PastRows, Side, Sides
from fullcycle.kernel import Misconfigured, Missing, micros
from fullcycle.record import Decision, Received, encode_decision, encode_received
from fullcycle.wiring import open_project
from fullcycle.wiring.exposing import gathered, publish_exposures
from fullcycle.wiring.flow import Flow
from postgres_server import running_postgres

SHOWN = datetime(2026, 3, 1, tzinfo=UTC)
LATER = micros(SHOWN + timedelta(days=9))
PROJECT = """
[project]
package = "shop"
ledger = "sqlite:///.fullcycle/ledger.db"

[environments.prod]
warehouses.warehouse = {bound}
"""
FLOW = """
from datetime import datetime
from typing import Annotated

import fullcycle as fc
import polars as pl


class Visit(fc.Row):
    client_id: Annotated[int, fc.key]
    at: Annotated[datetime, fc.time]
    spend: float


class Click(fc.Row):
    decision_id: str
    at: Annotated[datetime, fc.time]
    worth: float = 1.5


class Call(fc.Row):
    client_id: Annotated[int, fc.key]
    at: Annotated[datetime, fc.time]


@fc.source(Visit)
def visits(warehouse: fc.Warehouse) -> fc.Query:
    return warehouse.sql("select * from visits")


clicks = fc.events(Click)
calls = fc.events(Call)
spent = fc.mean(visits, "spend", within="2d")
clicked = fc.proportion(clicks, within="1d")
worth = fc.mean(clicks, "worth", within="2d")
called = fc.mean(calls, within="3d")
after_visits = fc.outcomes(called, of=visits)
after_calls = fc.outcomes(spent, of=calls)
after_decisions = fc.outcomes(clicked)


@fc.step
def told(after_visits: pl.DataFrame, after_calls: pl.DataFrame, after_decisions: pl.DataFrame) -> int:
    return after_visits.height + after_calls.height + after_decisions.height
"""
METRICS = ("spent", "clicked", "worth", "called")


@pytest.fixture(scope="module")
def server():
    with running_postgres() as url:
        yield url


@pytest.fixture
def shop(tmp_path, server, monkeypatch):
    """A project with a log of decisions and of events, and its one table in DuckDB and in PostgreSQL."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DWH", server)
    (tmp_path / "winback").mkdir()
    for name, text in {"winback/brief.md": "", "winback/flow.py": FLOW}.items():
        (tmp_path / name).write_text(text)
    bind('"duckdb:///warehouse.duckdb"')
    visits = [(n % 40, SHOWN + timedelta(hours=n % 50, minutes=n), n / 8) for n in range(200)]
    with duckdb.connect("warehouse.duckdb") as connection:
        connection.execute('create table visits (client_id bigint, "at" timestamptz, spend double)')
        connection.executemany("insert into visits values (?, ?, ?)", visits)
    with psycopg.connect(server, autocommit=True, options="-c client_min_messages=warning") as connection:
        connection.execute("drop schema if exists fullcycle cascade")
        connection.execute("drop table if exists visits")
        connection.execute('create table visits (client_id bigint, "at" timestamptz, spend float8)')
        connection.cursor().executemany("insert into visits values (%s, %s, %s)", visits)
    log()
    return tmp_path


def bind(told):
    """Let prod's warehouse be this one."""
    with open("fullcycle.toml", "w") as file:
        file.write(PROJECT.format(bound=told))


def log():
    """Forty clients are asked about, ten of them in no experiment; clicks and calls come soon or late."""
    project = open_project()
    writer = SegmentWriter(project.events_folder("winback", "prod"))
    for n in range(60):
        client, arm = n % 40, ("today", "chosen", None, "chosen")[n % 4]
        given = {"experiment": "trial", "arm": arm, "arm_probability": 0.5, "unit": str(client)}
        at = micros(SHOWN + timedelta(hours=n % 13))
        writer.append(
            encode_decision(
                Decision(
                    id=f"d{n}", at=at, capability="winback", environment="prod", release=1, answer={"x": 1},
                    request={"client_id": client, "age": n / 7, "kind": ["new", "ü"][n % 2], "secret": "s"},
                    fallback=n % 9 == 0, **(given if arm else {}),
                )
            )
        )  # fmt: skip
    writer.close()
    for name, rows in {
        "clicks": [{"decision_id": f"d{n % 70}", "worth": n / 4} for n in range(90)],
        "calls": [{"client_id": n % 41} for n in range(90)],
    }.items():
        writer = SegmentWriter(project.received_folder("winback", "prod", name))
        for n, row in enumerate(rows):
            at = SHOWN + timedelta(hours=n % 30 + 13)
            came = micros(at + timedelta(days=5 if n % 6 == 0 else 0))
            row = {**row, "at": at.isoformat()}
            writer.append(encode_received(Received(id=f"{name}{n}", at=came, release=1, row=row)))
        writer.close()


def flow_and_spec():
    flow = Flow.open(open_project(), "winback", "prod")
    assert flow.graph  # which names sources and metrics
    metrics = {name: getattr(flow.module("flow"), name).spec(unit="client_id") for name in METRICS}
    return flow, ExperimentSpec(
        name="trial",
        capability="winback",
        order=("today", "chosen"),
        arms={"today": "winback.service:today", "chosen": "winback.service:choose"},
        weights={"today": 0.5, "chosen": 0.5},
        seed="trial",
        unit="client_id",
        metrics=metrics,
        primary="worth",
        segments=("kind",),
    )


def told(statistics):
    """What statistics say, means and spreads to ten digits."""
    cells = {
        (one.metric, one.arm, one.day, one.segment, one.level): (
            one.gram.units,
            *(float(f"{value:.10g}") + 0.0 for value in (*one.gram.means, *one.gram.products)),
        )
        for one in statistics.cells
    }
    ages = [(one.arm, one.day, one.gram.units) for one in statistics.by_age]
    return cells, ages, set(statistics.late), set(statistics.counted), statistics.immature, statistics.crossed


def read(*, sides=None, as_of=LATER, **changes):
    flow, spec = flow_and_spec()
    spec = msgspec.structs.replace(spec, **changes)
    where = gathered(flow, spec, by_request=sides is not None)
    return where.store.statistics(
        spec, where.files, where.sources, as_of=as_of, received=where.received, sides=sides, by_age=True,
        watermark=where.watermark,
    )  # fmt: skip


def in_both(ask):
    """What is said of DuckDB, then of PostgreSQL, which is written to on the way."""
    theirs = ask()
    bind('{ url = "$DWH", writer = "$DWH" }')
    return theirs, ask()


@pytest.mark.parametrize("hours", [24 * 9, 30])
def test_tables_and_events_are_read_alike(shop, hours):
    as_of = micros(SHOWN + timedelta(hours=hours))
    theirs, ours = in_both(lambda: read(as_of=as_of))

    assert told(ours) == told(theirs)
    assert {one.metric for one in ours.cells} == (set(METRICS) if hours > 99 else {"clicked"})
    if hours > 99:
        assert {one.metric for one in ours.late if one.units} >= {"worth", "called"}


def test_a_covariate_knows_events_of_decisions_of_before_the_experiment(shop):
    """Nobody took part then, so that only the request says whose decision it was."""
    project, before = open_project(), SHOWN - timedelta(days=1)
    writer = SegmentWriter(project.events_folder("winback", "prod"))
    for client in range(40):
        writer.append(
            encode_decision(
                Decision(id=f"old{client}", at=micros(before), capability="winback", environment="prod",
                         release=1, answer={"x": 1}, request={"client_id": client})
            )
        )  # fmt: skip
    writer.close()
    writer = SegmentWriter(project.received_folder("winback", "prod", "clicks"))
    for client in range(40):
        row = {"decision_id": f"old{client}", "worth": 7.0, "at": before.isoformat()}
        came = Received(id=f"old{client}", at=micros(before), release=1, row=row)
        writer.append(encode_received(came))
    writer.close()
    worth = flow_and_spec()[1].metrics["worth"]
    theirs, ours = in_both(lambda: read(covariates=(Covariate(name="worth before", before=worth),)))

    assert told(ours) == told(theirs)
    assert ours.gram("worth", "today").means[1] == 7.0


def test_who_was_held_out_is_told_apart_alike(shop):
    sides = Sides([Side("today", 1, "trial", "today"), Side("chosen", 1, None, None)], since=micros(SHOWN))
    theirs, ours = in_both(lambda: read(sides=sides))

    assert told(ours) == told(theirs)
    assert {(one.metric, one.arm) for one in ours.cells} >= {("worth", "chosen"), ("worth", "today")}
    assert ours.moments("worth", "chosen").mean > 0  # by clicks on decisions that no experiment made


def test_a_past_is_asked_the_condition_alike(shop):
    def past():
        flow, spec = flow_and_spec()
        spec = msgspec.structs.replace(
            spec, condition='{"age": {"$gt": 3}}', covariates=(Covariate(name="age"),), segments=()
        )
        where = gathered(flow, spec, by_request=True)
        return where.store.past(
            spec, where.files, where.sources, as_of=LATER, buckets=1, received=where.received
        )

    theirs, ours = in_both(past)

    assert told(ours) == told(theirs)
    assert 0 < sum(one.units for one in ours.counted) < 40


@pytest.mark.parametrize(
    ("past", "metrics"), [("calls", "spent"), ("visits", "clicked"), ("visits", "called")]
)
def test_rows_of_the_past_are_asked_alike_wherever_they_lie(shop, past, metrics):
    def asked():
        flow, spec = flow_and_spec()
        spec = msgspec.structs.replace(
            spec, metrics={metrics: spec.metrics[metrics]}, primary=metrics, segments=()
        )
        where = gathered(flow, spec, publish=False, past=flow.graph.nodes[past].declared)
        units = PastRows(rows=where.past, unit="client_id", time="at")
        return where.store.past(spec, units, where.sources, as_of=LATER, buckets=1, received=where.received)

    theirs, ours = in_both(asked)

    assert told(ours) == told(theirs)
    assert sum(one.units for one in ours.counted) >= 40


def test_fields_that_nobody_published_are_missed_and_not_taken_for_lacking(shop):
    bind('{ url = "$DWH", writer = "$DWH" }')
    read()
    bind('{ url = "$DWH" }')

    with pytest.raises(Missing, match="age of the requests of winback in prod was not published"):
        read(segments=("kind", "age"))
    with pytest.raises(Missing, match="age of the requests"):
        read(covariates=(Covariate(name="age"),))
    assert read().cells


def test_outcomes_are_joined_alike_wherever_each_side_lies(shop):
    def joined():
        flow, _ = flow_and_spec()
        found = {name: flow.query(flow.graph.nodes[name]) for name in ("after_visits", "after_calls")}
        frames = {name: query.frame() for name, query in found.items()}
        return {
            name: (frame.columns, sorted(frame.rows(), key=str), found[name].immature.frame().item())
            for name, frame in frames.items()
        }

    theirs, ours = in_both(joined)

    assert ours == theirs
    assert all(sum(row[-1] for row in rows) > 0 for _, rows, _ in ours.values())


def test_what_lies_in_the_log_alone_is_joined_there(shop):
    def joined():
        flow, _ = flow_and_spec()
        return flow.query(flow.graph.nodes["after_decisions"]).frame().rows()

    theirs, ours = in_both(joined)

    assert ours == theirs
    assert len(ours) == 60


def test_events_are_published_with_the_decisions_and_the_older_watermark_is_told(shop):
    bind('{ url = "$DWH", writer = "$DWH" }')
    flow, spec = flow_and_spec()
    first, again = (publish_exposures(flow, spec, "warehouse") for _ in range(2))

    assert (first.new, again.new, again.rows) == (60, 0, 60)
    assert {(one.source, one.new) for one in first.events} == {("clicks", 90), ("calls", 90)}
    assert {(one.source, one.new, one.rows) for one in again.events} == {("clicks", 0, 90), ("calls", 0, 90)}
    marks = [again.watermark, *(one.watermark for one in again.events)]
    assert len(set(marks)) > 1
    assert read().watermark == min(marks)


def test_without_a_writer_what_somebody_else_published_is_read(shop):
    bind('{ url = "$DWH" }')
    with pytest.raises(Missing, match="fullcycle experiment publish winback"):
        read()
    flow, spec = flow_and_spec()
    with pytest.raises(Misconfigured, match="name its writer"):
        publish_exposures(flow, spec, "warehouse")

    bind('{ url = "$DWH", writer = "$DWH" }')
    before = read()
    bind('{ url = "$DWH" }')

    assert told(read()) == told(before)
