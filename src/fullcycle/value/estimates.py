"""Estimates as they were revised: each says something else than the one before it, and why.

A run keeps its brief and its message; so the first run after brief.md has changed tells the new
estimate, and its message is the reason. ``fullcycle value --revise`` gives a reason in so many
words, and needs no run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec

from fullcycle.brief import Brief
from fullcycle.kernel import Digest, Refused
from fullcycle.record import Fact, Ledger, append_next, fact


@fact("value.estimated")
class Estimated(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody revised the estimate to what a brief (an object) says, and why."""

    brief: Digest
    reason: str


@dataclass(frozen=True, slots=True)
class Told:
    """A brief as it stood at a time (µs since 1970 UTC); ``run`` is None where no run told it."""

    at: int
    by: str
    reason: str
    brief: Brief
    run: int | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """An estimate, counted from 1, and since when and why it stands.

    ``explained`` is who gave its reason later than it was told first; it stands since the first time.
    """

    number: int
    told: Told
    explained: Told | None = None

    @property
    def reason(self) -> str:
        """Why it is what it is, in the words of who explained it last."""
        return (self.explained or self.told).reason

    @property
    def is_explained(self) -> bool:
        """Whether somebody gave a reason for it, which no run's message is."""
        return self.told.run is None or self.explained is not None

    @property
    def source(self) -> str:
        """Where it was told, and its reason where that came later."""
        told = "fullcycle value --revise" if self.told.run is None else f"run {self.told.run}"
        if self.explained is None:
            return told
        day = datetime.fromtimestamp(self.explained.at / 1e6, UTC).date()
        return f"{told}; explained {day} by {self.explained.by}"


def estimates_stream(capability: str) -> str:
    """The stream of the revisions that somebody gave a reason for."""
    return f"estimates/{capability}"


def revisions(told: Iterable[Told]) -> list[Revision]:
    """Each estimate that differs from the one before it, oldest first.

    A reason that somebody gave for the estimate that stands takes the place of a run's message, not of
    the day since which it stands: nobody may make an estimate younger than what was measured of it.
    """
    found: list[Revision] = []
    for one in sorted(told, key=lambda one: one.at):
        if found and same_estimate(found[-1].told.brief, one.brief):
            if one.run is None and not found[-1].is_explained:
                found[-1] = replace(found[-1], explained=one)
            continue
        found.append(Revision(len(found) + 1, one))
    return found


def same_estimate(one: Brief, other: Brief) -> bool:
    """Whether two briefs expect the same; the rest of them may differ."""
    return (one.metric, one.good, one.estimate) == (other.metric, other.good, other.estimate)


def revise(
    ledger: Ledger, capability: str, brief: Digest, now: Brief, reason: str, *, by: str, known: Sequence[Told]
) -> Fact:
    """Record why the estimate is what a brief says now.

    Args:
        ledger: the record.
        capability: whose estimate it is.
        brief: the object that holds the brief.
        now: the brief itself.
        reason: why, in the words of who revises it.
        by: who does.
        known: what was told before.

    Raises:
        Refused: where the estimate that stands says the same, and its reason was given.
    """
    past = revisions(known)
    if past and past[-1].is_explained and same_estimate(past[-1].told.brief, now):
        raise Refused(
            f"the estimate is as {(past[-1].explained or past[-1].told).by} told it: {past[-1].reason}",
            f"{capability}/brief.md",
            "change the estimate there first, then say why",
        )
    return append_next(ledger, estimates_stream(capability), Estimated(brief=brief, reason=reason), by=by)


def revised_by_hand(ledger: Ledger, capability: str) -> list[Fact]:
    """The revisions that somebody gave a reason for, oldest first."""
    return ledger.read(estimates_stream(capability))
