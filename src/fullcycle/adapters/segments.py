"""The event log as its segments hold it: each worker's events, in the order in which it wrote them.

A reader tells two things apart. A tail that nothing readable follows was torn off while it
was written: it was never acknowledged and is left out. A hole that readable events follow is
damage, and is reported.
"""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fullcycle.adapters.segment_format import BLANK, HEAD, SUFFIX, check_magic, next_frame, payload_at
from fullcycle.kernel import Damaged
from fullcycle.record import Decision, Span, decode_decision, each_once, unlogged_in


@dataclass(frozen=True, slots=True)
class Event:
    """A payload and where its frame lies."""

    payload: bytes
    span: Span


@dataclass(frozen=True, slots=True)
class Hole:
    """Bytes between events that are none."""

    span: Span


def scan_segment(path: Path, since: int = 0) -> Iterator[Event | Hole]:
    """What a segment holds from byte ``since`` on, a frame's end, in the order it was written.

    Raises:
        Damaged: where the file is no segment.
        Invalid: where a later version wrote it.
    """
    data = path.read_bytes()
    check_magic(data, path)
    at = max(since, BLANK)
    while at < len(data):
        payload = payload_at(data, at)
        if payload is not None:
            end = at + HEAD + len(payload)
            yield Event(payload, Span(at, end))
        else:
            end = next_frame(data, at + 1)
            if end < 0:
                return  # a torn tail, or one that is being written just now
            yield Hole(Span(at, end))
        at = end


def read_segment(path: Path, since: int = 0) -> Iterator[tuple[bytes, int]]:
    """Each payload from byte ``since`` on, with the offset behind it to go on from.

    Raises:
        Damaged: at a hole that readable events follow; ``scan_segment`` reads past it.
    """
    for found in scan_segment(path, since):
        if isinstance(found, Hole):
            raise Damaged(
                f"bytes {found.span.start:,} to {found.span.end:,} hold no event, and events follow",
                str(path),
                "restore that file from a backup; compaction keeps what can be read and records the hole",
            )
        yield found.payload, found.span.end


def news_of(path: Path, done: int) -> Iterator[Event | Hole]:
    """What a segment holds from byte ``done`` on; nothing where it is not there any more.

    Whoever could not begin a segment takes it away again, and so does whoever finds one without events.
    """
    try:
        if path.stat().st_size > done:
            yield from scan_segment(path, done)
    except FileNotFoundError:
        return


def segments(folder: Path) -> list[Path]:
    """The segments of a folder by their names, which begin with the time they were begun."""
    return sorted(Path(folder).glob(f"*{SUFFIX}"))


def is_written(path: Path) -> bool:
    """Whether some process may still append to a segment."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def read_decisions(folder: Path) -> Iterator[Decision]:
    """All decisions in a folder's segments, each id once; ``event_log`` reads what was compacted, too."""
    payloads = (payload for path in segments(folder) for payload, _ in read_segment(path))
    return each_once(decode_decision(payload) for payload in payloads if unlogged_in(payload) is None)
