"""A small flow over what clients spent, for the tests of what a run computes."""

import polars as pl

from small_flows import project

FLOW = """
    from shop.library.money import euro

    class Client(fc.Row):
        client_id: Annotated[int, fc.key]
        spend: float

    @fc.source(Client)
    def clients(warehouse: fc.Warehouse) -> fc.Query:
        return warehouse.sql("select * from clients")

    @fc.step
    def big(clients: pl.DataFrame, *, least: float = 10.0) -> pl.DataFrame:
        return clients.filter(pl.col("spend") >= least)

    @fc.step
    def worth(big: pl.DataFrame, *, rate: float = 1.0) -> float:
        return euro(big["spend"].sum()) * rate

    @fc.step
    def told(worth: float) -> str:
        return f"{worth:.0f} EUR"
"""
MONEY = """\
RATE = 2

def euro(cents):
    # cents of any kind
    return cents * RATE
"""


def clients(*spend):
    return pl.DataFrame({"client_id": range(len(spend)), "spend": [float(s) for s in spend]})


def run(shop, flow=FLOW, money=MONEY, **parameters):
    return shop.run(project(flow, money=money), **parameters)
