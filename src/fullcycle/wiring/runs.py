"""Starting a run, or planning it: code, parameters, brief and lock settled before the first step."""

import json
import platform
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fullcycle.adapters.files import FileObjects
from fullcycle.adapters.local import LocalExecutor
from fullcycle.adapters.processes import Work
from fullcycle.adapters.threads import cores
from fullcycle.brief import Brief
from fullcycle.code import Archive, git_state, lock
from fullcycle.flow import (
    Audited,
    Failure,
    Planned,
    RunOptions,
    RunRecord,
    RunStarted,
    StepFinished,
    Workshop,
    choose,
    plan,
    run,
)
from fullcycle.flow.parameters import Chosen
from fullcycle.flow.ports import Progress
from fullcycle.kernel import Invalid, UnknownName, uuid7
from fullcycle.wiring import worker
from fullcycle.wiring.briefs import read_brief, require_steps, unmeasured
from fullcycle.wiring.config import NAME
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.judge import ScoringJudge
from fullcycle.wiring.project import Project
from fullcycle.wiring.wishes import Wishes

_IMPORT = re.compile(rb"^[ \t]*(?:import|from)[ \t]+(\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who hears of a run on its way: of each step, of elements as they finish, of what is audited.

    ``noted`` is told first what the run lacks, in a line; ``failed`` of each step that fails
    where the run goes on, as soon as it does.
    """

    tell: Callable[[StepFinished], None] = lambda _: None
    progress: Progress = lambda step, done, failed, total: None
    audited: Callable[[Audited], None] = lambda _: None
    noted: Callable[[str], None] = lambda _: None
    failed: Callable[[Failure], None] = lambda _: None


_NOBODY = Watcher()
_PLAIN = Wishes()


@dataclass(frozen=True, slots=True)
class Settled:
    """All that decides what a run will do, checked; another one may differ from it in its parameters."""

    flow: Flow
    brief: Brief
    parameters: dict[str, Any]
    chosen: Chosen
    from_environment: list[str]
    options: RunOptions

    @classmethod
    def of(
        cls,
        project: Project,
        capability: str,
        given: Mapping[str, Any],
        environment: str,
        wishes: Wishes,
        *,
        flow: Flow | None = None,
    ) -> "Settled":
        """Settle a run of the files as they are now, unless it is of a ``flow`` that is opened already.

        Raises:
            FullcycleError: where the flow, the brief, the parameters or the wishes are wrong.
        """
        flow = flow if flow is not None else Flow.open(project, capability, environment)
        flow.require_declared()
        require_steps(flow)
        brief = read_brief(flow)
        bound = _of_environment(project, capability, environment)
        parameters = {**bound, **given}
        chosen = choose(flow.graph, parameters)
        mine = [name for name in bound if name not in given]
        return cls(flow, brief, parameters, chosen, mine, wishes.settled(flow))

    @property
    def note(self) -> str:
        """What the flow lacks that its brief asks for, in a line; empty where there is nothing."""
        return unmeasured(self.flow, self.brief)

    def also(self, given: Mapping[str, Any]) -> "Settled":
        """The same with further parameters, of the same files."""
        parameters = {**self.parameters, **given}
        mine = [name for name in self.from_environment if name not in given]
        chosen = choose(self.flow.graph, parameters)
        return replace(self, parameters=parameters, chosen=chosen, from_environment=mine)


def start_run(
    project: Project,
    capability: str,
    message: str,
    given: Mapping[str, Any],
    environment: str,
    *,
    wishes: Wishes = _PLAIN,
    watch: Watcher = _NOBODY,
) -> RunRecord:
    """Run a capability's flow as its files are now.

    Raises:
        FullcycleError: before anything is recorded, where the flow, the brief, the
            parameters or the wishes are wrong; after, where a step fails.
    """
    settled = Settled.of(project, capability, given, environment, wishes)
    if settled.note:
        watch.noted(settled.note)
    return begin(settled, message, watch)


def begin(settled: Settled, message: str, watch: Watcher = _NOBODY, *, grid: int | None = None) -> RunRecord:
    """Run what is settled, as a trial of a grid where one is given.

    Raises:
        FullcycleError: where a step fails, or a source's rows break their contract.
    """
    flow, options = settled.flow, settled.options
    project = flow.project
    commit = git_state(project.root)
    start = RunStarted(
        id=uuid7(),
        capability=flow.capability,
        message=message,
        archive=project.objects.put(flow.archive.to_bytes()),
        commit=commit.commit,
        dirty=commit.dirty,
        parameters=settled.parameters,
        brief=project.objects.put(settled.brief.to_bytes()),
        lock=project.objects.put(json.dumps(lock(), sort_keys=True).encode()),
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        environment=flow.environment,
        files=flow.declared_files(),
        cores=cores(),
        from_environment=settled.from_environment,
        only=sorted(options.only),
        force=sorted(options.force),
        sources_of=options.sources_of,
        grid=grid,
    )
    shop = replace(workshop(flow), progress=watch.progress, audited=watch.audited, failed=watch.failed)
    return run(flow.graph, settled.chosen, start, shop, tell=watch.tell, options=options)


def plan_run(
    project: Project,
    capability: str,
    given: Mapping[str, Any],
    environment: str,
    *,
    wishes: Wishes = _PLAIN,
    watch: Watcher = _NOBODY,
) -> Iterator[Planned]:
    """What a run would do with each step, and why; nothing is recorded, and nothing computed.

    Raises:
        FullcycleError: where ``start_run`` would refuse to begin, or a source's rows break
            their contract.
    """
    settled = Settled.of(project, capability, given, environment, wishes)
    flow = settled.flow
    if settled.note:
        watch.noted(settled.note)
    return plan(flow.graph, settled.chosen, workshop(flow), settled.options)


def workshop(flow: Flow) -> Workshop:
    """What a run of a flow works with: the project's record, the flow's own codecs, processes that call."""
    project = flow.project
    return Workshop(
        ledger=project.ledger,
        artifacts=flow.artifacts,
        surroundings=flow,
        executor=_executor(flow),
        judge=ScoringJudge(flow.artifacts),
        by=project.author,
        cpu_hour=project.cpu_hour,
    )


def _executor(flow: Flow) -> LocalExecutor:
    """This process, and others beside it that load the flow's archive."""
    project = flow.project
    given = (
        str(project.root),
        flow.archive.digest,
        flow.capability,
        flow.environment,
        flow.loaded.files.beside,
    )
    preload = (*_imported(flow.archive), worker.__name__)
    large = FileObjects(project.root / project.config.project.artifacts)
    work = Work(worker.begin, given, worker.make, preload, large.make_lasting)
    return LocalExecutor(work, project.root / ".fullcycle" / "pool.json")


def _imported(archive: Archive) -> list[str]:
    """The libraries that a project's files import, of those that are loaded here."""
    named = {
        name.decode()
        for path, text in archive.files.items()
        if path.endswith(".py")
        for name in _IMPORT.findall(text)
    }
    return sorted(name for name in named - sys.stdlib_module_names if name in sys.modules)


def _of_environment(project: Project, capability: str, environment: str) -> dict[str, Any]:
    """The parameters that an environment sets for a capability, spelled ``winback.training.holdout``.

    Raises:
        UnknownName: where one names no capability.
        Invalid: where one names nothing else.
    """
    where = f"[environments.{environment}] parameters of {NAME}"
    ours: dict[str, Any] = {}
    for key, value in project.environment(environment).parameters.items():
        whose, _, name = key.partition(".")
        if whose not in project.capabilities():
            raise UnknownName.among(whose, project.capabilities(), where=f"{where}, {key!r}")
        if not name:
            raise Invalid(f"{key!r} names no parameter", where, f'quote the whole name: "{whose}.step.name"')
        if whose == capability:
            ours[name] = value
    return ours


def brief_of(project: Project, run: RunRecord) -> Brief | None:
    """The brief that a run was made with."""
    return Brief.from_bytes(project.objects.get(run.started.brief)) if run.started.brief else None
