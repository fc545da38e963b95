"""fullcycle.metric.outcome over a real warehouse: windows, maturity, order, and a slow oracle."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.data import Row, events, key, source, time
from fullcycle.kernel import micros
from fullcycle.metric import about_items, mean, outcomes, proportion

START = datetime(2026, 1, 1)


class Visit(Row):
    client_id: Annotated[int, key]
    at: Annotated[datetime, time]
    spend: float


class Mailing(Row):
    client_id: Annotated[int, key]
    sent: Annotated[datetime, time]


@source(Visit)
def visits(warehouse):
    return warehouse.sql("select * from visits where spend >= $least", least=0)


@source(Mailing)
def mailings(warehouse):
    return warehouse.sql("select * from mailings where client_id >= $least order by client_id desc", least=1)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("outcomes") / "warehouse.duckdb"


def filled(path, sent, visited, *, zone=""):
    """A warehouse with mailings ``(client, seconds)`` and visits ``(client, seconds, spend)``."""
    with duckdb.connect(str(path)) as connection:
        kind = f"timestamp{zone}"
        connection.execute(f"create or replace table mailings (client_id bigint, sent {kind})")
        connection.execute(f'create or replace table visits (client_id bigint, "at" {kind}, spend double)')
        stamp = (
            (lambda s: (START + timedelta(seconds=s)).replace(tzinfo=UTC))
            if zone
            else (lambda s: START + timedelta(seconds=s))
        )
        for client, at in sent:
            connection.execute("insert into mailings values (?, ?)", [client, stamp(at)])
        for client, at, spend in visited:
            connection.execute("insert into visits values (?, ?, ?)", [client, stamp(at), spend])
    return DuckDBWarehouse(path)


def told(metric, warehouse, as_of_s=10**6):
    declared = outcomes(metric, of=mailings)
    as_of = micros(START + timedelta(seconds=as_of_s))
    frame = declared.query(warehouse, mailings(warehouse), visits(warehouse), as_of=as_of).frame()
    left_out = declared.immature(warehouse, mailings(warehouse), as_of=as_of).frame().item()
    return frame, left_out


def test_the_window_begins_after_the_decision_and_holds_its_end(path):
    sent = [(client, 0) for client in range(1, 6)]
    visited = [(1, 0, 1.0), (2, 1, 1.0), (3, 60, 1.0), (4, 61, 1.0)]

    frame, _ = told(proportion(visits, within="60s"), filled(path, sent, visited))

    assert frame.columns == ["client_id", "sent", "outcome"]
    assert frame.rows() == [
        (client, START, outcome) for client, outcome in [(5, 0), (4, 0), (3, 1), (2, 1), (1, 0)]
    ]


def test_a_mean_sums_the_units_rows_up_to_its_cap_and_zero_where_nothing_happened(path):
    warehouse = filled(path, [(1, 0), (2, 0)], [(1, 5, 30.0), (1, 6, 40.0)])

    assert told(mean(visits, "spend", within="60s"), warehouse)[0]["outcome"].to_list() == [0.0, 70.0]
    assert told(mean(visits, "spend", within="60s", cap=50), warehouse)[0]["outcome"].to_list() == [0.0, 50.0]
    assert told(mean(visits, within="60s"), warehouse)[0]["outcome"].to_list() == [0.0, 2.0]
    assert told(mean(visits, "spend", within="60s", where="spend > 30"), warehouse)[0][
        "outcome"
    ].to_list() == [0.0, 40.0]


def test_what_happens_before_the_delay_does_not_count(path):
    warehouse = filled(path, [(1, 0), (2, 0)], [(1, 10, 1.0), (2, 11, 1.0)])

    assert told(proportion(visits, within="60s", after="10s"), warehouse)[0]["outcome"].to_list() == [
        1.0,
        0.0,
    ]


def test_rows_whose_window_is_not_over_are_left_out_and_counted(path):
    warehouse = filled(path, [(1, 0), (2, 40), (3, 41)], [(1, 5, 1.0), (3, 50, 1.0)])

    frame, left_out = told(proportion(visits, within="60s"), warehouse, as_of_s=100)

    assert frame["client_id"].to_list() == [2, 1]
    assert left_out == 1


def test_late_rows_are_waited_for(path):
    warehouse = filled(path, [(1, 0)], [])
    slow = source(Visit, late_by="30s")(visits.function)

    assert told(proportion(slow, within="60s"), warehouse, as_of_s=89)[1] == 1
    assert told(proportion(slow, within="60s"), warehouse, as_of_s=90)[1] == 0


def test_two_mailings_to_one_client_each_have_their_own_outcome(path):
    warehouse = filled(path, [(1, 0), (1, 100)], [(1, 110, 1.0)])

    frame, _ = told(proportion(visits, within="60s"), warehouse)

    assert sorted(frame.select("sent", "outcome").rows()) == [
        (START, 0.0),
        (START + timedelta(seconds=100), 1.0),
    ]


def test_times_with_a_zone_are_the_same_instants(path):
    warehouse = filled(path, [(1, 0)], [(1, 60, 1.0)], zone="tz")

    assert told(proportion(visits, within="60s"), warehouse)[0]["outcome"].to_list() == [1.0]


seconds = st.integers(0, 200)
clients = st.integers(1, 4)


@settings(max_examples=25, deadline=None)
@given(
    sent=st.lists(st.tuples(clients, seconds), max_size=6, unique=True),
    visited=st.lists(st.tuples(clients, seconds, st.integers(0, 9).map(float)), max_size=10),
)
def test_outcomes_are_what_a_loop_would_say(path, sent, visited):
    warehouse = filled(path, sent, visited)

    frame, left_out = told(mean(visits, "spend", within="60s", after="5s", cap=12), warehouse, as_of_s=200)

    expected = [
        (client, at, min(sum(s for c, t, s in visited if c == client and at + 5 < t <= at + 65), 12.0))
        for client, at in sent
        if at + 65 <= 200
    ]
    found = frame.with_columns((pl.col("sent") - START).dt.total_seconds()).rows()
    assert sorted(found) == sorted(expected)
    assert left_out == len(sent) - len(expected)


class Ask(Row):
    client_id: Annotated[int, key]
    k: int


class Suggestion(Row):
    item_id: int
    shelf: str = ""


class OfItem(Row):
    decision_id: str
    item_id: int
    at: Annotated[datetime, time]


class OfPlace(Row):
    decision_id: str
    position: int
    at: Annotated[datetime, time]


class OfShelf(Row):
    decision_id: str
    shelf: Annotated[str, key]
    at: Annotated[datetime, time]


class OfList(Row):
    decision_id: str
    shelf: str
    at: Annotated[datetime, time]


@pytest.mark.parametrize(
    ("event", "says"),
    [(OfItem, ("item_id",)), (OfPlace, ("position",)), (OfShelf, ("shelf",)), (OfList, ()), (Visit, ())],
)
def test_an_event_is_about_an_item_by_its_first_field_a_key_or_its_place(event, says):
    assert about_items(event, Suggestion, Ask) == says


def test_what_the_request_says_too_and_a_time_say_nothing_of_an_item():
    class Same(Row):
        client_id: int

    class When(Row):
        at: datetime

    assert about_items(OfItem, Same, Ask) == about_items(Visit, Same, Ask) == ()
    assert about_items(OfItem, When, Ask) == ()


@pytest.mark.parametrize(("event", "by"), [(OfItem, ("decision_id", "item_id")), (OfList, ("decision_id",))])
def test_outcomes_of_lists_join_by_the_decision_and_by_what_is_said_of_the_item(event, by):
    declared = outcomes(proportion(events(event), within="1h"))
    declared.of.request = Ask
    declared.of.item = Suggestion if about_items(event, Suggestion, Ask) else None

    assert declared.joined_by == by
