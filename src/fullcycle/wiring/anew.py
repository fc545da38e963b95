"""Steps of a release made anew: by its own code, on the rows that its sources give now."""

from collections.abc import Sequence

from fullcycle.code import Files
from fullcycle.flow import RunRecord, run_record
from fullcycle.release import Manifest
from fullcycle.wiring.flow import CACHE, Flow
from fullcycle.wiring.project import Project
from fullcycle.wiring.runs import Settled, Watcher, begin
from fullcycle.wiring.wishes import Wishes


def made_anew(
    project: Project, manifest: Manifest, environment: str, steps: Sequence[str], *, why: str, watch: Watcher
) -> RunRecord:
    """Run what some steps need, as the release has it and with the parameters that its run was given.

    Raises:
        FullcycleError: where a step fails, or a source's rows break their contract.
    """
    capability = manifest.capability
    archive = project.archived(manifest.archive)
    flow = Flow.open(project, capability, environment, archive)
    flow.loaded.files = Files(
        archive, project.root, kept=project.kept, cache=project.root / CACHE
    )  # what it declares beside the archive is read as it is now
    first = run_record(project.ledger, capability, manifest.run).started
    given = {name: value for name, value in first.parameters.items() if name not in first.from_environment}
    settled = Settled.of(project, capability, given, environment, Wishes(only=sorted(steps)), flow=flow)
    return begin(settled, why, watch)
