"""Events: what happens after a decision, posted to the service row by row, and read as a source."""

from datetime import datetime
from typing import Annotated, Any, NoReturn

from fullcycle.data.contract import fields
from fullcycle.data.row import Row, RowMeta, time
from fullcycle.data.sources import Source
from fullcycle.kernel import Invalid, duration

EVENT_ID = "event_id"
RECEIVED = "received"
DECISION_ID = "decision_id"
"""The field of an event that names the decision it followed."""


class Events(Source[[]]):
    """A source that is filled by ``POST /events/<name>``; ``posted`` is the contract of what is sent.

    Its rows have besides an ``event_id`` and the time at which they were ``received``, which
    is their time where ``posted`` marks none.
    """

    def __init__(self, posted: type[Row], **options: Any) -> None:
        super().__init__(None, _received(posted), **options)
        self.posted = posted

    def __call__(self) -> NoReturn:
        """Refuse: it has no query of its own."""
        raise Invalid(
            f"{self.name or 'this source'} has no query of its own",
            "a source of events, which are posted",
            "name it as the parameter of a step",
        )


def events(contract: type[Row], *, fresh_within: str | None = None, late_by: str = "0s") -> Events:
    """Declare events: ``clicks = fc.events(Click)`` is filled by ``POST /events/clicks``.

    An event that says its ``decision_id`` belongs to that decision, another to the row of its
    key. ``fresh_within`` and ``late_by`` mean what they mean for ``fc.source``.

    Raises:
        Invalid: for a contract that is none, or that holds what an event is given when it is
            received; for a duration that is none.
    """
    where = f"events of {getattr(contract, '__name__', contract)}"
    for field in fields(contract):
        if field.name in (EVENT_ID, RECEIVED):
            raise Invalid(
                f"{contract.__name__} has a field {field.name!r}",
                where,
                "rename it: an event is given an event_id, and when it was received",
            )
    return Events(
        contract,
        fresh_within=None if fresh_within is None else duration(fresh_within, where=where),
        late_by=duration(late_by, where=where),
    )


def _received(posted: type[Row]) -> type[Row]:
    timed = any(field.time for field in fields(posted))
    received = datetime if timed else Annotated[datetime, time]
    added = {EVENT_ID: str, RECEIVED: received}
    namespace = {"__annotations__": added, "__module__": posted.__module__, "__doc__": posted.__doc__}
    made: type[Row] = RowMeta(posted.__name__, (posted,), namespace, kw_only=True)
    return made
