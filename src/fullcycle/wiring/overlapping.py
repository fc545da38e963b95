"""Experiments of different capabilities that share a layer, and units all the same.

Who names a layer promises that its experiment shares no unit with others of that layer. The promise is
broken by parts that overlap, and by experiments that hash different fields.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fullcycle.experiment import Check, ExperimentSpec, experiment_record
from fullcycle.kernel import Refused, instant, now
from fullcycle.release import history
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released

_STEPS = 1_000  # of a namespace


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which an experiment ran in an environment; ``until`` is None while it does."""

    spec: ExperimentSpec
    since: int  # µs since 1970 UTC
    until: int | None

    @property
    def called(self) -> str:
        """The experiment with its capability and its part of the layer."""
        return f"{self.spec.capability}'s {self.spec.name} ({_part(self.spec)})"


def running_beside(
    project: Project, spec: ExperimentSpec, environment: str, *, since: int, until: int | None = None
) -> list[Stretch]:
    """Experiments of the same layer that ran beside one at any time, other capabilities' alone.

    Args:
        project: whose record is read.
        spec: the experiment.
        environment: where it runs.
        since: from when, in µs since 1970 UTC.
        until: until when; None while it runs.
    """
    if spec.layer is None or not spec.coverage:
        return []
    found = {}
    for capability in _capabilities(project):
        if capability == spec.capability:
            continue
        for one in _stretches(project, capability, environment):
            over = one.until is not None and one.until <= since
            if not over and (until is None or one.since < until) and _same_layer(one.spec, spec):
                found[capability, one.spec.name, one.spec.layer] = one
    return list(found.values())


def meets(one: ExperimentSpec, other: ExperimentSpec) -> bool:
    """Whether two experiments of a layer hold parts of it that overlap."""
    if one.layer is None or other.layer is None or one.unit != other.unit:
        return False
    return max(one.layer.low, other.layer.low) < min(one.layer.high, other.layer.high)


def told_beside(spec: ExperimentSpec, others: list[Stretch]) -> list[str]:
    """What is to be known of the others of a layer before one begins; nothing where they keep apart."""
    told = []
    for one in others:
        if one.spec.unit != spec.unit:
            told.append(
                f"layer {_name(spec)} is by {spec.unit} here and by {one.spec.unit} in {one.called}: "
                "by different fields, its parts do not keep them apart"
            )
        elif meets(one.spec, spec):
            told.append(
                f"{_part(spec)} overlaps with {one.called}, which runs since "
                f"{instant(one.since):%Y-%m-%d}: units may be in both; {_free(spec, others)}"
            )
    return told


def require_apart(spec: ExperimentSpec, others: list[Stretch], environment: str) -> None:
    """Refuse to begin an experiment in a part of a layer that another one holds.

    Raises:
        Refused: naming the other, and what is free.
    """
    for one in others:
        if meets(one.spec, spec):
            raise Refused(
                f"{spec.name} asks for {_part(spec)}, and {one.called} runs there since "
                f"{instant(one.since):%Y-%m-%d}: units would be in both",
                f"the layer {_name(spec)} in {environment}",
                f"{_free(spec, others)}; or end the other first, or name no layer if they may share units",
            )


def check_apart(
    project: Project, spec: ExperimentSpec, environment: str, *, since: int, until: int | None
) -> list[Check]:
    """What a readout says of the layer; nothing where the experiment has none."""
    if spec.layer is None:
        return []
    others = running_beside(project, spec, environment, since=since, until=until)
    shared = [one for one in others if one.spec.unit != spec.unit or meets(one.spec, spec)]
    if not shared:
        return [Check(name="layer", standing="ok", said=f"no other experiment holds {_part(spec)}")]
    names = ", ".join(one.called for one in shared)
    why = "overlap" if any(meets(one.spec, spec) for one in shared) else "are by different fields"
    said = (
        f"{_part(spec)} did not keep its units for itself: {names} ran beside it, and their parts {why}; "
        "what the other does is mixed into this effect, as much in every arm"
    )
    return [Check(name="layer", standing="qualifies", said=said)]


def _capabilities(project: Project) -> list[str]:
    """All that were ever deployed; a folder may be gone by now."""
    streams = project.ledger.heads("deployments/")
    return sorted({stream.split("/")[1] for stream in streams})


def _stretches(project: Project, capability: str, environment: str) -> Iterator[Stretch]:
    """When which experiment ran, oldest first: while its release answered, until it was closed."""
    made = history(project.ledger, capability, environment)
    ends = [*(one.at for one in made[1:]), None][: len(made)]
    for one, end in zip(made, ends, strict=True):
        spec = released(project, capability, one.release)[1].experiment
        if spec is None or not spec.coverage:
            continue
        closed = experiment_record(project.ledger, capability, spec.name).closed
        if closed is not None:
            end = min(end if end is not None else closed.at, closed.at)
        if end is None or end > one.at:
            yield Stretch(spec, one.at, end)


def _same_layer(one: ExperimentSpec, other: ExperimentSpec) -> bool:
    return one.layer is not None and other.layer is not None and one.layer.namespace == other.layer.namespace


def _free(spec: ExperimentSpec, others: list[Stretch]) -> str:
    """Which parts of the layer nobody holds."""
    taken = [one.spec.layer for one in others if one.spec.layer is not None and one.spec.unit == spec.unit]
    free, start = [], 0.0
    for part in sorted(taken, key=lambda part: part.low):
        if round((part.low - start) * _STEPS) > 0:
            free.append(_percents(start, part.low))
        start = max(start, part.high)
    if round((1 - start) * _STEPS) > 0:
        free.append(_percents(start, 1.0))
    return (
        f'free is layer="{_name(spec)}:{" or ".join(free)}"' if free else f"nothing of {_name(spec)} is free"
    )


def _name(spec: ExperimentSpec) -> str:
    return spec.layer.namespace if spec.layer is not None else ""


def _part(spec: ExperimentSpec) -> str:
    part = spec.layer
    return "no layer" if part is None else f"layer {part.namespace}:{_percents(part.low, part.high)}"


def _percents(low: float, high: float) -> str:
    return f"{low * 100:g}-{high * 100:g}%"


def told_now(project: Project, spec: ExperimentSpec | None, environment: str) -> list[str]:
    """What is to be known of the layer that an experiment asks for, as things stand in an environment."""
    if spec is None or environment not in project.config.environments:
        return []
    return told_beside(spec, beside_now(project, spec, environment))


def beside_now(project: Project, spec: ExperimentSpec, environment: str) -> list[Stretch]:
    """Experiments of the same layer that run in an environment at this moment."""
    return [one for one in running_beside(project, spec, environment, since=now()) if one.until is None]
