"""A run that ended without a word: somebody else has to tell of it, such as the next run."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fullcycle.flow import RunRecord, finished_of, last_run
from fullcycle.kernel import counted, later
from fullcycle.wiring.project import Project

if TYPE_CHECKING:
    from fullcycle.wiring import projections
else:  # only a run that follows a death needs them
    projections = later("fullcycle.wiring.projections")


@dataclass(frozen=True, slots=True)
class Unheard:
    """A run that died, and how many elements are kept of the step that it was at."""

    run: RunRecord
    elements: int = 0

    @property
    def kept(self) -> str:
        """What of it the next run has: ``2 of 5 steps, 37 elements of visit``; empty where nobody knows."""
        if not self.run.started.steps:
            return ""
        steps = finished_of(self.run.started.steps, self.run.steps)
        elements = f"{counted(self.elements, 'element')} of {self.run.at_step}"
        return f"{steps}, {elements}" if self.elements else steps


def last_unheard(project: Project, capability: str) -> Unheard | None:
    """The last run of a capability, if it died."""
    run = last_run(project.ledger, capability)
    if run is None or run.status != "died":
        return None
    return Unheard(run, _elements(project, run))


def _elements(project: Project, run: RunRecord) -> int:
    """How many elements of the step that it was at are remembered since it began."""
    if not run.at_step:
        return 0
    with projections.followed(project, (projections.MEMO,)) as tables:
        return sum(
            row["at"] >= run.at and row["step"].startswith(f"{run.at_step}[")
            for row in tables.rows(projections.MEMO)
        )
