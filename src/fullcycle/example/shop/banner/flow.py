"""Which banner should a visitor see? It learns from clicks, which come late."""

import fullcycle as fc
import polars as pl

from shop.banner.rows import Click, Context, Habit, context
from shop.library.crm import visits as visits

clicks = fc.events(Click)
clicked = fc.proportion(clicks, within="1h")
shown = fc.outcomes(clicked)  # own decisions, once their hour is over


@fc.step
def habits(visits: pl.DataFrame) -> fc.Lookup[Habit]:
    """How often each client came back lately."""
    return fc.Lookup(Habit, fc.trailing(visits, by="client_id", at="at", last="90d", visits_90d=pl.len()))


@fc.step
def banners(shown: pl.DataFrame, *, floor: float = 0.02) -> fc.Bandit[Context]:
    """Each banner as often as it is probably the best; before anything was learnt, all alike."""
    return fc.thompson(context, shown, floor=floor)  # features as logged: no skew
