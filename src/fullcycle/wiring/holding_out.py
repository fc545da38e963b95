"""A launch measured again by the units that were held out of it: same metric, same query, no end.

Who is held out was drawn by lot before anybody knew of the launch; so whatever the others do
more, the launch causes. It is read as an experiment of two arms, the held out and the rest.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec
import polars as pl

from fullcycle.experiment import HOLDOUT, ExperimentSpec, Readout, Side, Sides, readout
from fullcycle.kernel import Missing, NotEnoughData, Refused, UnknownName, instant, now
from fullcycle.record import Fact
from fullcycle.release import Manifest
from fullcycle.value import Effect, Launch, Measurement, measurements, record_measurement
from fullcycle.wiring.exposing import gathered
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.project import Project
from fullcycle.wiring.realising import decisions_since, function_of, launched
from fullcycle.wiring.released import released
from fullcycle.wiring.reserved import ever_forced
from fullcycle.wiring.valued import spec_of

HELD, REST = "held out", "the rest"


@dataclass(frozen=True, slots=True)
class _Launched:
    """What is measured again: a verdict, what it was read by, and its launch."""

    row: Measurement
    spec: ExperimentSpec
    launch: Launch
    manifest: Manifest  # of the release that launched it


def measure_held_out(
    project: Project, capability: str, name: str | None = None, *, as_of: int | None = None
) -> Fact:
    """Measure what was launched by the units that are held out of it, and record that.

    It is measured as of a time (µs since 1970 UTC), now unless told otherwise.

    Raises:
        Missing: where nothing was launched.
        Refused: where nobody is held out of it.
        NotEnoughData: where too few units of both sides are known yet.
    """
    found = _launched(project, capability, name)
    asked = _as_experiment(found, ever_forced(project, capability, found.row.environment))
    where = f"the launch of {found.row.experiment}"
    told = _read(project, found, asked, now() if as_of is None else as_of)
    effect = told.primary[0]
    if effect.difference is None or effect.low is None or effect.high is None or not effect.reliable:
        raise NotEnoughData(
            f"{effect.control_units:,} units held out and {effect.arm_units:,} others are known",
            where,
            "wait until more of them are, their windows over",
        )
    caused = Effect(value=effect.difference, low=effect.low, high=effect.high, stderr=effect.stderr)
    row = _again(project, found, caused, told, effect.control_mean)
    return record_measurement(project.ledger, capability, row, by=project.author)


def _launched(project: Project, capability: str, name: str | None) -> _Launched:
    rows = measurements(project.ledger, capability)
    if name is not None and name not in (known := [fact.body.experiment for fact in rows]):
        raise UnknownName.among(name, known, where=f"the experiments of {capability} that were closed")
    wanted = [fact for fact in rows if name in (None, fact.body.experiment)]
    for fact in reversed(wanted):
        row: Measurement = fact.body
        spec = spec_of(project, capability, row)
        if spec is None or row.arm is None:
            continue
        launch = launched(project, spec, row.arm, row.environment, fact.at)
        if launch is not None:
            return _Launched(row, spec, launch, released(project, capability, launch.release)[1])
    raise Missing(
        f"nothing that an experiment of {capability} measured was launched",
        "the deployments",
        f"deploy it to all after the verdict: fullcycle deploy {capability}@v… --to prod",
    )


def _as_experiment(found: _Launched, forced: dict[str, str]) -> ExperimentSpec:
    """The held out against the rest, as an experiment on the same metric."""
    running, launch, metric = found.manifest.experiment, found.launch, found.row.metric
    if metric not in found.spec.metrics:
        raise Refused(
            f"{found.spec.name} did not measure {metric}, the metric of the brief",
            f"{found.spec.capability}/experiment.py",
            "judge the next experiment by it",
        )
    held = running.holdout if running is not None else None
    if running is None or held is None or running.arms[running.held] == launch.function:
        raise Refused(
            f"nobody is held out of what {found.spec.capability} launched",
            f"{found.spec.capability}@v{launch.release}",
            'keep some on the practice of before: fc.Experiment(…, holdout="5%"), with that as its control',
        )
    return msgspec.structs.replace(
        found.spec,
        name=f"{found.spec.name}, {HELD}",
        order=(HELD, REST),
        arms={HELD: running.arms[running.held], REST: launch.function},
        weights={HELD: held.share, REST: 1 - held.share},
        metrics={metric: found.spec.metrics[metric]},
        primary=metric,
        secondary=(),
        guardrails={},
        analysis="always-valid",
        covariates=(),
        segments=(),
        coverage=1.0,
        layer=None,
        holdout=None,
        condition=None,
        sticky=None,
        forced=forced,
        looks=(),
    )


def _sides(project: Project, found: _Launched, as_of: int) -> tuple[Sides, pl.LazyFrame]:
    """Who was held out since the launch, and who was answered by it, by what made each decision.

    And the decisions, to be counted.
    """
    spec, launch = found.spec, found.launch
    rows = decisions_since(project, spec.capability, found.row.environment, launch, spec.unit)
    if rows is None:
        raise Missing(
            "nothing was decided since", f"{spec.capability}@v{launch.release}", "wait for requests"
        )
    kinds = rows.select("release", "experiment", "arm").unique().collect()
    every = [Side(side, *kind) for kind in kinds.iter_rows() if (side := _side(project, found, *kind))]
    return Sides(every, since=launch.since, until=launch.until), rows.filter(pl.col("at") <= instant(as_of))


def answered_share(rows: pl.LazyFrame, every: Sequence[Side], forced: Collection[str] = ()) -> float:
    """Of the units that are not held out, the share that was answered by what was launched.

    It is counted: layers, conditions and next experiments all have a say in it.

    Args:
        rows: decisions, by ``unit``, ``release``, ``experiment`` and ``arm``.
        every: the sides.
        forced: units that are counted nowhere.
    """
    keys = ["release", "experiment", "arm"]
    rest = [(one.release, one.experiment, one.arm, True) for one in every if one.name == REST]
    known = {"release": pl.Int64, "experiment": pl.String, "arm": pl.String, "rest": pl.Boolean}
    counted = rows.filter(
        pl.col("unit").is_not_null()
        & ~pl.col("unit").is_in(list(forced))
        & ~pl.col("fallback").fill_null(False)
        & pl.col("arm").ne_missing(HOLDOUT)
        & (pl.col("arm").is_null() | pl.col("experiment").is_not_null())
    )
    sided = counted.cast({"release": pl.Int64}).join(
        pl.LazyFrame(rest, schema=known, orient="row"), on=keys, how="left", nulls_equal=True
    )
    units = sided.group_by("unit").agg(pl.col("rest").fill_null(False).any()).collect()
    return float(units["rest"].sum() / units.height) if units.height else 0.0


def _weights(held: float, answered: float) -> dict[str, float]:
    """The shares of the units that are read: ``held`` of all, and ``answered`` of the others."""
    rest = (1 - held) * (answered or 1.0)  # with nobody answered there is nothing to compare
    return {HELD: held / (held + rest), REST: rest / (held + rest)}


def _side(project: Project, found: _Launched, release: int, experiment: str | None, arm: str | None) -> str:
    """On which side a decision is; empty on neither, such as another arm's of a next experiment."""
    _, manifest = released(project, found.spec.capability, release)
    if arm == HOLDOUT:
        running = found.manifest.experiment
        alike = running is not None and function_of(manifest, experiment, arm) == running.arms[running.held]
        return HELD if alike else ""
    forced = arm is not None and experiment is None
    mine = function_of(manifest, experiment, arm) == found.launch.function
    return REST if mine and not forced else ""


def _read(project: Project, found: _Launched, asked: ExperimentSpec, as_of: int) -> Readout:
    sides, rows = _sides(project, found, as_of)
    answered = answered_share(rows, sides.every, asked.forced)
    asked = msgspec.structs.replace(asked, weights=_weights(asked.weights[HELD], answered))
    began = found.row.release or found.launch.release
    _, manifest = released(project, asked.capability, began)
    flow = Flow.open(project, asked.capability, found.row.environment, project.archived(manifest.archive))
    where = gathered(flow, asked, by_request=True)
    statistics = where.store.statistics(
        asked,
        where.files,
        where.sources,
        as_of=as_of,
        received=where.received,
        watermark=where.watermark,
        sides=sides,
    )
    return readout(asked, statistics)


def _again(
    project: Project, found: _Launched, caused: Effect, told: Readout, control_mean: float
) -> Measurement:
    """The verdict's row with what the holdout measured in the place of what the experiment did."""
    row = found.row
    sign = 1 if row.good == "up" else -1
    yearly = caused.interval.scaled(sign * row.reach.per_year * row.worth.amount)
    kept = project.artifacts.keep(msgspec.to_builtins(told))
    return msgspec.structs.replace(
        row,
        source="holdout",
        measured=caused,
        yearly=msgspec.structs.replace(row.yearly, measured=yearly),
        expected=None,
        releases=(found.launch.release,),
        control_mean=control_mean,
        distrusted="; ".join(check.said for check in told.checks if check.standing == "blocks"),
        readout=kept.object,
    )
