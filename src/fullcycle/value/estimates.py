"""Estimates as they were revised: each says something else than the one before it, and why.

A run keeps its brief and its message; so the first run after brief.md has changed tells the new
estimate, and its message is the reason. ``fullcycle value --revise`` gives a reason in so many
words, and needs no run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
    """An estimate, counted from 1, and since when and why it stands."""

    number: int
    told: Told

    @property
    def source(self) -> str:
        """Where it was told."""
        return "fullcycle value --revise" if self.told.run is None else f"run {self.told.run}"


def estimates_stream(capability: str) -> str:
    """The stream of the revisions that somebody gave a reason for."""
    return f"estimates/{capability}"


def revisions(told: Iterable[Told]) -> list[Revision]:
    """Each estimate that differs from the one before it, oldest first.

    A reason that somebody gave for the estimate that stands takes the place of a run's message.
    """
    found: list[Revision] = []
    for one in sorted(told, key=lambda one: one.at):
        if found and same_estimate(found[-1].told.brief, one.brief):
            if one.run is None and found[-1].told.run is not None:
                found[-1] = Revision(found[-1].number, one)
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
    if past and past[-1].told.run is None and same_estimate(past[-1].told.brief, now):
        raise Refused(
            f"the estimate is as {past[-1].told.by} told it: {past[-1].told.reason}",
            f"{capability}/brief.md",
            "change the estimate there first, then say why",
        )
    return append_next(ledger, estimates_stream(capability), Estimated(brief=brief, reason=reason), by=by)


def revised_by_hand(ledger: Ledger, capability: str) -> list[Fact]:
    """The revisions that somebody gave a reason for, oldest first."""
    return ledger.read(estimates_stream(capability))
