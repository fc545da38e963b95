"""Alerts in the record: raised when a check breaks, cleared when the same check is sound again."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from fullcycle.monitor.checks import Check, Finding
from fullcycle.record import Fact, Ledger, append_next, fact

Subject = tuple[str, str, str | None]  # check, node, field


@fact("alert.raised")
class AlertRaised(msgspec.Struct, frozen=True, kw_only=True):
    """A check found something broken."""

    finding: Finding


@fact("alert.cleared")
class AlertCleared(msgspec.Struct, frozen=True, kw_only=True):
    """What an alert was about is sound again; ``raised`` is the alert's position."""

    raised: int
    check: Check
    node: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What a check changed: alerts it raised, and those that it cleared."""

    raised: tuple[Fact, ...]
    cleared: tuple[Fact, ...]


def alerts_stream(capability: str) -> str:
    """The stream of a capability's alerts."""
    return f"alerts/{capability}"


def open_alerts(ledger: Ledger, capability: str) -> list[Fact]:
    """Alerts that were raised and not cleared, oldest first."""
    ringing: dict[int, Fact] = {}
    for each in ledger.read(alerts_stream(capability)):
        match each.body:
            case AlertRaised():
                ringing[each.position] = each
            case AlertCleared(raised=position):
                ringing.pop(position, None)
    return list(ringing.values())


def ring(
    ledger: Ledger, capability: str, findings: Sequence[Finding], *, by: str, at: int | None = None
) -> Changes:
    """Raise what broke and clear what is sound again; what rings already does not ring twice.

    An alert is cleared only by a finding about the same thing: what was not checked stays open.
    """
    stream = alerts_stream(capability)
    known = {_subject(each.body.finding): each for each in open_alerts(ledger, capability)}
    broken = {_subject(each): each for each in findings if each.broken}
    sound = _sound(findings, known)
    raised = [
        append_next(ledger, stream, AlertRaised(finding=each), by=by, at=at)
        for subject, each in broken.items()
        if subject not in known
    ]
    cleared = [
        append_next(ledger, stream, _cleared(each), by=by, at=at)
        for subject, each in known.items()
        if subject in sound and subject not in broken
    ]
    return Changes(tuple(raised), tuple(cleared))


def _sound(findings: Sequence[Finding], known: dict[Subject, Fact]) -> set[Subject]:
    """What is known to be sound: a check of a whole node, as of a contract, speaks for its fields."""
    said = {_subject(each) for each in findings if not each.broken}
    whole = {(each.check, each.node) for each in findings if each.field is None or each.check == "contract"}
    return said | {subject for subject in known if subject[:2] in whole}


def _subject(finding: Finding) -> Subject:
    return finding.check, finding.node, finding.field


def _cleared(alert: Fact) -> AlertCleared:
    about: Finding = alert.body.finding
    return AlertCleared(raised=alert.position, check=about.check, node=about.node, field=about.field)
