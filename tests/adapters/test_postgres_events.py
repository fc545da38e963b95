"""fullcycle.adapters.postgres_events: what was posted says in PostgreSQL what it says in DuckDB."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import psycopg
import pytest

import fullcycle as fc
from fullcycle.adapters.compaction import EventLog, compact
from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.adapters.duckdb_events import events_by_unit, events_query
from fullcycle.adapters.duckdb_experiment import DuckDBExperimentStore
from fullcycle.adapters.event_columns import RECEIVED
from fullcycle.adapters.exposures import days_of
from fullcycle.adapters.postgres_events import (
    PostgresEvents,
    events_watermark,
    published_by_unit,
    published_events,
)
from fullcycle.adapters.postgres_experiment import PostgresExperimentStore
from fullcycle.adapters.postgres_exposures import PostgresExposures
from fullcycle.adapters.postgres_warehouse import PostgresWarehouse
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.experiment import ExperimentSpec
from fullcycle.kernel import Missing, micros
from fullcycle.record import Decision, MemoryLedger, Received, encode_decision, encode_received
from posted_rows import Click, Everything

SHOWN = datetime(2026, 3, 1, tzinfo=UTC)
LATER = micros(SHOWN + timedelta(days=40))
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


ROWS = [
    Everything(
        number=2**63 - 1, weight=-1e-300, on=True, text='Zür"ich $a %s\n', day=date(1, 1, 1), at=SHOWN,
        kind="b'c", tags=["", "a,b", '"{}'], scores=[0.1, -2e17], maybe=-5, row="\\",
    ),
    Everything(
        number=-(2**63), weight=0.1, on=False, text="", day=date(9999, 12, 31), at=SHOWN + DAY,
        kind="a", tags=[], scores=[],
    ),
]  # fmt: skip


@pytest.fixture
def url(postgres):
    with psycopg.connect(postgres, autocommit=True, options="-c client_min_messages=warning") as connection:
        connection.execute("drop schema if exists fullcycle cascade")
    return postgres


def posted(folder, *rows, since=SHOWN, first=0):
    """Log rows as a service does, a minute apart; gives the log."""
    writer = SegmentWriter(folder / "clicks")
    for n, row in enumerate(rows, start=first):
        at = micros(since + n * MINUTE)
        writer.append(encode_received(Received(id=f"e{n}", at=at, release=1, row=row)))
    writer.close()
    return EventLog(MemoryLedger(), folder / "clicks", "events/recommend/prod/clicks", RECEIVED)


def publish(url, log, environment="prod"):
    compact(log)
    days = list(days_of(log))
    return PostgresEvents(url).publish(
        "recommend", environment, "clicks", days, watermark=log.told().watermark
    )


def named(contract):
    source = fc.events(contract)
    source.name = "clicks"
    return source


def test_each_event_is_published_once_however_often(url, tmp_path):
    clicks = [Click(decision_id="d1", item_id=n, at=SHOWN) for n in range(5)]
    log = posted(tmp_path, *clicks[:3])
    first, again = publish(url, log), publish(url, log)
    posted(tmp_path, *clicks[2:], first=2)  # one of them again
    third = publish(url, log)
    elsewhere = publish(url, log, "dev")

    assert [(one.new, one.rows) for one in (first, again, third, elsewhere)] == [
        (3, 3),
        (0, 3),
        (2, 5),
        (5, 5),
    ]
    assert first.watermark <= third.watermark
    assert events_watermark(PostgresWarehouse(url), "recommend", "prod", "clicks") == third.watermark


def test_a_publication_that_fails_leaves_nothing(url, tmp_path):
    log = posted(tmp_path, Click(decision_id="d1", item_id=1, at=SHOWN))
    compact(log)
    days = list(days_of(log))
    for file in days[-1].files:
        file.unlink()

    with pytest.raises(Exception):  # noqa: B017 - whatever the reader says of a file that is gone
        PostgresEvents(url).publish("recommend", "prod", "clicks", days, watermark=7)
    with pytest.raises(Missing, match="fullcycle experiment publish recommend"):
        events_watermark(PostgresWarehouse(url), "recommend", "prod", "clicks")


def test_rows_of_every_type_are_those_that_duckdb_reads_from_the_log(url, tmp_path):
    log = posted(tmp_path, *ROWS)
    publish(url, log)
    source = named(Everything)

    theirs = events_query(source, log.files(), tmp_path).frame()
    ours = published_events(PostgresWarehouse(url), source, "recommend", "prod").frame()

    lists = ["tags", "scores"]  # which no metric reads; they come home as text
    assert ours.drop(lists).sort("event_id").rows() == theirs.drop(lists).sort("event_id").rows()
    assert ours.columns == theirs.columns


def test_a_field_that_came_later_has_its_default_in_older_rows(url, tmp_path):
    class Before(fc.Row):
        item_id: int

    class Now(fc.Row):
        item_id: int
        weight: float = 1.5
        on: bool = True
        shop: str = "it's"
        note: str | None = None

    publish(url, posted(tmp_path, Before(3)))
    frame = published_events(PostgresWarehouse(url), named(Now), "recommend", "prod").frame()

    assert frame.drop("event_id", "received").rows() == [(3, 1.5, True, "it's", None)]


def logged(folder, *decisions):
    writer = SegmentWriter(folder / "decisions")
    for one in decisions:
        writer.append(encode_decision(one))
    writer.close()
    log = EventLog(MemoryLedger(), folder / "decisions", "events/recommend/prod")
    compact(log)
    return log


def decision(id, unit, arm=None, at=SHOWN):
    return Decision(
        id=id, at=micros(at), capability="recommend", environment="prod", release=1,
        request={"client_id": unit, "secret": "s"}, answer={"x": "y"}, unit=arm and str(unit), arm=arm,
        experiment=arm and "trial", arm_probability=arm and 0.5,
    )  # fmt: skip


@pytest.fixture
def both(url, tmp_path):
    """Clicks on decisions of a trial and on one of none, published and in files: what asks each place."""
    shown = [("d1", "a", 5), ("d1", "a", 6), ("d2", "a", 40), ("d3", "b", 5), ("nobody's", "", 5)]
    clicks = [Click(decision_id=id, item_id=7, at=SHOWN + n * MINUTE) for id, _, n in shown]
    late = Click(decision_id="d1", item_id=8, at=SHOWN + 7 * MINUTE)  # posted a day later
    log = posted(tmp_path, *clicks)
    posted(tmp_path, late, since=SHOWN + DAY, first=len(clicks))
    exposures = logged(
        tmp_path, decision("d1", 7, "a"), decision("d2", 8, "a"), decision("d3", 9, "b"), decision("d4", 10)
    )
    posted(tmp_path, Click(decision_id="d4", item_id=1, at=SHOWN), first=90)
    publish(url, log)
    PostgresExposures(url).publish(
        "recommend", "prod", list(days_of(exposures)), watermark=7, fields=["client_id"]
    )
    return log, exposures


def sources(url, log, exposures, folder, *, by_request=False):
    source = named(Click)
    rows = events_query(source, log.files(), folder)
    warehouse = PostgresWarehouse(url)
    asked = published_events(warehouse, source, "recommend", "prod")
    return (
        events_by_unit(rows, exposures.files(), "client_id", folder, by_request=by_request),
        published_by_unit(warehouse, asked, "recommend", "prod", "client_id", by_request=by_request),
    )


@pytest.mark.parametrize("by_request", [False, True])
def test_an_event_is_of_the_unit_whose_decision_it_names(both, url, tmp_path, by_request):
    theirs, ours = (
        query.frame().sort("event_id") for query in sources(url, *both, tmp_path, by_request=by_request)
    )

    assert ours.rows() == theirs.rows()
    assert ("10" in ours["client_id"].to_list()) is by_request


def test_a_readout_of_events_counts_what_duckdb_counts_and_leaves_out_what_came_late(both, url, tmp_path):
    log, exposures = both
    source = named(Click)
    metrics = {
        "clicked": fc.proportion(source, within="30m"),
        "clicks": fc.mean(source, "item_id", within="30m"),
        "nth": fc.quantile(source, "item_id", 0.5, within="3d"),
        "returned": fc.proportion(source, after="1m", within="3d"),
    }
    for name, metric in metrics.items():
        metric.name = name
    spec = ExperimentSpec(
        name="trial",
        capability="recommend",
        order=("a", "b"),
        arms={"a": "recommend.service:a", "b": "recommend.service:b"},
        weights={"a": 0.5, "b": 0.5},
        seed="trial",
        unit="client_id",
        metrics={name: metric.spec(unit="client_id") for name, metric in metrics.items()},
        primary="returned",
        triggered="clicks",
    )
    theirs, ours = sources(url, log, exposures, tmp_path)
    told = {"as_of": LATER, "received": {"clicks": "received"}, "by_age": True}

    in_files = DuckDBExperimentStore(DuckDBWarehouse(None, folders=[tmp_path])).statistics(
        spec, exposures.files(), {"clicks": theirs}, **told
    )
    published = PostgresExperimentStore(PostgresWarehouse(url), "prod").statistics(
        spec, [], {"clicks": ours}, **told
    )

    assert published.cells == in_files.cells
    assert published.quantiles == in_files.quantiles
    assert published.by_age == in_files.by_age != ()
    assert published.late == in_files.late
    assert {(one.arm, one.metric): one.units for one in published.late}["a", "clicks"] == 1
    assert published.exposed_without_decision == in_files.exposed_without_decision
    assert published.moments("clicks", "a").mean == 7.0  # item 7 twice by one of two


def test_events_of_decisions_that_nobody_published_say_what_to_publish(url, tmp_path):
    publish(url, posted(tmp_path, Click(decision_id="d1", item_id=1, at=SHOWN)))
    warehouse = PostgresWarehouse(url)
    asked = published_events(warehouse, named(Click), "recommend", "prod")

    with pytest.raises(Missing, match="fullcycle experiment publish recommend"):
        published_by_unit(warehouse, asked, "recommend", "prod", "client_id")
    assert asked.frame().schema["at"] == pl.Datetime("us", "UTC")
