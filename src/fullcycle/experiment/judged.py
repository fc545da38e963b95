"""How an experiment is judged, as a user declares it: checked, and told as plain data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, get_args

from fullcycle.data import Field, Row, fields
from fullcycle.experiment.spec import Analysis, Covariate, Spending
from fullcycle.kernel import Invalid, Money, UnknownName
from fullcycle.metric import Metric

_WHERE = "fc.Experiment"
_MOST_LOOKS = 30
_NUMBERS = (int, float, bool)
_TOLD_APART = (str, int, bool, date, datetime)


@dataclass(frozen=True, slots=True)
class Judged:
    """The options of an experiment that say how it is judged; each as it was declared, and right."""

    analysis: Any
    covariates: Sequence[str | Metric] = ()
    segments: Sequence[str] = ()
    looks: Sequence[float] = ()
    spending: Any = "obrien-fleming"
    matters: float | str | None = None
    power: float = 0.8

    def check(self) -> None:
        """Hold them against each other.

        Raises:
            Invalid: for one that cannot be meant.
        """
        _one_of(self.analysis, get_args(Analysis), "analysis")
        _one_of(self.spending, get_args(Spending), "spending")
        self._check_looks()
        if isinstance(self.matters, str):
            worth = Money.parse(self.matters, where=f"matters of {_WHERE}")
            _above_zero(worth.amount, self.matters)
        elif self.matters is not None:
            _above_zero(self.matters, self.matters)
        if not 0 < self.power < 1:
            raise Invalid(f"power={self.power!r}", _WHERE, "write a chance between 0 and 1, such as 0.8")
        for option in ("covariates", "segments"):
            if isinstance(getattr(self, option), str):
                raise Invalid(
                    f"{option}={getattr(self, option)!r} is a text", _WHERE, f"write a list: {option}=[…]"
                )

        told = list(self.covariates)
        if twice := [one for one in told if told.count(one) > 1]:
            name = (twice[0].name or "a metric") if isinstance(twice[0], Metric) else twice[0]
            raise Invalid(f"{name} is a covariate twice", _WHERE, "name each covariate once")

    def _check_looks(self) -> None:
        if self.analysis != "group-sequential":
            if self.looks:
                raise Invalid(
                    f"looks are planned, and the analysis is {self.analysis}",
                    _WHERE,
                    'say analysis="group-sequential", or leave looks out',
                )
            return
        planned = list(self.looks)
        rising = all(a < b for a, b in zip([0.0, *planned], planned, strict=False))
        if not planned or not rising or planned[-1] != 1:
            raise Invalid(
                f"looks={planned!r} do not rise to 1" if planned else "no looks are planned",
                _WHERE,
                "name the shares of the plan at which it is read, the last being 1: looks=[0.5, 0.75, 1]",
            )
        if len(planned) > _MOST_LOOKS:
            raise Invalid(
                f"{len(planned)} looks are planned",
                _WHERE,
                f'plan at most {_MOST_LOOKS}, or say analysis="always-valid" and look as often as you like',
            )

    def as_spec(self, *, unit: str, request: type[Row] | None) -> dict[str, Any]:
        """The fields of an ``ExperimentSpec`` that they fill.

        Args:
            unit: the field that is randomised.
            request: what the service takes; its fields are not checked without it.

        Raises:
            Invalid: where a field of the request cannot serve, or a metric has no name.
            UnknownName: for a field that the request has not.
        """
        known = None if request is None else {one.name: one for one in fields(request)}
        for name in self.segments:
            _check_field(name, known, _TOLD_APART, "segments", "a text, a whole number, a date or a bool")
        money = isinstance(self.matters, str)
        return {
            "analysis": self.analysis,
            "covariates": tuple(_covariate(one, known, unit) for one in self.covariates),
            "segments": tuple(dict.fromkeys(self.segments)),
            "looks": tuple(float(look) for look in self.looks),
            "spending": self.spending,
            "power": self.power,
            "matters": None if money else self.matters,
            "matters_worth": Money.parse(str(self.matters), where=_WHERE) if money else None,
        }


def _covariate(one: Any, known: dict[str, Field] | None, unit: str) -> Covariate:
    if isinstance(one, Metric):
        if one.kind not in ("mean", "proportion"):
            raise Invalid(
                f"the covariate {one.name} is a {one.kind}",
                _WHERE,
                "take a mean or a proportion before the exposure; a ratio's own parts are means",
            )
        if one.winsor is not None:
            raise Invalid(
                f"the covariate {one.name} is a {one.kind} cut at a quantile",
                _WHERE,
                "take a metric of the same rows without winsor=; cap= cuts at a value that is known before",
            )
        return Covariate(name=f"{one.name} before", before=one.spec(unit=unit))
    _check_field(one, known, _NUMBERS, "covariates", "a number")
    return Covariate(name=one)


def _check_field(
    name: Any, known: dict[str, Field] | None, types: tuple[type, ...], option: str, what: str
) -> None:
    if not isinstance(name, str):
        raise Invalid(f"{name!r} is among {option}", _WHERE, f"name {what} by a field of the request")
    if known is None:
        return
    if name not in known:
        raise UnknownName.among(name, known, where=f"the {option} of {_WHERE}")
    found = known[name].type
    if isinstance(found, type) and not issubclass(found, types):
        raise Invalid(
            f"{name} is {getattr(found, '__name__', found)}, and {option} take {what}",
            _WHERE,
            "name another field of the request",
        )


def _one_of(value: Any, known: Sequence[str], option: str) -> None:
    if value not in known:
        raise Invalid(
            f"{option}={value!r} is not known, or not yet",
            _WHERE,
            f"use {option}=" + " or ".join(repr(name) for name in known),
        )


def _above_zero(value: float, said: object) -> None:
    if not (value > 0 and math.isfinite(value)):
        raise Invalid(
            f"matters={said!r}",
            _WHERE,
            'write the smallest effect worth having, above zero: 0.005 of the metric, or "20000 USD" a year',
        )
