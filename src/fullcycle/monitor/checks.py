"""Checks that follow from what is declared: contracts, freshness, and what inputs looked like."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from fullcycle.brief import number
from fullcycle.data import Report
from fullcycle.kernel import FullcycleError, counted, instant
from fullcycle.monitor.drift import ALPHA, NOTABLE, Stability, drifts
from fullcycle.monitor.location import Location, locate
from fullcycle.monitor.tally import Tally
from fullcycle.record import Span, Unlogged

Check = Literal["contract", "freshness", "drift", "log"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one check found at one node of the lineage, such as ``source mailings``.

    ``broken`` is its answer, ``says`` one sentence with the numbers. ``field`` is None where the
    whole node was looked at. ``stability`` and ``location`` are the evidence of a drift.
    """

    check: Check
    node: str
    field: str | None = None
    broken: bool
    says: str
    stability: Stability | None = None
    location: Location | None = None


def check_contract(node: str, report: Report) -> list[Finding]:
    """What the contract says of a table's rows: one finding per broken rule, or one that all is well.

    Args:
        node: the node, such as ``source mailings``.
        report: what ``fullcycle.data.check`` found there.
    """
    if report.good:
        says = f"{report.checked:,} of {report.total:,} rows checked, and all keep the contract"
        return [Finding(check="contract", node=node, broken=False, says=says)]
    return [
        Finding(
            check="contract",
            node=node,
            field=problem.field,
            broken=True,
            says=f"{problem.field}: {problem.rule} ({problem.rows:,} rows)",
        )
        for problem in report.problems
    ]


def check_asked(node: str, error: FullcycleError, *, line: str) -> Finding:
    """That a source cannot be asked any more, such as where a column of its table was renamed.

    Args:
        node: the node, such as ``source mailings``.
        error: what the warehouse said.
        line: where the source is declared, as path:line.
    """
    says = (
        f"its query cannot be asked any more: {error.what}; {error.mend}. Mend the query in {line}, run and "
        "release it; or bring back what it asks for"
    )
    return Finding(check="contract", node=node, broken=True, says=says)


def check_freshness(node: str, *, newest: int | None, now: int, within_s: float | None) -> list[Finding]:
    """Whether the newest row is as young as was declared; nothing where nothing was declared.

    Args:
        node: the node, such as ``source visits``.
        newest: the newest value of its ``fc.time`` field, µs since 1970 UTC; None for no rows.
        now: µs since 1970 UTC.
        within_s: ``fresh_within`` of the source, in seconds.
    """
    if within_s is None:
        return []
    allowed = f"fresh_within is {_age(within_s)}"
    if newest is None:
        return [Finding(check="freshness", node=node, broken=True, says=f"it has no rows; {allowed}")]
    age = (now - newest) / 1e6
    says = f"the newest row is of {instant(newest):%Y-%m-%d %H:%M} UTC, {_age(age)} old; {allowed}"
    return [Finding(check="freshness", node=node, broken=age > within_s, says=says)]


def check_log(
    node: str, *, decisions: int, unlogged: Sequence[Unlogged], damaged: Mapping[str, Sequence[Span]]
) -> list[Finding]:
    """Whether the log holds every answer, and all of it can be read; nothing before the first decision.

    Args:
        node: the node, such as ``decisions winback@prod``.
        decisions: how many are in the log.
        unlogged: notes of answers that are not.
        damaged: the bytes that cannot be read, by segment.
    """
    found = [_lacking(node, note) for note in unlogged]
    for segment, spans in damaged.items():
        lost = sum(span.end - span.start for span in spans)
        says = (
            f"{lost:,} bytes of the segment {segment} cannot be read, and what can was kept; "
            "see to that file, then move it away"
        )
        found.append(Finding(check="log", node=node, broken=True, says=says))
    if not found and decisions:
        says = f"{counted(decisions, 'decision')} logged, and no answer without one"
        found.append(Finding(check="log", node=node, broken=False, says=says))
    return found


def _lacking(node: str, note: Unlogged) -> Finding:
    since, until = (f"{instant(at):%Y-%m-%d %H:%M:%S}" for at in (note.since, note.until))
    answers = counted(note.unlogged, "answer is", "answers are")
    says = f"{answers} not in the log, from {since} to {until} UTC: {note.why}"
    return Finding(check="log", node=node, broken=True, says=says)


def check_drift(
    node: str, reference: Tally, current: Tally, *, alpha: float = ALPHA, notable: float = NOTABLE
) -> list[Finding]:
    """Whether fields look as they did when the release was made, each located where it did not.

    Args:
        node: the node, such as ``source mailings`` or ``decisions winback@prod``.
        reference: tally of the rows the release was made with.
        current: tally of today's rows, in the same bins.
        alpha: how often unchanged rows may ring, over all fields together.
        notable: smallest PSI that rings.
    """
    found = []
    for drift in drifts(reference, current, alpha=alpha, notable=notable):
        at = locate(drift.field, reference, current) if drift.drifted else None
        evidence = drift.stability
        says = f"{at.says}; {_figure(evidence)}" if at else f"{drift.field}: {_figure(evidence)}"
        found.append(
            Finding(
                check="drift",
                node=node,
                field=drift.field,
                broken=drift.drifted,
                says=says,
                stability=evidence,
                location=at,
            )
        )
    return found


def _figure(evidence: Stability) -> str:
    if evidence.bins < 2:
        rows = f"{evidence.reference_rows:,} rows then, {evidence.current_rows:,} now"
        return f"one value, or too few rows to compare ({rows})"
    return f"PSI {number(evidence.psi)} where chance gives about {number(evidence.expected)}"


def _age(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{number(round(seconds / size, 1))} {unit}"
    return f"{number(seconds)} seconds"
