"""Order one item for one store, the evening before."""

import fullcycle as fc

from shop.demand.flow import tomorrow
from shop.demand.rows import Series, Shape, Spread, shape, slice_of


class Order(fc.Row):
    units: int


def usual(series: Series) -> Order:
    """Today's practice: what was sold on average of the last week."""
    return Order(round(series.sold_7d))


@fc.service(fallback=usual, over=tomorrow, into="inventory.orders")  # scored every evening, not served
def stock(series: Series, demand: dict[str, fc.Model[Shape]], spreads: fc.Lookup[Spread]) -> Order:
    """Order the quantile at which one unit more costs what it brings: the newsvendor's."""
    name = slice_of(series)
    spread = spreads.get(name)
    if spread is None:  # a store that has just opened has no model yet
        return usual(series)
    share = (series.price - series.cost) / series.price
    over = spread.errors[round(share * 98)]
    return Order(max(0, round(demand[name].predict(shape(series)) + over)))
