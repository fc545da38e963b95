"""What an experiment caused, filled from its readout: a part of the report page."""

from typing import Any

from fullcycle.experiment import Readout
from fullcycle.kernel import counted, instant
from fullcycle.report import ArmRow, Effect, ExperimentPart, Look, MetricRow
from fullcycle.wiring.experiments import Reading


def experiment_part(reading: Reading) -> ExperimentPart:
    """What an experiment says, as the report tells it."""
    told, spec = reading.readout, reading.spec
    source = f"experiment {spec.name}, {releases_told(reading)}, as of {day_told(told.as_of)}"
    primary = told.primary[0] if told.primary else None
    ratio = told.triggered_ratio or told.sample_ratio
    means = {}
    if primary is not None:
        means = {primary.control: primary.control_mean, primary.arm: primary.arm_mean}
    return ExperimentPart(
        name=spec.name,
        source=source,
        arms=tuple(ArmRow(arm.arm, arm.weight, arm.known, means.get(arm.arm)) for arm in told.arms),
        metrics=_metrics(told, spec, source),
        looks=tuple(Look(one.day, one.difference, one.low, one.high, one.units) for one in told.path),
        share=is_share(reading, spec.primary),
        interval=f"{told.analysis} {1 - told.alpha:.0%} interval",
        sample_ratio_p=ratio.p,
        sample_ratio_ok=ratio.ok and told.sample_ratio.ok,
        left_out=tuple(
            (words, many)
            for words, many in (
                ("decided, but not carried out", told.untriggered),
                ("seen in two arms", told.crossed),
                ("still inside the window", told.immature.get(spec.primary, 0)),
            )
            if many
        ),
        status=f"{told.first_day} to {told.last_day}, {counted(told.days, 'day')} planned",
        note=". ".join(f"{note[:1].upper()}{note[1:]}" for note in told.notes),
    )


def _metrics(told: Readout, spec: Any, source: str) -> tuple[MetricRow, ...]:
    rails = {rail.metric: rail for rail in told.guardrails}
    rows = []
    for found in told.effects:
        if found.difference is None or found.low is None or found.high is None:
            continue
        rail = rails.get(found.metric)
        relative = None
        if found.relative is not None and found.relative_low is not None and found.relative_high is not None:
            relative = Effect(found.relative_low, found.relative_high, source, found.relative)
        rows.append(
            MetricRow(
                name=found.metric,
                role=found.role,
                first=found.control_mean or 0.0,
                second=found.arm_mean or 0.0,
                difference=Effect(found.low, found.high, source, found.difference),
                relative=relative,
                share=spec.metrics[found.metric].kind == "proportion",
                margin=rail.margin if rail is not None else None,
                note=f"{rail.standing}" if rail is not None else "",
            )
        )
    return tuple(rows)


def is_share(reading: Reading | None, metric: str) -> bool:
    """Whether a metric of the experiment is a share of its units."""
    spec = reading.spec.metrics.get(metric) if reading is not None else None
    return spec is not None and spec.kind == "proportion"


def releases_told(reading: Reading) -> str:
    """The releases that decided."""
    return ", ".join(f"v{one}" for one in reading.releases) or "no release"


def day_told(micros: int) -> str:
    """The day of a moment, in UTC."""
    return f"{instant(micros):%Y-%m-%d}"
