"""Grids of runs: every combination tried, one after the other in this process, on the same rows.

A grid is a fact of its own, and each trial a run that names it. So whoever types the same
command again, after it was interrupted, goes on with the trials that are missing: with the
same files, libraries, parameters and message, and with the rows that its first trial read.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from fullcycle.code import lock
from fullcycle.evaluate import score_named
from fullcycle.flow import (
    GridStarted,
    RunRecord,
    StepFinished,
    chosen_by,
    combinations,
    decisive,
    ranked,
    run_record,
    sources_of,
)
from fullcycle.kernel import Digest, FullcycleError, Missing, Refused, counted
from fullcycle.record import Fact, append_next
from fullcycle.wiring.project import Project
from fullcycle.wiring.runs import Settled, Watcher, begin
from fullcycle.wiring.wishes import Wishes

MANY = 1000  # trials that nobody starts by mistake

_PLAIN = Wishes()


@dataclass(frozen=True, slots=True)
class Trial:
    """One combination, as given, and its run, once there is one."""

    values: Mapping[str, Any]
    run: RunRecord | None = None

    @property
    def done(self) -> bool:
        """Whether it needs not be run."""
        return self.run is not None and self.run.status == "done"


@dataclass(frozen=True, slots=True)
class GridWatcher:
    """Who hears of a grid on its way: before each trial, and after it, with its error where it failed."""

    begins: Callable[[int, Trial], None] = lambda number, trial: None
    ends: Callable[[int, Trial, FullcycleError | None], None] = lambda number, trial, error: None
    run: Watcher = field(default_factory=Watcher)


@dataclass(frozen=True, slots=True)
class Tried:
    """A grid that came to its end; ``trials`` in the order in which they were asked for.

    ``step`` is the model by whose score they are ranked; None where nothing was judged.
    """

    number: int
    started: GridStarted
    trials: tuple[Trial, ...]
    step: str | None

    @property
    def ref(self) -> str:
        """What it is called: ``grid 3 of winback``."""
        return f"grid {self.number} of {self.started.capability}"

    @property
    def runs(self) -> list[RunRecord]:
        """The runs of its trials."""
        return [trial.run for trial in self.trials if trial.run is not None]

    @property
    def failed(self) -> list[Trial]:
        """The trials that did not come to their end."""
        return [trial for trial in self.trials if not trial.done]

    def best_first(self) -> list[Trial]:
        """The trials by their score, what was not judged last."""
        by_number = {trial.run.number: trial for trial in self.trials if trial.run is not None}
        unborn = [trial for trial in self.trials if trial.run is None]
        if self.step is None:
            return [*by_number.values(), *unborn]
        score = next(run.evaluations[self.step].score for run in self.runs if self.step in run.evaluations)
        order = ranked(self.runs, self.step, higher_is_better=score_named(score).higher_is_better)
        return [*(by_number[run.number] for run in order), *unborn]


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid that may begin: all of its combinations are checked, nothing of it is recorded."""

    settled: Settled
    started: GridStarted
    trials: tuple[Trial, ...]
    number: int | None = None  # of one that was interrupted, and goes on

    @property
    def missing(self) -> int:
        """How many trials there are to run."""
        return sum(not trial.done for trial in self.trials)

    def run(self, watch: GridWatcher | None = None) -> Tried:
        """Run the trials that are missing; one that fails is recorded as failed, and the others go on."""
        watch = watch if watch is not None else GridWatcher()
        project = self.settled.flow.project
        number = self.number
        if number is None:
            stream = f"grids/{self.started.capability}"
            number = append_next(project.ledger, stream, self.started, by=project.author).position
        trials = list(self.trials)
        for at, trial in enumerate(trials):
            if trial.done:
                continue
            watch.begins(at, trial)
            error, head = None, _head(project, self.started.capability)
            try:
                run = begin(self._settled(trial, trials), self.started.message, watch.run, grid=number)
            except FullcycleError as failure:
                run, error = _failed(project, self.started, trial, head, failure), failure
            trials[at] = Trial(trial.values, run)
            watch.ends(at, trials[at], error)
        step = decisive([trial.run for trial in trials if trial.run is not None])
        return Tried(number, self.started, tuple(trials), step)

    def _settled(self, trial: Trial, trials: Sequence[Trial]) -> Settled:
        """A trial, on the rows of the first that has read all of them."""
        settled = self.settled.also(trial.values)
        if settled.options.sources:
            return settled
        for other in trials:
            taken = self._sources(other.run)
            if taken and other.run is not None:
                return replace(
                    settled, options=replace(settled.options, sources=taken, sources_of=other.run.ref)
                )
        return settled

    def _sources(self, run: RunRecord | None) -> dict[str, StepFinished]:
        flow = self.settled.flow
        if run is None:
            return {}
        try:
            return sources_of(flow.graph, run, flow.artifacts, self.settled.options.only)
        except Missing:
            return {}


def open_grid(
    project: Project,
    capability: str,
    message: str,
    given: Mapping[str, Any],
    axes: Mapping[str, Sequence[Any]],
    environment: str,
    *,
    wishes: Wishes = _PLAIN,
) -> Grid:
    """Check every combination, and find out whether the same grid was begun before.

    Raises:
        FullcycleError: where the flow, the brief, the wishes or any combination is wrong.
    """
    every = combinations(axes)
    settled = Settled.of(project, capability, {**given, **every[0]}, environment, wishes)
    chosen_by(settled.flow.graph, {**settled.parameters, **given}, axes)
    options = settled.options
    shared = {name: value for name, value in settled.parameters.items() if name not in axes}
    started = GridStarted(
        capability=capability,
        message=message,
        archive=project.objects.put(settled.flow.archive.to_bytes()),
        environment=environment,
        parameters=_plain(shared),
        axes=_plain({name: list(values) for name, values in axes.items()}),
        lock=_lock(project),
        files=settled.flow.declared_files(),
        only=sorted(options.only),
        force=sorted(options.force),
        sources_of=options.sources_of,
    )
    trials = tuple(Trial(values) for values in every)
    begun = _begun(project, started)
    if begun is None:
        return Grid(settled, started, trials)
    trials = _with_runs(project, begun, trials)
    if all(trial.done for trial in trials):  # it came to its end: this is another one
        return Grid(settled, started, tuple(Trial(values) for values in every))
    return Grid(settled, started, trials, begun.position)


def require_sensible(grid: Grid) -> None:
    """Refuse a grid that is larger than anybody wants to wait for, where nobody can be asked.

    Raises:
        Refused: where it has more than a thousand trials.
    """
    if len(grid.trials) > MANY:
        raise Refused(
            f"these are {counted(len(grid.trials), 'trial')}",
            f"a grid over {', '.join(grid.started.axes)}",
            "name fewer values, or add --yes if you mean it",
        )


def _begun(project: Project, started: GridStarted) -> Fact | None:
    """The last grid of a capability, where it is the same."""
    stream = f"grids/{started.capability}"
    last = project.ledger.latest([stream]).get(stream)
    return last if last is not None and last.body == started else None


def _with_runs(project: Project, grid: Fact, trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """The trials with their last runs."""
    capability = grid.body.capability
    found = {
        _key(fact.body.parameters): run_record(project.ledger, capability, fact.position)
        for fact in project.ledger.read(f"runs/{capability}")
        if fact.body.grid == grid.position
    }
    shared = grid.body.parameters
    return tuple(Trial(one.values, found.get(_key({**shared, **_plain(one.values)}))) for one in trials)


def _failed(
    project: Project, started: GridStarted, trial: Trial, head: int, error: FullcycleError
) -> RunRecord:
    """The run of a trial that failed; what failed before it began concerns all of them."""
    wanted = _key({**started.parameters, **_plain(trial.values)})
    for fact in project.ledger.read(f"runs/{started.capability}", since=head):
        if fact.body.grid is not None and _key(fact.body.parameters) == wanted:
            return run_record(project.ledger, started.capability, fact.position)
    raise error


def _head(project: Project, capability: str) -> int:
    stream = f"runs/{capability}"
    return project.ledger.heads(stream).get(stream, 0)


def _key(parameters: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(_plain(parameters), order="sorted")


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(dict(values))
    return plain


def _lock(project: Project) -> Digest:
    return project.objects.put(json.dumps(lock(), sort_keys=True).encode())
