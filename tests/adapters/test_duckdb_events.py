"""fullcycle.adapters.duckdb_events: what was posted comes back value by value, typed by its contract."""

import math
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fullcycle as fc
from fullcycle.adapters.compaction import EventLog, compact
from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.adapters.duckdb_events import events_by_unit, events_query
from fullcycle.adapters.duckdb_experiment import DuckDBExperimentStore
from fullcycle.adapters.event_columns import DECISIONS, RECEIVED
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.data import check, conform
from fullcycle.experiment import ExperimentSpec
from fullcycle.record import MemoryLedger, Received, encode_received
from posted_rows import Click, Everything

rows = st.builds(
    Everything,
    number=st.integers(-(2**63), 2**63 - 1),
    weight=st.floats(allow_nan=False, allow_infinity=False),
    on=st.booleans(),
    text=st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8),
    day=st.dates(date(1, 1, 1), date(9999, 12, 31)),
    at=st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),
    kind=st.sampled_from(["a", "b'c"]),
    tags=st.lists(
        st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=3),
        max_size=3,
    ),
    scores=st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    maybe=st.none() | st.integers(-5, 5),
    row=st.sampled_from(["x", 'y"', "$.z"]),
)


def received(folder, events):
    """The log of some rows, compacted, and the query of its source."""
    writer = SegmentWriter(folder / "clicks")
    for n, row in enumerate(events):
        writer.append(encode_received(Received(id=f"e{n}", at=n * 1000, release=1, row=row)))
    writer.close()
    log = EventLog(MemoryLedger(), folder / "clicks", "events/a/b/clicks", RECEIVED)
    compact(log)
    return log


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(rows, min_size=1, max_size=4))
def test_rows_come_back_value_by_value(tmp_path_factory, events):
    folder = tmp_path_factory.mktemp("events")
    source = fc.events(Everything)
    frame = events_query(source, received(folder, events).files(), folder).frame()

    assert not check(frame, source.contract, table="events").problems
    back = conform(frame, source.contract).drop("event_id", "received").rows(named=True)
    for row, told in zip(events, back, strict=True):
        assert Everything(**told) == row
        assert math.copysign(1, told["weight"]) == math.copysign(1, row.weight)


def test_events_have_their_id_and_the_time_at_which_they_were_received(tmp_path):
    click = Click(decision_id="d1", item_id=7, at=datetime(2026, 3, 1, tzinfo=UTC))
    source = fc.events(Click)
    frame = events_query(source, received(tmp_path, [click]).files(), tmp_path).frame()

    assert frame["event_id"].to_list() == ["e0"]
    assert frame["received"].to_list() == [datetime(1970, 1, 1, tzinfo=UTC)]


def test_without_events_there_is_an_empty_table_of_the_contract(tmp_path):
    source = fc.events(Everything)
    frame = events_query(source, [], tmp_path).frame()

    assert frame.height == 0
    assert not check(frame, source.contract, table="events").problems


def test_a_field_that_came_later_has_its_default_in_older_rows(tmp_path):
    class Before(fc.Row):
        item_id: int

    class Now(fc.Row):
        item_id: int
        weight: float = 1.5
        shop: str = "it's"
        note: str | None = None

    source = fc.events(Now)
    frame = events_query(source, received(tmp_path, [Before(3)]).files(), tmp_path).frame()

    assert frame.drop("event_id", "received").rows() == [(3, 1.5, "it's", None)]


@pytest.fixture
def decided(tmp_path):
    """Three clicks, on two decisions of one client and on one that nobody knows."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    clicks = [Click(decision_id=id, item_id=7, at=at) for id in ("d1", "d2", "nobody's")]
    log = received(tmp_path, clicks)
    logged = DECISIONS.frame([]).clear()
    told = pl.DataFrame({"decision_id": ["d1", "d2", "d3"], "unit": ["7", "7", "8"]})
    pl.concat([logged, told], how="diagonal").write_parquet(tmp_path / "decided.parquet")
    return events_query(fc.events(Click), log.files(), tmp_path), tmp_path


def test_an_event_is_of_the_unit_whose_decision_it_names(decided):
    query, folder = decided
    frame = events_by_unit(query, [folder / "decided.parquet"], "client_id", folder).frame()

    assert frame.select("decision_id", "client_id").sort("decision_id").rows() == [("d1", "7"), ("d2", "7")]
    assert events_by_unit(query, [], "client_id", folder).frame().height == 0


def test_outcomes_join_the_decision_that_an_event_names_and_not_its_neighbours(decided):
    query, folder = decided

    class Shown(fc.Row):
        decision_id: Annotated[str, fc.key]
        at: Annotated[datetime, fc.time]

    @fc.source(Shown)
    def shown(warehouse: fc.Warehouse) -> fc.Query:
        return warehouse.sql(
            "select * from (values ('d1', timestamptz '2026-02-28 23:50:00Z'), ('d3', "
            "timestamptz '2026-02-28 23:50:00Z')) t(decision_id, \"at\") order by 1"
        )

    warehouse = DuckDBWarehouse(None, folders=[folder])
    past = fc.outcomes(fc.proportion(fc.events(Click), within="30m"), of=shown)
    assert past.joined_by == ("decision_id",)
    found = past.query(warehouse, shown(warehouse), query, as_of=2_000_000_000_000_000).frame()

    assert dict(found.select("decision_id", "outcome").rows()) == {"d1": 1.0, "d3": 0.0}


def test_a_readout_counts_clicks_for_the_client_whose_decision_they_name(tmp_path):
    shown = datetime(2026, 3, 1, tzinfo=UTC)
    clicks = [
        Click(decision_id="d1", item_id=7, at=shown + timedelta(minutes=5)),
        Click(decision_id="d1", item_id=8, at=shown + timedelta(minutes=6)),
        Click(decision_id="d2", item_id=7, at=shown + timedelta(minutes=40)),  # too late
        Click(decision_id="nobody's", item_id=7, at=shown + timedelta(minutes=5)),
    ]
    source = fc.events(Click)
    source.name = "clicks"
    metrics = {"clicked": fc.proportion(source, within="30m"), "clicks": fc.mean(source, within="30m")}
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
        primary="clicked",
    )
    given = {"at": shown, "release": 1, "experiment": "trial", "arm_probability": 0.5}
    told = [
        {"decision_id": f"d{n}", "unit": unit, "arm": arm, **given}
        for n, (unit, arm) in enumerate([("7", "a"), ("8", "a"), ("9", "b")], start=1)
    ]
    exposed = tmp_path / "decided.parquet"
    pl.concat([DECISIONS.frame([]), pl.DataFrame(told)], how="diagonal").write_parquet(exposed)
    rows = events_query(source, received(tmp_path, clicks).files(), tmp_path)
    store = DuckDBExperimentStore(DuckDBWarehouse(None, folders=[tmp_path]))
    asked = {"clicks": events_by_unit(rows, [exposed], "client_id", tmp_path)}
    found = store.statistics(spec, [exposed], asked, as_of=2_000_000_000_000_000)

    assert {(cell.metric, cell.arm): (cell.moments.units, cell.moments.mean) for cell in found.cells} == {
        ("clicked", "a"): (2, 0.5),
        ("clicks", "a"): (2, 1.0),
        ("clicked", "b"): (1, 0.0),
        ("clicks", "b"): (1, 0.0),
    }


def test_an_event_is_of_whoever_asked_where_no_experiment_says_whose_it_is(tmp_path):
    log = tmp_path / "log.parquet"
    asked = [None, '{"client id": "Zoë"}', '{"client id": 8}', '{"other": 1}']
    rows = {"decision_id": ["d0", "d1", "d2", "d3"], "unit": ["5", None, "7", None], "request": asked}
    pl.DataFrame(rows).write_parquet(log)
    warehouse = DuckDBWarehouse(None, folders=[tmp_path])
    events = warehouse.sql("select * from (values ('d0'), ('d1'), ('d2'), ('d3'), ('d4')) as t(decision_id)")

    told, looked = (
        dict(events_by_unit(events, [log], "client id", tmp_path, by_request=of).frame().iter_rows())
        for of in (False, True)
    )

    assert told == {"d0": "5", "d1": None, "d2": "7", "d3": None}
    assert looked == {"d0": "5", "d1": "Zoë", "d2": "8", "d3": None}
