"""An experiment's life, folded from its facts: designed as often as you like, started once, closed once.

Between, it has phases: whenever the code of an arm changes, or what is compared and how, another
one begins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from fullcycle.experiment.facts import (
    ExperimentClosed,
    ExperimentDesigned,
    ExperimentPhase,
    ExperimentStarted,
)
from fullcycle.experiment.spec import ExperimentSpec, said
from fullcycle.kernel import Conflict, Digest, Missing, digest_value
from fullcycle.record import Entry, Fact, Ledger, append_next


@dataclass(frozen=True, slots=True)
class ExperimentRecord:
    """What is known of an experiment; each fact None until it happened, ``designed`` the last of them."""

    capability: str
    name: str
    designed: Fact | None = None
    started: Fact | None = None
    closed: Fact | None = None
    phases: tuple[Fact, ...] = ()  # oldest first
    position: int = 0  # of its last fact


def stream_of(capability: str, name: str) -> str:
    """The stream that an experiment's facts stand in."""
    return f"experiment/{capability}/{name}"


def spec_digest(spec: ExperimentSpec) -> Digest:
    """What tells one specification from another.

    What a later version can say and this one does not leaves the digest as it was, so that
    an experiment goes on over an upgrade. So do units that are forced into an arm: they are
    never counted.
    """
    return digest_value("experiment@1", said(msgspec.structs.replace(spec, forced={})))


def experiment_record(ledger: Ledger, capability: str, name: str) -> ExperimentRecord:
    """Read an experiment's life; empty where nothing is recorded."""
    facts = ledger.read(stream_of(capability, name))
    found: dict[type, Fact] = {type(fact.body): fact for fact in facts}
    return ExperimentRecord(
        capability,
        name,
        found.get(ExperimentDesigned),
        found.get(ExperimentStarted),
        found.get(ExperimentClosed),
        tuple(fact for fact in facts if isinstance(fact.body, ExperimentPhase)),
        len(facts),
    )


def experiments(ledger: Ledger, capability: str) -> list[ExperimentRecord]:
    """The experiments of a capability that anything is recorded of, by name."""
    prefix = stream_of(capability, "")
    return [
        experiment_record(ledger, capability, stream.removeprefix(prefix))
        for stream in sorted(ledger.heads(prefix))
    ]


def record_design(ledger: Ledger, capability: str, name: str, body: ExperimentDesigned, *, by: str) -> Fact:
    """Record a design; a later one stands beside it."""
    return append_next(ledger, stream_of(capability, name), body, by=by)


def going_out(
    record: ExperimentRecord,
    body: ExperimentStarted,
    code: Mapping[str, Digest],
    *,
    deployment: int,
    before: ExperimentPhase | None = None,
) -> list[Entry]:
    """What to record with a deployment that takes an experiment along: its start, and each new phase.

    A phase is new where the code of an arm, or the specification, is not that of the last phase.
    Nothing is to be recorded for other environments than the one in which it started.

    Args:
        record: what is known of it until then.
        body: its start, if it has not started.
        code: the digest of what each arm runs, by arm.
        deployment: the position that the deployment will have.
        before: the first phase, of one that started before phases were recorded.
    """
    begun: ExperimentStarted = record.started.body if record.started is not None else body
    if begun.environment != body.environment:
        return []
    phases: list[ExperimentPhase] = [fact.body for fact in record.phases]
    new: list[object] = [body] if record.started is None else []
    if not phases and before is not None and (before.code, before.spec) != (code, body.spec):
        phases.append(before)
        new.append(before)
    last = phases[-1] if phases else before
    if last is None or (last.code, last.spec) != (code, body.spec):
        phase = ExperimentPhase(
            number=len(phases) + 1,
            release=body.release,
            environment=body.environment,
            deployment=deployment,
            spec=body.spec,
            code=dict(code),
        )
        new.append(phase)
    stream = stream_of(record.capability, record.name)
    return [Entry(stream, record.position + n, each) for n, each in enumerate(new)]


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of an experiment in which its arms were decided by the same code.

    ``releases`` are those that were deployed in it, ``shared`` those of them that were in
    another phase, too: only there does the time of a decision tell its phase. ``since`` and
    ``until`` are µs since 1970 UTC, ``until`` None for the phase that goes on.
    """

    number: int
    since: int
    until: int | None
    releases: tuple[int, ...]
    shared: tuple[int, ...] = ()


def phases_of(record: ExperimentRecord, deployments: Sequence[tuple[int, int]]) -> list[Phase]:
    """The phases of an experiment, oldest first; one where none was recorded.

    Args:
        record: the experiment.
        deployments: the release and the time (µs since 1970 UTC) of each deployment where it
            runs, oldest first.
    """
    firsts = [fact.body.deployment for fact in record.phases] or [1]
    ends = [*(first - 1 for first in firsts[1:]), len(deployments)]
    releases = [
        dict.fromkeys(release for release, _ in deployments[first - 1 : end])
        for first, end in zip(firsts, ends, strict=True)
    ]
    times = [at for _, at in deployments]
    return [
        Phase(
            number=n + 1,
            since=times[first - 1],
            until=times[end] if n + 1 < len(firsts) else None,
            releases=tuple(releases[n]),
            shared=tuple(
                release
                for release in releases[n]
                if any(release in other for other in (*releases[:n], *releases[n + 1 :]))
            ),
        )
        for n, (first, end) in enumerate(zip(firsts, ends, strict=True))
    ]


def close(ledger: Ledger, capability: str, name: str, body: ExperimentClosed, *, by: str) -> Fact:
    """Record what was concluded.

    Raises:
        Missing: where it never started.
        Conflict: where it is closed already.
    """
    record = experiment_record(ledger, capability, name)
    where = f"the experiment {name} of {capability}"
    if record.started is None:
        raise Missing(
            "it has not started", where, f"deploy a release that holds it: fullcycle deploy {capability}"
        )
    if record.closed is not None:
        raise Conflict(
            f"it is closed already: {record.closed.body.decision}",
            where,
            "start a new one under another name",
        )
    head = ledger.heads(stream_of(capability, name))[stream_of(capability, name)]
    return ledger.append(stream_of(capability, name), head, body, by=by)
