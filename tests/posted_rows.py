"""What tests post as events: the same contract as text of a project, and here."""

from datetime import date, datetime
from typing import Annotated, Literal

import fullcycle as fc

CLICK = '''

from datetime import datetime


class Click(fc.Row):
    """A client clicked on an item."""

    decision_id: str
    item_id: int
    at: Annotated[datetime, fc.time]
    note: str | None = None
'''


class Click(fc.Row):
    """A client clicked on an item."""

    decision_id: str
    item_id: int
    at: Annotated[datetime, fc.time]
    note: str | None = None


class Everything(fc.Row):
    """Every type that a row may hold."""

    number: int
    weight: float
    on: bool
    text: str
    day: date
    at: Annotated[datetime, fc.time]
    kind: Literal["a", "b'c"]
    tags: list[str]
    scores: list[float]
    maybe: int | None = None
    row: str = "x'y"
