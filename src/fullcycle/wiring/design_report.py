"""A design as its command tells it: what was asked for, and what was found."""

from dataclasses import dataclass
from datetime import timedelta

import msgspec

from fullcycle.experiment import Baseline, Design, ExperimentSpec, Rehearsed
from fullcycle.kernel import Invalid, Money
from fullcycle.wiring.offpolicy import OffPolicyReport
from fullcycle.wiring.past_units import History

HAND = "say it by hand: --units-per-day 1000 --baseline 0.12, of a mean with --sd, too"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a design is asked for; where None, the experiment or its past says it.

    ``effect`` is the smallest to be found: of the metric, or what it is worth in a year.
    ``baseline`` and ``sd`` are of one unit, in place of any past. ``history`` is how far the log is
    gone back in ``environment``, ``splits`` how many experiments are made up on the past.
    """

    units_per_day: float | None = None
    days: int | None = None
    effect: float | Money | None = None
    baseline: float | None = None
    sd: float | None = None
    environment: str = "prod"
    history: timedelta = timedelta(days=28)
    splits: int = 1_000


class PastUnits(msgspec.Struct, frozen=True, kw_only=True):
    """The units of the past that a design stands on; ``known`` are those whose primary value is known."""

    origin: str
    units: int
    known: int
    days: int
    first_day: str
    last_day: str
    units_per_day: float

    @classmethod
    def of(cls, history: History) -> "PastUnits":
        """What a history comes to; it has a day at least."""
        days = history.days
        return cls(
            origin=history.origin,
            units=history.units,
            known=history.known,
            days=len(days),
            first_day=days[0],
            last_day=days[-1],
            units_per_day=history.units / len(days),
        )


class DesignReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an experiment takes, by its own analysis and a fixed one, and what the past says of its arms.

    ``baseline`` is of the primary metric; ``baseline_of`` says whose. ``units`` is the planned size
    of all arms together, which the deployment that starts it records; None where it is not known.
    ``rehearsed`` are A/A checks on the past. ``known_after_s`` is how long after its exposure a
    unit's value is known; ``share`` whether the metric is a share of units.
    """

    run: int
    experiment: str
    designs: list[Design]
    margins: dict[str, tuple[float, float]]  # by guardrail: as declared, and the smallest that can be shown
    off_policy: OffPolicyReport | None
    left_out: str = ""  # why there is no off-policy estimate
    baseline: Baseline | None = None
    baseline_of: str = ""
    covariates: tuple[str, ...] = ()
    past: PastUnits | None = None
    units: int | None = None
    known_after_s: float = 0.0
    share: bool = False
    rehearsed: list[Rehearsed] = []
    splits: int = 0
    worth: str = ""  # the arithmetic of money per year
    notes: list[str] = []


def by_hand(spec: ExperimentSpec, asked: Asked) -> Baseline:
    """A baseline that somebody says; of a proportion the spread follows from it.

    Raises:
        Invalid: where it does not, or it is no share.
    """
    mean, sd = asked.baseline or 0.0, asked.sd
    if spec.metrics[spec.primary].kind == "proportion":
        if not 0 < mean < 1:
            raise Invalid(
                f"--baseline {mean:g}", f"the proportion {spec.primary}", "write a share, such as 0.12"
            )
        sd = (mean * (1 - mean)) ** 0.5 if sd is None else sd
    if sd is None or sd <= 0:
        raise Invalid(
            f"how far {spec.primary} spreads from unit to unit is not said",
            "the design",
            f"--baseline {mean:g} --sd 12",
        )
    return Baseline(metric=spec.primary, units=10**9, mean=mean, variance=sd**2)


def controlled(control: Baseline, history: Baseline) -> Baseline:
    """The control's own baseline, and what covariates take away by all of the past."""
    if history.reduction is None:
        return control
    return msgspec.structs.replace(control, adjusted=control.variance * (1 - history.reduction))
