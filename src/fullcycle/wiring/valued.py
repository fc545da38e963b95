"""Every verdict with what it is worth and has brought: the value ledger met with launches and logs."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from fullcycle.brief import Brief
from fullcycle.evaluate import Measured
from fullcycle.experiment import ExperimentSpec
from fullcycle.kernel import FullcycleError, Missing, Money, instant
from fullcycle.record import Fact
from fullcycle.release import Evidence
from fullcycle.value import (
    NOT_LAUNCHED,
    Cost,
    Launch,
    Measurement,
    Proxy,
    ProxyPoint,
    Realised,
    TrackRecord,
    ValueRow,
    costs_of,
    held_out_measurements,
    measurements,
    proxies,
    realised,
    record_of,
    told_together,
    value_row,
)
from fullcycle.value.table import small
from fullcycle.wiring.project import Project
from fullcycle.wiring.realising import Reached, launched, reached, shared_units
from fullcycle.wiring.released import judgement_of, released
from fullcycle.wiring.triggering import triggered_units
from fullcycle.wiring.valuing import cost, deciding

_PER_UNIT = ("mean", "proportion")


@dataclass(frozen=True, slots=True)
class Valued:
    """A verdict: what was measured when it was told, the row it makes now, and whom its launch reached."""

    measurement: Measurement
    row: ValueRow
    reached: Reached | None = None


@dataclass(frozen=True, slots=True)
class Values:
    """All verdicts, and why they must not be added up: a sentence for each reason."""

    verdicts: tuple[Valued, ...]
    together: tuple[str, ...]

    @property
    def rows(self) -> list[ValueRow]:
        """The rows alone."""
        return [one.row for one in self.verdicts]


def values(project: Project, capabilities: Sequence[str]) -> Values:
    """What each verdict of some capabilities is worth, by the record and the decision logs."""
    found = [one for name in capabilities for one in _of_capability(project, name)]
    every = [one.reached for one in found if one.reached is not None]
    launches = [(one.capability, one.launch) for one in every]
    return Values(tuple(found), tuple(told_together(launches, shared_units(every))))


def spec_of(project: Project, capability: str, row: Measurement) -> ExperimentSpec | None:
    """The specification of a measured experiment, by the release that it went out with."""
    number = row.release if row.release is not None else next(iter(row.releases), None)
    if number is None:
        return None
    _, manifest = released(project, capability, number)
    spec = manifest.experiment
    return spec if spec is not None and spec.name == row.experiment else None


def track_records(project: Project) -> list[TrackRecord]:
    """How good the estimates of each team of the project were."""
    past: dict[str, list[Measurement]] = {}
    for name in project.capabilities():
        for fact in measurements(project.ledger, name):
            if fact.body.counts:
                past.setdefault(owner_of(project, fact.body), []).append(fact.body)
    return [
        record_of(team, [(one.estimate, one.measured.value) for one in rows if one.measured is not None])
        for team, rows in sorted(past.items())
    ]


def owner_of(project: Project, row: Measurement) -> str:
    """The team that made the estimate: the owner in its brief."""
    return row.owner or Brief.from_bytes(project.objects.get(row.brief)).owner


def proxy_ledger(project: Project) -> list[Proxy]:
    """What the offline scores of all launches gained, beside what they caused."""
    return proxies(
        point
        for name in project.capabilities()
        for fact in measurements(project.ledger, name)
        for point in _points(project, name, fact.body)
    )


def _of_capability(project: Project, capability: str) -> list[Valued]:
    facts = measurements(project.ledger, capability)
    if not facts:
        return []
    many, seconds = deciding(project, capability)
    spent = cost(project, capability, decisions=many, deciding_s=seconds)
    each = costs_of([fact.body.cost.total for fact in facts], spent.total)
    found = []
    for n, (fact, own) in enumerate(zip(facts, each, strict=True)):
        before = facts[n - 1].body.experiment if n else ""
        last = n == len(facts) - 1
        row, whom = _valued(project, capability, fact, own.amount, _counted(spent, before, last=last))
        found.append(Valued(fact.body, row, whom))
    return found


def _counted(spent: Cost, before: str, *, last: bool) -> str:
    """What a cost is of, in words."""
    if before or not last:
        since = f"since the verdict on {before}" if before else "until its verdict"
        return f"all that the capability cost {since}"
    return "; ".join(f"{part.name} {small(part.amount)}" for part in spent.parts)


def _valued(
    project: Project, capability: str, fact: Fact, spent: float, counted: str
) -> tuple[ValueRow, Reached | None]:
    row: Measurement = fact.body
    standing, whom, units = _launch(project, capability, fact)
    again = held_out_measurements(project.ledger, capability, row.experiment)
    held_out: Measurement | None = again[-1].body if again else None
    told = value_row(
        capability,
        row,
        at=fact.at,
        by=fact.by,
        cost=Money(spent, row.worth.currency),
        cost_from=counted,
        held_out=held_out,
        realised=_realised(row, held_out, whom.launch, units)
        if whom is not None and units is not None
        else None,
        standing=standing,
    )
    return msgspec.structs.replace(told, owner=owner_of(project, row)), whom


def _launch(project: Project, capability: str, fact: Fact) -> tuple[str, Reached | None, int | None]:
    """Whether what was measured was launched, in a few words, whom that reached, and how many of them count.

    An effect on a mean or a proportion is one per unit: so many units bring so much. One on a
    ratio or a quantile is not; None is then how many count, as it is where nobody can tell.
    """
    row: Measurement = fact.body
    if row.arm is None:
        return NOT_LAUNCHED, None, None
    spec = spec_of(project, capability, row)
    if spec is None or not row.environment:
        return "not known: the record of then does not say where it ran", None, None
    launch = launched(project, spec, row.arm, row.environment, fact.at)
    if launch is None:
        return NOT_LAUNCHED, None, None
    whom, metric = reached(project, spec, row.environment, launch), spec.metrics.get(row.metric)
    if metric is not None and metric.kind not in _PER_UNIT:
        return f"{_told(launch)}: an effect on a {metric.kind} is none per unit", whom, None
    try:
        units = triggered_units(project, spec, row.environment, row.release or launch.release, whom)
    except FullcycleError as error:
        untold = f"how many were triggered since is not known, {error.what}"
        return f"{_told(launch)}: {untold}", whom, None
    against = "" if row.verdict == "ship" else f", though the verdict was {row.verdict}"
    return f"{_told(launch)}{against}", whom, units


def _told(launch: Launch) -> str:
    until = f" to {instant(launch.until):%Y-%m-%d}" if launch.until is not None else ""
    return f"v{launch.release} since {instant(launch.since):%Y-%m-%d}{until}"


def _realised(row: Measurement, held_out: Measurement | None, launch: Launch, units: int) -> Realised | None:
    if held_out is not None and held_out.counts and held_out.measured is not None:
        return realised(launch, units, row, held_out.measured, "holdout")
    if row.measured is None:
        return None
    return realised(launch, units, row, row.measured, "experiment")


def _points(project: Project, capability: str, row: Measurement) -> list[ProxyPoint]:
    """What the scores of a measured release gained; one point per score."""
    number = row.release if row.release is not None else next(iter(row.releases), None)
    if number is None or row.measured is None or not row.counts:
        return []
    try:
        made, _ = released(project, capability, number)
    except Missing:
        return []
    judgement = judgement_of(project, made)
    if judgement is None:
        return []
    sign = 1 if row.good == "up" else -1
    found: dict[tuple[str, bool], list[float]] = {}
    for score, gain, against in gains(judgement.evidence):
        found.setdefault((score, against), []).append(gain)
    return [
        ProxyPoint(
            capability=capability,
            experiment=row.experiment,
            release=number,
            score=score,
            metric=row.metric,
            gain=sum(each) / len(each),
            against="incumbent" if against else "baseline",
            effect=sign * row.measured.value,
            stderr=row.measured.stderr,
        )
        for (score, against), each in found.items()
    ]


def gains(evidence: Evidence) -> list[tuple[str, float, bool]]:
    """Score, gain (more is better) and whether the deployed model is what it was held against.

    A model that was asked about the same rows as the deployed one is held against that, else
    against its baseline.
    """
    compared = {} if evidence.incumbent is None else {one.step: one for one in evidence.incumbent.compared}
    found = []
    for scored in evidence.scores:
        beside = compared.get(scored.step)
        difference: Measured | None = scored.difference
        if beside is not None and beside.difference is not None:
            difference = beside.difference
        else:
            beside = None
        if difference is not None:
            turned = difference.value if scored.higher_is_better else -difference.value
            found.append((scored.score, turned, beside is not None))
    return found
