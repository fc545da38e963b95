"""The value ledger met with the record: a closed experiment becomes a row."""

import msgspec

from fullcycle.adapters.compaction import decisions, publish
from fullcycle.experiment import ExperimentClosed, Readout
from fullcycle.flow import run_record, runs
from fullcycle.kernel import Missing, now
from fullcycle.value import (
    Cost,
    Effect,
    Measurement,
    OffPolicy,
    Prices,
    cost_so_far,
    measure,
    measurements,
    record_measurement,
)
from fullcycle.wiring.experiments import Reading
from fullcycle.wiring.offpolicy import off_policy_of
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released
from fullcycle.wiring.runs import brief_of


def prices(project: Project) -> Prices:
    """What computing and keeping cost in this project."""
    told = project.config.project.prices
    return Prices(
        currency=project.config.project.currency,
        cpu_hour=told.get("cpu_hour", 0.0),
        gb_month=told.get("gb_month", 0.0),
        gb_hour=told.get("gb_hour", 0.0),
    )


def deciding(project: Project, capability: str) -> tuple[int, float]:
    """How many decisions were logged in all environments, and the seconds they took together."""
    many, micros = 0, 0
    for environment in project.config.environments:
        folder = project.events_folder(capability, environment)
        if folder.exists():
            publish(project.ledger, folder, capability, environment, by=project.author)
            logged = decisions(project.ledger, folder, capability, environment)
            many, micros = many + logged.height, micros + int(logged["micros"].sum())
    return many, micros / 1e6


def cost(project: Project, capability: str, *, decisions: int, deciding_s: float) -> Cost:
    """What a capability has cost so far."""
    return cost_so_far(
        runs(project.ledger, capability),
        decisions=decisions,
        deciding_s=deciding_s,
        until=now(),
        prices=prices(project),
    )


def append_measurement(project: Project, reading: Reading, closed: ExperimentClosed) -> bool:
    """Append what an experiment measured beside what its brief had estimated; whether that is new.

    It is told by the readout that the experiment was closed with. So whoever was cut off after
    closing it may append later what would have been appended then, and nobody appends it twice.
    """
    capability = reading.spec.capability
    known = len(measurements(project.ledger, capability))
    row = measured(project, reading, closed)
    return record_measurement(project.ledger, capability, row, by=project.author).position > known


def measured(project: Project, reading: Reading, closed: ExperimentClosed) -> Measurement:
    """The row of a closed experiment; estimates are those of the brief that was released.

    Raises:
        Missing: where the released run has no brief.
    """
    spec = reading.spec
    began = reading.record.started
    release = began.body.release if began is not None else reading.releases[-1]
    _, manifest = released(project, spec.capability, release)
    brief = brief_of(project, run_record(project.ledger, spec.capability, manifest.run))
    if brief is None:
        raise Missing(
            f"{spec.capability}@{manifest.run} has no brief", "the record", "write brief.md, and run again"
        )
    told = msgspec.convert(project.artifacts.load(closed.readout), Readout)
    primary = next((effect for effect in told.primary if closed.arm in (None, effect.arm)), told.primary[0])
    known = primary.difference is not None and primary.low is not None and primary.high is not None
    before = off_policy_of(project, reading.record)
    gain = before.differences.get(primary.arm) if before is not None else None
    return measure(
        brief,
        experiment=spec.name,
        releases=reading.releases,
        good=spec.metrics[spec.primary].good,
        off_policy=OffPolicy(
            effect=Effect(value=gain.difference, low=gain.low, high=gain.high),
            effective=gain.effective,
            rows=gain.n,
        )
        if gain is not None
        else None,
        measured=Effect(value=primary.difference or 0.0, low=primary.low or 0.0, high=primary.high or 0.0)
        if known
        else None,
        cost=cost(project, spec.capability, decisions=reading.decisions, deciding_s=reading.deciding_s),
        verdict=closed.decision,
        reason=closed.reason,
        readout=closed.readout.object,
    )
