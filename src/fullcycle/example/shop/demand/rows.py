"""A day of a series, and what the model sees of it."""

from datetime import date
from typing import Annotated

import fullcycle as fc


class Sale(fc.Row):  # what one store sold of one item on one day
    store: Annotated[int, fc.key]
    item: Annotated[int, fc.key]
    day: Annotated[date, fc.time]
    sold: Annotated[int, fc.at_least(0)]
    lost: Annotated[int, fc.at_least(0)]  # asked for and not there
    price: Annotated[float, fc.at_least(0)]  # dollars a customer pays for one
    cost: Annotated[float, fc.at_least(0)]  # dollars the shop pays for one


class Series(fc.Row):  # one store-item, as of one evening: a row to decide on
    store: Annotated[int, fc.key]
    item: Annotated[int, fc.key]
    day: Annotated[date, fc.time]  # tomorrow
    sold_7d: float  # a day, on average of the last 7
    sold_28d: float
    last_year: float | None  # on the same weekday 52 weeks ago; None: it was not sold yet
    price: float
    cost: float


class Shape(fc.Row):  # what the model sees
    weekday: int
    month: int
    sold_7d: float
    trend: float
    last_year: float | None


class Spread(fc.Row):  # how far off the model of a slice was, in a time split
    slice: Annotated[str, fc.key]
    errors: list[float]  # 99 percentiles


@fc.features
def shape(series: Series) -> Shape:
    """Plain Python on one row; the same, on whole columns, over a table."""
    return Shape(
        weekday=series.day.weekday(),
        month=series.day.month,
        sold_7d=series.sold_7d,
        trend=series.sold_7d / series.sold_28d if series.sold_28d > 0 else 1.0,
        last_year=series.last_year,
    )


def seasonal(seen: Shape) -> float:
    """The seasonal-naive forecast: what was sold a year ago, else what has been sold lately."""
    return seen.sold_7d if seen.last_year is None else seen.last_year


def slice_of(series: Series) -> str:
    """Which of the models a series asks: those of a store whose items end in the same digit share one."""
    return f"{series.store}/{series.item % 10}"
