"""Pins: runs whose results are to be kept, whatever their age.

``pins/<capability>`` holds what was pinned and unpinned, newest last.
"""

import msgspec

from fullcycle.kernel import Invalid
from fullcycle.record import Ledger, append_next, fact


@fact("run.pinned")
class RunPinned(msgspec.Struct, frozen=True, kw_only=True):
    """The results of a run are to be kept."""

    run: int
    message: str


@fact("run.unpinned")
class RunUnpinned(msgspec.Struct, frozen=True, kw_only=True):
    """The results of a run may go as those of any other."""

    run: int


def pin(ledger: Ledger, capability: str, run: int, message: str, *, by: str) -> None:
    """Keep the results of a run."""
    append_next(ledger, _stream(capability), RunPinned(run=run, message=message), by=by)


def unpin(ledger: Ledger, capability: str, run: int, *, by: str) -> None:
    """Let the results of a run go as those of any other.

    Raises:
        Invalid: where it is not pinned.
    """
    known = pinned(ledger, capability)
    if run not in known:
        listed = ", ".join(f"{capability}@{number}" for number in known) or "none"
        raise Invalid(f"{capability}@{run} is not pinned", f"the pins of {capability}", f"pinned: {listed}")
    append_next(ledger, _stream(capability), RunUnpinned(run=run), by=by)


def pinned(ledger: Ledger, capability: str) -> dict[int, str]:
    """The runs that are pinned, and why."""
    found: dict[int, str] = {}
    for told in ledger.read(_stream(capability)):
        match told.body:
            case RunPinned(run=run, message=message):
                found[run] = message
            case RunUnpinned(run=run):
                found.pop(run, None)
    return found


def _stream(capability: str) -> str:
    return f"pins/{capability}"
