"""fullcycle.data.history: fc.asof against a loop in Python. Examples, then laws, then refusals."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fullcycle as fc
from fullcycle.kernel import Invalid, UnknownName


class Taste(fc.Row):
    client_id: Annotated[int, fc.key]
    day: Annotated[datetime, fc.time]
    orders: int
    vector: Annotated[list[float], fc.length(2)]


class Daily(fc.Row):
    client_id: Annotated[int, fc.key]
    store: Annotated[str, fc.key]
    day: Annotated[date, fc.time]
    sold: int


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, tzinfo=UTC)


HISTORY = pl.DataFrame(
    {
        "client_id": [7, 7, 8],
        "day": [at(3), at(2), at(2)],
        "orders": [3, 2, 5],
        "vector": [[0.0, 3.0], [0.0, 2.0], [0.0, 5.0]],
        "beyond": ["the", "contract", "!"],
    }
)
MICRO = timedelta(microseconds=1)


def asked(*times: datetime, client: int = 7) -> pl.DataFrame:
    return pl.DataFrame(
        {"client_id": [client] * len(times), "at": times, "outcome": [0.5] * len(times)},
        schema_overrides={"at": pl.Datetime("us", "UTC")},
    )


def test_the_newest_row_before_is_what_was_known():
    found = fc.asof(asked(at(9), at(3), at(2, 1), at(1)), HISTORY, Taste, delay="0s")

    assert found.columns == ["client_id", "at", "outcome", "day", "orders", "vector"]
    assert found["orders"].to_list() == [3, 2, 2, None]
    assert found["vector"].to_list() == [[0.0, 3.0], [0.0, 2.0], [0.0, 2.0], None]
    assert found["outcome"].to_list() == [0.5] * 4


def test_strictly_before_minus_the_delay():
    one = at(4)  # a day after the row of the third

    found = fc.asof(asked(one - MICRO, one, one + MICRO), HISTORY, Taste, delay="1d")

    assert found["orders"].to_list() == [2, 2, 3]


def test_of_rows_with_one_time_the_last_in_the_table_counts():
    twice = pl.concat([HISTORY, HISTORY.head(1).with_columns(orders=pl.lit(9, pl.Int64))])

    assert fc.asof(asked(at(9)), twice, Taste, delay="0s")["orders"].to_list() == [9]


def test_two_histories_that_share_a_field_are_put_apart_and_read_by_features():
    class Seen(fc.Row):
        both: int | None

    @fc.features
    def seen(taste: Taste | None, other: Taste) -> Seen:
        return Seen(both=taste.orders + other.orders if taste is not None else None)

    frame = fc.asof(asked(at(9), at(3), at(1)), HISTORY, Taste, delay="0s", into="taste")
    frame = fc.asof(frame, HISTORY.with_columns(day=at(1) - MICRO), Taste, delay="0s", into="other")

    assert frame.columns[3:] == [
        f"{who}.{name}" for who in ("taste", "other") for name in ("day", "orders", "vector")
    ]
    assert seen.over(frame)["both"].to_list() == [5, 4, None]


def test_dates_are_their_midnight():
    history = pl.DataFrame({"client_id": [7], "store": ["a"], "day": [date(2026, 1, 2)], "sold": [1]})
    times = [at(2), at(2) + MICRO]
    days = pl.DataFrame(
        {"client_id": [7, 7], "store": ["a", "a"], "at": [date(2026, 1, 2), date(2026, 1, 3)]}
    )
    moments = pl.DataFrame({"client_id": [7, 7], "store": ["a", "a"], "at": times})

    assert fc.asof(days, history, Daily, delay="0d")["sold"].to_list() == [None, 1]
    assert fc.asof(moments, history, Daily, delay="0d")["sold"].to_list() == [None, 1]


def test_a_time_of_another_zone_is_the_same_moment():
    zurich = asked(at(3), at(3) + MICRO).with_columns(pl.col("at").dt.convert_time_zone("Europe/Zurich"))

    assert fc.asof(zurich, HISTORY, Taste, delay="0s")["orders"].to_list() == [2, 3]


def test_the_key_may_have_another_width_and_be_a_category():
    history = pl.DataFrame({"client_id": [7], "store": ["a"], "day": [date(2026, 1, 2)], "sold": [1]})
    frame = pl.DataFrame({"client_id": [7], "store": ["a"], "at": [date(2026, 1, 3)]}).cast(
        {"client_id": pl.UInt8, "store": pl.Categorical}
    )

    assert fc.asof(frame, history, Daily, delay="0d")["sold"].to_list() == [1]


def test_no_rows_on_either_side():
    assert fc.asof(asked(), HISTORY, Taste, delay="0s").height == 0
    assert fc.asof(asked(at(9)), HISTORY.clear(), Taste, delay="0s")["orders"].to_list() == [None]


moments = st.none() | st.integers(0, 6)
KINDS = {
    "us": pl.Datetime("us"),
    "ms": pl.Datetime("ms"),
    "ns": pl.Datetime("ns"),
    "utc": pl.Datetime("ns", "UTC"),
    "zurich": pl.Datetime("us", "Europe/Zurich"),
    "date": pl.Date(),
}


def column(values, dtype, unit: timedelta) -> pl.Series:
    utc = pl.Series([None if v is None else at(1) + v * unit for v in values], dtype=pl.Datetime("us", "UTC"))
    if dtype == pl.Date or dtype.time_zone is None:
        return utc.dt.replace_time_zone(None).cast(dtype)
    return utc.dt.convert_time_zone(dtype.time_zone).cast(dtype)


@given(
    left=st.lists(st.tuples(st.none() | st.integers(0, 2), st.sampled_from("ab"), moments), max_size=12),
    right=st.lists(st.tuples(st.none() | st.integers(0, 2), st.sampled_from("ab"), moments), max_size=12),
    kind=st.sampled_from(sorted(KINDS)),
    told=st.sampled_from(["us", "utc"]),
    wait=st.integers(0, 2),
)
@settings(max_examples=200, deadline=None)
def test_it_is_what_a_loop_says(left, right, kind, told, wait):
    class Past(fc.Row):
        k: Annotated[int, fc.key]
        j: Annotated[str, fc.key]
        since: Annotated[datetime, fc.time]
        number: int

    unit = timedelta(days=1) if kind == "date" else timedelta(milliseconds=1)
    frame = pl.DataFrame([row[:2] for row in left], schema={"k": pl.Int64, "j": pl.String}, orient="row")
    frame = frame.with_columns(column([row[2] for row in left], KINDS[kind], unit).alias("at"))
    history = pl.DataFrame([row[:2] for row in right], schema={"k": pl.Int32, "j": pl.String}, orient="row")
    history = history.with_columns(
        column([row[2] for row in right], KINDS[told], unit).alias("since"),
        number=pl.Series(range(len(right)), dtype=pl.Int64),
    )

    def loop(k, j, moment):
        known = [
            (since, n)
            for n, (i, h, since) in enumerate(right)
            if None not in (k, moment, i, since) and (i, h) == (k, j) and since < moment - wait
        ]
        return max(known)[1] if known else None

    found = fc.asof(frame, history, Past, delay=f"{wait * (unit // MICRO)}us")

    assert found.select(frame.columns).equals(frame)
    assert found["number"].to_list() == [loop(*row) for row in left]


@pytest.mark.parametrize(
    ("change", "how", "error", "words"),
    [
        ({"orders": 1}, {}, Invalid, r"'orders' would stand twice: in the frame and as a field of Taste"),
        ({"orders": 1}, {}, Invalid, r"into='taste' makes taste.orders"),
        ({"when": at(2)}, {}, Invalid, r"'at' and 'when'(.|\n)*name it: at='at'"),
        ({}, {"at": "ot"}, UnknownName, r"there is no 'ot'"),
        ({}, {"at": "outcome"}, Invalid, r"is Float64, no time"),
        ({"client_id": "seven"}, {}, Invalid, r"'client_id' is String, and the history's is int"),
        ({}, {"delay": "later"}, Invalid, r"'later' is not a duration"),
    ],
)
def test_what_does_not_fit_is_refused(change, how, error, words):
    frame = asked(at(9)).with_columns(**{name: pl.lit(value) for name, value in change.items()})

    with pytest.raises(error, match=words):
        fc.asof(frame, HISTORY, Taste, **{"delay": "0s", **how})


def test_a_frame_without_the_key_or_a_history_without_a_field_is_refused():
    with pytest.raises(UnknownName, match="'client_id'"):
        fc.asof(asked(at(9)).rename({"client_id": "client"}), HISTORY, Taste, delay="0s")
    with pytest.raises(UnknownName, match="'orders'"):
        fc.asof(asked(at(9)), HISTORY.drop("orders"), Taste, delay="0s")


def test_a_contract_without_a_time_is_no_history():
    class Static(fc.Row):
        client_id: Annotated[int, fc.key]
        name: str

    with pytest.raises(Invalid, match="1 key and 0 time fields"):
        fc.asof(asked(at(9)), HISTORY, Static, delay="0s")


def test_days_beside_times_of_another_zone_are_refused_with_the_way_to_say_it():
    history = pl.DataFrame({"client_id": [7], "store": ["a"], "day": [date(2026, 1, 2)], "sold": [1]})
    zone = pl.col("at").dt.convert_time_zone("America/New_York")
    frame = asked(at(9)).with_columns(zone, store=pl.lit("a"))

    with pytest.raises(Invalid, match=r'replace_time_zone\("America/New_York"\)'):
        fc.asof(frame, history, Daily, delay="0d")
