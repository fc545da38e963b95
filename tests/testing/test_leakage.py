"""fc.testing.leaks: deliberate leaks are caught, and what keeps to the past is let through."""

from datetime import date, datetime
from typing import Annotated

import polars as pl
import pytest

import fullcycle as fc
from fullcycle.kernel import Invalid, Refused


class Order(fc.Row):
    client_id: Annotated[int, fc.key]
    at: Annotated[datetime, fc.time]
    amount: float


class Sale(fc.Row):
    store: Annotated[str, fc.key]
    day: Annotated[date, fc.time]
    sold: int


class Ask(fc.Row):
    client_id: Annotated[int, fc.key]
    sent: Annotated[datetime, fc.time]


class Taste(fc.Row):
    client_id: Annotated[int, fc.key]
    day: Annotated[datetime, fc.time]
    n: int


DAY = pl.col("at").dt.truncate("1d")


def windows_labelled_by_their_start(orders: pl.DataFrame) -> pl.DataFrame:
    """What a first draft of two capabilities did, unnoticed."""
    rolled = orders.sort("at").group_by_dynamic("at", every="1d", period="90d", group_by="client_id")
    return rolled.agg(n=pl.len())


def a_mean_of_all_time(orders: pl.DataFrame) -> pl.DataFrame:
    known = fc.trailing(orders, by="client_id", at="at", last="30d", mean=pl.mean("amount"))
    return known.with_columns(centred=pl.col("mean") - orders["amount"].mean()).drop("mean")


def filled_from_the_future(orders: pl.DataFrame) -> pl.DataFrame:
    known = fc.trailing(orders, by="client_id", at="at", last="3d", mean=pl.mean("amount"))
    return known.with_columns(pl.col("mean").backward_fill().over("client_id"))


def of_the_same_day(orders: pl.DataFrame) -> pl.DataFrame:
    return orders.group_by("client_id", day=DAY).agg(n=pl.len())


def one_day_too_late(orders: pl.DataFrame) -> pl.DataFrame:
    known = fc.trailing(orders, by="client_id", at="at", last="30d", n=pl.len())
    return known.with_columns(pl.col("day").dt.offset_by("-1d"))


def counted_in_the_order_of_the_table(orders: pl.DataFrame) -> pl.DataFrame:
    return orders.select("client_id", "at", before=pl.int_range(pl.len()).over("client_id"))


def ranked_among_all(orders: pl.DataFrame) -> pl.DataFrame:
    known = fc.trailing(orders, by="client_id", at="at", last="30d", total=pl.sum("amount"))
    return known.with_columns(pl.col("total").rank() / pl.len())


def rounded_windows(orders: pl.DataFrame) -> pl.DataFrame:
    """The window ends with its day, not before it."""
    rolled = orders.with_columns(day=DAY).sort("day").rolling("day", period="30d", group_by="client_id")
    return rolled.agg(n=pl.len()).unique()


HISTORY_LEAKS = [
    windows_labelled_by_their_start,
    a_mean_of_all_time,
    filled_from_the_future,
    of_the_same_day,
    one_day_too_late,
    ranked_among_all,
    rounded_windows,
]


@pytest.mark.parametrize("leaking", HISTORY_LEAKS, ids=lambda function: function.__name__)
def test_a_feature_that_sees_its_own_future_is_caught(leaking):
    assert fc.testing.leaks(leaking, Order)


def joined_on_the_day(asks: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    per_day = orders.group_by("client_id", day=DAY).agg(n=pl.len())
    return asks.with_columns(day=pl.col("sent").dt.truncate("1d")).join(
        per_day, on=["client_id", "day"], how="left"
    )


def joined_to_the_nearest(asks: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    asks, orders = asks.sort("sent"), orders.sort("at")
    return asks.join_asof(
        orders, left_on="sent", right_on="at", by="client_id", strategy="nearest", check_sortedness=False
    )


def joined_at_the_very_moment(asks: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    orders = orders.with_columns(pl.col("at").dt.truncate("1d")).sort("at")
    return asks.sort("sent").join_asof(
        orders, left_on="sent", right_on="at", by="client_id", check_sortedness=False
    )


def known_at_the_very_moment(asks: pl.DataFrame, tastes: pl.DataFrame) -> pl.DataFrame:
    """``fc.asof``, but for a microsecond."""
    return fc.asof(
        asks.with_columns(pl.col("sent").dt.offset_by("1us")), tastes, Taste, at="sent", delay="1d"
    ).with_columns(pl.col("sent").dt.offset_by("-1us"))


def what_the_client_is_today(asks: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    return asks.join(orders.group_by("client_id").agg(total=pl.sum("amount")), on="client_id", how="left")


def joined_without_the_delay(asks: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    return known_of_clients(asks, orders, delay="0d")


def encoded_over_all_that_are_asked(asks: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    return asks.with_columns(often=pl.len().over("client_id"))


def counted_unsorted(asks: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    return asks.with_columns(before=pl.int_range(pl.len()).over("client_id"))


def known_of_clients(asks: pl.DataFrame, orders: pl.DataFrame, delay: str = "1d") -> pl.DataFrame:
    """The way it is meant."""
    tastes = fc.trailing(orders, by="client_id", at="at", last="30d", n=pl.len())
    return fc.asof(asks, tastes, Taste, delay=delay)


ASKED_LEAKS = [
    joined_on_the_day,
    joined_to_the_nearest,
    joined_at_the_very_moment,
    what_the_client_is_today,
    joined_without_the_delay,
    encoded_over_all_that_are_asked,
    counted_unsorted,
]


@pytest.mark.parametrize("leaking", ASKED_LEAKS, ids=lambda function: function.__name__)
def test_a_join_that_sees_the_future_of_its_rows_is_caught(leaking):
    assert fc.testing.leaks(leaking, Order, asked=Ask, delay="1d")


@pytest.mark.parametrize("seed", range(3))
def test_a_microsecond_too_late_is_caught(seed):
    assert fc.testing.leaks(known_at_the_very_moment, Taste, asked=Ask, delay="1d", seed=seed)


def test_counting_in_the_order_of_an_unsorted_table_is_caught():
    def counted(asks: pl.DataFrame) -> pl.DataFrame:
        return counted_in_the_order_of_the_table(asks.rename({"sent": "at"}))

    assert fc.testing.leaks(counted, asked=Ask, at="at")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("last", ["1d", "30d"])
def test_windows_that_end_before_their_day_are_let_through(last, seed):
    def tastes(orders: pl.DataFrame) -> pl.DataFrame:
        amount = pl.col("amount")
        return fc.trailing(
            orders,
            by="client_id",
            at="at",
            last=last,
            n=pl.len(),
            mean=amount.mean(),
            last_three=amount.tail(3),
        )

    assert fc.testing.leaks(tastes, Order, seed=seed) == []


def test_windows_over_dates_are_let_through_and_one_that_holds_its_day_is_not():
    def before(sales: pl.DataFrame) -> pl.DataFrame:
        return fc.trailing(sales, by="store", at="day", last="7d", sold=pl.sum("sold"))

    def within(sales: pl.DataFrame) -> pl.DataFrame:
        return before(sales).with_columns(pl.col("day").dt.offset_by("-1d"))

    assert fc.testing.leaks(before, Sale) == []
    assert fc.testing.leaks(within, Sale)


def test_what_was_known_then_is_let_through():
    def both(asks: pl.DataFrame, orders: pl.DataFrame, tastes: pl.DataFrame) -> pl.DataFrame:
        return fc.asof(known_of_clients(asks, orders), tastes, Taste, at="sent", delay="1d", into="taste")

    assert fc.testing.leaks(known_of_clients, Order, asked=Ask, delay="1d") == []
    assert fc.testing.leaks(both, Order, Taste, asked=Ask, delay="1d") == []


def test_a_leak_is_told_with_the_row_the_column_and_the_event_that_it_saw():
    (leak,) = fc.testing.leaks(what_the_client_is_today, Order, asked=Ask)

    assert (leak.column, leak.source) == ("total", "Order")
    assert set(leak.row) == {"client_id", "sent"}
    assert leak.event["client_id"] == leak.row["client_id"]
    assert leak.event["at"] >= leak.row["sent"]
    assert leak.told == pytest.approx(leak.known + leak.event["amount"])


def test_a_test_fails_with_the_story_and_the_cure():
    fc.testing.refuse_leaks(known_of_clients, Order, asked=Ask, delay="1d")

    with pytest.raises(Refused) as caught:
        fc.testing.refuse_leaks(windows_labelled_by_their_start, Order)

    said = str(caught.value)
    assert "windows_labelled_by_their_start sees its own future\n  n at client_id=" in said
    assert "without the Order that came later: client_id=" in said
    assert "fc.trailing" in said


def test_a_function_that_draws_is_no_leak_but_is_refused():
    from random import random

    def drawn(orders: pl.DataFrame) -> pl.DataFrame:
        return orders.group_by("client_id").agg(pl.max("at"), n=pl.lit(random()))

    with pytest.raises(Invalid, match="another answer to the same question"):
        fc.testing.leaks(drawn, Order)


def test_features_that_are_filed_nowhere_are_refused():
    def nowhere(orders: pl.DataFrame) -> pl.DataFrame:
        return orders.group_by("client_id").agg(n=pl.len())

    def later(orders: pl.DataFrame) -> pl.DataFrame:
        return orders.with_columns(pl.col("at").dt.offset_by("9y"))

    with pytest.raises(Invalid, match="under which are its rows filed"):
        fc.testing.leaks(nowhere, Order)
    with pytest.raises(Invalid, match="nothing was compared"):
        fc.testing.leaks(later, Order)
    with pytest.raises(Invalid, match="0 time fields"):
        fc.testing.leaks(nowhere, fc.Row)
