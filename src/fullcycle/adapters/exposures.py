"""Exposures: the decisions of an event log, as they are published to a warehouse."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString, Protocol

import msgspec
import polars as pl

from fullcycle.adapters.compaction import EventLog

COLUMNS = (
    "decision_id",
    "at",
    "release",
    "experiment",
    "arm",
    "arm_probability",
    "unit",
    "request",
    "fallback",
)
"""What is published of a decision. Of its ``request`` only the unit and the fields that an experiment
reads by: all else stays at home. A decision that no experiment made names its unit there alone.
"""
EVENTS = ("event_id", "at", "release", "row")
"""What is published of a row that was posted to a service: all of it, as JSON."""

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Day:
    """The decisions of one day (ISO date, UTC), or its events, in files that hold each of them once."""

    log: EventLog
    day: str
    rows: int
    files: tuple[Path, ...]

    def frame(self, fields: Sequence[str]) -> pl.DataFrame:
        """They themselves, with these fields of their requests."""
        scanned = self.log.columns.scan(list(self.files)).select(COLUMNS)
        rows = scanned.filter(pl.col("decision_id").is_not_null()).collect()
        kept = [_only(one, fields) if fields and one is not None else None for one in rows["request"]]
        return rows.with_columns(pl.Series("request", kept, dtype=pl.String))

    def events(self) -> pl.DataFrame:
        """The rows of a day of a log of events, as they were posted."""
        rows = self.log.columns.scan(list(self.files)).select(EVENTS)
        return rows.filter(pl.col("event_id").is_not_null()).collect()


@dataclass(frozen=True, slots=True)
class PublishedEvents:
    """What became of the events of one source: those that were new, all that are there, and up to when."""

    source: str
    new: int
    rows: int
    watermark: int  # microseconds since 1970 UTC


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication did: decisions that were new, all that are there, and up to when.

    ``left`` are those of other logs where a field was published for the first time: they have not got it.
    """

    capability: str
    environment: str
    new: int
    rows: int
    watermark: int  # microseconds since 1970 UTC
    events: tuple[PublishedEvents, ...] = ()
    left: int = 0


class ExposureWriter(Protocol):
    """A warehouse that takes exposures."""

    def publish(
        self,
        capability: str,
        environment: str,
        days: Sequence[Day],
        *,
        watermark: int,
        fields: Sequence[str] = (),
    ) -> Published:
        """Add the decisions that are not there yet, and bring the watermark up; all or nothing.

        A day whose number of decisions is there already is not read again, unless ``fields`` of the
        request are asked for that were not published until now: then all of the log is written anew.
        What other logs have published stays.
        """
        ...


def days_of(log: EventLog) -> Iterator[Day]:
    """The days of a log, as it was compacted."""
    told = log.told()
    for day in sorted({one.day for one in told.files.values()}):
        files = [one for one in told.files.values() if one.day == day]
        yield Day(log, day, sum(one.rows for one in files), tuple(log.target / one.file for one in files))


BROUGHT_UP: LiteralString = """on conflict (capability, environment, decision_id)
    do update set request = excluded.request, fallback = excluded.fallback"""
"""What becomes of a decision that is there already, where more of it is published than was."""


def together(published: str | None, fields: Sequence[str]) -> str:
    """The fields that were published, as JSON, and others: as they are kept beside the watermark."""
    known = json.loads(published) if published else []
    return json.dumps(sorted({*known, *fields}), ensure_ascii=False)


def _only(request: str, fields: Sequence[str]) -> str:
    """Some fields of a JSON object, as they stand in it."""
    told = _OBJECT.decode(request)
    return msgspec.json.encode({name: told[name] for name in fields if name in told}).decode()
