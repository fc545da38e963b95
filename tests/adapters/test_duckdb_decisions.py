"""fullcycle.adapters.duckdb_decisions: the log as a table, whoever wrote it, and when."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import polars as pl
import pytest

import fullcycle as fc
from fullcycle.adapters.compaction import EventLog, compact
from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.adapters.duckdb_decisions import decisions_query, spread_query
from fullcycle.adapters.event_columns import DECISIONS
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.data import Decided, check, conform
from fullcycle.kernel import Invalid, micros
from fullcycle.metric import outcomes, proportion
from fullcycle.record import Decision, MemoryLedger, encode_decision
from posted_rows import Click

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Visit(fc.Row):
    visitor_id: Annotated[str, fc.key]
    client_id: int | None
    device: Literal["phone", "desktop"]
    lately: list[int]


class Shown(fc.Row):
    banner: str
    place: int = 1


def decision(id, n=0, **more):
    said = {
        "capability": "banner",
        "environment": "prod",
        "release": 3,
        "request": {"visitor_id": f"v{n}", "client_id": None, "device": "phone", "lately": [n]},
        "answer": {"banner": "sale"},
        "propensity": 0.25,
    }
    return Decision(id=id, at=micros(AT) + n, **{**said, **more})


@pytest.fixture
def log(tmp_path):
    return EventLog(MemoryLedger(), tmp_path / "events", "events/banner/prod")


def logged(log, *decisions):
    writer = SegmentWriter(log.folder)
    for one in decisions:
        writer.append(encode_decision(one))
    writer.close()
    compact(log)
    return log.files(), log.folder


def spread(log, *decisions, request=Visit, answer=Shown):
    return spread_query(*logged(log, *decisions), request, answer).frame()


def test_a_decision_is_a_row_that_keeps_its_contract(log):
    full = decision(
        "d1", features={"phone": True}, arm="learnt", arm_probability=0.9, unit="v0", experiment="t"
    )
    frame = decisions_query(*logged(log, full, decision("d2", 1))).frame()

    assert not check(frame, Decided, table="decisions").problems
    assert conform(frame, Decided).row(0, named=True) == {
        "decision_id": "d1",
        "decided": AT,
        "release": 3,
        "experiment": "t",
        "unit": "v0",
        "arm": "learnt",
        "arm_probability": 0.9,
        "propensity": 0.25,
        "fallback": False,
        "chances": [0.25],
        "weights": None,
        "features": '{"phone":true}',
        "request": '{"visitor_id":"v0","client_id":null,"device":"phone","lately":[0]}',
        "answer": '{"banner":"sale"}',
    }
    assert frame["features"].to_list() == ['{"phone":true}', None]


def test_the_chances_of_picks_and_of_each_action_are_told(log):
    frame = decisions_query(
        *logged(
            log,
            decision("d1", weights={"sale": 0.25, "new": 0.75}),
            decision("d2", 1, chances=(0.5, 0.25), propensity=0.125),
            decision("d3", 2, propensity=None),
        )
    ).frame()

    told = conform(frame, Decided)
    assert told["chances"].to_list() == [[0.25], [0.5, 0.25], None]
    assert told["weights"].to_list() == ['{"sale":0.25,"new":0.75}', None, None]


class Item(fc.Row):
    item_id: int
    price: float = 1.0


class Ask(fc.Row):
    client_id: Annotated[int, fc.key]


def listed(id, n, *items, **more):
    answer = [{"item_id": item, "price": float(item)} for item in items]
    return decision(id, n, request={"client_id": n}, answer=answer, **{"propensity": None, **more})


LISTS = (
    listed("d1", 0, 7, 8, chances=(0.5, 0.25), propensity=0.125, features={"phone": True}),
    listed("d2", 1, 9, propensity=0.5),
    listed("d3", 2),
    decision("d4", 3, request={"client_id": 3}, answer={"item_id": 5}),  # of before it was a list
    listed("d5", 4, 6, 5, propensity=0.5),  # one pick for both: of neither alone
)


def test_a_list_has_a_row_for_each_item_with_its_place_and_its_own_chance(log):
    frame = spread_query(*logged(log, *LISTS), Ask, Item, answers="items").frame()

    assert frame.select("decision_id", "client_id", "position", "action", "item_id", "price").rows() == [
        ("d1", 0, 1, 7, 7, 7.0),
        ("d1", 0, 2, 8, 8, 8.0),
        ("d2", 1, 1, 9, 9, 9.0),
        ("d4", 3, 1, 5, 5, 1.0),
        ("d5", 4, 1, 6, 6, 6.0),
        ("d5", 4, 2, 5, 5, 5.0),
    ]
    assert frame["propensity"].to_list() == [0.5, 0.25, 0.5, 0.25, None, None]
    assert frame["features"].to_list() == ['{"phone":true}', None, None, None, None, None]
    assert spread_query([], log.folder, Ask, Item, answers="items").frame().schema == frame.schema


def test_a_list_in_one_row_holds_lists(log):
    frame = spread_query(*logged(log, *LISTS), Ask, Item, answers="list").frame()

    assert frame.select("decision_id", "action", "price").rows() == [
        ("d1", [7, 8], [7.0, 8.0]),
        ("d2", [9], [9.0]),
        ("d3", [], []),
        ("d4", [5], [1.0]),
        ("d5", [6, 5], [6.0, 5.0]),
    ]
    assert frame["propensity"].to_list() == [0.125, 0.5, None, 0.25, 0.5]
    assert spread_query([], log.folder, Ask, Item, answers="list").frame().schema == frame.schema


def test_an_item_with_a_place_of_its_own_is_refused(log):
    class Placed(fc.Row):
        item_id: int
        position: int

    with pytest.raises(Invalid, match="the decisions have a column 'position' already"):
        spread_query([], log.folder, Ask, Placed, answers="items")


def test_before_the_first_decision_there_is_an_empty_table_of_the_same_columns(log):
    assert (
        decisions_query([], log.folder).frame().schema
        == decisions_query(*logged(log, decision("d1"))).frame().schema
    )
    assert spread_query([], log.folder, Visit, Shown).frame().schema == spread(log, decision("d2")).schema
    nothing = spread_query([], log.folder, None, None).frame()
    assert nothing.height == 0
    assert nothing["action"].dtype == pl.String


def test_request_and_answer_are_columns_of_their_types_and_the_first_of_the_answer_is_the_action(log):
    frame = spread(
        log,
        decision("d1", 7, request={"visitor_id": "v", "client_id": 5, "device": "desktop", "lately": [1]}),
    )

    told = frame.row(0, named=True)
    assert (told["visitor_id"], told["client_id"], told["device"], told["action"]) == (
        "v",
        5,
        "desktop",
        "sale",
    )
    assert told["place"] == 1  # what came to the contract later has its default
    assert frame.schema["client_id"] == pl.Int64
    assert frame.schema["decided"] == pl.Datetime("us", "UTC")


def test_files_of_before_features_were_logged_are_read_too(log, tmp_path):
    logged(log, decision("d1", features={"phone": True}))
    (file,) = log.files()
    old = tmp_path / "events" / "old.parquet"
    pl.read_parquet(file).drop("features", "chances", "weights").write_parquet(old)

    assert spread_query([old], log.folder, Visit, Shown).frame()["features"].to_list() == [None]
    assert "features" in DECISIONS.schema
    assert spread_query([file, old], log.folder, Visit, Shown).frame()["features"].null_count() == 1


def test_a_field_of_the_request_that_the_decisions_have_anyway_is_refused(log):
    class Sent(fc.Row):
        propensity: float

    with pytest.raises(Invalid, match="the decisions have a column 'propensity' already"):
        spread_query([], log.folder, Sent, Shown)


CLICKED = proportion(fc.events(Click), within="1h")


def outcomes_of(log, clicks, *decisions, as_of=2 * 3_600_000_000):
    rows = spread_query(*logged(log, *decisions), Visit, Shown)
    warehouse = DuckDBWarehouse(None, folders=[log.folder])
    events = ", ".join(f"('{id}', timestamptz '{at.isoformat()}')" for id, at in clicks)
    asked = warehouse.sql(f'select * from (values {events}) as t(decision_id, "at")')
    return outcomes(CLICKED).query(warehouse, rows, asked, as_of=micros(AT) + as_of)


def test_outcomes_without_of_are_the_own_decisions_joined_by_their_id(log):
    late = AT.replace(hour=13, minute=1)
    query = outcomes_of(log, [("d1", AT.replace(minute=5)), ("d2", late)], decision("d1"), decision("d2", 1))

    frame = query.frame()
    assert frame.select("decision_id", "action", "propensity", "outcome").rows() == [
        ("d1", "sale", 0.25, 1.0),
        ("d2", "sale", 0.25, 0.0),
    ]
    assert frame["device"].to_list() == ["phone"] * 2


def test_those_whose_hour_is_not_over_are_left_out_and_counted(log):
    query = outcomes_of(log, [("d1", AT)], decision("d1"), decision("d2", 1_000_000), as_of=3_600_000_000)

    assert query.frame()["decision_id"].to_list() == ["d1"]
    assert query.immature.frame().item() == 1


def test_events_that_name_no_decision_join_by_the_key_that_both_have(log):
    class Order(fc.Row):
        visitor_id: Annotated[str, fc.key]
        at: Annotated[datetime, fc.time]

    declared = outcomes(proportion(fc.events(Order), within="1h"))
    assert declared.joined_by == ()
    declared.of.request = Visit
    assert declared.joined_by == ("visitor_id",)


def test_events_that_could_belong_to_no_decision_are_refused(log):
    class Sale(fc.Row):
        at: Annotated[datetime, fc.time]

    declared = outcomes(proportion(fc.events(Sale), within="1h"))
    rows = spread_query([], log.folder, Visit, Shown)
    with pytest.raises(Invalid, match="have no key in common"):
        declared.query(DuckDBWarehouse(None), rows, rows, as_of=0)


def test_a_source_of_decisions_has_no_query_of_its_own():
    with pytest.raises(Invalid, match="name it as the parameter of a step"):
        fc.decisions("banner")()
    with pytest.raises(Invalid, match=r"write fc.decisions\(.winback.\)"):
        fc.decisions("banner@prod")
