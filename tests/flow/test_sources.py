"""fullcycle.flow.sources: what a run does with the rows it reads; examples first, then refusals."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.data import Query, table_digest
from fullcycle.flow import last_run, sources
from fullcycle.flow.sources import sorted_by_key
from fullcycle.kernel import Refused, micros
from small_flows import Shop, graph_of, project, ran

FLOW = """
    class Visit(fc.Row):
        client_id: Annotated[int, fc.key]
        at: Annotated[datetime, fc.time]
        spend: Annotated[float, fc.at_least(0)]
        channel: str = "web"

    @fc.source(Visit, fresh_within="2d")
    def visits(warehouse: fc.Warehouse) -> fc.Query:
        return warehouse.sql("select * from visits")

    @fc.step
    def count(visits: pl.DataFrame) -> int:
        return visits.height
"""
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def visits(*spend, hour=12, **more):
    at = datetime(2026, 11, 1, hour, tzinfo=UTC)
    return pl.DataFrame(
        {"client_id": range(len(spend)), "at": [at] * len(spend), "spend": [float(s) for s in spend], **more},
        schema_overrides={"at": pl.Datetime("us", "UTC")},
    )


def shop_of(frame, *, days=0.0):
    return Shop(tables={"visits": frame}, now=micros(NOON) + int(days * 86_400_000_000))


def test_rows_are_kept_as_their_contract_says():
    shop = shop_of(visits(5, 0, extra=["x", "y"]))

    record = shop.run(FLOW)

    assert record.steps["visits"].note == "checked 2 of 2 rows"
    assert record.steps["visits"].rows == 2
    assert shop.value("visits").schema == {
        "client_id": pl.Int64,
        "at": pl.Datetime("us", "UTC"),
        "spend": pl.Float64,
        "channel": pl.String,
    }


def test_columns_beside_the_contract_change_nothing():
    shop = shop_of(visits(5, 0, extra=["x", "y"]))
    shop.run(FLOW)
    shop.tables["visits"] = visits(5, 0, other=[1, 2])

    assert shop.run(FLOW).steps["visits"].reason == "read again: unchanged"


@pytest.mark.parametrize(
    ("days", "note"),
    [
        (1.9, "checked 1 of 1 row"),
        (3.0, "checked 1 of 1 row; its newest at is 72 h old, 48 h are allowed"),
        (100.0, "checked 1 of 1 row; its newest at is 2,400 h old, 48 h are allowed"),
    ],
)
def test_a_source_older_than_it_may_be_is_noted_and_read_all_the_same(days, note):
    record = shop_of(visits(5), days=days).run(FLOW)

    assert record.steps["visits"].note == note
    assert record.status == "done"


def test_the_newest_row_decides_how_fresh_a_source_is():
    frame = pl.concat([visits(1, 2, hour=0).with_columns(at=pl.col("at").dt.offset_by("-9d")), visits(5, 6)])

    assert shop_of(frame, days=1).run(FLOW).steps["visits"].note == "checked 4 of 4 rows"


def test_a_source_without_rows_is_neither_fresh_nor_stale():
    assert shop_of(visits(), days=9).run(FLOW).steps["visits"].note == "checked 0 of 0 rows"


def test_nothing_is_said_of_a_source_that_does_not_say_how_fresh_it_is():
    flow = FLOW.replace(', fresh_within="2d"', "")

    assert shop_of(visits(5), days=900).run(flow).steps["visits"].note == "checked 1 of 1 row"


def test_rows_are_put_in_the_order_of_key_and_time():
    contract = graph_of(FLOW).nodes["visits"].declared.contract
    frame = pl.concat([visits(3, 4), visits(1, 2, hour=6)])

    ordered = sorted_by_key(frame, contract)

    assert ordered["spend"].to_list() == [1.0, 3.0, 2.0, 4.0]


def test_rows_without_a_key_keep_the_order_of_their_query():
    flow = FLOW.replace("Annotated[int, fc.key]", "int").replace("Annotated[datetime, fc.time]", "datetime")
    contract = graph_of(flow.replace(', fresh_within="2d"', "")).nodes["visits"].declared.contract

    assert sorted_by_key(visits(3, 1, 2), contract)["spend"].to_list() == [3.0, 1.0, 2.0]


LOOSE = (
    FLOW.replace("Annotated[int, fc.key]", "int")
    .replace("Annotated[datetime, fc.time]", "datetime")
    .replace(', fresh_within="2d"', "")
)
WARNING = (
    "; nothing orders its rows, and in another order they are new content: "
    "mark Visit's fc.key, or end the query with order by"
)


def test_a_source_whose_rows_nothing_orders_is_warned_of_once():
    shop = shop_of(visits(3, 1))

    assert shop.run(LOOSE).steps["visits"].note == "checked 2 of 2 rows" + WARNING


@pytest.mark.parametrize("rows", [[], [3]])
def test_one_row_needs_no_order(rows):
    assert WARNING not in shop_of(visits(*rows)).run(LOOSE).steps["visits"].note


@pytest.mark.parametrize(
    ("plain", "marked"),
    [
        ("client_id: int", "client_id: Annotated[int, fc.key]"),
        ("at: datetime", "at: Annotated[datetime, fc.time]"),
    ],
)
def test_a_key_or_a_time_is_order_enough(plain, marked):
    flow = LOOSE.replace(plain, marked)

    assert shop_of(visits(3, 1)).run(flow).steps["visits"].note == "checked 2 of 2 rows"


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("select * from visits order by spend", False),
        ("select * from visits\nORDER\n  BY spend", False),
        ("select * from visits where border = 'by'", True),
        ("select orderly from bygones", True),
    ],
)
def test_a_query_that_orders_its_rows_is_told_from_one_that_does_not(text, warned):
    contract = graph_of(LOOSE).nodes["visits"].declared.contract

    assert bool(sources._unordered(Query(text, {}, lambda *_: visits(1)), contract)) is warned


# laws


@given(st.permutations(range(6)))
def test_a_warehouse_may_answer_in_any_order(order):
    contract = graph_of(FLOW).nodes["visits"].declared.contract
    frame = visits(5, 4, 3, 2, 1, 0)

    assert table_digest(sorted_by_key(frame[order], contract)) == table_digest(sorted_by_key(frame, contract))


# refusals


def test_rows_that_break_their_contract_are_shown_and_end_the_run():
    shop = shop_of(visits(5, -1, 2, -3))

    with pytest.raises(Refused) as caught:
        shop.run(FLOW)

    assert caught.value.what.splitlines() == [
        "source visits of winback@1 failed: the rows of visits break their contract",
        "checked 4 of 4 rows",
        "  spend: a value is below 0 (2 rows)",
        "    row=1  client_id=1  at=2026-11-01 12:00:00+00:00  spend=-1.0",
        "    row=3  client_id=3  at=2026-11-01 12:00:00+00:00  spend=-3.0",
    ]
    assert caught.value.where.endswith("winback/flow.py:13")
    assert caught.value.mend.splitlines() == [
        "mend the table, or the contract where it asks too much",
        "         look at its query: fullcycle debug winback@1/visits",
    ]
    record = last_run(shop.ledger, "winback")
    assert (record.status, record.finished.error) == ("failed", caught.value.what.splitlines()[0])
    assert record.steps == {}


def test_an_absent_column_is_refused_with_the_nearest():
    shop = shop_of(visits(5).rename({"spend": "spent"}))

    with pytest.raises(Refused, match="spend: the table has no such column; did you mean its column 'spent'"):
        shop.run(FLOW)


def test_once_the_table_is_mended_the_run_goes_on():
    shop = shop_of(visits(5, -1))
    with pytest.raises(Refused):
        shop.run(project(FLOW))
    shop.tables["visits"] = visits(5, 1)

    assert ran(shop.run(project(FLOW))) == {"count": "never ran"}
