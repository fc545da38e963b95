"""A visit, what is known of the visitor, and the context that the bandit learns from."""

from datetime import datetime
from typing import Annotated, Literal, get_args

import fullcycle as fc

Banner = Literal["sale", "new", "brand"]
BANNERS: tuple[Banner, ...] = get_args(Banner)


class Visit(fc.Row):  # a request
    visitor_id: Annotated[str, fc.key]
    client_id: int | None  # None: nobody who is known
    device: Literal["phone", "desktop"]
    hour: Annotated[int, fc.between(0, 23)]


class Habit(fc.Row):  # what is known of a client
    client_id: Annotated[int, fc.key]
    day: Annotated[datetime, fc.time]
    visits_90d: int


class Click(fc.Row):  # posted to /events/clicks
    decision_id: str
    at: Annotated[datetime, fc.time]


class Context(fc.Row):  # what the bandit sees
    phone: bool
    evening: bool
    visits_90d: int | None


@fc.features
def context(visit: Visit, habit: Habit | None) -> Context:
    return Context(
        phone=visit.device == "phone",
        evening=visit.hour >= 18,
        visits_90d=habit.visits_90d if habit is not None else None,
    )
