"""Trailing windows: aggregates of what lies strictly before the period that they are filed under.

A row in period ``p`` is in the windows that end at ``p + 1`` to ``p + n`` periods. So what
a window holds changes in two places only: just after a row came, and just after it went.
Both are windows at a fixed distance from a row's own period, which Polars can roll over:
those that look back from it, and those that look ahead of it, filed where they end.
"""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import polars as pl

from fullcycle.data.instants import micros_of, time_dtype
from fullcycle.kernel import Invalid, UnknownName, duration

_WHERE = "fc.trailing"
_DAY = timedelta(days=1)
_MONDAY = -3 * 86_400_000_000  # 1969-12-29: periods of whole weeks begin on Mondays
_KEY, _PERIOD = "fc key", "fc period"


def trailing(
    frame: pl.DataFrame,
    *,
    by: str | Sequence[str],
    at: str,
    last: str,
    every: str = "1d",
    into: str = "day",
    **aggregates: pl.Expr,
) -> pl.DataFrame:
    """Aggregate per key what happened before each day: the rows of ``[day - last, day)``.

    A key has a row for each day on which its window holds something else than the day
    before, and none between: ``fc.asof`` and ``fc.Lookup`` go by the newest row anyway.
    After its last event's window a key has a row of an empty one (a count of 0, a mean of
    null). The latest day is the one after the frame's last. Rows whose ``at`` or key is
    null are in no window.

    Args:
        frame: one row per event, in any order.
        by: the column or columns of the key.
        at: when an event happened, a date or a datetime. Days, and longer periods, begin
            at midnight in the zone of the column; shorter ones count from 1970 UTC.
        last: how far a window reaches back, a whole number of ``every``.
        every: how often there is a window; ``7d`` begins on Mondays.
        into: the column that holds the window's end, in the dtype of ``at``.
        **aggregates: Polars expressions over the rows of a window, oldest first.

    Returns:
        ``by``, ``into`` and the aggregates, ordered by ``by`` and ``into``.

    Raises:
        UnknownName: for an absent column.
        Invalid: for a column of another kind, a duration that does not fit, or a name
            used twice.

    >>> from datetime import date
    >>> orders = pl.DataFrame({"id": [7, 7], "at": [date(2026, 1, 1), date(2026, 1, 3)]})
    >>> trailing(orders, by="id", at="at", last="2d", n=pl.len()).rows()
    [(7, datetime.date(2026, 1, 2), 1), (7, datetime.date(2026, 1, 4), 1)]
    """
    keys = [by] if isinstance(by, str) else list(by)
    dtype = time_dtype(frame, at, f"the frame given to {_WHERE}")
    _check_names(frame, keys, into, aggregates)
    calendar = _Calendar(dtype, _period(every, last, dtype))
    reach = duration(last, where=_WHERE) // calendar.every
    dated = frame.with_columns(calendar.period(at).alias(_PERIOD)).drop_nulls([*keys, at])
    names = dated.select(keys).unique().sort(keys).with_row_index(_KEY)
    events = _in_order(dated, names, keys, at)
    windows = _windows(events, reach, aggregates)
    return windows.select(
        *(names[key].gather(windows[_KEY]).alias(key) for key in keys),
        calendar.moment(_PERIOD).alias(into),
        *aggregates,
    )


def _in_order(frame: pl.DataFrame, names: pl.DataFrame, keys: list[str], at: str) -> pl.DataFrame:
    """The rows with the number of their key, in the order of keys and times and else as they came.

    Numbers are sorted, never text, and one column at a time: that costs a third of sorting
    by both at once and keeping the order of equals.
    """
    number = frame.select(keys).join(names, on=keys, how="left", maintain_order="left")[_KEY]
    order = pl.DataFrame([frame[at].to_physical().alias(at), number]).with_row_index("fc row")
    order = order.sort(at, maintain_order=True).sort(_KEY, maintain_order=True)
    return frame.with_columns(number)[order["fc row"]]


def _windows(events: pl.DataFrame, reach: int, aggregates: dict[str, pl.Expr]) -> pl.DataFrame:
    """Each window that differs from the one before it: key, the period after it, its aggregates.

    ``events`` are in the order of their keys and periods, and so are both halves: they are
    merged by one number per window.
    """
    if not events.height:
        return events.select(_KEY, _PERIOD, **aggregates).clear()
    newest, oldest = events.select(pl.max(_PERIOD), pl.min(_PERIOD).alias("oldest")).row(0)
    came = _rolled(events, reach, 0, aggregates, newest)
    went = _rolled(events, reach, reach, aggregates, newest)
    number = pl.col(_KEY).cast(pl.Int64) * (newest - oldest + 2) + pl.col(_PERIOD) - oldest
    ours, theirs = (half.select(number).to_series().to_numpy() for half in (came, went))
    beside = np.minimum(np.searchsorted(ours, theirs), len(ours) - 1)
    new = ours[beside] != theirs
    order = np.argsort(np.concatenate([ours, theirs[new]]), kind="stable")
    return pl.concat([came, went.filter(new)])[order]


def _rolled(
    events: pl.DataFrame, reach: int, ahead: int, aggregates: dict[str, pl.Expr], newest: int
) -> pl.DataFrame:
    """Of each event the window of ``reach`` periods that ends ``ahead`` periods after its own."""
    rolling = events.rolling(
        _PERIOD, period=f"{reach}i", offset=f"{ahead - reach}i", closed="right", group_by=_KEY
    )
    same = (pl.col(_KEY) == pl.col(_KEY).shift()) & (pl.col(_PERIOD) == pl.col(_PERIOD).shift())
    return (
        rolling.agg(**aggregates)
        .filter(pl.col(_PERIOD) <= newest - ahead, ~same.fill_null(False))
        .with_columns(pl.col(_PERIOD) + 1 + ahead)
    )


class _Calendar:
    """How moments of one dtype fall into periods, numbered from 1970, and where a period begins."""

    def __init__(self, dtype: pl.DataType, every: timedelta) -> None:
        self.dtype = dtype
        self.every = every
        whole_days = every % _DAY == timedelta(0)
        zone = getattr(dtype, "time_zone", None)
        self._zone = zone if whole_days and zone != "UTC" else None  # whose midnights count
        self._micros = every // timedelta(microseconds=1)
        self._origin = _MONDAY if whole_days else 0

    def period(self, column: str) -> pl.Expr:
        """The number of the period that a moment is in."""
        if self._zone is None:
            micros = micros_of(column, self.dtype)
        else:  # by the clock on the wall, so that a day is a day when the clocks change
            wall = pl.col(column).dt.replace_time_zone(None).dt.cast_time_unit("us")
            micros = wall.to_physical()
        return (micros - self._origin) // self._micros

    def moment(self, column: str) -> pl.Expr:
        """The beginning of a numbered period, in the dtype of the events."""
        wall = (pl.col(column) * self._micros + self._origin).cast(pl.Datetime("us"))
        if self._zone is None:
            zone = getattr(self.dtype, "time_zone", None)
            moments = wall if zone is None else wall.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
            return moments.cast(self.dtype)
        return pl.coalesce(  # where the clocks skip midnight, the day begins as they go on
            (wall + pl.duration(hours=hours)).dt.replace_time_zone(
                self._zone, ambiguous="earliest", non_existent="null"
            )
            for hours in (0, 1, 24)
        ).cast(self.dtype)


def _period(every: str, last: str, dtype: pl.DataType) -> timedelta:
    period, span = duration(every, where=_WHERE), duration(last, where=_WHERE)
    if not period or not span or span % period:
        raise Invalid(
            f"last={last!r} is no whole number of every={every!r}",
            _WHERE,
            "make it one: last='91d' with every='7d', last='36h' with every='12h'",
        )
    if dtype == pl.Date and period % _DAY:
        raise Invalid(
            f"every={every!r} is no whole number of days, and the times are dates",
            _WHERE,
            "aggregate by days: every='1d'",
        )
    return period


def _check_names(frame: pl.DataFrame, keys: list[str], into: str, aggregates: dict[str, pl.Expr]) -> None:
    for key in keys:
        if key not in frame.columns:
            raise UnknownName.among(key, frame.columns, where=f"the frame given to {_WHERE}")
    twice = next((name for name in [into, *aggregates] if name in keys), into if into in aggregates else None)
    if twice is not None or not keys or not aggregates:
        what = "by= names no column" if not keys else "there is nothing to aggregate"
        raise Invalid(
            f"column {twice!r} would stand twice" if twice is not None else what,
            _WHERE,
            "such as: fc.trailing(orders, by='client_id', at='at', last='90d', orders_90d=pl.len())",
        )
