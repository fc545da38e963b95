"""The event log's own facts: which files stand for which parts of it, and what it lacks."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec

from fullcycle.kernel import Digest
from fullcycle.record.facts import Fact, fact

WhenLogFails = Literal["refuse", "answer and count"]
"""What a service does with a decision that its log does not take."""


class LogTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a worker writes its part of the event log.

    A power cut costs at most what was written in the last ``fsync_s`` seconds, and while one
    synchronisation takes. Where one takes longer than ``stalled_s``, the log takes no more
    until it has come to its end. A segment is closed at ``segment_bytes``, or ``segment_s``
    seconds after it was begun.
    """

    fsync_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 1.0
    stalled_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 30.0
    segment_bytes: Annotated[int, msgspec.Meta(ge=1)] = 64 << 20
    segment_s: Annotated[float, msgspec.Meta(gt=0, le=86400)] = 600.0


class Span(msgspec.Struct, frozen=True, array_like=True):
    """The bytes ``start`` to ``end`` of a segment, the end left out."""

    start: int
    end: int


class DayFile(msgspec.Struct, frozen=True, kw_only=True):
    """A columnar file of events of one day, by their own time in UTC."""

    file: str  # its path from the folder of compacted files
    day: str  # such as 2026-03-01; empty in files of before there were days
    digest: Digest
    rows: int


class Unlogged(msgspec.Struct, frozen=True, kw_only=True):
    """Answers that are not in the log, noted there once it took what is written again.

    ``since`` and ``until`` are the times of the first and of the last, µs since 1970 UTC.
    """

    unlogged: int
    since: int
    until: int
    release: int
    why: str


def _by_day(body: dict[str, Any]) -> dict[str, Any]:
    file = {"file": body.pop("file"), "day": "", "digest": body.pop("digest"), "rows": body.pop("rows")}
    return {**body, "files": [file]}


@fact("events.compacted", version=2, upcasts={1: _by_day})
class EventsCompacted(msgspec.Struct, frozen=True, kw_only=True):
    """Columnar files, one per day, now stand for parts of the log.

    ``watermark`` (µs since 1970 UTC): every event that was logged before it is in these
    files or in earlier ones.
    """

    files: list[DayFile]
    replaces: dict[str, Span]  # by segment
    watermark: int
    repeated: int = 0  # events left out, their ids being known already
    damaged: dict[str, list[Span]] = {}  # what could not be read, by segment
    unlogged: list[Unlogged] = []  # what was answered besides


@fact("events.merged")
class EventsMerged(msgspec.Struct, frozen=True, kw_only=True):
    """One file now stands for several of its day."""

    file: DayFile
    instead_of: list[str]


@dataclass(slots=True)
class Compacted:
    """What the facts about one log come to.

    ``done`` is how far each segment was compacted, ``replaced`` since when each file is no
    longer needed, ``ended`` when each segment was compacted last, both in µs since 1970 UTC.
    """

    files: dict[str, DayFile] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    replaced: dict[str, int] = field(default_factory=dict)
    damaged: dict[str, list[Span]] = field(default_factory=dict)
    unlogged: list[Unlogged] = field(default_factory=list)
    watermark: int = 0

    def tell(self, fact: Fact) -> None:
        """Take in the next fact of its stream."""
        body = fact.body
        if isinstance(body, EventsMerged):
            for name in body.instead_of:
                self.files.pop(name, None)
                self.replaced[name] = fact.at
            self.files[body.file.file] = body.file
            return
        self.files.update({one.file: one for one in body.files})
        for segment, span in body.replaces.items():
            self.done[segment] = span.end
            self.ended[segment] = fact.at
        for segment, holes in body.damaged.items():
            self.damaged.setdefault(segment, []).extend(holes)
        self.unlogged += body.unlogged
        self.watermark = max(self.watermark, body.watermark)


def compacted_of(facts: Iterable[Fact]) -> Compacted:
    """Fold the facts about one log."""
    found = Compacted()
    for one in facts:
        found.tell(one)
    return found


def events_stream(capability: str, environment: str, name: str | None = None) -> str:
    """The stream that tells what of a log was compacted: a service's decisions, or events of a name."""
    return "/".join(["events", capability, environment, *([name] if name is not None else [])])


_ENCODER = msgspec.json.Encoder()
_UNLOGGED = msgspec.json.Decoder(Unlogged)
_NOTE = b'{"unlogged":'  # how one begins; an event begins with its id


def encode_unlogged(note: Unlogged) -> bytes:
    """A note as the log holds it."""
    return _ENCODER.encode(note)


def unlogged_in(payload: bytes) -> Unlogged | None:
    """The note that a payload is; None where it is an event."""
    return _UNLOGGED.decode(payload) if payload.startswith(_NOTE) else None
