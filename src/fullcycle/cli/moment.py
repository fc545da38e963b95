"""A moment as people type it: a date and time, a time of today, or a day of the last week by its name."""

import re
from datetime import datetime, timedelta
from typing import Any

import click

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NAMED = re.compile(
    r"(?:last\s+)?(?P<day>[a-z]+)(?:\s+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?)?",
    re.IGNORECASE,
)
_TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")


class Moment(click.ParamType):  # type: ignore[type-arg]  # older versions of click take none
    """``2026-03-01 14:05``, ``14:05``, ``yesterday 14:05:30``, ``tuesday``: local unless it says."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment that a text means, aware of its zone.

        Raises:
            BadParameter: for anything else.
        """
        if isinstance(value, datetime):
            return value.astimezone()
        found = _read(str(value).strip(), datetime.now())
        if found is None:
            self.fail(
                f"{value!r} is no moment: write 2026-03-01 14:05, yesterday 14:05 or tuesday 14:05",
                param,
                ctx,
            )
        return found.astimezone()


def _read(text: str, now: datetime) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    named = _NAMED.fullmatch(f"today {text}" if _TIME.fullmatch(text) else text)
    days = _days_ago(named["day"].lower(), now) if named is not None else None
    if named is None or days is None:
        return None
    hour, minute, second = (int(named[each] or 0) for each in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        return None
    return (now - timedelta(days=days)).replace(hour=hour, minute=minute, second=second, microsecond=0)


def _days_ago(day: str, now: datetime) -> int | None:
    """How many days ago a day was; the last of that name before today."""
    if day in ("today", "yesterday"):
        return 0 if day == "today" else 1
    return (now.weekday() - _DAYS.index(day) - 1) % 7 + 1 if day in _DAYS else None
