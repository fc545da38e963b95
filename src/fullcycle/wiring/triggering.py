"""How many units of a launch count: those that were triggered, where the rate was measured of those.

An experiment that names a trigger measures an effect per triggered unit, say per mail that was
sent. Units that were answered, and to whom nothing happened, have brought nothing.
"""

import msgspec

from fullcycle.experiment import ExperimentSpec, Side, Sides
from fullcycle.kernel import now
from fullcycle.wiring.exposing import gathered
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.project import Project
from fullcycle.wiring.realising import Reached
from fullcycle.wiring.released import released

_LAUNCHED = "launched"


def triggered_units(
    project: Project, spec: ExperimentSpec, environment: str, release: int, whom: Reached
) -> int:
    """How many of the units that a launch reached count, by the trigger of what measured it.

    Args:
        project: whose record is read.
        spec: the experiment that measured the rate.
        environment: where it ran.
        release: the one whose flow knows the trigger's source.
        whom: the units that the launch has reached.

    Raises:
        FullcycleError: where the source cannot be asked.
    """
    if spec.triggered is None or whom.units.is_empty():
        return len(whom.units)
    _, manifest = released(project, spec.capability, release)
    flow = Flow.open(project, spec.capability, environment, project.archived(manifest.archive))
    asked = _counting(spec)
    where = gathered(flow, asked)
    found = where.store.statistics(
        asked,
        where.files,
        where.sources,
        as_of=now(),
        sides=Sides(
            [Side(_LAUNCHED, *kind) for kind in whom.kinds], whom.launch.since, until=whom.launch.until
        ),
    )
    return sum(count.units for count in found.counted)


def _counting(spec: ExperimentSpec) -> ExperimentSpec:
    """An experiment of one arm that measures nothing: what is left of it is the trigger."""
    return msgspec.structs.replace(
        spec,
        name=f"{spec.name}, {_LAUNCHED}",
        order=(_LAUNCHED,),
        metrics={},
        secondary=(),
        guardrails={},
        analysis="always-valid",
        covariates=(),
        segments=(),
        forced={},
    )
