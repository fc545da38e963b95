"""What an experiment takes, by what its past says of one unit: designs, the chance by day, margins."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from fullcycle.experiment import (
    Baseline,
    Design,
    ExperimentSpec,
    Found,
    Past,
    Rate,
    Rule,
    chance_by_day,
    compared,
    minimum_effect,
    planned,
    smallest_margin,
    wanted,
)
from fullcycle.kernel import Invalid, Money, NotEnoughData
from fullcycle.wiring.design_report import Asked
from fullcycle.wiring.pricing import Price

_DAYS = (7, 14, 21, 28, 42, 56, 84)


@dataclass(slots=True)
class Planning:
    """What a design stands on; ``notes`` gathers what it cannot tell."""

    spec: ExperimentSpec
    asked: Asked
    baseline: Baseline
    per_day: float  # units that take part
    rate: Rate | None
    price: Price | None
    past: Past | None
    notes: list[str] = field(default_factory=list)

    @property
    def days(self) -> int:
        """Of exposure."""
        return self.asked.days or self.spec.days

    def designs(self) -> list[Design]:
        """By the experiment's own analysis, and by a fixed one beside it."""
        own = Rule.of(self.spec)
        rules = dict.fromkeys((own, replace(own, analysis="fixed")))
        sought = self._sought()
        designs = [self._design(rule) for rule in rules]
        aim = sought if sought is not None else designs[0].effect
        return [
            msgspec.structs.replace(one, sought=aim, found=self._found(rule, aim))
            for one, rule in zip(designs, rules, strict=True)
        ]

    def _design(self, rule: Rule) -> Design:
        baseline, per_day, rate, price = self.baseline, self.per_day, self.rate, self.price
        weights, days = compared(self.spec), self.days
        moments, plain = baseline.moments(), baseline.moments(adjusted=False)
        one = planned(
            self.spec.primary, moments, units_per_day=per_day, days=days, weights=weights, rule=rule
        )
        with_covariates = baseline.adjusted is not None
        sought = self._sought()
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

    def _found(self, rule: Rule, effect: float) -> list[Found]:
        if self.past is None:
            return []
        weights = compared(self.spec)
        try:
            return chance_by_day(
                self.past,
                rule,
                effect,
                days=self.days,
                units_per_day=self.per_day * sum(weights),
                weights=weights,
                splits=self.asked.splits,
            )
        except NotEnoughData as error:
            note = f"the chance by day is not simulated: {error.what}"
            if note not in self.notes:
                self.notes.append(note)
            return []

    def _sought(self) -> float | None:
        """The effect that is to be found: as asked, else the smallest worth having."""
        spec, rate = self.spec, self.rate
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

    def margins(self, baselines: Mapping[str, Baseline], units: int) -> dict[str, tuple[float, float]]:
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
