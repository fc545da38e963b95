"""Compaction: what segments hold becomes Parquet files, and one fact names what a file replaces.

A file counts once its fact is in the ledger; before that it is nothing, and whoever
compacts next removes it. So a killed compaction loses nothing and doubles nothing. One
process at a time compacts a folder; the ledger's compare-and-swap guards the rest.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from fullcycle.adapters.files import make_folder, unwritable, write_atomically
from fullcycle.adapters.segments import Hole, scan_segment, segments
from fullcycle.kernel import Clock, Damaged, Invalid, Missing, digest_bytes, now, uuid7
from fullcycle.record import EventsCompacted, Fact, Ledger, Span, events_stream

SCHEMA = pl.Schema(
    {
        "decision_id": pl.String(),
        "at": pl.Datetime("us", "UTC"),
        "release": pl.Int64(),
        "environment": pl.String(),
        "experiment": pl.String(),
        "arm": pl.String(),
        "arm_probability": pl.Float64(),
        "unit": pl.String(),
        "propensity": pl.Float64(),
        "fallback": pl.Boolean(),
        "micros": pl.Int64(),
        "request": pl.String(),  # JSON
        "answer": pl.String(),  # JSON
    }
)
_BATCH = 64 << 20  # bytes of payload in one file: bounds the memory that compaction takes


class _Stored(msgspec.Struct, kw_only=True):
    """A decision as the log holds it, its request and answer left as JSON."""

    id: str
    at: int
    environment: str
    release: int
    request: msgspec.Raw
    answer: msgspec.Raw
    experiment: str | None = None
    unit: str | None = None
    arm: str | None = None
    arm_probability: float | None = None
    propensity: float | None = None
    fallback: bool = False
    micros: int = 0


@dataclass(slots=True)
class _Batch:
    """What the next file will hold, and what of which segments that is."""

    decisions: list[_Stored] = field(default_factory=list)
    replaces: dict[str, Span] = field(default_factory=dict)
    damaged: dict[str, list[Span]] = field(default_factory=dict)
    size: int = 0

    def take(self, segment: str, span: Span, payload: bytes | None) -> None:
        """Add an event, or a hole where ``payload`` is None."""
        begun = self.replaces.get(segment, span)
        self.replaces[segment] = Span(begun.start, span.end)
        if payload is None:
            self.damaged.setdefault(segment, []).append(span)
        else:
            self.decisions.append(_decoded(payload, segment))
            self.size += len(payload)


def publish(
    ledger: Ledger,
    folder: Path | str,
    capability: str,
    environment: str,
    *,
    by: str = "fullcycle",
    clock: Clock = now,
    batch: int = _BATCH,
) -> list[Fact]:
    """Compact what a folder's segments hold since the last time; return the new facts.

    Nothing new gives no fact. Holes in a segment are named in the fact, and events behind
    them are kept.

    Args:
        ledger: where the facts are.
        folder: the segments of this capability and environment; files go to its ``compacted``.
        capability: whose decisions these are.
        environment: where they were made.
        by: who compacts.
        clock: gives the watermark.
        batch: bytes of payload after which another file is begun.

    Raises:
        Conflict: where a process that does not see this folder's lock compacted meanwhile.
        Misconfigured: where the folder cannot be written.
    """
    new: list[Fact] = []
    folder = Path(folder)
    if not segments(folder):
        return new
    target = compacted(folder)
    stream = events_stream(capability, environment)
    try:
        make_folder(target)
        with _alone(target):
            told = ledger.read(stream)
            _remove_unnamed(target, told)
            known = _known_ids(parquet_files(ledger, folder, capability, environment))
            for body in _bodies(folder, told, known, clock(), batch):
                told.append(ledger.append(stream, len(told), body, by=by, at=clock()))
                new.append(told[-1])
            return new
    except OSError as error:
        raise unwritable(error, "the compacted events", target) from error


def parquet_files(ledger: Ledger, folder: Path | str, capability: str, environment: str) -> list[Path]:
    """The files that hold all published decisions, each id once over all of them.

    Raises:
        Missing: where one of them is gone.
    """
    target = compacted(Path(folder))
    files = [target / fact.body.file for fact in ledger.read(events_stream(capability, environment))]
    for file in files:
        if not file.exists():
            raise Missing(
                "a file of published decisions is gone",
                str(file),
                "restore it from a backup; the segments it replaces may still hold its decisions",
            )
    return files


def decisions(ledger: Ledger, folder: Path | str, capability: str, environment: str) -> pl.DataFrame:
    """All published decisions, each id once, in the order of ``SCHEMA``'s columns; call ``publish`` first."""
    files = parquet_files(ledger, folder, capability, environment)
    return pl.read_parquet(files, glob=False) if files else pl.DataFrame(schema=SCHEMA)


def compacted(folder: Path) -> Path:
    """The folder of Parquet files beside a folder's segments."""
    return folder / "compacted"


def _bodies(
    folder: Path, told: list[Fact], known: set[str], began: int, size: int
) -> Iterator[EventsCompacted]:
    """Write what is new, file by file; only the last brings the watermark up to ``began``."""
    watermark = max((fact.body.watermark for fact in told), default=0)
    done: dict[str, int] = {}
    for fact in told:
        done.update({segment: span.end for segment, span in fact.body.replaces.items()})
    for part, last in _batches(folder, done, size):
        yield _write(part, compacted(folder), known, began if last else watermark)


def _batches(folder: Path, done: dict[str, int], size: int) -> Iterator[tuple[_Batch, bool]]:
    """What is new in the segments, in parts of bounded size; told of each whether it is the last."""
    part = _Batch()
    for path in segments(folder):
        if path.stat().st_size <= done.get(path.name, 0):
            continue
        for found in scan_segment(path, done.get(path.name, 0)):
            if part.size >= size:
                yield part, False
                part = _Batch()
            part.take(path.name, found.span, None if isinstance(found, Hole) else found.payload)
    if part.replaces:
        yield part, True


def _write(part: _Batch, target: Path, known: set[str], watermark: int) -> EventsCompacted:
    """Write the decisions that are not known yet; ``known`` learns their ids."""
    rows = []
    for decision in part.decisions:
        if decision.id not in known:
            known.add(decision.id)
            rows.append(_row(decision))
    frame = pl.DataFrame(rows, schema={**SCHEMA, "at": pl.Int64}, orient="row").cast({"at": SCHEMA["at"]})
    buffer = BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=True)
    data = buffer.getvalue()
    name = f"{uuid7()}.parquet"
    write_atomically(target / name, data)
    return EventsCompacted(
        file=name,
        digest=digest_bytes(data),
        rows=len(rows),
        replaces=part.replaces,
        watermark=watermark,
        repeated=len(part.decisions) - len(rows),
        damaged=part.damaged,
    )


def _row(one: _Stored) -> tuple[Any, ...]:
    return (
        one.id,
        one.at,
        one.release,
        one.environment,
        one.experiment,
        one.arm,
        one.arm_probability,
        one.unit,
        one.propensity,
        one.fallback,
        one.micros,
        bytes(one.request).decode(),
        bytes(one.answer).decode(),
    )


_DECODER = msgspec.json.Decoder(_Stored)


def _decoded(payload: bytes, segment: str) -> _Stored:
    try:
        return _DECODER.decode(payload)
    except msgspec.MsgspecError as error:
        raise Invalid(
            f"an event is no decision: {error}",
            f"the segment {segment}",
            "upgrade fullcycle to at least the version that wrote it",
        ) from error


def _known_ids(files: list[Path]) -> set[str]:
    if not files:
        return set()
    try:
        return set(pl.scan_parquet(files, glob=False).select("decision_id").collect()["decision_id"])
    except pl.exceptions.PolarsError as error:
        raise Damaged(
            f"a file of published decisions cannot be read: {str(error)[:200]}",
            str(files[0].parent),
            "restore the folder from a backup",
        ) from error


def _remove_unnamed(target: Path, told: list[Fact]) -> None:
    """Remove what a killed compaction left. The lock is held: nobody is writing these."""
    named = {fact.body.file for fact in told}
    for path in target.iterdir():
        if path.name not in named and path.suffix in (".parquet", ".tmp"):
            path.unlink()


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system takes back from a killed process."""
    handle = os.open(target / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
