"""Arms that are kept and that nobody asks any more: of experiments that are closed, and answer nowhere."""

from dataclasses import dataclass

from fullcycle.experiment import experiment_record
from fullcycle.release import deployed
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released
from fullcycle.wiring.sticking import sticky_store


@dataclass(frozen=True, slots=True)
class OldArms:
    """The kept arms of one experiment in one environment; ``closed`` is in µs since 1970 UTC."""

    capability: str
    experiment: str
    environment: str
    units: int
    closed: int
    buckets: tuple[str, ...]


def old_arms(project: Project, before: int) -> list[OldArms]:
    """The kept arms of experiments that were closed before a time, and that no deployed release holds.

    Until another release is deployed, a service goes on to answer by the arms of a closed experiment,
    and units would change theirs.

    Raises:
        Misconfigured, Damaged: where the store of kept arms cannot be asked.
    """
    found = []
    for environment in project.config.environments:
        store = sticky_store(project, environment)
        try:
            kept: dict[tuple[str, str], dict[str, int]] = {}
            for bucket, units in store.buckets().items():
                capability, _, name = bucket.rpartition("__")[0].partition("/")
                kept.setdefault((capability, name), {})[bucket] = units
        finally:
            store.close()
        for (capability, name), buckets in kept.items():
            closed = experiment_record(project.ledger, capability, name).closed
            if closed is None or closed.at >= before or _answers(project, capability, name, environment):
                continue
            units = sum(buckets.values())
            found.append(OldArms(capability, name, environment, units, closed.at, tuple(buckets)))
    return found


def forget(project: Project, arms: OldArms) -> None:
    """Keep these arms no longer.

    Raises:
        Misconfigured, Damaged: where the store of kept arms cannot be written.
    """
    store = sticky_store(project, arms.environment)
    try:
        for bucket in arms.buckets:
            store.forget(bucket)
    finally:
        store.close()


def _answers(project: Project, capability: str, name: str, environment: str) -> bool:
    """Whether what is deployed in an environment still assigns by an experiment."""
    there = deployed(project.ledger, capability, environment)
    if there is None:
        return False
    spec = released(project, capability, there.release)[1].experiment
    return spec is not None and spec.name == name and spec.coverage > 0
