"""Sources: functions that say where rows come from, with the contract they keep."""

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Generic, ParamSpec

from fullcycle.data.contract import fields
from fullcycle.data.query import Query
from fullcycle.data.row import Row
from fullcycle.kernel import Invalid, duration

P = ParamSpec("P")


class Source(Generic[P]):
    """Rows from outside, checked against a contract whenever they are read.

    ``name`` is the name it is bound to in the flow, empty until a flow has been read.
    """

    def __init__(
        self,
        function: Callable[P, Query] | None,
        contract: type[Row],
        *,
        fresh_within: timedelta | None = None,
        late_by: timedelta = timedelta(0),
        version: Callable[..., object] | None = None,
    ) -> None:
        self.function = function
        self.contract = contract
        self.fresh_within = fresh_within
        self.late_by = late_by
        self.version = version
        self.name = ""
        if function is not None:
            functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Query:
        """Ask for its rows with the resources it names."""
        if self.function is None:
            raise Invalid(
                f"{self.name or 'this source'} has no query of its own",
                "a source that is filled from outside",
                "name it as the parameter of a step",
            )
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<source {self.name or getattr(self, '__name__', '?')} of {self.contract.__name__}>"


def source(
    contract: type[Row],
    *,
    fresh_within: str | None = None,
    late_by: str = "0s",
    version: Callable[..., object] | None = None,
) -> Callable[[Callable[P, Query]], Source[P]]:
    """Declare where rows come from: a function of resources that returns a query.

    ``fresh_within`` is how old the newest row may be, a check and no time to live;
    ``late_by`` how late rows may still arrive. A source is read in every run unless
    ``version`` says, from the same resources, what a reading would find.

    Raises:
        Invalid: for a contract that is none, a duration that is none, or freshness
            without an ``fc.time`` field.
    """
    declared = fields(contract)
    if fresh_within is not None and not any(field.time for field in declared):
        raise Invalid(
            f"fresh_within={fresh_within!r} needs to know when a row became true",
            f"a source of {contract.__name__}",
            "mark one of its fields: Annotated[datetime, fc.time]",
        )
    where = f"a source of {contract.__name__}"
    fresh = None if fresh_within is None else duration(fresh_within, where=where)
    late = duration(late_by, where=where)

    def declare(function: Callable[P, Query]) -> Source[P]:
        return Source(function, contract, fresh_within=fresh, late_by=late, version=version)

    return declare
