"""Which arm units have, and why: asked of an experiment as it is written, released or deployed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from fullcycle.adapters.assigning import placed_table
from fullcycle.experiment import Admission, ExperimentSpec, Kept, Placed, StickyStore, reference
from fullcycle.kernel import Invalid, Missing, Reference
from fullcycle.release import read_signature
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.gathering import experiment_of, service_of
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import answering, released
from fullcycle.wiring.sticking import sticky_store

_READERS: dict[str, Callable[[Path], pl.DataFrame]] = {".parquet": pl.read_parquet, ".csv": pl.read_csv}


@dataclass(frozen=True, slots=True)
class Asked:
    """An experiment, and the environment that it was asked of, with what keeps arms there; None elsewhere."""

    spec: ExperimentSpec
    sticky: StickyStore | None = None
    environment: str | None = None

    def placed(self, units: Sequence[str], request: Mapping[str, Any] | None = None) -> list[Placed]:
        """Where each unit stands; without a request, as if it met the condition."""
        rule = Admission.of(self.spec)
        ask = None if request is None else request.get
        return [rule.placed(unit, ask, self._kept(unit)) for unit in units]

    def table(self, path: Path, column: str | None) -> pl.DataFrame:
        """A table of units with the standing and the arm of each.

        Raises:
            Invalid: where it is neither Parquet nor CSV.
            Missing: where there is no such file.
            UnknownName: where it lacks a column that is asked.
        """
        read = _READERS.get(path.suffix)
        if read is None:
            raise Invalid(f"{path.name} is no table", "--table", "give a .parquet or a .csv")
        if not path.exists():
            raise Missing(f"there is no {path.name}", f"--table {path}", "see that the path is right")
        return placed_table(self.spec, read(path), column or self.spec.unit)

    def _kept(self, unit: str) -> Kept | None:
        if self.sticky is None or self.spec.sticky is None:
            return None
        return Kept.found(self.spec, self.sticky, unit)


def asked_experiment(project: Project, asked: Reference) -> Asked:
    """The experiment of a capability's files, of a release, or of what is deployed somewhere.

    Raises:
        Missing: where there is none, or nothing is deployed there.
        Invalid: for a reference to a run.
    """
    capability = project.require_capability(asked.capability)
    if asked.run is not None:
        raise Invalid(f"{asked} is a run, which assigns nobody", "what was typed", f"name {capability}@prod")
    if asked.environment is not None:
        number: int | None = answering(project, capability, asked.environment).release
    else:
        number = asked.release
    spec = (
        _declared(project, capability)
        if number is None
        else released(project, capability, number)[1].experiment
    )
    if spec is None:
        raise Missing(
            f"{asked} holds no experiment", f"{capability}/experiment.py", "write trial = fc.Experiment(…)"
        )
    store = None if asked.environment is None else sticky_store(project, asked.environment)
    return Asked(spec, store, asked.environment)


def _declared(project: Project, capability: str) -> ExperimentSpec | None:
    """The experiment as the files declare it now."""
    flow = Flow.open(project, capability, next(iter(project.config.environments), "dev"))
    _ = flow.graph  # names sources and metrics, which the experiment refers to
    service = service_of(flow)
    return experiment_of(flow, read_signature(service, reference(service.function)))
