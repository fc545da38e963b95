"""Experiments before they start: what they take, and what the past says their arms are worth."""

from dataclasses import dataclass, field, replace

import msgspec

from fullcycle.adapters.assigning import meeting
from fullcycle.experiment import (
    Admission,
    Baseline,
    ExperimentDesigned,
    ExperimentSpec,
    Past,
    Rule,
    baseline_of,
    compared,
    past_of,
    planned_units,
    record_design,
    rehearse,
    share_admitted,
)
from fullcycle.flow import last_run
from fullcycle.kernel import Invalid, Missing, NotEnoughData
from fullcycle.release import keep_manifest, load_release
from fullcycle.wiring import past as past_decisions
from fullcycle.wiring.design_report import HAND, Asked, DesignReport, PastUnits, by_hand, controlled
from fullcycle.wiring.gathering import Making, begin, draft
from fullcycle.wiring.offpolicy import OffPolicyReport, control_moments, value_policies
from fullcycle.wiring.overlapping import told_now
from fullcycle.wiring.past_units import History, history_of
from fullcycle.wiring.planning import Planning
from fullcycle.wiring.predictors import serving_codecs
from fullcycle.wiring.pricing import Price, price_of, timed
from fullcycle.wiring.project import Project
from fullcycle.wiring.runs import brief_of
from fullcycle.wiring.worth import rate_of, require_worth


def design(project: Project, capability: str, asked: Asked | None = None) -> DesignReport:
    """Design the experiment that a capability declares, on its past in the warehouse, and record it.

    Raises:
        Missing: where there is no finished run, or no experiment.
        NotEnoughData: where there is no past, and nobody says by hand what it was.
        Invalid: for options that cannot be meant together.
    """
    run = last_run(project.ledger, capability, status="done")
    if run is None:
        raise Missing(f"{capability} has no finished run", "the record", f"fullcycle run {capability}")
    making = begin(project, capability, run.number)
    if making.experiment is None:
        raise Missing(
            f"{capability} declares no experiment",
            f"{capability}/experiment.py",
            "write trial = fc.Experiment(…)",
        )
    require_worth(brief_of(project, making.run), making.experiment)
    spec, asked = making.experiment, asked or Asked()
    if not spec.coverage:
        raise Invalid(
            f"nobody takes part in {spec.name}: its coverage is 0, and its holdout goes on alone",
            f"{capability}/experiment.py",
            "write the next experiment, with a coverage, to design it",
        )
    notes = [*_edited(project, making), *told_now(project, spec, asked.environment)]
    found = _Designing(making, spec, asked, notes).report()
    body = ExperimentDesigned(
        run=run.number,
        design=project.artifacts.keep(msgspec.to_builtins(found.designs)),
        off_policy=project.artifacts.keep(msgspec.to_builtins(found.off_policy))
        if found.off_policy is not None
        else None,
        units_per_day=found.designs[0].units_per_day if found.units is not None else None,
    )
    record_design(project.ledger, capability, found.experiment, body, by=project.author)
    return found


def _edited(project: Project, making: Making) -> list[str]:
    """What to know first where the files say something else by now than the run that is read."""
    path = f"{making.capability}/experiment.py"
    file = project.root / path
    then = project.archived(making.run.started.archive).files.get(path)
    if file.exists() and file.read_bytes() == then:
        return []
    return [
        f"{path} has changed since {making.run.ref}, whose experiment this is: "
        f"to design the new one, fullcycle run {making.capability} first"
    ]


@dataclass(slots=True)
class _Designing:
    """A design while it is put together."""

    making: Making
    spec: ExperimentSpec
    asked: Asked
    notes: list[str] = field(default_factory=list)
    timed_s: float | None = None

    def report(self) -> DesignReport:
        making, spec, asked = self.making, self.spec, self.asked
        if asked.sd is not None and asked.baseline is None:
            raise Invalid("there is a spread by hand, and no baseline", "the design", HAND)
        history = None if asked.baseline is not None else self._history()
        baselines = self._baselines(history)
        off_policy, control = self._off_policy(use=history is not None and not history.of_log)
        baseline, whose = (
            baselines[spec.primary],
            history.origin if history is not None else "as said by hand",
        )
        if control is not None:
            baseline = controlled(control, baseline)
            whose = f"{spec.control}'s own decisions of the past"
        per_day, sure = self._units_per_day(history)
        brief = brief_of(making.project, making.run)
        rate = rate_of(brief, spec)
        past = self._past(history)
        planning = Planning(spec, asked, baseline, per_day, rate, self._price(history), past, self.notes)
        designs = planning.designs()
        weights = compared(spec)
        return DesignReport(
            run=making.run.number,
            experiment=spec.name,
            designs=designs,
            margins=planning.margins(baselines, designs[0].units),
            off_policy=off_policy,
            left_out="" if off_policy is not None else "; ".join(past_decisions.why_no_past(making)),
            baseline=baseline,
            baseline_of=whose,
            covariates=tuple(one.name for one in history.spec.covariates) if history is not None else (),
            past=PastUnits.of(history) if history is not None else None,
            units=planned_units(spec, per_day) if sure else None,
            known_after_s=spec.metrics[spec.primary].known_after_s,
            share=spec.metrics[spec.primary].kind == "proportion",
            rehearsed=[]
            if past is None
            else rehearse(past, Rule.of(spec), weights=weights, splits=asked.splits),
            splits=asked.splits if past is not None else 0,
            worth=rate.arithmetic if rate is not None else "",
            notes=self.notes,
        )

    def _history(self) -> History | None:
        spec, asked = self.spec, self.asked
        found = history_of(self.making, spec, environment=asked.environment, length=asked.history)
        if found is None or found.known < 2:
            raise NotEnoughData(
                f"{self.making.capability} has no past of {spec.primary}: neither decisions in "
                f"{asked.environment} nor fc.outcomes of rows with {spec.unit} and a time",
                "the design",
                HAND,
            )
        self.notes += found.notes
        return found

    def _baselines(self, history: History | None) -> dict[str, Baseline]:
        """Each metric that a design can be made for; the primary one is always among them."""
        spec, asked = self.spec, self.asked
        if history is None:
            return {spec.primary: by_hand(spec, asked)}
        found: dict[str, Baseline] = {}
        for name in dict.fromkeys((spec.primary, *spec.guardrails)):
            metric = spec.metrics[name]
            of = history.whole if metric.kind == "quantile" else history.statistics
            try:
                found[name] = baseline_of(metric, of)
            except NotEnoughData as error:
                if name == spec.primary:
                    raise
                self.notes.append(f"guardrail {name}: {error.what}")
        primary = found[spec.primary]
        if not primary.variance > 0:  # nor NaN
            late = f"; {history.late:,} rows came too late to count" if history.late else ""
            raise NotEnoughData(
                f"{spec.primary} is the same of all {primary.units:,} units of {history.origin}{late}",
                "the design",
                HAND,
            )
        return found

    def _off_policy(self, *, use: bool) -> tuple[OffPolicyReport | None, Baseline | None]:
        """What the arms would have been worth; and the control's own baseline, where rows tell it."""
        making, spec = self.making, self.spec
        objects = making.project.objects
        loaded = load_release(objects, keep_manifest(objects, draft(making)), serving_codecs())
        past = past_decisions.past_of(making, loaded)
        if past is None:
            return None, None
        rule = Admission.of(spec)
        if spec.condition is not None and set(rule.fields) <= set(past.frame.columns):
            past = replace(past, frame=past.frame.filter(meeting(rule, past.frame)))
        arms = {arm: loaded.arms[arm] for arm in spec.order}
        self.timed_s = timed(past, arms)
        report = value_policies(past, arms, spec.control)
        if not use or past.metric != spec.primary:
            return report, None
        try:
            own = control_moments(past, loaded.arms[spec.control])
        except NotEnoughData:  # what the control does was never done: all of the past stands for it
            return report, None
        if own.variance <= 0:
            return report, None
        told = Baseline(metric=spec.primary, units=own.units, mean=own.mean, variance=own.variance)
        return report, told

    def _units_per_day(self, history: History | None) -> tuple[float, bool]:
        """Units that take part per day, and whether they may be counted on."""
        spec, asked = self.spec, self.asked
        if asked.units_per_day is not None:
            return asked.units_per_day, True
        if history is None:
            raise Invalid("there is a baseline, and no traffic", "the design", HAND)
        per_day = history.units / max(len(history.days), 1) * share_admitted(spec)
        if spec.triggered is None or history.of_log:
            return per_day, True
        self.notes.append(
            f"only what {spec.triggered} carries out will count, and the past does not tell how much of it: "
            "plan with fewer by --units-per-day"
        )
        return per_day, False

    def _past(self, history: History | None) -> Past | None:
        spec = self.spec
        if history is None:
            without = "no covariates, " if spec.covariates else ""
            self.notes.append(f"by hand: {without}no A/A check, and no simulation")
            return None
        if spec.metrics[spec.primary].kind == "quantile":
            self.notes.append(
                "a quantile of many units does not follow from those of few: no A/A check, and no simulation"
            )
            return None
        try:
            return past_of(spec.metrics[spec.primary], history.statistics)
        except NotEnoughData as error:
            self.notes.append(f"{error.what}: no A/A check, and no simulation")
            return None

    def _price(self, history: History | None) -> Price | None:
        per_unit = history.per_unit if history is not None else 1.0
        project, capability = self.making.project, self.making.capability
        found = price_of(project, capability, per_unit=per_unit, timed_s=self.timed_s)
        if isinstance(found, str):
            self.notes.append(f"no cost is told: {found}")
            return None
        return found
