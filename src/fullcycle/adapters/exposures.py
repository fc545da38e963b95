"""Exposures: the decisions of an event log, as they are published to a warehouse."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

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
)
"""What is published of a decision; ``request`` only where it was made in an experiment."""


@dataclass(frozen=True, slots=True)
class Day:
    """The decisions of one day (ISO date, UTC), in files that hold each of them once."""

    log: EventLog
    day: str
    rows: int
    files: tuple[Path, ...]

    def frame(self) -> pl.DataFrame:
        """They themselves."""
        request = pl.when(pl.col("experiment").is_not_null()).then("request").alias("request")
        scanned = self.log.columns.scan(list(self.files)).select(*COLUMNS[:-1], request)
        return scanned.filter(pl.col("decision_id").is_not_null()).collect()


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication did: decisions that were new, all that are there, and up to when."""

    capability: str
    environment: str
    new: int
    rows: int
    watermark: int  # microseconds since 1970 UTC


class ExposureWriter(Protocol):
    """A warehouse that takes exposures."""

    def publish(self, capability: str, environment: str, days: Sequence[Day], *, watermark: int) -> Published:
        """Add the decisions that are not there yet, and bring the watermark up; all or nothing."""
        ...


def days_of(log: EventLog) -> Iterator[Day]:
    """The days of a log, as it was compacted."""
    told = log.told()
    for day in sorted({one.day for one in told.files.values()}):
        files = [one for one in told.files.values() if one.day == day]
        yield Day(log, day, sum(one.rows for one in files), tuple(log.target / one.file for one in files))
