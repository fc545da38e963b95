"""Who is answered by which policy: the arms of the release's experiment, or its one service."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from fullcycle.data import Row
from fullcycle.experiment import Assignment
from fullcycle.release import LoadedRelease, Policy


class Exposure(msgspec.Struct, frozen=True):
    """The policy that answers a request; the rest is None where no experiment runs."""

    policy: Policy
    experiment: str | None = None
    unit: str | None = None
    arm: str | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class _Experiment:
    name: str
    unit: str  # the request's field that is randomised
    assignment: Assignment
    policies: Mapping[str, Policy]
    weights: Mapping[str, float]


class Arms:
    """Hands out policies, by the unit's hash: the same unit always gets the same arm."""

    def __init__(self, service: Policy, experiment: _Experiment | None) -> None:
        self._service = Exposure(service)
        self._experiment = experiment

    @classmethod
    def of(cls, release: LoadedRelease) -> "Arms":
        """The arms that a release went out with."""
        spec = release.manifest.experiment
        if spec is None:
            return cls(release.service, None)
        return cls(
            release.service, _Experiment(spec.name, spec.unit, spec.assignment(), release.arms, spec.weights)
        )

    def assign(self, row: Row) -> Exposure:
        """The policy for a request; one without a unit is answered by the service, outside the experiment."""
        running = self._experiment
        if running is None:
            return self._service
        value = getattr(row, running.unit)
        if value is None:
            return self._service
        unit = str(value)
        arm = running.assignment.arm(unit)
        return Exposure(running.policies[arm], running.name, unit, arm, running.weights[arm])
