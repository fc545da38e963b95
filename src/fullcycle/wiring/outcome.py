"""What an experiment caused, filled from its readout: a part of the report page."""

import msgspec

from fullcycle.experiment import Readout
from fullcycle.kernel import instant
from fullcycle.report import ExperimentPart
from fullcycle.wiring.experiments import Reading
from fullcycle.wiring.project import Project


def experiment_part(project: Project, reading: Reading) -> ExperimentPart:
    """What an experiment says, as the report tells it; of one that is closed, what it was closed with."""
    told, closed, by, decision = reading.readout, reading.record.closed, "", ""
    if closed is not None:
        told = msgspec.convert(project.artifacts.load(closed.body.readout), Readout)
        by, decision = f"{day_told(closed.at)} by {closed.by}", closed.body.decision
    source = f"experiment {reading.spec.name}, {releases_told(reading)}, as of {day_told(told.as_of)}"
    return ExperimentPart(told, source, by, decision)


def is_share(reading: Reading | None, metric: str) -> bool:
    """Whether a metric of the experiment is a share of its units."""
    spec = reading.spec.metrics.get(metric) if reading is not None else None
    return spec is not None and spec.kind == "proportion"


def releases_told(reading: Reading) -> str:
    """The releases that decided."""
    return ", ".join(f"v{one}" for one in reading.releases) or "no release"


def day_told(micros: int) -> str:
    """The day of a moment, in UTC."""
    return f"{instant(micros):%Y-%m-%d}"
