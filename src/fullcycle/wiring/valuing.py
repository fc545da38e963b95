"""The value ledger met with the record: a closed experiment becomes a row."""

import msgspec
import polars as pl

from fullcycle.adapters.compaction import compact
from fullcycle.brief import Brief
from fullcycle.experiment import Effect as Caused
from fullcycle.experiment import ExperimentClosed, ExperimentSpec, Readout
from fullcycle.flow import run_record, runs
from fullcycle.kernel import Interval, Missing, now
from fullcycle.value import (
    Cost,
    Effect,
    Found,
    Measurement,
    OffPolicy,
    Prices,
    cost_so_far,
    measure,
    record_measurement,
    value_stream,
)
from fullcycle.wiring.experiments import Reading
from fullcycle.wiring.logs import decisions_of
from fullcycle.wiring.offpolicy import off_policy_of
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released
from fullcycle.wiring.runs import brief_of

_UNNAMED = "outcome"  # of a metric that the flow gives no name


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
            log = decisions_of(project, capability, environment)
            compact(log, by=project.author)
            asked = log.columns.scan(log.files()).select(pl.len().alias("many"), pl.col("micros").sum())
            found = asked.collect()
            many, micros = many + found["many"][0], micros + found["micros"][0]
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
    stream = value_stream(capability)
    known = project.ledger.heads(stream).get(stream, 0)
    row = measured(project, reading, closed)
    return record_measurement(project.ledger, capability, row, by=project.author).position > known


def measured(project: Project, reading: Reading, closed: ExperimentClosed) -> Measurement:
    """The row of a closed experiment; estimates are those of the brief that was released.

    The effect is that on the brief's metric, also where the experiment was judged by another.

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
    arm = closed.arm or told.primary[0].arm
    caused = next((one for one in told.effects if (one.metric, one.arm) == (brief.metric, arm)), None)
    metric = spec.metrics.get(brief.metric)
    return measure(
        brief,
        experiment=spec.name,
        releases=reading.releases,
        good=metric.good if metric is not None else brief.good,
        off_policy=_off_policy(project, reading, brief, arm),
        found=Found(
            effect=_effect(caused) if caused is not None else None,
            expected=_expected(told, arm) if _same_worth(spec, brief) else None,
            arm=arm,
            environment=reading.environment,
            release=release,
            control_mean=caused.control_mean if caused is not None else None,
            distrusted="; ".join(check.said for check in told.checks if check.standing == "blocks"),
        ),
        cost=cost(project, spec.capability, decisions=reading.decisions, deciding_s=reading.deciding_s),
        verdict=closed.decision,
        reason=closed.reason,
        readout=closed.readout.object,
    )


def _effect(caused: Caused) -> Effect | None:
    if caused.difference is None or caused.low is None or caused.high is None:
        return None
    return Effect(value=caused.difference, low=caused.low, high=caused.high, stderr=caused.stderr)


def _same_worth(spec: ExperimentSpec, brief: Brief) -> bool:
    """Whether the experiment told the worth of the brief's metric, and in the brief's money."""
    worth = spec.metrics[spec.primary].worth
    return spec.primary == brief.metric and worth in (None, brief.estimate.worth)


def _expected(told: Readout, arm: str) -> Interval | None:
    """What is to be expected of an arm in a year, its having been picked for its looks taken off."""
    worth = next((one for one in told.worth if one.arm == arm), None)
    if worth is None or worth.expected_low is None or worth.expected_high is None:
        return None
    return Interval(worth.expected_low, worth.expected_high)


def _off_policy(project: Project, reading: Reading, brief: Brief, arm: str) -> OffPolicy | None:
    """What the past said of an arm before launch, where it spoke of the brief's metric."""
    before = off_policy_of(project, reading.record)
    if before is None or before.metric not in (brief.metric, _UNNAMED):
        return None
    if (gain := before.differences.get(arm)) is None:
        return None
    effect = Effect(value=gain.difference, low=gain.low, high=gain.high, stderr=gain.stderr)
    return OffPolicy(effect=effect, effective=gain.effective, rows=gain.n)
