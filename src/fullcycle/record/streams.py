"""Streams: their names, and appending where the position carries no decision."""

import random
import time
from collections.abc import Callable

from fullcycle.kernel import Conflict, Invalid
from fullcycle.record.facts import Fact
from fullcycle.record.ports import Ledger, Witnessing

_LONGEST = 400  # characters; PostgreSQL's index holds keys of some 2,700 bytes
_TRIES = 500


def checked_stream(stream: str) -> str:
    """``stream``, if it can name one.

    Raises:
        Invalid: where it is empty, too long, or holds what cannot be printed.
    """
    if not stream or len(stream) > _LONGEST or not stream.isprintable():
        raise Invalid(
            f"{stream[:60]!r} cannot name a stream",
            "the ledger",
            f"use 1 to {_LONGEST} printable characters, such as runs/winback",
        )
    return stream


def prefix_range(prefix: str) -> tuple[str, str]:
    """The half-open range, by code point, of all stream names that start with ``prefix``.

    A range needs no escaping where LIKE would read ``_`` and ``%`` as wildcards, and every
    index serves it. U+10FFFF is no character, so no name holds it.
    """
    return prefix, prefix + "\U0010ffff"


def lost(stream: str, expected: int, head: int) -> Conflict:
    """The error of a compare-and-swap that was lost."""
    return Conflict(
        f"{stream} is at position {head}, not {expected}",
        f"appending to the stream {stream}",
        "somebody else wrote first: read the stream again, decide again, append after its last position",
    )


def append_next(
    ledger: Ledger, stream: str, body: object, *, by: str = "fullcycle", at: int | None = None
) -> Fact:
    """Append after whatever is last: for facts that hold whatever else was written before.

    Raises:
        Conflict: where others won the race hundreds of times in a row.
    """
    return _after_the_last(ledger, stream, lambda head: ledger.append(stream, head, body, by=by, at=at))


def append_witnessed(ledger: Ledger, stream: str, body: object, *, by: str = "fullcycle") -> Fact:
    """The same, witnessed by the ledger's server where it knows who writes: see ``Witnessing``.

    Raises:
        Conflict: where others won the race hundreds of times in a row.
    """
    if not isinstance(ledger, Witnessing) or not ledger.witnesses_me():
        return append_next(ledger, stream, body, by=by)
    return _after_the_last(ledger, stream, lambda head: ledger.append_witnessed(stream, head, body, by=by))


def _after_the_last(ledger: Ledger, stream: str, append: Callable[[int], Fact]) -> Fact:
    for attempt in range(_TRIES):
        head = ledger.heads(stream).get(stream, 0)
        try:
            return append(head)
        except Conflict:
            if attempt == _TRIES - 1:
                raise
            time.sleep(random.uniform(0, 0.002))
    raise AssertionError("unreachable")
