"""What decisions cost, before they are made: as others were timed, by the prices of ``fullcycle.toml``."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from time import process_time

from fullcycle.kernel import Money
from fullcycle.release import Policy, releases_stream
from fullcycle.value import cost_of_deciding
from fullcycle.wiring.branching import branches
from fullcycle.wiring.past import Past
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import judgement_of, released
from fullcycle.wiring.valuing import deciding, prices

_TIMED = 200  # rows


@dataclass(frozen=True, slots=True)
class Price:
    """What a unit's decisions take: ``per_unit`` of them, each of so many seconds of a core."""

    project: Project
    cpu_s: float
    memory_bytes: int
    per_unit: float = 1.0

    def of(self, units: int) -> Money:
        """What the decisions for so many units cost."""
        decisions, told = round(units * self.per_unit), prices(self.project)
        part = cost_of_deciding(decisions, cpu_s=self.cpu_s, memory_bytes=self.memory_bytes, prices=told)
        return part.amount


def price_of(
    project: Project, capability: str, *, per_unit: float = 1.0, timed_s: float | None = None
) -> Price | str:
    """The price of a unit; or why there is none.

    By decisions timed in the log, else before the last release, else by ``timed_s`` of a core each.
    """
    if not prices(project).cpu_hour:
        return "say prices.cpu_hour in fullcycle.toml"
    many, took = deciding(project, capability)
    if many:
        return Price(project, took / many, 0, per_unit)
    stream = releases_stream(capability)
    number = project.ledger.heads(stream).get(stream, 0)
    judged = judgement_of(project, released(project, capability, number)[0]) if number else None
    measured = judged.evidence.assessment if judged is not None else None
    if measured is not None and measured.cpu_s:
        return Price(project, measured.cpu_s, measured.memory_bytes, per_unit)
    if timed_s is not None:
        return Price(project, timed_s, 0, per_unit)
    return "no decision was timed yet, neither before a release nor in the log"


def timed(past: Past, policies: Mapping[str, Policy]) -> float:
    """Seconds of a core that one decision takes, by some past rows answered now, by each policy."""
    rows = [
        past.loaded.row(**one)
        for one in past.frame.select(past.loaded.row.__struct_fields__).head(_TIMED).to_dicts()
    ]
    began, made = process_time(), 0
    for policy in policies.values():
        for row in rows:
            made += len(list(branches(partial(policy.call, row))))
    return (process_time() - began) / max(made, 1)
