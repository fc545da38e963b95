"""Reading an event log as it is now: what was compacted, then what its segments hold besides.

Nothing is written for it, so a log can be read where the disk is full, too.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import polars as pl

from fullcycle.adapters.compaction import Batch, EventLog, files_of
from fullcycle.adapters.event_columns import decision_of
from fullcycle.adapters.parquet import collected
from fullcycle.adapters.segments import read_segment, scan_segment, segments
from fullcycle.kernel import Missing
from fullcycle.record import Compacted, Decision, Span, Unlogged, unlogged_in

T = TypeVar("T")

Between = tuple[int, int]
"""The first time and the last, in microseconds since 1970 UTC."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a log holds: its events, each id once, and what is told of what it does not hold."""

    frame: pl.DataFrame
    unlogged: list[Unlogged] = field(default_factory=list)
    damaged: dict[str, list[Span]] = field(default_factory=dict)


def snapshot(log: EventLog, columns: Sequence[str] | None = None) -> Snapshot:
    """What ``compact`` and then ``log.frame()`` would give, with nothing written; of some columns alone.

    Raises:
        Missing, Damaged: where a file is gone, or cannot be read.
    """
    return _as_it_was(log, lambda known: _snapshot(log, known, list(columns or log.columns.schema)))


def logged(log: EventLog, capability: str) -> Iterator[Decision]:
    """Every decision that was logged before this is called, each id once, whoever compacts meanwhile.

    Raises:
        Missing, Damaged: where a file is gone, or cannot be read.
    """
    seen: set[str] = set()
    for row in _rows(log):
        if row[0] not in seen:
            seen.add(row[0])
            yield decision_of(row, capability)


def found(log: EventLog, capability: str, id: str, *, between: Between | None = None) -> Decision | None:
    """The decision of an id, if there is one; ``between`` leaves files of other days unread.

    Raises:
        Missing, Damaged: where a file is gone, or cannot be read.
    """
    row = _as_it_was(log, lambda known: _found(log, known, id, between))
    return None if row is None else decision_of(row, capability)


def ids_that_begin(log: EventLog, start: str, between: Between) -> list[str]:
    """The ids of events that begin so; in files, of the days between two times alone.

    Raises:
        Missing, Damaged: where a file is gone, or cannot be read.
    """
    pattern = re.compile(re.escape(_named(start)[:-1]) + b'([^"\\\\]*)"')

    def read(known: _Known) -> list[str]:
        rows = log.columns.scan(files_of(log, known.told, between)).select(log.columns.id)
        ids = collected(rows, log.target).to_series()
        later = (pattern.findall(path.read_bytes()) for path in known.paths)
        return [
            *ids.filter(ids.str.starts_with(start)).to_list(),
            *(start + one.decode() for each in later for one in each),
        ]

    return _as_it_was(log, read)


@dataclass(frozen=True, slots=True)
class _Known:
    """The segments, and what was told after they were listed: what is gone by now, that tells of."""

    paths: list[Path]
    told: Compacted

    @classmethod
    def of(cls, log: EventLog) -> "_Known":
        return cls(segments(log.folder), log.told())

    def holds(self, log: EventLog) -> bool:
        """Whether it is still so; a segment without events goes untold."""
        return log.told() == self.told and all(path.exists() for path in self.paths)

    def news(self) -> Iterator[tuple[Path, int]]:
        """The segments that hold more than was compacted, and from which byte on."""
        for path in self.paths:
            done = self.told.done.get(path.name, 0)
            if path.stat().st_size > done:
                yield path, done


def _as_it_was(log: EventLog, read: Callable[[_Known], T]) -> T:
    """What is read; where something of it was removed meanwhile, it is read again."""
    known = _Known.of(log)
    try:
        return read(known)
    except (FileNotFoundError, Missing):
        if known.holds(log):
            raise
        return _as_it_was(log, read)


def _snapshot(log: EventLog, known: _Known, columns: list[str]) -> Snapshot:
    told, batch = known.told, Batch()
    for path, done in known.news():
        for one in scan_segment(path, done):
            batch.take(path.name, one, log.columns)
    rows = [log.columns.scan(files_of(log, told)), log.columns.frame(batch.rows).lazy()]
    frame = collected(pl.concat([each.select(columns) for each in rows]), log.target)
    damaged = {
        name: [*told.damaged.get(name, []), *batch.damaged.get(name, [])]
        for name in (*told.damaged, *batch.damaged)
    }
    unique = frame.unique(log.columns.id, keep="first", maintain_order=True)
    return Snapshot(unique, [*told.unlogged, *batch.unlogged], damaged)


def _found(log: EventLog, known: _Known, id: str, between: Between | None) -> tuple[Any, ...] | None:
    rows = log.columns.scan(files_of(log, known.told, between)).filter(pl.col(log.columns.id) == id)
    for row in collected(rows.head(1).with_columns(pl.col("at").to_physical()), log.target).iter_rows():
        return row
    for path, done in known.news():
        if _named(id) not in path.read_bytes():
            continue  # by far the most: none of their events has to be looked at
        for payload, _ in read_segment(path, done):
            if _named(id) in payload and unlogged_in(payload) is None:
                found = log.columns.row(payload, path.name)
                if found[0] == id:
                    return found
    return None


def _named(id: str) -> bytes:
    """How the payload of an event names its id."""
    return b'"id":' + msgspec.json.encode(id)


def _rows(log: EventLog) -> Iterator[tuple[Any, ...]]:
    """Rows, some of them twice: what was removed while it was read is read again elsewhere."""
    known = _Known.of(log)
    try:
        rows = log.columns.scan(files_of(log, known.told))
        yield from collected(rows.with_columns(pl.col("at").to_physical()), log.target).iter_rows()
        for path, done in known.news():
            for payload, _ in read_segment(path, done):
                if unlogged_in(payload) is None:
                    yield log.columns.row(payload, path.name)
    except (FileNotFoundError, Missing):
        if known.holds(log):
            raise
        yield from _rows(log)
