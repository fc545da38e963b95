"""The memo of a step: the first result ever computed for a key wins, whoever computed it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from fullcycle.flow.facts import Memoized
from fullcycle.kernel import Conflict, Digest, digest_value
from fullcycle.record import Ledger

FORMAT = "memo@1"


def memo_key(
    step: str, code: Digest, parameters: Mapping[str, Any], inputs: Mapping[str, tuple[str, Digest]]
) -> Digest:
    """Digest all that decides what a step returns.

    ``inputs`` maps a parameter to the view it is given in (a type's name) and the digest of
    its content.
    """
    plain = msgspec.to_builtins(dict(parameters))
    return digest_value(FORMAT, {"step": step, "code": code, "parameters": plain, "inputs": dict(inputs)})


def remembered(ledger: Ledger, key: Digest) -> Memoized | None:
    """What was computed for this key before, if anything was."""
    found = ledger.read(f"memo/{key}")
    return found[0].body if found else None


def remember(ledger: Ledger, key: Digest, result: Memoized, *, by: str) -> Memoized:
    """Record a result and return the one that counts: the first."""
    try:
        ledger.append(f"memo/{key}", 0, result, by=by)
    except Conflict:
        first: Memoized = ledger.read(f"memo/{key}")[0].body
        return first
    return result
