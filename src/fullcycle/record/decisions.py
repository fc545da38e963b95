"""Decisions: what a service answered, to whom, why, and with what probability.

Each stands once in the event log, under the id that its client gave or that was made
for it, and is moved from there into columnar files; a fact names what a file replaces.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from fullcycle.kernel import Digest, Invalid
from fullcycle.record.facts import fact


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One answer of a service. ``at`` is µs since 1970 UTC, ``micros`` the time to decide."""

    id: str
    at: int
    capability: str
    environment: str
    release: int
    request: Any  # plain dict
    answer: Any  # plain dict, or a list of them
    experiment: str | None = None
    unit: str | None = None
    arm: str | None = None
    arm_probability: float | None = None  # of the arm
    propensity: float | None = None  # of the action, given the arm
    fallback: bool = False
    micros: int = 0
    live: dict[str, Digest] = {}  # the content of each lookup that it could ask, by parameter


class Span(msgspec.Struct, frozen=True, array_like=True):
    """The bytes ``start`` to ``end`` of a segment, the end left out."""

    start: int
    end: int


@fact("events.compacted")
class EventsCompacted(msgspec.Struct, frozen=True, kw_only=True):
    """A columnar file now stands for parts of the log.

    ``watermark`` (µs since 1970 UTC): every decision that was logged before it is in this
    file or an earlier one.
    """

    file: str  # its name in the folder of compacted files
    digest: Digest
    rows: int
    replaces: dict[str, Span]  # by segment
    watermark: int
    repeated: int = 0  # decisions left out, their ids being known already
    damaged: dict[str, list[Span]] = {}  # what could not be read, by segment


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Decision)


def events_stream(capability: str, environment: str) -> str:
    """The stream that tells what of a service's log was compacted."""
    return f"events/{capability}/{environment}"


def encode_decision(decision: Decision) -> bytes:
    """A decision as the log holds it: JSON."""
    return _ENCODER.encode(decision)


def decode_decision(payload: bytes) -> Decision:
    """Read it again.

    Raises:
        Invalid: where it is none, such as one of a later version.
    """
    try:
        return _DECODER.decode(payload)
    except msgspec.MsgspecError as error:
        raise Invalid(
            f"it is no decision: {error}",
            "the event log",
            "upgrade fullcycle to at least the version that wrote it",
        ) from error


def each_once(decisions: Iterable[Decision]) -> Iterator[Decision]:
    """Each id once, the first to come."""
    seen: set[str] = set()
    for decision in decisions:
        if decision.id not in seen:
            seen.add(decision.id)
            yield decision
