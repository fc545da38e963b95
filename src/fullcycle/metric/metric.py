"""Business metrics over sources: a value per unit, in a window that begins at its exposure."""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fullcycle.data import Events, Field, Source, fields
from fullcycle.kernel import Invalid, UnknownName, duration
from fullcycle.metric.spec import Good, Kind, MetricSpec


@dataclass(slots=True, eq=False)
class Metric:
    """A metric, equal only to itself; ``name`` is what the flow binds it to."""

    kind: Kind
    source: Source[...]
    column: str | None
    within: timedelta
    after: timedelta
    where: str | None
    cap: float | None
    good: Good
    name: str = ""

    def spec(self, *, unit: str) -> MetricSpec:
        """This metric as plain data, for units told by the source's column ``unit``.

        Events that name their decision need not tell it: a readout knows whose that was.

        Raises:
            Invalid: where the metric has no name yet, or its source no such column.
        """
        where = f"the metric {self.name or 'of ' + self.source.name!r}"
        if not self.name:
            raise Invalid(
                "a metric has no name", where, "bind it to a name in flow.py: visited = fc.proportion(…)"
            )
        known = {field.name for field in fields(self.source.contract)}
        if unit not in known and not (isinstance(self.source, Events) and "decision_id" in known):
            raise Invalid(
                f"the rows of {self.source.name!r} do not tell {unit!r}, which the experiment randomises",
                where,
                f"add {unit} to {self.source.contract.__name__}, or randomise by a field that it has",
            )
        return MetricSpec(
            name=self.name,
            kind=self.kind,
            source=self.source.name,
            unit=unit,
            time=time_field(self.source).name,
            column=self.column,
            where=self.where,
            within_s=self.within.total_seconds(),
            after_s=self.after.total_seconds(),
            late_s=self.source.late_by.total_seconds(),
            cap=self.cap,
            good=self.good,
        )


def mean(
    source: Source[...],
    column: str | None = None,
    *,
    within: str,
    after: str = "0s",
    where: str | None = None,
    cap: float | None = None,
    good: Good = "up",
) -> Metric:
    """The mean per unit of ``column``, summed over the unit's rows in the window; of their number without it.

    Args:
        source: the rows.
        column: a number; None counts rows.
        within: how long the window is, such as ``"14d"``.
        after: how long after the exposure it begins.
        where: SQL condition over the source's rows.
        cap: a unit's sum counts up to this much.
        good: which way is better.

    Raises:
        Invalid: for a window, column or cap that cannot serve.
        UnknownName: for a column that the source's contract has not.
    """
    what = "fc.mean"
    if column is not None:
        _require_number(source, column, what)
    if cap is not None and not math.isfinite(cap):
        raise Invalid(
            f"cap={cap!r} is no number", what, "write the largest value that counts, such as cap=500"
        )
    return _metric("mean", source, column, within, after, where, cap, good, what)


def proportion(
    source: Source[...],
    *,
    within: str,
    after: str = "0s",
    where: str | None = None,
    good: Good = "up",
) -> Metric:
    """The share of units with at least one row in the window; arguments as for :func:`mean`.

    Raises:
        Invalid: for a window that cannot serve.
    """
    return _metric("proportion", source, None, within, after, where, None, good, "fc.proportion")


def time_field(source: Source[...]) -> Field:
    """The field of a source's rows that says when they became true.

    Raises:
        Invalid: where its contract marks none, or several.
    """
    found = [field for field in fields(source.contract) if field.time]
    if len(found) != 1:
        raise Invalid(
            f"{source.contract.__name__} marks {len(found) or 'no'} fields as its time",
            f"a metric over {source.name or source.contract.__name__}",
            "mark one: at: Annotated[datetime, fc.time]",
        )
    return found[0]


def _metric(
    kind: Kind,
    source: Any,
    column: str | None,
    within: str,
    after: str,
    where: str | None,
    cap: float | None,
    good: Good,
    what: str,
) -> Metric:
    if not isinstance(source, Source):
        raise Invalid(
            f"{source!r} is not a source",
            f"the first argument of {what}",
            "pass a function decorated with @fc.source",
        )
    if good not in ("up", "down"):
        raise Invalid(f"good={good!r}", what, 'write good="up" or good="down"')
    if where is not None and not where.strip():
        raise Invalid(
            "where is empty", what, 'leave it out, or write an SQL condition such as where="spend > 0"'
        )
    window = duration(within, where=f"within= of {what}")
    if window <= timedelta(0):
        raise Invalid(f"the window within={within!r} is empty", what, "write a length such as 14d")
    time_field(source)
    return Metric(kind, source, column, window, duration(after, where=f"after= of {what}"), where, cap, good)


def _require_number(source: Source[...], column: str, what: str) -> None:
    known = {field.name: field for field in fields(source.contract)}
    if column not in known:
        raise UnknownName.among(column, known, where=f"{what} over {source.contract.__name__}")
    if known[column].type not in (int, float, bool):
        raise Invalid(
            f"{column!r} is {getattr(known[column].type, '__name__', known[column].type)}, not a number",
            f"{what} over {source.contract.__name__}",
            "name a column of numbers, or leave it out to count rows",
        )
