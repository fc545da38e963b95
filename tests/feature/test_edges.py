"""fullcycle.feature.edges: rows at the edges of a contract, made again the same."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fullcycle as fc
from fullcycle.data import check, dtype_of, fields
from fullcycle.feature.edges import at_the_edges, edges

Way = Literal["post", "e-mail"]


class Client(fc.Row):
    months: Annotated[int, fc.between(1, 12)]
    spent: Annotated[float, fc.at_least(0)]
    way: Way
    newbie: bool
    note: str | None
    code: Annotated[str, fc.matching("[A-Z]{3}")]
    vector: Annotated[list[float], fc.length(3)]
    day: date
    at: datetime


class Seen(fc.Row):
    months: int


@fc.features
def seen(client: Client, extra: Annotated[int, fc.between(0, 3)]) -> Seen:
    return Seen(client.months + extra)


KNOWN = [
    Client(
        3, 9.5, "post", True, None, "ABC", [0.1, 0.2, 0.3], date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)
    ),
    Client(
        4,
        0.0,
        "e-mail",
        False,
        "x",
        "XYZ",
        [1.0, 2.0, 3.0],
        date(2026, 1, 2),
        datetime(2026, 1, 2, tzinfo=UTC),
    ),
]
FRAME = pl.DataFrame(
    [pl.Series(f.name, [getattr(row, f.name) for row in KNOWN], dtype=dtype_of(f)) for f in fields(Client)]
).with_columns(extra=pl.Series([1, 2]), other=pl.Series(["a", "b"]))


def test_rows_keep_the_contract_and_reach_its_ends():
    made = at_the_edges(seen, FRAME)

    assert made.height == 500
    assert made.schema == FRAME.schema
    assert not check(made.select([f.name for f in fields(Client)]), Client, table="clients").problems
    assert {1, 2, 11, 12} <= set(made["months"])
    assert {0, 1, 2, 3} == set(made["extra"])
    assert {0.0, 5e-324, 1e15, 9.5} <= set(made["spent"])
    assert set(made["way"]) == {"post", "e-mail"}
    assert made["note"].null_count() > 20
    assert {"", "日本"} <= set(made["note"].drop_nulls())


def test_what_only_a_pattern_tells_and_what_no_feature_reads_is_as_it_was():
    made = at_the_edges(seen, FRAME)

    assert set(made["code"]) == {"ABC", "XYZ"}
    assert set(made["other"]) == {"a", "b"}


def test_the_same_seed_gives_the_same_rows():
    assert at_the_edges(seen, FRAME).equals(at_the_edges(seen, FRAME))
    assert not at_the_edges(seen, FRAME).equals(at_the_edges(seen, FRAME, seed=8))


def test_a_column_that_is_narrower_than_its_contract_keeps_its_values():
    narrow = FRAME.with_columns(
        extra=pl.Series([1, 2], dtype=pl.Int8), months=pl.Series([1, 2], dtype=pl.Int8)
    )

    assert at_the_edges(seen, narrow).schema == narrow.schema


@given(low=st.integers(-5, 5), width=st.integers(0, 3))
def test_an_edge_is_never_out_of_bounds(low, width):
    for kind in (int, float):

        class Bounded(fc.Row):
            x: Annotated[kind, fc.between(low, low + width)]

        found = edges(fields(Bounded)[0])
        assert {low, low + width} <= set(found)
        assert all(low <= value <= low + width for value in found)
        assert all(type(value) is kind for value in found)


@pytest.mark.parametrize("kind", [bool, int, float, str, date, datetime])
def test_every_type_has_edges(kind):
    class Plain(fc.Row):
        x: kind

    assert len(edges(fields(Plain)[0])) > 1
