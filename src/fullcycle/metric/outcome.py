"""Outcomes: what each past decision led to. A label, a reward and an experiment's outcome are one thing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from fullcycle.data import Decisions, Field, Query, Row, Source, Warehouse, fields
from fullcycle.data.decided import DECIDED_AS
from fullcycle.kernel import Invalid
from fullcycle.metric.metric import Metric, time_field
from fullcycle.metric.sql import IN_DUCKDB, Joining, event_value, inlined, quoted, unit_value

OUTCOME = "outcome"
DECISION_ID = "decision_id"
POSITION = "position"

_VALUED = """
with fc_rows as (select *, row_number() over () as fc_row from {rows} as fc_of),
fc_known as (select *, {start} as fc_start from fc_rows where {start} + {known} <= $fc_as_of),
fc_events as (select {keys}, {happened} as fc_at, {value} as fc_value from {events} as fc_event),
fc_values as (
    select fc_row, {total} as fc_total
    from fc_known join fc_events using ({keys})
    where fc_at > fc_start + {after} and fc_at <= fc_start + {end}
    group by fc_row
)
select {kept}, coalesce(fc_total, 0.0::float8) as {outcome}
from fc_known left join fc_values using (fc_row)
order by fc_row
"""

_OWN = ("fc_row", "fc_start")
_IMMATURE = "select count(*) as immature from {rows} as fc_of where {start} + {known} > $fc_as_of"


class Matured(Query):
    """Rows whose window is over; ``immature`` counts those that are left out, in one row and column."""

    __slots__ = ("immature",)

    def __init__(self, query: Query, immature: Query) -> None:
        super().__init__(
            query.text, query.values, lambda text, values: query.frame().drop(_OWN, strict=False)
        )
        self.immature = immature


@dataclass(slots=True, eq=False)
class Outcomes:
    """The rows of ``of``, each beside what ``metric`` became for it in the column ``outcome``.

    Rows whose window is not over are left out; :meth:`immature` counts them.
    ``name`` is what the flow binds it to.
    """

    metric: Metric
    of: Source[...]
    name: str = ""

    @property
    def contract(self) -> type[Row]:
        """What its rows keep, but for ``outcome``."""
        return self.of.contract

    @property
    def joined_by(self) -> tuple[str, ...]:
        """The columns that tell whose rows are whose: the decision's id where both sides have it.

        Else keys of either side that both sides have. Of an item of a list, what says which it is, too.
        """
        ours, theirs = _by_name(self.of), _by_name(self.metric.source)
        request = item = None
        if isinstance(self.of, Decisions):
            request, item = self.of.request, self.of.item
        if request is not None:
            ours |= {field.name: field for field in fields(request)}
        whose = tuple(name for name in ours if name in theirs and (ours[name].key or theirs[name].key))
        if DECISION_ID in ours and DECISION_ID in theirs:
            whose = (DECISION_ID,)
        if item is None or request is None or not whose:
            return whose
        return (*whose, *about_items(self.metric.source.contract, item, request))

    def query(
        self,
        warehouse: Warehouse,
        rows: Query,
        events: Query,
        *,
        as_of: int,
        joining: Joining = IN_DUCKDB,
    ) -> Matured:
        """The rows whose window was over at ``as_of``, with ``outcome`` (a float), in the order of ``rows``.

        Args:
            warehouse: where both queries ask.
            rows: what ``of`` asks.
            events: what the metric's source asks.
            as_of: microseconds since 1970 UTC.
            joining: the warehouse's own words.

        Raises:
            Invalid: where both have no key in common.
        """
        self.require_joined()
        metric = self.metric
        inner, values = inlined(rows, "rows_")
        asked, more = inlined(events, "events_")
        text = _VALUED.format(
            rows=inner,
            events=asked,
            start=joining.micros(self._start),
            known=self._known_after,
            kept=joining.kept,
            keys=", ".join(map(quoted, self.joined_by)),
            happened=joining.micros(quoted(time_field(metric.source).name)),
            value=event_value(metric.kind, metric.column, metric.where, truth=self._is_truth),
            total=unit_value(metric.kind, "fc_value", metric.cap, joining),
            after=_micros(metric.after),
            end=_micros(metric.after + metric.within),
            outcome=OUTCOME,
        )
        told = warehouse.sql(text, fc_as_of=as_of, **values, **more)
        return Matured(told, self.immature(warehouse, rows, as_of=as_of, joining=joining))

    def immature(
        self, warehouse: Warehouse, rows: Query, *, as_of: int, joining: Joining = IN_DUCKDB
    ) -> Query:
        """How many of ``rows`` are left out at ``as_of``: one row, one column ``immature``."""
        inner, values = inlined(rows, "rows_")
        text = _IMMATURE.format(rows=inner, start=joining.micros(self._start), known=self._known_after)
        return warehouse.sql(text, fc_as_of=as_of, **values)

    def require_joined(self) -> None:
        """Refuse rows that no event could belong to.

        Raises:
            Invalid: what to mark as a key.
        """
        if not self.joined_by:
            ours, theirs = self.of.contract.__name__, self.metric.source.contract.__name__
            raise Invalid(
                f"{ours} and {theirs} have no key in common",
                "fc.outcomes",
                f"mark a field of both by fc.key, say client_id: Annotated[int, fc.key] in {theirs}",
            )

    @property
    def _start(self) -> str:
        return quoted(time_field(self.of).name)

    @property
    def _is_truth(self) -> bool:
        column = self.metric.column
        return column is not None and _by_name(self.metric.source)[column].type is bool

    @property
    def _known_after(self) -> int:
        metric = self.metric
        return _micros(metric.after + metric.within + metric.source.late_by)


def outcomes(metric: Metric, *, of: Source[...] | None = None) -> Outcomes:
    """Declare what each row of ``of`` led to, in terms of ``metric``.

    Without ``of`` they are the capability's own decisions, from its log: the fields of the
    request, the answer's first field as ``action`` and its others by their names, ``arm`` and
    ``propensity``, the ``features`` by which a bandit was asked (JSON), and ``decided``, the time.
    Of a service that answers a list there is a row for each item, with its ``position`` from 1,
    all its fields by their names and its first as ``action``, where the metric's events say which
    item they are about: by that first field, a key or the ``position``. Where they do not, the list
    has one row and one outcome, and what was answered stands in it as lists.

    Raises:
        Invalid: where the metric is a ratio, a quantile or winsorised; where ``of`` has no
            time, already an ``outcome``, or no key in common with the metric's source.
    """
    what = "fc.outcomes"
    if not isinstance(metric, Metric):
        raise Invalid(
            f"{metric!r} is not a metric",
            what,
            "pass what fc.mean or fc.proportion returns, then of=a source",
        )
    if metric.kind not in ("mean", "proportion"):
        raise Invalid(
            f"a {metric.kind} has no value for one row",
            what,
            "pass what fc.mean or fc.proportion returns, then of=a source",
        )
    if metric.winsor is not None:
        raise Invalid(
            "a row's outcome would change with its neighbours' under winsor=",
            what,
            "cut at a value that you write down, such as cap=500",
        )
    if of is None:
        of = Decisions(None)
    if isinstance(of, Decisions):
        of.name = of.name or DECIDED_AS
        return Outcomes(metric, of)  # by which key they join, the service says
    if not isinstance(of, Source):
        raise Invalid(f"of={of!r} is not a source", what, "pass a function decorated with @fc.source")
    time_field(of)
    declared = Outcomes(metric, of)
    ours = of.contract.__name__
    if OUTCOME in _by_name(of):
        raise Invalid(
            f"{ours} has a field {OUTCOME!r} already",
            what,
            f"rename it: {OUTCOME} is what the metric becomes",
        )
    declared.require_joined()
    return declared


def about_items(events: type[Row], item: type[Row], request: type[Row]) -> tuple[str, ...]:
    """What events say of the item of a list that they are about, by name; nothing where they are of the list.

    That is the item's first field, its keys and keys of theirs, and its ``position`` from 1, as far
    as both sides have them. What the request has, too, says nothing of an item.
    """
    first, *others = fields(item)
    theirs = {field.name: field for field in fields(events) if not field.time}
    known = [
        first.name,
        *(one.name for one in others if one.name in theirs and _is_key(one, theirs)),
        POSITION,
    ]
    return tuple(name for name in known if name in theirs and name not in request.__struct_fields__)


def _is_key(field: Field, theirs: Mapping[str, Field]) -> bool:
    return field.key or theirs[field.name].key


def _by_name(source: Source[...]) -> dict[str, Field]:
    return {field.name: field for field in fields(source.contract)}


def _micros(length: timedelta) -> int:
    return length // timedelta(microseconds=1)
