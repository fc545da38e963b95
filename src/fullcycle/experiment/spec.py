"""An experiment as plain data, frozen with the release: arms are names, metrics are specifications.

Imported while serving: no NumPy, no SciPy.
"""

from typing import Any, Literal

import msgspec

from fullcycle.experiment.assign import Assignment, HashVersion
from fullcycle.kernel import Invalid, Money
from fullcycle.metric import MetricSpec

Analysis = Literal["always-valid", "fixed", "group-sequential"]
Spending = Literal["obrien-fleming", "pocock"]

HOLDOUT = "holdout"
"""What stands as the arm of a unit that is held out."""

_LEAST_ALPHA, _MOST_ALPHA = 1e-6, 0.4  # from a half on, an interval to one side would lie on the other


class Covariate(msgspec.Struct, frozen=True, kw_only=True):
    """A number that is known of a unit when it is first exposed, and so cannot be caused by an arm.

    A field of the request, or the value that ``before`` names: a metric over an equally long window
    that ends at the exposure.
    """

    name: str
    before: MetricSpec | None = None


class Layer(msgspec.Struct, frozen=True):
    """A part of a namespace: experiments that hold other parts of it share no unit."""

    namespace: str
    low: float
    high: float


class Holdout(msgspec.Struct, frozen=True):
    """Units that no experiment of the same holdout touches: they get the control, for as long as it lasts."""

    name: str
    share: float


class ExperimentSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Who gets which policy and how it is judged.

    ``order`` names the arms, the control first; ``arms`` maps each to its function, such as
    ``"winback.service:choose"``. (A mapping written as JSON may come back in another order,
    and the order decides who gets what: so it is kept apart.) Who is held out may have a function of
    their own, by the name ``"holdout"``, which is in no order; else they get the control.
    """

    name: str
    capability: str
    order: tuple[str, ...]
    arms: dict[str, str]
    weights: dict[str, float]  # sum to 1
    seed: str
    hash_version: HashVersion = 2
    unit: str  # the request's field that is randomised
    metrics: dict[str, MetricSpec]
    primary: str
    secondary: tuple[str, ...] = ()
    guardrails: dict[str, float] = {}  # metric: the largest relative change for the worse that is tolerated
    analysis: Analysis = "always-valid"
    alpha: float = 0.05
    starts: str | None = None  # ISO date
    days: int = 28
    matters: float | None = None  # smallest absolute effect on the primary metric worth having
    triggered: str | None = None  # source whose decision_id column says which exposures count
    covariates: tuple[Covariate, ...] = ()
    segments: tuple[str, ...] = ()  # fields of the request at the first exposure
    coverage: float = 1.0  # share of the units that take part; none where a holdout goes on alone
    layer: Layer | None = None
    holdout: Holdout | None = None
    condition: str | None = None  # JSON: a condition on the request's fields, in GrowthBook's language
    sticky: str | None = None  # the field of the request that keeps its arm though weights change
    forced: dict[str, str] = {}  # unit: arm, for trying it out; never counted
    looks: tuple[float, ...] = ()  # group-sequential: at which shares of the plan it is read
    spending: Spending = "obrien-fleming"
    power: float = 0.8
    matters_worth: Money | None = None  # smallest effect worth having, per year, where told in money

    def __post_init__(self) -> None:
        if not _LEAST_ALPHA <= self.alpha <= _MOST_ALPHA:
            raise Invalid(
                f"alpha={self.alpha!r} is no chance of a false alarm to work with",
                f"the experiment {self.name}",
                f"write a chance from {_LEAST_ALPHA:f} to {_MOST_ALPHA}, such as 0.05",
            )

    @property
    def control(self) -> str:
        """The arm that the others are compared with."""
        return self.order[0]

    @property
    def treatments(self) -> tuple[str, ...]:
        """The arms that are compared with the control."""
        return self.order[1:]

    @property
    def held(self) -> str:
        """The arm whose function answers who is held out."""
        return HOLDOUT if HOLDOUT in self.arms and HOLDOUT not in self.order else self.control

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources whose rows a readout needs, each once."""
        before = [one.before for one in self.covariates if one.before is not None]
        names = [name for metric in (*self.metrics.values(), *before) for name in metric.sources]
        return tuple(dict.fromkeys(names if self.triggered is None else [*names, self.triggered]))

    def assignment(self) -> Assignment:
        """The arms, ready to be handed out."""
        weights = [self.weights[arm] for arm in self.order]
        return Assignment.of(
            self.order, weights, seed=self.seed, hash_version=self.hash_version, coverage=self.coverage
        )


# What the first version wrote even where it held the default.
_FROM_THE_FIRST: dict[type[msgspec.Struct], frozenset[str]] = {
    ExperimentSpec: frozenset(
        {
            "alpha",
            "analysis",
            "days",
            "guardrails",
            "hash_version",
            "matters",
            "secondary",
            "starts",
            "triggered",
        }
    ),
    MetricSpec: frozenset({"after_s", "cap", "column", "good", "late_s", "where"}),
}


def said(spec: ExperimentSpec | MetricSpec) -> dict[str, Any]:
    """A specification without what came after the first version and holds its default.

    So it is written and digested as it was before it could say more.
    """
    always = _FROM_THE_FIRST[type(spec)]
    plain = {
        field.name: getattr(spec, field.name)
        for field in msgspec.structs.fields(spec)
        if field.required or field.name in always or not _at_default(spec, field)
    }
    if isinstance(spec, ExperimentSpec):
        plain["metrics"] = {name: said(metric) for name, metric in spec.metrics.items()}
    return plain


def _at_default(spec: msgspec.Struct, field: msgspec.structs.FieldInfo) -> bool:
    default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    return bool(getattr(spec, field.name) == default)
