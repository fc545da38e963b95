from datetime import date

import fullcycle as fc
import polars as pl

from shop.demand.flow import history, known, tomorrow, training
from shop.demand.rows import Sale, Series, Shape, Spread, seasonal, shape, slice_of
from shop.demand.service import stock, usual


def sold(store: int, item: int, days: int) -> pl.DataFrame:
    """0 on 1 January 2017, 1 on the 2nd, and so on."""
    rows = fc.testing.frame(Sale, days, store=store, item=item)
    first = pl.lit(date(2017, 1, 1))
    count = pl.int_range(days)
    return rows.with_columns(day=first + pl.duration(days=count), sold=count)


def test_what_is_known_the_evening_before_keeps_to_the_past() -> None:
    fc.testing.refuse_leaks(known, Sale)


def test_a_week_is_the_seven_days_before() -> None:
    past = history(sold(1, 13, days=10))

    last = past.row(-1, named=True)
    assert last["day"] == date(2017, 1, 11)
    assert last["sold_7d"] == (3 + 4 + 5 + 6 + 7 + 8 + 9) / 7
    assert last["sold"] is None  # nobody knows it yet
    assert past["sold"].to_list()[:-1] == list(range(1, 10))


def test_last_year_is_the_same_weekday() -> None:
    past = known(sold(1, 13, days=365))

    last = past.row(-1, named=True)
    assert last["day"] == date(2018, 1, 1)
    assert last["last_year"] == 1.0  # Monday, 2 January 2017


def test_tomorrow_is_one_row_for_each_series() -> None:
    panel = pl.concat([sold(1, 13, days=10), sold(2, 13, days=10)])

    asked = tomorrow(history(panel))

    assert asked.columns == list(Series.__struct_fields__)
    assert asked["store"].to_list() == [1, 2]
    assert asked["day"].unique().to_list() == [date(2017, 1, 11)]


def test_a_store_has_a_model_once_it_has_a_past_to_learn_from() -> None:
    panel = history(pl.concat([sold(1, 13, days=20), sold(2, 13, days=10)]))

    assert list(training(panel, since=date(2017, 1, 10))) == ["1/3", "2/3"]
    assert list(training(panel, since=date(2017, 1, 11))) == ["1/3"]  # the second closed on the 10th
    assert list(training(panel, since=date(2017, 1, 2))) == []  # on which both begin to be known


def test_a_slice_is_told_alike_of_a_row_and_of_a_table() -> None:
    past = history(sold(4, 37, days=3))

    series = [Series(**row) for row in past.select(Series.__struct_fields__).iter_rows(named=True)]

    assert past["slice"].to_list() == [slice_of(one) for one in series] == ["4/7"] * 3


def test_a_series_that_is_new_is_forecast_by_what_it_sold_lately() -> None:
    series = fc.testing.row(Series, sold_7d=4.0, sold_28d=0.0, last_year=None)

    assert seasonal(shape(series)) == 4.0
    assert shape(series).trend == 1.0


def ten(seen: Shape) -> float:
    return 10.0


SPREAD = Spread("1/3", [float(error) for error in range(-49, 50)])


def test_a_dear_item_is_stocked_beyond_the_forecast() -> None:
    series = fc.testing.row(Series, store=1, item=3, price=10.0, cost=1.0)

    order = stock(series, {"1/3": fc.testing.model(ten)}, fc.testing.lookup(SPREAD))

    assert order.units == 10 + 39  # nine tenths of its price are margin: the 89th of 99 percentiles


def test_an_item_that_earns_little_is_stocked_below_it_and_never_below_nothing() -> None:
    series = fc.testing.row(Series, store=1, item=3, price=10.0, cost=9.0)

    order = stock(series, {"1/3": fc.testing.model(ten)}, fc.testing.lookup(SPREAD))

    assert order.units == 0


def test_a_store_without_a_model_orders_as_it_is_usual() -> None:
    series = fc.testing.row(Series, store=2, item=3, sold_7d=4.4)

    assert stock(series, {}, fc.testing.lookup(SPREAD)) == usual(series)
    assert usual(series).units == 4
