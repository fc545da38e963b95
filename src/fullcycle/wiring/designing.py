"""Experiments before they start: what they take, and what the past says their arms are worth."""

from dataclasses import replace

import msgspec
import polars as pl

from fullcycle.experiment import (
    Design,
    ExperimentDesigned,
    ExperimentSpec,
    Moments,
    Rule,
    planned,
    record_design,
    smallest_margin,
)
from fullcycle.flow import last_run
from fullcycle.kernel import Missing, NotEnoughData
from fullcycle.metric import Outcomes
from fullcycle.release import keep_manifest, load_release
from fullcycle.wiring.gathering import Making, begin, draft
from fullcycle.wiring.offpolicy import OffPolicyReport, control_moments, past_of, value_policies
from fullcycle.wiring.predictors import serving_codecs
from fullcycle.wiring.project import Project


class DesignReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an experiment takes, by both analyses, and what the past says of its arms."""

    run: int
    experiment: str
    designs: list[Design]
    margins: dict[str, tuple[float, float]]  # by guardrail: as declared, and the smallest that can be shown
    off_policy: OffPolicyReport | None
    left_out: str = ""  # why there is no off-policy estimate


def design(project: Project, capability: str, *, units_per_day: float | None = None) -> DesignReport:
    """Design the experiment that a capability declares, from its last run's past, and record it.

    Raises:
        Missing: where there is no finished run, or no experiment.
    """
    run = last_run(project.ledger, capability, status="done")
    if run is None:
        raise Missing(f"{capability} has no finished run", "the record", f"fullcycle run {capability}")
    making = begin(project, capability, run.number)
    spec = making.experiment
    if spec is None:
        raise Missing(
            f"{capability} declares no experiment",
            f"{capability}/experiment.py",
            "write trial = fc.Experiment(…)",
        )
    loaded = load_release(project.objects, keep_manifest(project.objects, draft(making)), serving_codecs())
    past = past_of(making, loaded)
    designs: list[Design] = []
    margins: dict[str, tuple[float, float]] = {}
    report: OffPolicyReport | None = None
    left_out = "the experiment names no past, or the model's split does not hold outcome and propensity"
    if past is not None:
        report = value_policies(past, {arm: loaded.arms[arm] for arm in spec.order}, spec.control)
        left_out = ""
        per_day = _past_days(past.frame, making)
        baseline = control_moments(past, loaded.arms[spec.control])
        designs = [
            planned(
                spec.primary,
                baseline,
                units_per_day=units_per_day or per_day,
                days=spec.days,
                weights=[spec.weights[spec.control], spec.weights[spec.treatments[0]]],
                rule=replace(Rule.of(spec), analysis=analysis),
            )
            for analysis in dict.fromkeys((spec.analysis, "fixed"))
        ]
        margins = _margins(making, spec, designs[0].units)
    body = ExperimentDesigned(
        run=run.number,
        design=project.artifacts.keep(msgspec.to_builtins(designs)),
        off_policy=project.artifacts.keep(msgspec.to_builtins(report)) if report is not None else None,
    )
    record_design(project.ledger, capability, spec.name, body, by=project.author)
    return DesignReport(
        run=run.number,
        experiment=spec.name,
        designs=designs,
        margins=margins,
        off_policy=report,
        left_out=left_out,
    )


def _margins(making: Making, spec: ExperimentSpec, units: int) -> dict[str, tuple[float, float]]:
    """Each guardrail's margin, and the smallest that so many units can show to hold, by the past."""
    past = next((node for node in making.flow.graph.nodes.values() if node.role == "outcomes"), None)
    if past is None:
        return {}
    found: dict[str, tuple[float, float]] = {}
    for name, margin in spec.guardrails.items():
        outcomes = Outcomes(making.flow.graph.metrics[name], past.declared.of)
        rewards = making.flow.outcomes(outcomes).frame()["outcome"].cast(pl.Float64).to_numpy()
        mean = float(rewards.mean()) if len(rewards) else 0.0
        baseline = Moments(len(rewards), mean, float(((rewards - mean) ** 2).sum()))
        smallest = smallest_margin(baseline, units, rule=Rule.of(spec))
        found[name] = (margin, smallest)
    return found


def _past_days(held_out: pl.DataFrame, making: Making) -> float:
    """Units per day of the past: all its rows over the days they span."""
    experiment_past = [n for n in making.flow.graph.nodes.values() if n.role == "outcomes"]
    frame = making.frame(experiment_past[0]) if experiment_past else held_out
    times = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime | pl.Date)]
    if not times:
        raise NotEnoughData("the past has no time", "the design", "say how many come: --units-per-day 1000")
    days = frame[times[0]].cast(pl.Date).n_unique()
    return frame.height / max(days, 1)
