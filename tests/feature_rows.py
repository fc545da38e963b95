"""Rows that several tests of features read."""

from datetime import datetime
from typing import Annotated

import fullcycle as fc

Vector = Annotated[list[float], fc.length(4)]


class Taste(fc.Row):
    client_id: Annotated[int, fc.key]
    day: Annotated[datetime, fc.time]
    orders_90d: int
    mean_price_90d: float
    vector: Vector


class Number(fc.Row):
    out: float


class Plain(fc.Row):
    a: int
    x: float
    m: float | None = None
