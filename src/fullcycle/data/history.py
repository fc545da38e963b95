"""As-of joins: beside each row, what a history said of its key before the row's own time."""

from datetime import timedelta

import numpy as np
import polars as pl

from fullcycle.data.columns import accepts, as_field, conform
from fullcycle.data.contract import Field, fields
from fullcycle.data.instants import micros_of, time_dtype
from fullcycle.data.row import Row
from fullcycle.kernel import Invalid, UnknownName, duration

_WHERE = "fc.asof"
_AT, _ROW = "fc at", "fc row"  # no field of a contract has a space in its name


def asof(
    frame: pl.DataFrame,
    history: pl.DataFrame,
    contract: type[Row],
    *,
    delay: str,
    at: str | None = None,
    into: str | None = None,
) -> pl.DataFrame:
    """What was known then: beside each row the newest of ``history`` with its key, ``delay`` before it.

    A row of time ``t`` sees the newest history row of a time strictly before ``t - delay``;
    of those with one time the last in the table. Times are compared in whole microseconds;
    a time without a zone is UTC. Where nothing was known yet, where the key or the time is
    null, the fields are null. The rows and their order stay as they are.

    Args:
        frame: rows with a time and the key fields of ``contract``.
        history: rows of ``contract``, in any order; columns beyond it are left out.
        contract: a row with an ``fc.key`` and an ``fc.time``.
        delay: how long after its own time a history row is there to be asked, such as
            ``"1d"`` for a table that is made each night.
        at: the column of ``frame`` that says when; its only one of dates or times unless
            given, those named ``x.y`` aside.
        into: puts the fields into columns ``into.field``, as feature functions read them
            for a parameter of that name; for two histories that share a field.

    Raises:
        UnknownName: for an absent column.
        Invalid: for a contract that is no history, a column of another kind, a field that
            ``frame`` has already, or a time that is not told.

    >>> from datetime import date
    >>> from typing import Annotated
    >>> from fullcycle.data import key, time
    >>> class Habit(Row):
    ...     client_id: Annotated[int, key]
    ...     day: Annotated[date, time]
    ...     orders: int
    >>> history = pl.DataFrame({"client_id": [7], "day": [date(2026, 1, 2)], "orders": [3]})
    >>> asked = pl.DataFrame({"client_id": [7, 7], "at": [date(2026, 1, 2), date(2026, 1, 3)]})
    >>> asof(asked, history, Habit, delay="0d")["orders"].to_list()
    [None, 3]
    """
    keys, time, added = _parts(contract)
    names = {field.name: field.name if into is None else f"{into}.{field.name}" for field in added}
    _refuse_clash(frame, contract, names)
    when = at if at is not None else _only_time(frame)
    asked_dtype = time_dtype(frame, when, f"the frame given to {_WHERE}")
    known = conform(history, contract)
    _refuse_two_calendars(when, asked_dtype, time.name, known.schema[time.name])
    asked = frame.select(*_keys(frame, keys), micros_of(when, asked_dtype).alias(_AT))
    since = micros_of(time.name, known.schema[time.name]) + _micros(duration(delay, where=_WHERE))
    told = known.select(*(pl.col(key.name) for key in keys), since.alias(_AT))
    places = _newest_before(asked, told, [key.name for key in keys])
    values = known.select(pl.col(name).gather(places).alias(new) for name, new in names.items())
    return frame.hstack(values)


def _newest_before(asked: pl.DataFrame, told: pl.DataFrame, keys: list[str]) -> pl.Series:
    """For each row asked the number of the newest row told before it; null where there is none.

    Only keys, times and numbers are sorted and joined: the other columns may be wide.
    """
    left, right = (
        side.with_row_index(_ROW).drop_nulls([*keys, _AT]).sort(_AT, maintain_order=True)
        for side in (asked, told)
    )
    joined = left.join_asof(
        right.rename({_ROW: "fc place"}),
        on=_AT,
        by=keys,
        strategy="backward",
        allow_exact_matches=False,  # strictly before: at that very moment it is not yet known
        check_sortedness=False,  # both were sorted above; by groups it could not be checked
    )
    found = joined.filter(pl.col("fc place").is_not_null())
    places = np.full(asked.height, -1, np.int64)
    places[found[_ROW].to_numpy()] = found["fc place"].to_numpy()
    return pl.Series(places).replace(-1, None)


def _parts(contract: type[Row]) -> tuple[list[Field], Field, list[Field]]:
    """The key fields of a history, its time, and all that is no key."""
    declared = fields(contract)
    keys = [field for field in declared if field.key]
    times = [field for field in declared if field.time]
    if not keys or len(times) != 1:
        raise Invalid(
            f"{contract.__name__} is no history: it has {len(keys)} key and {len(times)} time fields",
            _WHERE,
            "mark its key and one time: Annotated[int, fc.key], Annotated[datetime, fc.time]",
        )
    return keys, times[0], [field for field in declared if not field.key]


def _keys(frame: pl.DataFrame, keys: list[Field]) -> list[pl.Expr]:
    """The key columns of the frame, in the dtypes of the contract."""
    where = f"the frame given to {_WHERE}"
    for key in keys:
        if key.name not in frame.columns:
            raise UnknownName.among(key.name, frame.columns, where=where)
        if not accepts(key, frame.schema[key.name]):
            raise Invalid(
                f"column {key.name!r} is {frame.schema[key.name]}, and the history's is {key.type_name}",
                where,
                "cast it in the step before",
            )
    return [as_field(key, frame.schema[key.name]) for key in keys]


def _only_time(frame: pl.DataFrame) -> str:
    """The column that says when, where there is but one."""
    times = [
        name
        for name, dtype in frame.schema.items()
        if (dtype == pl.Date or isinstance(dtype, pl.Datetime)) and "." not in name
    ]
    if len(times) == 1:
        return times[0]
    found = " and ".join(map(repr, times)) or "none"
    raise Invalid(
        f"which column says when a row was asked? Those of dates or times: {found}",
        f"the frame given to {_WHERE}",
        f"name it: at={times[0]!r}" if times else "give the frame a time, and name it with at=",
    )


def _refuse_clash(frame: pl.DataFrame, contract: type[Row], names: dict[str, str]) -> None:
    both = [name for name in names.values() if name in frame.columns]
    if both:
        shown = " and ".join(map(repr, both))
        parameter = contract.__name__.lower()
        raise Invalid(
            f"{shown} would stand twice: in the frame and as a field of {contract.__name__}",
            _WHERE,
            f"give the fields a name of their own: into={parameter!r} makes {parameter}.{both[0]}",
        )


def _refuse_two_calendars(when: str, asked: pl.DataType, time: str, told: pl.DataType) -> None:
    """Refuse dates beside times of another zone than UTC: a day begins somewhere else there."""
    zones = [getattr(dtype, "time_zone", None) for dtype in (asked, told)]
    zone = next((zone for zone in zones if zone not in (None, "UTC")), None)
    if zone is not None and pl.Date in (asked, told):
        day = when if asked == pl.Date else time
        raise Invalid(
            f"{day!r} holds days, and {when if day == time else time!r} times in {zone}: "
            "when did such a day begin?",
            _WHERE,
            f'say so: pl.col("{day}").cast(pl.Datetime("us")).dt.replace_time_zone("{zone}")',
        )


def _micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
