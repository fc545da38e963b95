"""What comes in, what the model sees, and how the one becomes the other."""

import math
from datetime import datetime
from typing import Annotated, Literal

import fullcycle as fc

Kind = Literal["new", "known"]


class Case(fc.Row):  # the request: what is known when the service is asked
    id: Annotated[int, fc.key]
    amount: Annotated[float, fc.at_least(0)]
    kind: Kind


class Example(Case):  # a past case, as it was known then
    asked_at: Annotated[datetime, fc.time]


class Happening(fc.Row):  # what is to be foreseen, where it did happen
    id: Annotated[int, fc.key]
    happened_at: Annotated[datetime, fc.time]


class Traits(fc.Row):  # what the model sees
    log_amount: float
    kind: Kind


@fc.features
def traits(case: Case) -> Traits:
    """Plain Python on one row; the same, on whole columns, over a table."""
    return Traits(log_amount=math.log1p(case.amount), kind=case.kind)
