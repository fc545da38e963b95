"""Reading an event log as it is now: what was compacted, then what its segments hold besides."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from fullcycle.adapters.compaction import EventLog
from fullcycle.adapters.event_columns import decision_of
from fullcycle.adapters.segments import read_segment, segments
from fullcycle.kernel import Missing
from fullcycle.record import Decision, unlogged_in


def logged(log: EventLog, capability: str, *, only: str | None = None) -> Iterator[Decision]:
    """Every decision that was logged before this is called, each id once, whoever compacts meanwhile.

    ``only`` gives the decision of that id alone, if there is one.

    Raises:
        Missing, Damaged: where a file is gone, or cannot be read.
    """
    seen: set[str] = set()
    for row in _as_it_was(log, only):
        if row[0] not in seen and (only is None or row[0] == only):
            seen.add(row[0])
            yield decision_of(row, capability)


def _as_it_was(log: EventLog, only: str | None) -> Iterator[tuple[Any, ...]]:
    """Rows, some of them twice: what was removed while it was read is read again elsewhere."""
    paths = segments(log.folder)  # before the facts: what is gone by now, they tell of
    told = log.told()
    try:
        rows = log.columns.scan(log.files())
        if only is not None:
            rows = rows.filter(pl.col(log.columns.id) == only)
        physical = rows.with_columns(pl.col("at").to_physical())
        yield from physical.collect().iter_rows()
        for path in paths:
            done = told.done.get(path.name, 0)
            if path.stat().st_size > done:
                for payload, _ in read_segment(path, done):
                    if unlogged_in(payload) is None:
                        yield log.columns.row(payload, path.name)
    except (FileNotFoundError, Missing):
        if log.told() == told and all(path.exists() for path in paths):
            raise  # and not one without events, which goes untold
        yield from _as_it_was(log, only)
