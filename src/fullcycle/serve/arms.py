"""Who is answered by which policy: the arms of the release's experiment, or its one service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import msgspec

from fullcycle.data import Row
from fullcycle.experiment import (
    HOLDOUT,
    Admission,
    Assignment,
    Bucket,
    ExperimentSpec,
    Holdout,
    Kept,
    Standing,
    StickyStore,
)
from fullcycle.kernel import FullcycleError
from fullcycle.release import LoadedRelease, Policy

Tell = Callable[[str], None]


class Exposure(msgspec.Struct, frozen=True):
    """The policy that answers a request; the rest is None where no experiment runs.

    Who is held out is logged under the holdout's name; who is forced, or has an arm of earlier
    weights, with the arm and without an experiment: none of them is an exposure of the experiment.
    """

    policy: Policy
    experiment: str | None = None
    unit: str | None = None
    arm: str | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Keeper:
    """Where an experiment keeps its arms, and who hears where it cannot."""

    store: StickyStore
    tell: Tell


@dataclass(frozen=True, slots=True)
class _Experiment:
    name: str
    unit: str  # the request's field that is randomised
    assignment: Assignment
    policies: Mapping[str, Policy]
    weights: Mapping[str, float]
    admission: Admission | None  # where more than the coverage decides
    holdout: Holdout | None
    bucket: Bucket
    keeper: Keeper | None

    @classmethod
    def of(cls, spec: ExperimentSpec, policies: Mapping[str, Policy], keeper: Keeper | None) -> "_Experiment":
        admission, kept = Admission.of(spec), keeper if spec.sticky is not None else None
        return cls(
            spec.name,
            spec.unit,
            admission.assignment,
            policies,
            spec.weights,
            None if admission.open and kept is None else admission,
            spec.holdout,
            Bucket.of(spec),
            kept,
        )


class Arms:
    """Hands out policies, by the unit's hash: the same unit always gets the same arm."""

    def __init__(self, service: Policy, experiment: _Experiment | None) -> None:
        self._service = Exposure(service)
        self._experiment = experiment

    @classmethod
    def of(cls, release: LoadedRelease, keeper: Keeper | None = None) -> "Arms":
        """The arms that a release went out with; without a ``keeper`` none is kept, all are hashed."""
        spec = release.manifest.experiment
        if spec is None:
            return cls(release.service, None)
        return cls(release.service, _Experiment.of(spec, release.arms, keeper))

    def assign(self, row: Row) -> Exposure:
        """The policy for a request; one that takes no part is answered by the service."""
        running = self._experiment
        if running is None:
            return self._service
        value = getattr(row, running.unit)
        if value is None:
            return self._service
        unit = str(value)
        if running.admission is not None or not unit:
            return self._admitted(running, unit, row)
        arm = running.assignment.arm(unit)
        if arm is None:
            return self._service
        return Exposure(running.policies[arm], running.name, unit, arm, running.weights[arm])

    def standing(self, row: Row) -> Standing:
        """Where a request's unit stands to the experiment; "no unit" where none runs, too."""
        running = self._experiment
        value = None if running is None else getattr(row, running.unit)
        if running is None or value is None:
            return "no unit"
        admission = running.admission
        if admission is None:
            return "coverage" if running.assignment.arm(str(value)) is None else "assigned"
        return admission.standing(str(value), partial(getattr, row), _kept(running, str(value)))[0]

    def _admitted(self, running: _Experiment, unit: str, row: Row) -> Exposure:
        """The policy for a request where more than the coverage decides."""
        if running.admission is None:
            return self._service
        try:
            kept = _kept(running, unit)
            standing, arm = running.admission.standing(unit, partial(getattr, row), kept)
            if standing == "assigned" and arm is not None:
                arm = _keep(running, unit, arm)
        except FullcycleError as error:
            # Which arm it has cannot be known: in none it spoils nothing.
            if running.keeper is not None:
                running.keeper.tell(
                    f"{running.name}: arms cannot be kept, so nobody takes part: {error.what}"
                )
            return self._service
        if arm is None:
            return self._service
        policy = running.policies[arm]
        if standing in ("forced", "earlier"):
            return Exposure(policy, None, unit, arm)
        if standing == "holdout" and running.holdout is not None:
            return Exposure(policy, running.holdout.name, unit, HOLDOUT, running.holdout.share)
        return Exposure(policy, running.name, unit, arm, running.weights[arm])


def _kept(running: _Experiment, unit: str) -> Kept | None:
    keeper = running.keeper
    if keeper is None:
        return None
    return Kept.of(running.bucket, keeper.store.find(running.unit, unit), running.assignment.arms)


def _keep(running: _Experiment, unit: str, arm: str) -> str:
    keeper = running.keeper
    if keeper is None:
        return arm
    kept = keeper.store.keep(running.unit, unit, running.bucket.key, arm)
    return kept if kept in running.policies else arm
