"""Make up what ten stores sold of fifty items from 2013 to 2017, for the capability demand.

Run it once: ``python made_up_sales.py`` adds the table ``shop.sales`` to warehouse.duckdb, one row for each
store, item and day, 913,000 in all. Run it again and it changes nothing; ``--stores 11`` adds a store.

What a series sells on a day is a Poisson number. Its mean is a product of

* the item's level, 12 to 80 a day, and the store's, 0.7 to 1.35, both drawn once;
* the week, 0.8 on Mondays rising to 1.2 on Sundays;
* the year, a wave with its bottom in January and its top in July. Each item has its own height of it,
  0.15 to 0.4, as some things sell in summer only and others always;
* the trend, 7 % in the first year and a little less in each that follows.

Each store comes of a seed of its own, so another store leaves those that were there as they are. Price and
cost belong to the item; what it earns averages 2.40 dollars. ``lost`` is what was asked for and not there:
on one day in twenty the shelf was empty for a while, and a seventh of the day's mean was missed.

It has the size and the shape of the *Store Item Demand Forecasting Challenge* (Kaggle, 2018), which we may
not hand on; no number is taken from it. What neither that file nor this table has, and your data will:

* holidays, closed days, weather, promotions, prices that change, items that come and go;
* days that resemble the day before: given its mean, each number here is drawn by itself;
* shelves that run empty *because* much was asked for. Here they do so by chance, and ``sold`` is not cut off
  by what there was, so nothing has to be corrected for.
"""

import sys
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

Column = npt.NDArray[Any]

SEED = 2013
FIRST, LAST = date(2013, 1, 1), date(2017, 12, 31)
ITEMS = 50
MARGIN = 2.40  # dollars, on average of the items

WEEK = np.array([0.80, 0.92, 0.92, 0.99, 1.05, 1.12, 1.20])  # Monday to Sunday
COLDEST = 15  # day of the year at which least is sold
GROWTH = np.array([1.0, 1.07, 1.12, 1.16, 1.19])  # by year
EMPTY = 1 / 20  # share of days on which a shelf is empty for a while
MISSED = 1 / 7  # of the day's mean that is asked for meanwhile

TABLE = """
create schema if not exists shop;
create table if not exists shop.sales
    (store bigint, item bigint, day date, sold bigint, lost bigint, price double, cost double);
"""


def sold_by(store: int, items: int = ITEMS, first: date = FIRST, last: date = LAST) -> dict[str, Column]:
    """What a store sold: the columns of the table, one row for each item and day, in this order."""
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    of_items, of_store = np.random.default_rng(SEED), np.random.default_rng([SEED, store])
    level, height, price, cost = _items(of_items, items)
    season = np.cos(2 * np.pi * ((days - days.astype("datetime64[Y]")).astype(int) + 1 - COLDEST) / 365.25)
    years = days.astype(int) / 365.25 - 43.5  # since the middle of 2013
    rhythm = WEEK[(days.astype(int) + 3) % 7] * np.interp(years, np.arange(5), GROWTH)  # 1970: a Thursday
    mean = level[:, None] * of_store.uniform(0.7, 1.35) * (1 - height[:, None] * season) * rhythm
    sold = of_store.poisson(mean)
    lost = of_store.poisson(mean * MISSED) * (of_store.random(mean.shape) < EMPTY)
    each_day = np.tile(days.astype("datetime64[us]"), items)
    number = np.repeat(np.arange(items), len(days))
    return {
        "store": np.full(mean.size, store),
        "item": number + 1,
        "day": each_day,
        "sold": sold.ravel(),
        "lost": lost.ravel(),
        "price": price[number],
        "cost": cost[number],
    }


def _items(rng: np.random.Generator, items: int) -> tuple[Column, Column, Column, Column]:
    """The level, the height of the yearly wave, the price and the cost of each item."""
    drawn = rng.uniform(size=(4, ITEMS))
    margin = MARGIN * np.exp(drawn[2]) / np.exp(drawn[2]).mean()
    price = np.round(margin / (0.2 + 0.4 * drawn[3]), 2)  # it earns 20 to 60 % of its price
    cost = np.round(price - margin, 2)
    return 12 + 68 * drawn[0, :items], 0.15 + 0.25 * drawn[1, :items], price[:items], cost[:items]


def load(warehouse: Path, stores: int = 10) -> dict[str, int]:
    """Add to ``shop.sales`` of the DuckDB file ``warehouse`` the stores that it lacks; give its rows."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("begin")
        connection.execute(TABLE)
        there = {store for (store,) in connection.execute("select distinct store from shop.sales").fetchall()}
        for store in range(1, stores + 1):
            if store not in there:
                connection.register("one_store", sold_by(store))
                connection.execute("insert into shop.sales from one_store")
        connection.execute("commit")
        return {"shop.sales": len(connection.table("shop.sales"))}


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            stores = 10
        case ["--stores", number] if number.isdecimal():
            stores = int(number)
        case _:
            sys.exit("usage: python made_up_sales.py [--stores 11]")
    for name, rows in load(Path(__file__).resolve().parent / "warehouse.duckdb", stores).items():
        print(f"{name:<15} {rows:>7,} rows")
