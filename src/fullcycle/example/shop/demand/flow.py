"""How much of each item should each store order for tomorrow?

One model per slice: a store, and those of its items that end in the same digit. With ten
stores of fifty items these are a hundred models, each of which learns from five series.
"""

from datetime import date

import fullcycle as fc
import lightgbm as lgb
import numpy as np
import polars as pl

from shop.demand.rows import Sale, Series, Shape, Spread, seasonal, shape

SERIES = ["store", "item"]


@fc.source(Sale)  # data of every night would add: fresh_within="24h"
def sales(warehouse: fc.Warehouse) -> fc.Query:
    """What every store sold of every item, day by day."""
    return warehouse.sql("select * from shop.sales")


missed = fc.mean(sales, "lost", within="1d", good="down")


@fc.step
def history(sales: pl.DataFrame) -> pl.DataFrame:
    """One Series per store, item and day, each from days before it, and what was then sold.

    The last day is the one after the data: what will be sold on it nobody knows yet.
    """
    then = sales.select(*SERIES, "day", "sold")
    slices = pl.format("{}/{}", "store", pl.col("item") % 10)  # as rows.slice_of
    return known(sales).join(then, on=[*SERIES, "day"], how="left").with_columns(slice=slices)


def known(sales: pl.DataFrame) -> pl.DataFrame:
    """What is known of each series the evening before each day."""
    month = fc.trailing(
        sales,
        by=SERIES,
        at="day",
        last="28d",
        sold_28d=pl.mean("sold"),
        price=pl.last("price"),
        cost=pl.last("cost"),
    )
    week = fc.trailing(sales, by=SERIES, at="day", last="7d", sold_7d=pl.mean("sold"))
    a_year_on = sales.select(
        *SERIES, pl.col("day").dt.offset_by("52w"), last_year=pl.col("sold").cast(pl.Float64)
    )
    day = [*SERIES, "day"]
    found = month.join(week, on=day, how="left").join(a_year_on, on=day, how="left")
    return found.select(Series.__struct_fields__).sort(day)


@fc.step
def tomorrow(history: pl.DataFrame) -> pl.DataFrame:
    """The series to decide on."""
    return history.filter(pl.col("day") == pl.col("day").max()).drop("sold", "slice")


@fc.step
def training(history: pl.DataFrame, *, since: date = date(2017, 10, 1)) -> dict[str, fc.Split]:
    """The past of each slice; its model is judged on the days from ``since`` on.

    A store that opened later has nothing to learn from yet, one that closed before nothing to be judged on.
    """
    day = pl.col("day")
    in_both = pl.lit(since).is_between(day.min(), day.max(), closed="right").over("slice")
    told = history.drop_nulls("sold").filter(in_both)
    parts = told.partition_by("slice", as_dict=True, include_key=False)
    return {str(name): fc.split(part, "sold", since=since) for (name,), part in parts.items()}


@fc.model(shape, score="mae", baseline=seasonal)
def demand(
    training: fc.Each[fc.Split], *, leaves: int = 15, rate: float = 0.1, rounds: int = 100, seed: int = 7
) -> lgb.Booster:
    """What is sold on a day, on average: one model for each slice."""
    train = training.train
    data = lgb.Dataset(train.x(shape), train.y, feature_name=list(shape.names))
    settings = {
        "objective": "poisson",  # counts; its SHAP values are of logarithms: alike in large and small slices
        "num_leaves": leaves,
        "learning_rate": rate,
        "deterministic": True,
        "num_threads": 1,  # models are small: several at once fill the cores better
        "seed": seed,
        "verbose": -1,
    }
    return lgb.train(settings, data, num_boost_round=rounds)


@fc.step
def spreads(training: dict[str, fc.Split], demand: dict[str, fc.Model[Shape]]) -> fc.Lookup[Spread]:
    """How far off each model was on days that it had not seen: what a stock has to allow for."""
    every = {name: errors(split, demand[name]) for name, split in training.items()}
    return fc.Lookup(Spread, pl.DataFrame({"slice": list(every), "errors": list(every.values())}))


def errors(split: fc.Split, model: fc.Model[Shape]) -> list[float]:
    """The percentiles, from the 1st to the 99th, of what was sold beyond the forecast."""
    seen = [Shape(**row) for row in shape.over(split.test.frame).iter_rows(named=True)]
    off = split.test.y - np.array(model.predict(seen))
    return [float(percentile) for percentile in np.percentile(off, range(1, 100))]
