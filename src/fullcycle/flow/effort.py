"""What a step of a run took: time, memory, bytes, money."""

from dataclasses import dataclass

from fullcycle.flow.facts import StepFinished
from fullcycle.flow.records import RunRecord
from fullcycle.kernel import Money


@dataclass(frozen=True, slots=True)
class Effort:
    """Seconds, bytes and money of one step; ``size`` is that of what it returned."""

    wall: float
    cpu: float
    peak_memory: int
    size: int
    reused: bool
    cost: Money | None = None


def efforts(run: RunRecord) -> dict[str, Effort]:
    """What each step took; its cost is its share of the run's, by CPU time."""
    return {name: _effort(run, step) for name, step in run.steps.items()}


def _effort(run: RunRecord, step: StepFinished) -> Effort:
    done, cost = run.finished, None
    if done is not None and done.cpu > 0:
        cost = Money(done.cost.amount * step.cpu / done.cpu, done.cost.currency)
    return Effort(step.wall, step.cpu, step.peak_memory, step.artifact.size, step.reused, cost)
