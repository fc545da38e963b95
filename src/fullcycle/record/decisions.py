"""Decisions: what a service answered, to whom, why, and with what probability.

Each stands once in the event log, under the id that its client gave or that was made
for it, and is moved from there into columnar files; a fact names what a file replaces.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from fullcycle.kernel import Digest, Invalid


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
    live: dict[str, Digest] = {}  # the content of each lookup and bandit that it could ask, by parameter
    features: Any = None  # plain dict: the row by which a bandit gave the weights of the first pick
    chances: tuple[
        float, ...
    ] = ()  # of each pick, in order, where there was more than one; of a list, by place
    weights: dict[str, float] = {}  # the chance of each action at the first pick, where a bandit gave it


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Decision)


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


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was posted to ``/events/<name>``. ``at`` is when, in µs since 1970 UTC."""

    id: str
    at: int
    release: int  # whose contract it kept
    row: Any  # the Row, or what was encoded of it


def encode_received(event: Received) -> bytes:
    """A received row as the log holds it: JSON."""
    return _ENCODER.encode(event)
