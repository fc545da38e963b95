"""Refreshing: the lookups and bandits that a service asks, made anew and published, without a new release."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from fullcycle.bandit import LearntBandit
from fullcycle.flow import RunRecord, run_record
from fullcycle.kernel import Invalid, Missing
from fullcycle.record import Fact
from fullcycle.release import (
    Deployment,
    Live,
    PinnedLookup,
    history,
    live_lookups,
    publications,
)
from fullcycle.wiring.anew import made_anew
from fullcycle.wiring.meeting import Heard, Meeting, Patience
from fullcycle.wiring.project import Project
from fullcycle.wiring.publishing import indexed, publish
from fullcycle.wiring.released import answering, released
from fullcycle.wiring.runs import Watcher

_NOBODY = Watcher()


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh came to: by parameter, what is asked now, and what was asked before it."""

    run: str
    release: str
    before: Mapping[str, Live]
    now: Mapping[str, Live]
    heard: Heard = field(default_factory=Heard)  # of the hosts that serve it
    left_out: Mapping[str, int] = field(default_factory=dict)  # decisions that a bandit could not learn from

    @property
    def changed(self) -> list[str]:
        """The parameters whose lookup is another one now."""
        return [name for name, one in self.now.items() if one.lookup.index != self.before[name].lookup.index]


def live_now(project: Project, capability: str, environment: str, number: int) -> dict[str, Live]:
    """What a release asks in an environment, by parameter."""
    _, manifest = released(project, capability, number)
    return live_lookups(manifest, number, publications(project.ledger, capability, environment))


def refresh(
    project: Project,
    capability: str,
    environment: str,
    *,
    why: str = "",
    number: int | None = None,
    watch: Watcher = _NOBODY,
    patience: Patience | None = None,
) -> Refreshed:
    """Make anew the lookups and bandits that the deployed release asks, and have its hosts ask them.

    They are made by the release's own code, on the rows that its sources give now: only the
    steps that they need run. With ``number``, those that a run has made already are published.
    It returns when every host asks them, or was waited for.

    Raises:
        Missing: where nothing is deployed, or the run has not made one of them.
        Invalid: where the release asks none, or the run made one of another contract.
        FullcycleError: where a step fails, or a source's rows break their contract.
    """
    answers = answering(project, capability, environment)
    _, manifest = released(project, capability, answers.release)
    if not manifest.lookups:
        raise Invalid(
            f"{answers.ref} asks no lookup and no bandit",
            f"{capability}@{environment}",
            "what else it needs goes out with a release: fullcycle run, fullcycle release",
        )
    if number is None:
        steps = {one.step for one in manifest.lookups.values()}
        told = why or f"what {answers.ref} asks anew for {environment}"
        run = made_anew(project, manifest, environment, sorted(steps), why=told, watch=watch)
    else:
        run = _done(project, capability, number)
    made = {name: _made_by(project, run, answers, name, pinned) for name, pinned in manifest.lookups.items()}

    def asked(facts: list[Fact]) -> dict[str, Live]:
        return live_lookups(manifest, answers.release, facts)

    def new(facts: list[Fact]) -> dict[str, tuple[PinnedLookup, int]]:
        """What differs, but what a later run has published meanwhile; unless it is asked for."""
        now = asked(facts)
        older = {name for name in made if number is None and now[name].run > run.number}
        return {
            name: (one, run.number)
            for name, one in made.items()
            if name not in older and one.index != now[name].lookup.index
        }

    meeting = Meeting(project, capability, environment, patience)
    before = publish(project, capability, environment, new, why=why)
    after = publications(project.ledger, capability, environment)
    heard = meeting.taken_up(len(after)) if len(after) > len(before) and meeting.hosts else Heard()
    left_out = {name: _left_out(project, one) for name, one in made.items() if one.is_bandit}
    return Refreshed(run.ref, answers.ref, asked(before), asked(after), heard, left_out)


def _left_out(project: Project, pinned: PinnedLookup) -> int:
    bandit: LearntBandit[Any] = project.artifacts.load(pinned.artifact)
    return bandit.form.left_out


def move_live_back(
    project: Project, done: Deployment, patience: Patience | None = None
) -> tuple[list[str], Heard]:
    """After a rollback, publish what was asked when its release answered last, and wait for the hosts.

    Returns the parameters that change, and what the hosts came to.

    Raises:
        Missing: where the rows of one of them are gone.
    """
    capability, environment = done.capability, done.environment
    past = history(project.ledger, capability, environment)[: done.number - 1]
    ends = [after.at for one, after in pairwise(past) if one.release == done.release]
    _, manifest = released(project, capability, done.release)

    def back(facts: list[Fact]) -> dict[str, tuple[PinnedLookup, int]]:
        now = live_lookups(manifest, done.release, facts)
        then = live_lookups(manifest, done.release, [one for one in facts if not ends or one.at < ends[-1]])
        return {
            name: (_still_there(project, name, one.lookup), one.run)
            for name, one in then.items()
            if one.lookup.index != now[name].lookup.index
        }

    meeting = Meeting(project, capability, environment, patience)
    before = publish(project, capability, environment, back, why=f"rolled back to {done.ref}")
    changed = list(back(before))
    heard = meeting.taken_up(len(before) + len(changed)) if changed and meeting.hosts else Heard()
    return changed, heard


def _done(project: Project, capability: str, number: int) -> RunRecord:
    run = run_record(project.ledger, capability, number)
    if run.status != "done":
        raise Invalid(
            f"{run.ref} is {run.status}", "--from", f"name one that is done: fullcycle runs {capability}"
        )
    return run


def _made_by(
    project: Project, run: RunRecord, answers: Deployment, name: str, pinned: PinnedLookup
) -> PinnedLookup:
    """The lookup that a run made for a parameter, if the release can ask it."""
    step = run.steps.get(pinned.step)
    if step is None:
        raise Missing(
            f"{run.ref} has not made {pinned.step}, which {answers.ref} asks",
            "--from",
            f"name a run that has, or have it made anew: "
            f"fullcycle refresh {answers.capability}@{answers.environment}",
        )
    made = indexed(project.artifacts, pinned.step, step.artifact)
    if made.contract != pinned.contract:
        raise Invalid(
            f"the {'features' if made.is_bandit else 'rows'} of {run.ref}/{pinned.step} keep another "
            f"contract than {answers.ref} asks by",
            f"the parameter {name} of its service",
            "a changed contract goes out with a release: run the whole flow, and release that",
        )
    return made


def _still_there(project: Project, name: str, lookup: PinnedLookup) -> PinnedLookup:
    """A lookup that was asked once, its index written again where it was given up since."""
    there = project.artifacts.has(lookup.artifact) if lookup.is_bandit else project.objects.path(lookup.index)
    if there:
        return lookup
    if not project.artifacts.has(lookup.artifact):
        raise Missing(
            f"the {lookup.noun} {name} of then is gone: it was given up with its age",
            f"object {lookup.index[:12]}…",
            "roll back without --with-live, or make lookups anew: fullcycle refresh",
        )
    return indexed(project.artifacts, lookup.step, lookup.artifact)
