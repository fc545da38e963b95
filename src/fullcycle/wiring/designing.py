"""Experiments before they start: what they take, and what the past says their arms are worth."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from fullcycle.experiment import (
    Baseline,
    Design,
    ExperimentDesigned,
    ExperimentSpec,
    Found,
    Past,
    Rate,
    Rule,
    baseline_of,
    chance_by_day,
    compared,
    minimum_effect,
    past_of,
    planned,
    planned_units,
    record_design,
    rehearse,
    share_admitted,
    smallest_margin,
    wanted,
)
from fullcycle.flow import last_run
from fullcycle.kernel import Invalid, Missing, Money, NotEnoughData
from fullcycle.release import keep_manifest, load_release
from fullcycle.wiring import past as past_decisions
from fullcycle.wiring.design_report import HAND, Asked, DesignReport, PastUnits, by_hand, controlled
from fullcycle.wiring.gathering import Making, begin, draft
from fullcycle.wiring.offpolicy import OffPolicyReport, control_moments, value_policies
from fullcycle.wiring.past_units import History, history_of
from fullcycle.wiring.predictors import serving_codecs
from fullcycle.wiring.pricing import Price, price_of, timed
from fullcycle.wiring.project import Project
from fullcycle.wiring.runs import brief_of
from fullcycle.wiring.worth import rate_of, require_worth

_DAYS = (7, 14, 21, 28, 42, 56, 84)


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
    found = _Designing(making, making.experiment, asked or Asked(), _edited(project, making)).report()
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
        days = asked.days or spec.days
        brief = brief_of(making.project, making.run)
        rate = rate_of(brief, spec)
        past = self._past(history)
        designs = self._designs(baseline, per_day, days, rate, past, self._price(history))
        weights = compared(spec)
        return DesignReport(
            run=making.run.number,
            experiment=spec.name,
            designs=designs,
            margins=self._margins(baselines, designs[0].units),
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
        if spec.condition is not None and not found.of_log:
            self.notes.append("the condition on the request is not applied to the past: fewer may take part")
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

    def _designs(
        self,
        baseline: Baseline,
        per_day: float,
        days: int,
        rate: Rate | None,
        past: Past | None,
        price: Price | None,
    ) -> list[Design]:
        """By the experiment's own analysis, and by a fixed one beside it."""
        own = Rule.of(self.spec)
        rules = dict.fromkeys((own, replace(own, analysis="fixed")))
        sought = self._sought(rate)
        designs = [self._design(rule, baseline, per_day, days, rate, price) for rule in rules]
        aim = sought if sought is not None else designs[0].effect
        return [
            msgspec.structs.replace(one, sought=aim, found=self._found(past, rule, aim, per_day, days))
            for one, rule in zip(designs, rules, strict=True)
        ]

    def _design(
        self,
        rule: Rule,
        baseline: Baseline,
        per_day: float,
        days: int,
        rate: Rate | None,
        price: Price | None,
    ) -> Design:
        weights = compared(self.spec)
        moments, plain = baseline.moments(), baseline.moments(adjusted=False)
        one = planned(
            self.spec.primary, moments, units_per_day=per_day, days=days, weights=weights, rule=rule
        )
        with_covariates = baseline.adjusted is not None
        sought = self._sought(rate)
        aim = None
        if sought is not None:
            aim = wanted(moments, sought, units_per_day=per_day, weights=weights, rule=rule)
            raw = wanted(plain, sought, units_per_day=per_day, weights=weights, rule=rule)
            aim = msgspec.structs.replace(
                aim,
                unadjusted=raw.units if with_covariates else None,
                per_year=_worth(aim.effect, rate),
                cost=price.of(aim.units) if price is not None else None,
            )
        other = sorted({*_DAYS, days})
        return msgspec.structs.replace(
            one,
            sd=baseline.variance**0.5,
            unadjusted=minimum_effect(plain, one.units, weights=weights, rule=rule)
            if with_covariates
            else None,
            per_year=_worth(one.effect, rate),
            cost=price.of(int(per_day * days)) if price is not None else None,
            wanted=aim,
            by_days=[
                (day, minimum_effect(moments, units, weights=weights, rule=rule))
                for day in other
                if (units := int(per_day * day * sum(weights))) >= 2
            ],
        )

    def _found(self, past: Past | None, rule: Rule, effect: float, per_day: float, days: int) -> list[Found]:
        if past is None:
            return []
        weights = compared(self.spec)
        try:
            return chance_by_day(
                past,
                rule,
                effect,
                days=days,
                units_per_day=per_day * sum(weights),
                weights=weights,
                splits=self.asked.splits,
            )
        except NotEnoughData as error:
            note = f"the chance by day is not simulated: {error.what}"
            if note not in self.notes:
                self.notes.append(note)
            return []

    def _sought(self, rate: Rate | None) -> float | None:
        """The effect that is to be found: as asked, else the smallest worth having."""
        spec = self.spec
        asked = self.asked.effect
        if asked is None:
            asked = spec.matters_worth if spec.matters is None else spec.matters
        if not isinstance(asked, Money):
            return asked
        if rate is None or rate.per_year <= 0 or rate.currency != asked.currency:
            raise Invalid(
                f"{asked} is no effect on {spec.primary}: nothing says what it is worth in {asked.currency}",
                "the design",
                f"let the brief be about {spec.primary}, give the metric worth=, or name the effect itself",
            )
        return asked.amount / rate.per_year

    def _margins(self, baselines: Mapping[str, Baseline], units: int) -> dict[str, tuple[float, float]]:
        """Each guardrail's margin, and the smallest that so many units of two arms can show to hold."""
        spec = self.spec
        found: dict[str, tuple[float, float]] = {}
        for name, margin in spec.guardrails.items():
            if name not in baselines:
                continue
            try:
                smallest = smallest_margin(
                    baselines[name].moments(), units, weights=compared(spec), rule=Rule.of(spec)
                )
            except NotEnoughData as error:
                self.notes.append(f"guardrail {name}: {error.what}")
                continue
            found[name] = (margin, smallest)
        return found


def _worth(effect: float, rate: Rate | None) -> Money | None:
    return Money(effect * rate.per_year, rate.currency) if rate is not None else None
