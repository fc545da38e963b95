"""The four kinds of metric, as a flow declares them."""

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

from fullcycle.data import Source, fields
from fullcycle.kernel import Invalid, Money, UnknownName, duration
from fullcycle.metric.metric import Metric, time_field
from fullcycle.metric.spec import Good, Kind


def mean(
    source: Source[...],
    column: str | None = None,
    *,
    within: str,
    after: str = "0s",
    where: str | None = None,
    cap: float | None = None,
    winsor: float | None = None,
    good: Good = "up",
    worth: str | None = None,
) -> Metric:
    """The mean per unit of ``column``, summed over the unit's rows in the window; of their number without it.

    Args:
        source: the rows.
        column: a number; None counts rows.
        within: how long the window is, such as ``"14d"``.
        after: how long after the exposure it begins.
        where: SQL condition over the source's rows.
        cap: a unit's sum counts up to this much.
        winsor: a unit's sum counts up to this quantile of the sums of all arms' units together,
            such as 0.99.
        good: which way is better.
        worth: what one more of it is worth, such as ``"0.30 USD"``.

    Raises:
        Invalid: for a window, column, cap, quantile or worth that cannot serve.
        UnknownName: for a column that the source's contract has not.
    """
    what = "fc.mean"
    made = _metric("mean", source, column, within, after, where, good, worth, what)
    _check_cut(cap, winsor, what)
    return replace(made, cap=cap, winsor=winsor)


def proportion(
    source: Source[...],
    *,
    within: str,
    after: str = "0s",
    where: str | None = None,
    good: Good = "up",
    worth: str | None = None,
) -> Metric:
    """The share of units with at least one row in the window; arguments as for :func:`mean`.

    ``worth`` is what one unit is worth to which it happens, and else would not have.

    Raises:
        Invalid: for a window or worth that cannot serve.
    """
    return _metric("proportion", source, None, within, after, where, good, worth, "fc.proportion")


def ratio(num: Metric, den: Metric, *, good: Good = "up", worth: str | None = None) -> Metric:
    """The sum of one metric over all units, by the sum of another: revenue per session.

    Units are randomised, not sessions, and the readout's intervals know it (delta method). Each
    side has its own source, window and cap; a proportion counts each unit once.

    Args:
        num: what is divided: what :func:`mean` or :func:`proportion` returns.
        den: what it is divided by, likewise.
        good: which way is better.
        worth: what one more of it is worth, such as ``"0.30 USD"``.

    Raises:
        Invalid: where a side is no mean or proportion, or for a worth that cannot serve.
    """
    what = "fc.ratio"
    above, below = _side(num, "num", what), _side(den, "den", what)
    _check_good(good, what)
    return replace(above, kind="ratio", over=below, good=good, worth=_worth(worth, what), name="")


def quantile(
    source: Source[...],
    column: str,
    q: float,
    *,
    within: str,
    after: str = "0s",
    where: str | None = None,
    good: Good = "up",
    worth: str | None = None,
) -> Metric:
    """A quantile of ``column`` over the rows in the units' windows, such as the 95th percentile of latency.

    It is one of rows and not of units, and the readout's intervals know that the rows of one
    unit resemble each other. Other arguments as for :func:`mean`.

    Args:
        source: the rows.
        column: a number.
        q: which quantile, between 0 and 1.
        within: how long the window is.
        after: how long after the exposure it begins.
        where: SQL condition over the source's rows.
        good: which way is better.
        worth: what one more of it is worth.

    Raises:
        Invalid: for a window, column, quantile or worth that cannot serve.
        UnknownName: for a column that the source's contract has not.
    """
    what = "fc.quantile"
    made = _metric("quantile", source, column, within, after, where, good, worth, what)
    if isinstance(q, bool) or not isinstance(q, int | float) or not 0 < q < 1:
        raise Invalid(f"q={q!r} is no quantile", what, "write a number between 0 and 1, such as 0.95")
    return replace(made, q=float(q))


def _metric(
    kind: Kind,
    source: Any,
    column: str | None,
    within: str,
    after: str,
    where: str | None,
    good: Good,
    worth: str | None,
    what: str,
) -> Metric:
    if not isinstance(source, Source):
        raise Invalid(
            f"{source!r} is not a source",
            f"the first argument of {what}",
            "pass a function decorated with @fc.source",
        )
    if column is not None or kind == "quantile":
        _require_number(source, column, what)
    _check_good(good, what)
    if where is not None and not where.strip():
        raise Invalid(
            "where is empty", what, 'leave it out, or write an SQL condition such as where="spend > 0"'
        )
    window = duration(within, where=f"within= of {what}")
    if window <= timedelta(0):
        raise Invalid(f"the window within={within!r} is empty", what, "write a length such as 14d")
    time_field(source)
    return Metric(
        kind=kind,
        source=source,
        column=column,
        within=window,
        after=duration(after, where=f"after= of {what}"),
        where=where,
        good=good,
        worth=_worth(worth, what),
    )


def _side(metric: Any, side: str, what: str) -> Metric:
    """A side of a ratio as a sum per unit; a proportion is a number of rows that counts up to one."""
    if not isinstance(metric, Metric) or metric.kind not in ("mean", "proportion"):
        told = f"a {metric.kind}" if isinstance(metric, Metric) else repr(metric)
        raise Invalid(
            f"{side} is {told}",
            what,
            'pass two sums per unit: fc.ratio(fc.mean(orders, "spend", within="14d"), '
            'fc.mean(visits, within="14d"))',
        )
    if metric.kind == "proportion":
        return replace(metric, kind="mean", cap=1.0)
    return metric


def _check_good(good: Any, what: str) -> None:
    if good not in ("up", "down"):
        raise Invalid(f"good={good!r}", what, 'write good="up" or good="down"')


def _check_cut(cap: Any, winsor: Any, what: str) -> None:
    if cap is not None and not math.isfinite(cap):
        raise Invalid(
            f"cap={cap!r} is no number", what, "write the largest value that counts, such as cap=500"
        )
    if winsor is not None and not 0.5 <= winsor < 1:
        raise Invalid(
            f"winsor={winsor!r} would cut most units",
            what,
            "write the share of units that are left as they are: 0.99 cuts the largest hundredth",
        )
    if cap is not None and winsor is not None:
        raise Invalid("both cap and winsor say where a sum is cut", what, "write one of them")


def _worth(worth: Any, what: str) -> Money | None:
    if worth is None:
        return None
    if not isinstance(worth, str):
        raise Invalid(f"worth={worth!r} has no currency", what, 'write it as text: worth="12.50 USD"')
    found = Money.parse(worth, where=f"worth= of {what}")
    if not found.amount > 0:
        raise Invalid(
            f"worth={worth!r} is not above zero",
            what,
            'write what one more is worth where good="up", or one less where good="down"',
        )
    return found


def _require_number(source: Source[...], column: Any, what: str) -> None:
    known = {field.name: field for field in fields(source.contract)}
    if column not in known:
        raise UnknownName.among(str(column), known, where=f"{what} over {source.contract.__name__}")
    if known[column].type not in (int, float, bool):
        raise Invalid(
            f"{column!r} is {getattr(known[column].type, '__name__', known[column].type)}, not a number",
            f"{what} over {source.contract.__name__}",
            "name a column of numbers, or leave it out to count rows"
            if what == "fc.mean"
            else "name a column of numbers",
        )
