"""Units of the past met with the warehouse: what an experiment would have measured of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec
import polars as pl

from fullcycle.adapters.compaction import compact
from fullcycle.data import Decisions, fields
from fullcycle.experiment import (
    BUCKETS,
    ExperimentSpec,
    PastRows,
    Statistics,
    roots,
)
from fullcycle.experiment.condition_sql import condition_sql
from fullcycle.experiment.dialect import DUCKDB
from fullcycle.flow import Node
from fullcycle.kernel import Missing, Refused, now
from fullcycle.wiring.exposing import Gathered, gathered
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.gathering import Making
from fullcycle.wiring.logs import decisions_of

FEWEST_LOGGED = 1_000
"""Units of known value below which rows of the past are asked rather than the log."""


@dataclass(frozen=True, slots=True)
class History:
    """What is known of past units: by bucket and day, and in one bucket where a metric is a quantile.

    ``spec`` is the experiment with those covariates that the past knows, and with its condition where
    that was applied. ``decided`` counts the
    decisions of a log that the units are of; None of other rows.
    """

    spec: ExperimentSpec
    statistics: Statistics
    whole: Statistics
    origin: str
    decided: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def of_log(self) -> bool:
        """Whether it is of the capability's own decisions."""
        return self.decided is not None

    @property
    def per_unit(self) -> float:
        """How many decisions each unit that counts takes."""
        return self.decided / self.units if self.decided and self.units else 1.0

    @property
    def units(self) -> int:
        """Units that would have counted, whether their value is known by now or not."""
        return sum(count.units for count in self.statistics.counted)

    @property
    def known(self) -> int:
        """Those whose primary value is known."""
        late = (count.units for count in self.statistics.immature if count.metric == self.spec.primary)
        return self.units - sum(late)

    @property
    def late(self) -> int:
        """Rows of the primary metric that came too late to count."""
        return sum(count.units for count in self.statistics.late if count.metric == self.spec.primary)

    @property
    def days(self) -> list[str]:
        """The days on which units came, in order."""
        return sorted({count.day for count in self.statistics.counted})


def history_of(
    making: Making, spec: ExperimentSpec, *, environment: str, length: timedelta
) -> History | None:
    """The past that an experiment is designed on; None where there is none.

    Its capability's own decisions, of the last ``length`` in which they are known, where these
    are of at least :data:`FEWEST_LOGGED` units; else the rows that its outcomes are of.

    Raises:
        Invalid, Misconfigured: where a warehouse cannot be asked.
    """
    asked = _judged_by(spec)
    logged = _of_log(making, asked, environment, length)
    if logged is not None and logged.known >= FEWEST_LOGGED:
        return logged
    told = _of_rows(making, asked)
    if told is None:
        return logged if logged is not None and logged.known else None
    if logged is not None:
        few = f"the log of {environment} knows {logged.known:,} units, too few to design on"
        return History(told.spec, told.statistics, told.whole, told.origin, notes=(few, *told.notes))
    return told


def _judged_by(spec: ExperimentSpec) -> ExperimentSpec:
    """An experiment with those metrics alone that a design is made of."""
    names = dict.fromkeys((spec.primary, *spec.guardrails))
    return msgspec.structs.replace(spec, metrics={name: spec.metrics[name] for name in names}, secondary=())


def _of_log(making: Making, spec: ExperimentSpec, environment: str, length: timedelta) -> History | None:
    """The units of the capability's own decisions, each from its first in that time on."""
    project, capability = making.project, making.capability
    if environment not in project.config.environments:
        return None
    log = decisions_of(project, capability, environment)
    compact(log, by=project.author)
    if not log.files():
        return None
    at = now()
    waits = spec.metrics[spec.primary].known_after_s * 1_000_000
    since = int(at - waits - length.total_seconds() * 1_000_000)
    flow = Flow.open(project, capability, environment, making.flow.archive)
    try:
        where = gathered(flow, spec, by_request=True)
        told, notes = _with_condition(spec, _unasked(spec))
        statistics = _both(where, told, where.files, at, since)
    except Missing:  # nothing was published to the warehouse
        return None
    stamp = pl.col("at").dt.timestamp("us")
    within = log.columns.scan(log.files()).select(((stamp >= since) & (stamp <= at)).sum())
    days = f"{length.days} days" if length.days > 1 else str(length)
    return History(
        told,
        *statistics,
        origin=f"{capability}'s own decisions in {environment}, {days} until they are known",
        decided=int(within.collect().item()),
        notes=notes,
    )


def _with_condition(spec: ExperimentSpec, why: str) -> tuple[ExperimentSpec, tuple[str, ...]]:
    """An experiment with its condition; or without it, and why, where the past cannot be asked."""
    if spec.condition is None or not why:
        return spec, ()
    note = f"the condition is not applied to the past, so fewer may take part: {why}"
    return msgspec.structs.replace(spec, condition=None), (note,)


def _unasked(spec: ExperimentSpec) -> str:
    """Why no database can be asked a condition; empty where it can."""
    if spec.condition is None:
        return ""
    try:
        condition_sql(json.loads(spec.condition), "request", DUCKDB)
    except Refused as error:
        return error.what
    return ""


def _of_rows(making: Making, spec: ExperimentSpec) -> History | None:
    """The units of the rows that a flow has outcomes of, each from its first row on."""
    flow = making.flow
    node = _past_node(making, spec.unit)
    if node is None:
        return None
    of = node.declared.of
    there = {field.name for field in fields(of.contract)}
    covariates = [one for one in spec.covariates if one.before is not None or one.name in there]
    lacking = [one.name for one in spec.covariates if one not in covariates]
    asked = roots(json.loads(spec.condition)) if spec.condition is not None else ()
    unknown = [name for name in asked if name not in there]
    why = f"{of.name} does not hold {', '.join(unknown)}" if unknown else _unasked(spec)
    told, notes = _with_condition(spec, why)
    told = msgspec.structs.replace(told, covariates=tuple(covariates), triggered=None)
    known = [one.name for one in covariates if one.before is None]
    where = gathered(flow, told, publish=False, past=of)
    assert where.past is not None
    units = PastRows(
        rows=where.past,
        unit=spec.unit,
        time=next(field.name for field in fields(of.contract) if field.time),
        fields=tuple(dict.fromkeys([*known, *(asked if told.condition is not None else ())])),
    )
    statistics = _both(where, told, units, now(), 0)
    if lacking:
        notes = (f"{of.name} does not hold {', '.join(lacking)}: designed without it", *notes)
    return History(told, *statistics, origin=f"the rows of {of.name}", notes=notes)


def _past_node(making: Making, unit: str) -> Node | None:
    """The first outcomes whose rows say of which unit and when they are, and are no decisions of a log."""
    for node in making.flow.graph.nodes.values():
        if node.role != "outcomes" or isinstance(node.declared.of, Decisions):
            continue
        told = fields(node.declared.of.contract)
        if unit in {field.name for field in told} and any(field.time for field in told):
            return node
    return None


def _both(
    where: Gathered, spec: ExperimentSpec, units: PastRows | Sequence[Path], at: int, since: int
) -> tuple[Statistics, Statistics]:
    """By bucket, and all in one where quantiles are asked, which cannot be put together."""
    whole = any(metric.kind == "quantile" for metric in spec.metrics.values())
    asked = [
        where.store.past(
            spec,
            units,
            where.sources,
            as_of=at,
            since=since,
            buckets=buckets,
            received=where.received,
        )
        for buckets in ([BUCKETS, 1] if whole else [BUCKETS])
    ]
    return asked[0], asked[-1]
