"""What is recorded of an experiment: its design, its start, its phases, its end."""

import msgspec

from fullcycle.kernel import Digest
from fullcycle.record import Artifact, fact


@fact("experiment.designed")
class ExperimentDesigned(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes and, from the past of ``run``, what its policies are worth; both as JSON.

    ``units_per_day`` are those of all arms that count; None where they are not known.
    """

    run: int
    design: Artifact
    off_policy: Artifact | None = None
    units_per_day: float | None = None


@fact("experiment.started")
class ExperimentStarted(msgspec.Struct, frozen=True, kw_only=True):
    """It goes out with a release, whose manifest holds its specification: from here on it is frozen."""

    release: int
    environment: str
    spec: Digest
    planned_units: int | None = None


@fact("experiment.phase")
class ExperimentPhase(msgspec.Struct, frozen=True, kw_only=True):
    """From a deployment on, the arms are decided by this code; what was decided before is not pooled with it.

    ``number`` counts from 1; ``code`` holds for each arm the digest of all code that it reaches
    and of what runs it.
    """

    number: int
    release: int
    environment: str
    deployment: int  # its position in the environment's stream of deployments
    spec: Digest
    code: dict[str, Digest]


@fact("experiment.closed")
class ExperimentClosed(msgspec.Struct, frozen=True, kw_only=True):
    """What was concluded, and the readout (as JSON) that it rests on."""

    environment: str
    decision: str
    arm: str | None
    reason: str
    readout: Artifact
    phase: int | None = None  # that the readout is of; older facts do not say
