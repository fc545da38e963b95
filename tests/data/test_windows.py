"""fullcycle.data.windows: fc.trailing against a loop in Python. Examples, then laws, then refusals."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fullcycle as fc
from fullcycle.kernel import Invalid, UnknownName

DAY = timedelta(days=1)
JAN = date(2026, 1, 1)

ORDERS = pl.DataFrame(
    {
        "client_id": [2, 1, 1, 1],
        "at": [
            datetime(2026, 1, 9, 12),
            datetime(2026, 1, 3),
            datetime(2026, 1, 1, 10),
            datetime(2026, 1, 1),
        ],
        "amount": [5.0, 30.0, 20.0, 10.0],
    }
)


def rolled(frame: pl.DataFrame, **how) -> pl.DataFrame:
    return fc.trailing(
        frame,
        by="client_id",
        at="at",
        last="3d",
        n=pl.len(),
        mean=pl.mean("amount"),
        newest=pl.last("amount"),
        **how,
    )


def test_each_day_sees_the_days_strictly_before_it():
    assert rolled(ORDERS).rows() == [
        (1, datetime(2026, 1, 2), 2, 15.0, 20.0),
        (1, datetime(2026, 1, 4), 3, 20.0, 30.0),  # of the third, at midnight: within the third
        (1, datetime(2026, 1, 5), 1, 30.0, 30.0),  # those of the first have left
        (1, datetime(2026, 1, 7), 0, None, None),
        (2, datetime(2026, 1, 10), 1, 5.0, 5.0),
    ]


def test_no_day_is_told_of_that_the_table_cannot_know():
    days = rolled(ORDERS)["day"]

    assert days.max() == datetime(2026, 1, 10)  # the day after the last: what is known as it begins


def test_days_have_the_type_of_the_times():
    dates = ORDERS.with_columns(pl.col("at").dt.date())
    zoned = ORDERS.with_columns(pl.col("at").dt.replace_time_zone("UTC").dt.cast_time_unit("ms"))

    assert rolled(dates).schema["day"] == pl.Date
    assert rolled(zoned).schema["day"] == pl.Datetime("ms", "UTC")
    assert rolled(dates)["n"].to_list() == rolled(zoned)["n"].to_list() == [2, 3, 1, 0, 1]


def test_days_begin_at_midnight_where_the_times_are_and_are_days_when_the_clocks_change():
    zone = ZoneInfo("Europe/Zurich")
    late = datetime(2026, 3, 28, 23, 30, tzinfo=zone)  # the 28th there, as in UTC
    early = datetime(2026, 3, 30, 0, 30, tzinfo=zone)  # the 30th there, the 29th in UTC
    orders = pl.DataFrame(
        {"k": [1, 1], "at": [late, early]}, schema_overrides={"at": pl.Datetime("us", "Europe/Zurich")}
    )

    found = fc.trailing(orders, by="k", at="at", last="1d", n=pl.len())

    assert [(day.strftime("%d %H:%M %z"), n) for _, day, n in found.rows()] == [
        ("29 00:00 +0100", 1),
        ("30 00:00 +0200", 0),
        ("31 00:00 +0200", 1),
    ]


def test_a_day_without_a_midnight_begins_when_the_clocks_go_on():
    zone = "America/Sao_Paulo"  # on 2018-11-04 from 00:00 to 01:00
    orders = pl.DataFrame({"k": [1], "at": [datetime(2018, 11, 3, 12)]}).with_columns(
        pl.col("at").dt.replace_time_zone(zone)
    )

    (found,) = fc.trailing(orders, by="k", at="at", last="1d", n=pl.len())["day"].to_list()

    assert (found.day, found.hour) == (4, 1)


def test_weeks_begin_on_mondays():
    found = rolled(ORDERS.with_columns(pl.col("at") + 3 * DAY), every="3d")
    weeks = fc.trailing(ORDERS, by="client_id", at="at", last="2w", every="1w", into="week", n=pl.len())

    assert found.height
    assert weeks.rows() == [(1, datetime(2026, 1, 5), 3), (2, datetime(2026, 1, 12), 1)]


def test_hours_count_too():
    found = fc.trailing(ORDERS, by="client_id", at="at", last="12h", every="1h", into="hour", n=pl.len())

    assert found.rows()[:4] == [
        (1, datetime(2026, 1, 1, 1), 1),
        (1, datetime(2026, 1, 1, 11), 2),
        (1, datetime(2026, 1, 1, 13), 1),
        (1, datetime(2026, 1, 1, 23), 0),
    ]


def test_rows_without_a_time_or_a_key_are_in_no_window():
    holes = pl.concat(
        [ORDERS, ORDERS.with_columns(at=None), ORDERS.with_columns(client_id=None)], how="vertical_relaxed"
    )

    assert rolled(holes).equals(rolled(ORDERS))


def test_no_rows_give_no_windows_of_the_same_columns():
    assert rolled(ORDERS.clear()).schema == rolled(ORDERS).schema
    assert rolled(ORDERS.clear()).height == 0


events = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", None]),
        st.integers(0, 2),
        st.none() | st.integers(0, 20 * 4),  # quarters of a day: ties and midnights
        st.integers(-9, 9),
    ),
    max_size=25,
)


def naive(rows, last: int, every: int):
    """The definition, on every period of every key; and of these the ones that differ from the one before."""
    rows = [(k, j, at, x) for k, j, at, x in rows if k is not None and at is not None]
    if not rows:
        return []
    found = []
    for key in sorted({row[:2] for row in rows}):
        mine = sorted((row for row in rows if row[:2] == key), key=lambda row: row[2])
        before = None
        end = (min(row[2] for row in rows) // every) * every
        newest = (max(row[2] for row in rows) // every + 1) * every
        while end <= newest:
            seen = [n for n, row in enumerate(mine) if end - last <= row[2] < end]
            if seen != (before or []):
                values = [mine[n][3] for n in seen]
                found.append((*key, end, len(seen), sum(values), values[-1] if values else None))
            before = seen
            end += every
    return found


@given(rows=events, periods=st.integers(1, 5), every=st.sampled_from([1, 2, 4]), shuffled=st.randoms())
@settings(max_examples=150, deadline=None)
def test_it_is_what_a_loop_over_all_periods_says(rows, periods, every, shuffled):
    start = datetime(1969, 12, 29, tzinfo=UTC)
    quarter = timedelta(hours=6)
    frame = pl.DataFrame(
        [(k, j, None if at is None else start + at * quarter, x) for k, j, at, x in rows],
        schema={"k": pl.String, "j": pl.Int8, "at": pl.Datetime("us", "UTC"), "x": pl.Int64},
        orient="row",
    )

    found = fc.trailing(
        frame,
        by=["k", "j"],
        at="at",
        last=f"{6 * every * periods}h",
        every=f"{6 * every}h",
        n=pl.len(),
        total=pl.sum("x"),
        newest=pl.last("x"),
    )

    told = [(k, j, (day - start) // quarter, *rest) for k, j, day, *rest in found.rows()]
    assert told == naive(rows, every * periods, every)


@given(rows=events, cut=st.integers(0, 21))
@settings(max_examples=50, deadline=None)
def test_what_comes_later_changes_no_earlier_day(rows, cut):
    frame = pl.DataFrame(
        [(k, None if at is None else JAN + at // 4 * DAY, x) for k, _, at, x in rows],
        schema={"k": pl.String, "at": pl.Date, "x": pl.Int64},
        orient="row",
    )

    def until(part: pl.DataFrame) -> pl.DataFrame:
        made = fc.trailing(part, by="k", at="at", last="4d", n=pl.len(), x=pl.sum("x"))
        return made.filter(pl.col("day") <= (part["at"].max() or JAN) + DAY)

    past = until(frame.filter(pl.col("at") < JAN + cut * DAY))
    days = past["day"].max()
    assert past.equals(until(frame).filter(pl.col("day") <= days)) if days is not None else past.height == 0


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        ({"last": "36h"}, Invalid, r"no whole number of every='1d'"),
        ({"last": "0d"}, Invalid, r"last='0d' is no whole number"),
        ({"last": "a while"}, Invalid, r"'a while' is not a duration"),
        ({"at": "ta"}, UnknownName, r"there is no 'ta'"),
        ({"at": "amount"}, Invalid, r"is Float64, no time"),
        ({"by": "client"}, UnknownName, r"did you mean 'client_id'"),
        ({"by": []}, Invalid, r"by= names no column"),
        ({"into": "client_id"}, Invalid, r"'client_id' would stand twice"),
        ({"into": "n"}, Invalid, r"'n' would stand twice"),
        ({"n": None}, Invalid, r"there is nothing to aggregate"),
    ],
)
def test_what_does_not_fit_is_refused(how, error, words):
    asked = {"by": "client_id", "at": "at", "last": "3d", "n": pl.len(), **how}

    with pytest.raises(error, match=words):
        fc.trailing(ORDERS, **{name: value for name, value in asked.items() if value is not None})


def test_dates_have_no_hours():
    dates = ORDERS.with_columns(pl.col("at").dt.date())

    with pytest.raises(Invalid, match="aggregate by days: every='1d'"):
        fc.trailing(dates, by="client_id", at="at", last="12h", every="1h", n=pl.len())
