"""Time: microseconds since 1970-01-01 UTC, durations as people write them, UUIDv7."""

import os
import re
import struct
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from fullcycle.kernel.errors import Invalid

Clock = Callable[[], int]
"""Returns now, in microseconds since 1970-01-01 UTC."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|min|m|h|d|w)")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def now() -> int:
    """The wall clock, in microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1000


def instant(micros: int) -> datetime:
    """Turn microseconds since 1970 into an aware UTC ``datetime``, exactly."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def micros(at: datetime) -> int:
    """Turn a ``datetime`` into microseconds since 1970; a naive one is taken as UTC."""
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def duration(text: str, *, where: str = "a duration") -> timedelta:
    """Read ``"14d"``, ``"24h"``, ``"20ms"`` or ``"1h 30min"``.

    Raises:
        Invalid: for anything else.

    >>> duration("1h 30m")
    datetime.timedelta(seconds=5400)
    """
    parts = _DURATION.findall(text)
    if not parts or _DURATION.sub("", text).strip():
        raise Invalid(
            f"{text!r} is not a duration", where, "write a number and a unit, such as 20ms, 10min, 24h or 14d"
        )
    return timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in parts))


def uuid7(at: int | None = None) -> str:
    """A new UUID version 7 (RFC 9562, section 5.7) for ``at`` in microseconds: sorts by time.

    The twelve bits after the millisecond hold its fraction (RFC 9562, section 6.2,
    method 3), so ids made in one process in order also sort in order.
    """
    stamp = now() if at is None else at
    millis, rest = divmod(stamp, 1000)
    fraction = rest * 4096 // 1000
    tail = _random() >> 2
    value = (millis & (2**48 - 1)) << 80 | 7 << 76 | fraction << 64 | 0b10 << 62 | tail
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_BLOCK = struct.Struct("256Q")
_drawn: Iterator[int] = iter(())


def _random() -> int:
    """64 random bits of the system's, fetched a block at a time: a call of its own costs as much as an id."""
    global _drawn
    while (number := next(_drawn, None)) is None:  # one step of the interpreter: no two threads get the same
        _drawn = iter(_BLOCK.unpack(os.urandom(_BLOCK.size)))
    return number


def _forget() -> None:
    """A forked child must not draw what its parent draws."""
    global _drawn
    _drawn = iter(())


os.register_at_fork(after_in_child=_forget)
