"""Win-back e-mail: which campaign, if any, should a client get?"""

import fullcycle as fc
import lightgbm as lgb
import polars as pl

from shop.library.crm import deliveries as deliveries  # a source of this flow, used by the experiment
from shop.library.crm import visits
from shop.winback.rows import Mailing, Traits, traits


@fc.source(Mailing)
def mailings(warehouse: fc.Warehouse) -> fc.Query:
    """The past campaign, drawn by lot: each of its three actions had one chance in three."""
    return warehouse.sql(
        """
        select client_id, recency, history, zip_code, newbie, channel,
               sent, campaign, 1 / 3.0 as propensity
        from mail.log join crm.clients using (client_id)
        """
    )


visited = fc.proportion(visits, within="14d")
converted = fc.proportion(visits, within="14d", where="spend > 0")
spent = fc.mean(visits, "spend", within="14d")
past = fc.outcomes(visited, of=mailings)  # each past mailing beside what it led to


@fc.step
def training(past: pl.DataFrame, *, holdout: float = 0.3, seed: int = 7) -> fc.Split:
    """Keep some of the past aside: the model is judged on clients that it has not seen."""
    return fc.split(past, "outcome", test=holdout, seed=seed)


def everybody_alike(seen: Traits) -> float:
    """Today's practice told as a score: the women's e-mail, whoever the client is."""
    return 1.0 if seen.campaign == "Womens E-Mail" else 0.0


@fc.model(traits, score="qini@No E-Mail", baseline=everybody_alike, slices=["zip_code", "newbie"])
def visit(
    training: fc.Split, *, leaves: int = 8, rate: float = 0.05, rounds: int = 150, seed: int = 7
) -> lgb.Booster:
    """The chance that a client visits, given what is sent: one model over all three actions."""
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
        "learning_rate": rate,
        "min_data_in_leaf": 200,  # a leaf's rate is known to about two points
        "deterministic": True,
        "num_threads": 1,
        "seed": seed,
        "verbose": -1,
    }
    return lgb.train(settings, data, num_boost_round=rounds)
