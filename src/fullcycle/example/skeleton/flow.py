"""How likely is it that it happens to a case within 14 days?

The flow reads one table of warehouse.duckdb, a row for each past case:

    skeleton_examples(id, asked_at, amount, kind, happened_at)   -- happened_at is null where it never did

No table at hand? `python skeleton/made_up.py` makes one up.
"""

import fullcycle as fc
import lightgbm as lgb
import polars as pl

from shop.skeleton.rows import Example, Happening, traits


@fc.source(Example)
def examples(warehouse: fc.Warehouse) -> fc.Query:
    """Past cases, with nothing in them that was not known at the time."""
    return warehouse.sql("select id, asked_at, amount, kind from skeleton_examples")


@fc.source(Happening)
def happenings(warehouse: fc.Warehouse) -> fc.Query:
    """When it happened, to whom."""
    return warehouse.sql("select id, happened_at from skeleton_examples where happened_at is not null")


happened = fc.proportion(happenings, within="14d")  # the metric that brief.md names
past = fc.outcomes(happened, of=examples)  # each past case beside its label: `outcome`, 0 or 1


@fc.step
def training(past: pl.DataFrame, *, holdout: float = 0.3, seed: int = 7) -> fc.Split:
    """Keep some of the past aside: the model is judged on cases that it has not seen."""
    return fc.split(past, "outcome", test=holdout, seed=seed)


# Without a `baseline`, the model is judged beside a constant: the same chance for every case.
@fc.model(traits, score="auc", slices=["kind"])
def chance(training: fc.Split, *, leaves: int = 8, rounds: int = 60, seed: int = 7) -> lgb.Booster:
    """The chance that it happens."""
    train = training.train
    data = lgb.Dataset(
        train.x(traits),
        train.y,
        feature_name=list(traits.names),
        categorical_feature=list(traits.categories),
    )
    settings = {
        "objective": "binary",
        "num_leaves": leaves,
        "deterministic": True,
        "num_threads": 1,
        "seed": seed,
        "verbose": -1,
    }
    return lgb.train(settings, data, num_boost_round=rounds)
