"""Sources that several capabilities use: what clients did, and what they were sent."""

from datetime import datetime
from typing import Annotated

import fullcycle as fc


class Visit(fc.Row):
    client_id: Annotated[int, fc.key]
    at: Annotated[datetime, fc.time]
    spend: Annotated[float, fc.at_least(0)]  # dollars; 0 where nothing was bought


@fc.source(Visit, fresh_within="60d")  # older than that: nobody has loaded the shop's visits
def visits(warehouse: fc.Warehouse) -> fc.Query:
    return warehouse.sql("select * from shop.visits")


class Delivery(fc.Row):  # a decision that was carried out
    decision_id: Annotated[str, fc.key]
    client_id: int
    campaign: str
    at: Annotated[datetime, fc.time]


@fc.source(Delivery)
def deliveries(warehouse: fc.Warehouse) -> fc.Query:
    return warehouse.sql("select * from mail.delivered")
