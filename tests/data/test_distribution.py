"""fullcycle.data: profiles of tables. Examples, then laws."""

from datetime import date
from typing import Annotated, Literal

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fullcycle as fc
from fullcycle.data import Profile, profile, recount


class Client(fc.Row):
    client_id: Annotated[int, fc.key]
    email: Annotated[str, fc.personal]
    since: Annotated[date, fc.time]
    history: float | None
    zone: Literal["Urban", "Rural", "Moon"]
    newbie: bool
    city: str


FRAME = pl.DataFrame(
    {
        "client_id": range(100),
        "email": ["a"] * 100,
        "since": [date(2026, 1, 1)] * 100,
        "history": [float(i) for i in range(98)] + [None, None],
        "zone": ["Urban"] * 70 + ["Rural"] * 30,
        "newbie": [True] * 25 + [False] * 75,
        "city": ["Oslo"] * 60 + ["Rome"] * 40,
    }
)


def test_what_is_profiled_is_what_can_drift():
    assert set(profile(FRAME, Client).fields) == {"history", "zone", "newbie", "city"}


def test_numbers_are_counted_between_their_deciles():
    history = profile(FRAME, Client).fields["history"]

    assert len(history.counts) == len(history.bins) == 10
    assert set(history.counts) <= {9, 10, 11}
    assert history.nulls == 2
    assert history.quartiles == (24.25, 48.5, 72.75)
    assert history.mean == pytest.approx(48.5)
    assert history.sd == pytest.approx(pl.Series(range(98)).std())


def test_categories_are_counted_one_by_one_and_those_of_a_literal_all():
    fields = profile(FRAME, Client).fields

    assert dict(zip(fields["zone"].categories, fields["zone"].counts, strict=True)) == {
        "Urban": 70,
        "Rural": 30,
        "Moon": 0,
    }
    assert dict(zip(fields["newbie"].bins, fields["newbie"].counts, strict=True)) == {"false": 75, "true": 25}
    assert fields["city"].shares == (0.6, 0.4)


def test_later_rows_are_counted_in_the_same_bins():
    reference = profile(FRAME, Client)
    later = FRAME.with_columns(history=pl.col("history") * 100, city=pl.lit("Kyiv"))

    counted = recount(later, reference)

    assert counted.fields["history"].edges == reference.fields["history"].edges
    assert counted.fields["history"].counts[-1] == 97
    assert counted.fields["city"].counts == (0, 0)
    assert counted.fields["city"].other == 100


def test_a_profile_is_plain_json():
    made = profile(FRAME, Client)

    assert msgspec.json.decode(msgspec.json.encode(made), type=Profile) == made


def test_an_empty_table_has_a_profile():
    empty = profile(FRAME.clear(), Client)

    assert empty.rows == 0
    assert recount(FRAME, empty).rows == 100


@given(st.lists(st.none() | st.floats(-1e9, 1e9) | st.sampled_from([1.0, 2.0]), max_size=50))
def test_every_row_is_counted_once_and_recounting_changes_nothing(values):
    class One(fc.Row):
        x: float | None

    frame = pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)})
    made = profile(frame, One)
    field = made.fields["x"]

    assert sum(field.counts) + field.other + field.nulls == len(values)
    assert recount(frame, made) == made
