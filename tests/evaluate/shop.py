"""A small shop to judge models in: who is mailed what, and a feature set over it."""

from typing import Literal

import numpy as np
import polars as pl

from fullcycle.data import Row
from fullcycle.feature import features

Campaign = Literal["mens", "womens", "none"]


class Client(Row):
    recency: int
    newbie: bool


class Traits(Row):
    recency: int
    newbie: bool
    campaign: Campaign


@features
def traits(client: Client, campaign: Campaign) -> Traits:
    return Traits(recency=client.recency, newbie=client.newbie, campaign=campaign)


def mailings(n: int, *, seed: int = 1) -> pl.DataFrame:
    """The men's e-mail moves recent clients, the women's newbies; visits as 0 and 1."""
    rng = np.random.default_rng(seed)
    recency, newbie = rng.integers(1, 13, n), rng.uniform(size=n) < 0.5
    campaign = rng.integers(0, 3, n)
    p = 0.2 + 0.3 * (campaign == 0) * (recency < 5) + 0.2 * (campaign == 1) * newbie
    return pl.DataFrame(
        {
            "client": np.arange(n),
            "recency": recency,
            "newbie": newbie,
            "campaign": np.array(["mens", "womens", "none"])[campaign],
            "propensity": np.full(n, 1 / 3),
            "outcome": (rng.uniform(size=n) < p).astype(np.float64),
        }
    )
