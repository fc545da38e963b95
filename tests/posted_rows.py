"""What tests post as events: the same contract as text of a project, and here."""

from datetime import datetime
from typing import Annotated

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
