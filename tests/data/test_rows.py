"""fullcycle.data.rows: a table's rows are what requests of the same values are decoded into."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

import msgspec
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

import fullcycle as fc
from fullcycle.data import columns_of, conform, decode, rows_of


class Everything(fc.Row):
    id: Annotated[int, fc.key]
    at: Annotated[datetime, fc.time]
    day: date
    share: float
    good: bool
    kind: Literal["a", "b"]
    size: Literal[1, 2]
    vector: Annotated[list[float], fc.length(2)]
    names: list[str]
    note: str | None = None
    seen: datetime | None = None


class ByName(fc.Row, kw_only=True):
    note: str | None = None
    id: int


moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
numbers = st.floats(allow_nan=False, allow_infinity=False)
everything = st.builds(
    Everything,
    id=st.integers(-(2**53), 2**53),
    at=moments,
    day=st.dates(date(1900, 1, 1)),
    share=numbers,
    good=st.booleans(),
    kind=st.sampled_from(["a", "b"]),
    size=st.sampled_from([1, 2]),
    vector=st.lists(numbers, min_size=2, max_size=2),
    names=st.lists(st.text(st.characters(codec="utf-8"))),
    note=st.none() | st.text(st.characters(codec="utf-8")),
    seen=st.none() | moments,
)


@settings(deadline=None)
@given(st.lists(everything, max_size=5))
def test_rows_are_those_that_requests_are_decoded_into(rows):
    table = pl.DataFrame(columns_of(rows, Everything))

    found = rows_of(table, Everything)

    assert [repr(row) for row in found] == [
        repr(decode(Everything, msgspec.json.encode(row))) for row in rows
    ]


@settings(deadline=None)
@given(st.lists(everything, max_size=5))
def test_columns_of_rows_keep_their_contract(rows):
    table = pl.DataFrame(columns_of(rows, Everything))

    assert conform(table, Everything).equals(table)
    assert table.height == len(rows)


def test_a_row_that_is_not_there_is_null_in_every_column():
    (id, note) = columns_of([ByName(id=3, note="x"), None], ByName)[::-1]

    assert id.to_list() == [3, None]
    assert note.to_list() == ["x", None]


def test_fields_that_are_only_given_by_name_are():
    assert rows_of(pl.DataFrame({"note": ["x"], "id": [1]}), ByName) == [ByName(id=1, note="x")]


def test_an_int_in_a_field_of_float_is_one_there():
    class Price(fc.Row):
        amount: float

    (column,) = columns_of([Price(3)], Price)  # type: ignore[arg-type]

    assert column.dtype == pl.Float64
