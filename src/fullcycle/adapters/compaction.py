"""Compaction: what segments hold becomes Parquet files by day, and one fact names what they replace.

A file counts once its fact is in the ledger; before that it is nothing, and whoever compacts
next removes it. So a killed compaction loses nothing and doubles nothing. What is replaced is
removed only when its fact has been there for a while: who began to read before the fact comes
to an end on what it knew. One process at a time compacts a folder; the ledger's
compare-and-swap guards the rest.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from fullcycle.adapters.clearing import GRACE_S, remove_replaced, remove_unnamed
from fullcycle.adapters.durable import make_folder, unwritable
from fullcycle.adapters.event_columns import DECISIONS, Columns
from fullcycle.adapters.parquet import collected, digest_of, write_rows
from fullcycle.adapters.segments import Event, Hole, news_of, segments
from fullcycle.kernel import Clock, Missing, now, uuid7
from fullcycle.record import (
    Compacted,
    DayFile,
    EventsCompacted,
    EventsMerged,
    Fact,
    Ledger,
    Span,
    Unlogged,
    compacted_of,
    events_stream,
    unlogged_in,
)

_BATCH = 64 << 20  # bytes of payload in the files of one fact: bounds the memory that compaction takes
_FILES, _OF_TODAY = 4, 16  # of a day, before they are merged
_MERGED = 256 << 20  # bytes above which a file is left as it is
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class EventLog:
    """One log: a folder of segments, and the stream of facts about it."""

    ledger: Ledger
    folder: Path
    stream: str
    columns: Columns = DECISIONS

    @property
    def target(self) -> Path:
        """Where its columnar files are."""
        return compacted(self.folder)

    def told(self) -> Compacted:
        """What the facts about it come to by now."""
        return compacted_of(self.ledger.read(self.stream))

    def files(self) -> list[Path]:
        """The files that hold all that was compacted, each id once over all of them.

        Raises:
            Missing: where one of them is gone.
        """
        return files_of(self, self.told())

    def frame(self) -> pl.DataFrame:
        """All that was compacted, each id once; ``compact`` first.

        Raises:
            Missing, Damaged: where a file is gone, or cannot be read.
        """
        return collected(self.columns.scan(self.files()), self.target)


@dataclass(slots=True)
class Batch:
    """What the next fact will hold, and what of which segments that is."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    replaces: dict[str, Span] = field(default_factory=dict)
    damaged: dict[str, list[Span]] = field(default_factory=dict)
    unlogged: list[Unlogged] = field(default_factory=list)
    size: int = 0

    def take(self, segment: str, found: Event | Hole, columns: Columns) -> None:
        """Add what was found in a segment."""
        begun = self.replaces.get(segment, found.span)
        self.replaces[segment] = Span(begun.start, found.span.end)
        if isinstance(found, Hole):
            self.damaged.setdefault(segment, []).append(found.span)
        elif (note := unlogged_in(found.payload)) is not None:
            self.unlogged.append(note)
        else:
            self.rows.append(columns.row(found.payload, segment))
            self.size += len(found.payload)


def compact(
    log: EventLog,
    *,
    by: str = "fullcycle",
    clock: Clock = now,
    batch: int = _BATCH,
    grace_s: float = GRACE_S,
) -> list[Fact]:
    """Compact what a log's segments hold since the last time; return the new facts.

    Nothing new gives no fact. Holes in a segment are named in the fact, and events behind
    them are kept. Files of a day that have become many are merged; what has been replaced
    for ``grace_s`` is removed, but for segments in which something was damaged.

    Args:
        log: what is compacted.
        by: who compacts.
        clock: gives the watermark.
        batch: bytes of payload after which another fact is told.
        grace_s: how long readers may go on with what they knew when they began.

    Raises:
        Conflict: where a process that does not see this folder's lock compacted meanwhile.
        Missing, Damaged: where a file of before is gone, or cannot be read.
        Misconfigured: where the folder cannot be written.
    """
    new: list[Fact] = []
    if not segments(log.folder) and not log.target.is_dir():
        return new
    try:
        make_folder(log.target)
        with _alone(log.target):
            facts = log.ledger.read(log.stream)
            told = compacted_of(facts)
            remove_unnamed(log.target, told)
            files_of(log, told)  # while one is missed, nothing is compacted
            for body in _bodies(log, told, clock(), batch):
                new.append(log.ledger.append(log.stream, len(facts) + len(new), body, by=by, at=clock()))
                told.tell(new[-1])
            remove_replaced(log.folder, log.target, told, clock() - round(grace_s * 1e6))
            return new
    except OSError as error:
        raise unwritable(error, "the compacted events", log.target) from error


def publish(
    ledger: Ledger, folder: Path | str, capability: str, environment: str, **options: Any
) -> list[Fact]:
    """Compact the decisions of a service; see ``compact``."""
    return compact(EventLog(ledger, Path(folder), events_stream(capability, environment)), **options)


def parquet_files(ledger: Ledger, folder: Path | str, capability: str, environment: str) -> list[Path]:
    """The files that hold all published decisions, each id once over all of them.

    Raises:
        Missing: where one of them is gone.
    """
    return EventLog(ledger, Path(folder), events_stream(capability, environment)).files()


def decisions(ledger: Ledger, folder: Path | str, capability: str, environment: str) -> pl.DataFrame:
    """All published decisions, each id once, as ``DECISIONS`` has their columns; call ``publish`` first."""
    return EventLog(ledger, Path(folder), events_stream(capability, environment)).frame()


def compacted(folder: Path) -> Path:
    """The folder of Parquet files beside a folder's segments."""
    return folder / "compacted"


def files_of(log: EventLog, told: Compacted, between: tuple[int, int] | None = None) -> list[Path]:
    """The files that were told of; of the days between two times alone, in µs since 1970 UTC.

    Raises:
        Missing: where one of them is gone.
    """
    first, last = ("", "~") if between is None else map(_day, between)
    days = told.files.values()
    files = [log.target / one.file for one in days if not one.day or first <= one.day <= last]
    for file in files:
        if not file.exists():
            raise Missing(
                "a file of published decisions is gone",
                str(file),
                "restore it from a backup; the segments it replaces may still hold its decisions",
            )
    return files


def _bodies(
    log: EventLog, told: Compacted, began: int, size: int
) -> Iterator[EventsCompacted | EventsMerged]:
    """Write what is new, fact by fact, then merge; only the last of the new brings the watermark up."""
    watermark = told.watermark
    for part, last in _batches(log, dict(told.done), size):
        yield _write(log, part, told, began if last else watermark)
    today = _day(began)
    for day in sorted({one.day for one in told.files.values()}):
        merged = _merge(log, [one for one in told.files.values() if one.day == day], today)
        if merged is not None:
            yield merged


def _batches(log: EventLog, done: dict[str, int], size: int) -> Iterator[tuple[Batch, bool]]:
    """What is new in the segments, in parts of bounded size; told of each whether it is the last."""
    part = Batch()
    for path in segments(log.folder):
        for found in news_of(path, done.get(path.name, 0)):
            if part.size >= size:
                yield part, False
                part = Batch()
            part.take(path.name, found, log.columns)
    if part.replaces:
        yield part, True


def _write(log: EventLog, part: Batch, told: Compacted, watermark: int) -> EventsCompacted:
    """Write the events whose ids are not known yet, a file per day."""
    known = _known(log, told, [row[0] for row in part.rows])
    days: dict[str, list[tuple[Any, ...]]] = {}
    for row in part.rows:
        if row[0] not in known:
            known.add(row[0])
            days.setdefault(_day(row[1]), []).append(row)
    return EventsCompacted(
        files=[_placed(log, day, log.columns.frame(rows).lazy()) for day, rows in sorted(days.items())],
        replaces=part.replaces,
        watermark=watermark,
        repeated=len(part.rows) - sum(map(len, days.values())),
        damaged=part.damaged,
        unlogged=part.unlogged,
    )


def _merge(log: EventLog, files: list[DayFile], today: str) -> EventsMerged | None:
    """One file instead of a day's many; None where they are few, or large."""
    small = [one for one in files if (log.target / one.file).stat().st_size < _MERGED]
    if len(small) < (_OF_TODAY if files[0].day == today else _FILES):
        return None
    merged = _placed(log, small[0].day, log.columns.scan([log.target / one.file for one in small]))
    return EventsMerged(file=merged, instead_of=[one.file for one in small])


def _placed(log: EventLog, day: str, rows: pl.LazyFrame) -> DayFile:
    """Write a file of one day, durably."""
    name = f"{day or 'undated'}/{uuid7()}.parquet"
    path = log.target / name
    make_folder(path.parent)
    many = write_rows(path, rows, log.target)
    return DayFile(file=name, day=day, digest=digest_of(path), rows=many)


def _known(log: EventLog, told: Compacted, ids: list[str]) -> set[str]:
    """Which of these ids were compacted before."""
    files = files_of(log, told)
    if not files or not ids:
        return set()
    asked = pl.col(log.columns.id).is_in(pl.Series(ids, dtype=pl.String).implode())
    found = log.columns.scan(files).select(log.columns.id).filter(asked)
    return set(collected(found, log.target)[log.columns.id])


def _day(at: int) -> str:
    return (_EPOCH + timedelta(microseconds=at)).date().isoformat()


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system takes back from a killed process."""
    handle = os.open(target / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
