"""The memo of a step: the first result ever computed for a key wins, whoever computed it."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from fullcycle.flow.facts import Memoized
from fullcycle.kernel import Conflict, Digest, digest_value
from fullcycle.record import Ledger, PlainCodec

FORMAT = "memo@1"
_EXACT = (bytes, date, datetime, time, timedelta, Decimal)  # told apart from the text they look like


def memo_key(
    step: str, code: Digest, parameters: Mapping[str, Any], inputs: Mapping[str, tuple[str, Digest]]
) -> Digest:
    """Digest all that decides what a step returns.

    ``inputs`` maps a parameter to the view it is given in (a type's name) and the digest of
    its content.
    """
    plain = msgspec.to_builtins(dict(sorted(parameters.items())), builtin_types=_EXACT)
    exact = PlainCodec().encode(plain).decode()
    return digest_value(FORMAT, {"step": step, "code": code, "parameters": exact, "inputs": dict(inputs)})


def memo_stream(key: Digest) -> str:
    """Where the results of a key are remembered."""
    return f"memo/{key}"


def remembered(ledger: Ledger, key: Digest) -> Memoized | None:
    """What was computed for this key before, if anything was."""
    stream = memo_stream(key)
    found = ledger.latest([stream]).get(stream)
    return found.body if found is not None else None


def remember(
    ledger: Ledger, key: Digest, result: Memoized, *, by: str, lost: Memoized | None = None
) -> Memoized:
    """Record a result and return the one that counts: the first.

    ``lost`` is what counted until its artifact could not be found any more; the first result
    recorded after it counts in its place.
    """
    stream = memo_stream(key)
    known = ledger.read(stream) if lost is not None else []
    if known and known[-1].body != lost:
        replaced: Memoized = known[-1].body
        return replaced
    try:
        ledger.append(stream, len(known), result, by=by)
    except Conflict:
        first: Memoized = ledger.read(stream)[-1].body
        return first
    return result
