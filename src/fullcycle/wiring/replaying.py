"""Replaying a run: computed again from the record alone, in a process of its own, and compared.

The process is started with the threads that the run had: some libraries settle their number
when they are loaded.
"""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from fullcycle.adapters.threads import VARIABLES
from fullcycle.code import lock
from fullcycle.flow import (
    Origin,
    Replayed,
    RunOptions,
    RunRecord,
    RunStarted,
    StepFinished,
    StepReplayed,
    choose,
    doubtful,
    is_same,
    last_run,
    origins,
    replayed_scores,
    run,
    run_record,
    to_replay,
    verdicts,
)
from fullcycle.kernel import Change, Damaged, Invalid, Missing, Reference, UnknownName, changes, uuid7
from fullcycle.record import append_next
from fullcycle.wiring.config import NAME, read_config
from fullcycle.wiring.differences import Differences
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import answering, released
from fullcycle.wiring.replay_home import home_of, laid_out, rows_read
from fullcycle.wiring.runs import workshop

_ORDER = "replay.json"
_LOG = "replay.log"
_SUSPICIOUS = ("changed", "removed", "added")
_LAST = 4_000  # characters of what a process said that ended badly


class _Order(msgspec.Struct, frozen=True):
    """What the process is asked to compute."""

    started: RunStarted
    ref: str
    only: list[str]
    sources: dict[str, StepFinished]
    threads: dict[str, int]
    keep_going: bool


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay found, and what was not as it was then; ``folder`` where it is kept."""

    ref: str
    run: RunRecord
    found: Replayed
    surroundings: tuple[Change, ...]
    notes: tuple[str, ...]
    folder: Path | None


def replay(project: Project, text: str, folder: Path | None = None) -> Replay:
    """Compute a run again from the record alone, and compare each artifact.

    ``text`` names a run, a release or a deployment: of those it is the run that they stand
    on. ``folder``, which is not there yet, is kept; without it all is gone afterwards.

    Raises:
        Missing: where the record keeps something no longer that the run stands on.
        UnknownName: where there is no such capability, run, release or deployment.
        Invalid: where the run's code cannot be loaded here.
    """
    began = time.perf_counter()
    recorded = recorded_run(project, text)
    with home_of(folder) as above:
        home = laid_out(project, recorded, above)
        computed = origins(project.ledger, recorded)
        order = _order(project, recorded, home, computed)
        again = _computed(home, order, max((one.cores for one in computed.values()), default=0))
        steps = _compared(project, recorded, home, again)
        judged, failure = replayed_scores(recorded, again), _failure(recorded, again)
        found = Replayed(
            run=recorded.number,
            same=is_same(steps, judged, failure),
            steps=steps,
            scores=judged,
            failure=failure,
            python=again.started.python,
            lock=project.objects.put(home.objects.get(again.started.lock)),
            machine=again.started.machine,
            wall=time.perf_counter() - began,
        )
        append_next(project.ledger, f"replays/{recorded.started.capability}", found, by=project.author)
        told, notes = _surroundings(project, recorded, again)
    return Replay(text, recorded, found, told, notes, home.root if folder is not None else None)


def recorded_run(project: Project, text: str) -> RunRecord:
    """The run that a reference leads to, of whatever the record holds: the project's files are not asked.

    Raises:
        UnknownName, Missing: where there is none.
        Invalid: for a step.
    """
    asked = Reference.parse(text)
    known = [stream.partition("/")[2] for stream in project.ledger.heads("runs/")]
    if asked.capability not in known:
        raise UnknownName.among(asked.capability, known, where="the capabilities that have runs")
    if asked.step is not None:
        mend = f"replay the run: fullcycle replay {text.partition('/')[0]}"
        raise Invalid(f"{text!r} is a step, which stands on others", "what is replayed", mend)
    release = asked.release
    if asked.environment is not None:
        release = answering(project, asked.capability, asked.environment).release
    if release is not None:
        made, _ = released(project, asked.capability, release)
        return run_record(project.ledger, asked.capability, made.run)
    if asked.run is not None:
        return run_record(project.ledger, asked.capability, asked.run)
    last = last_run(project.ledger, asked.capability)
    if last is None:
        raise Missing(f"{text} has no run", "the ledger", f"fullcycle run {text}")
    return last


def replay_in_this_process(root: str) -> int:
    """Compute what the folder's order asks for; what came of it is read from the folder's own ledger."""
    home = Project(Path(root), read_config(Path(root) / NAME))
    order = msgspec.json.decode((home.root / ".fullcycle" / _ORDER).read_bytes(), type=_Order)
    started = order.started
    archive = home.archived(started.archive)
    flow = Flow.open(home, started.capability, started.environment, archive, beside=started.files)
    wishes = RunOptions(
        only=frozenset(order.only),
        sources=order.sources,
        sources_of=order.ref,
        keep_going=order.keep_going,
        threads=order.threads,
        afresh=True,
    )
    run(flow.graph, choose(flow.graph, started.parameters), started, workshop(flow), options=wishes)
    return 0


def _order(project: Project, recorded: RunRecord, home: Project, computed: Mapping[str, Origin]) -> _Order:
    started = msgspec.structs.replace(
        recorded.started,
        id=uuid7(),
        message=f"replay of {recorded.ref}",
        lock=home.objects.put(json.dumps(lock(), sort_keys=True).encode()),
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
    )
    flow = _flow(home, recorded)
    threads = {name: one.step.threads or one.cores for name, one in computed.items()}
    failed = recorded.finished.error if recorded.finished is not None else ""
    return _Order(
        started=started,
        ref=recorded.ref,
        only=sorted(to_replay(flow.graph, recorded)),
        sources=rows_read(recorded),
        threads={name: many for name, many in threads.items() if many},
        keep_going=" failed for " in failed or "; step " in failed,
    )


def _flow(home: Project, recorded: RunRecord) -> Flow:
    started = recorded.started
    archive = home.archived(started.archive)
    return Flow.open(home, started.capability, started.environment, archive, beside=started.files)


def _computed(home: Project, order: _Order, cores: int) -> RunRecord:
    """Have the order computed, and read what came of it."""
    inside = home.root / ".fullcycle"
    (inside / _ORDER).write_bytes(msgspec.json.encode(order))
    home.ledger.append_all([])  # what was put there is written with it
    environment = {**os.environ, **(dict.fromkeys(VARIABLES, str(cores)) if cores else {})}
    command = [sys.executable, "-P", "-m", "fullcycle.wiring", "replay", str(home.root)]
    with (inside / _LOG).open("wb") as said:
        subprocess.run(command, cwd=home.root, env=environment, stdout=said, stderr=said, check=False)
    found = last_run(home.ledger, order.started.capability)
    if found is None or found.finished is None:
        told = (inside / _LOG).read_text(encoding="utf-8", errors="replace")[-_LAST:].strip()
        raise Invalid(
            f"{order.ref} cannot be replayed here: {told or 'its process ended without a word'}",
            f"a process in {home.root}",
            f"keep the folder and look: fullcycle replay {order.ref} --in-folder replayed",
        )
    return found


def _compared(project: Project, recorded: RunRecord, home: Project, again: RunRecord) -> list[StepReplayed]:
    flow = _flow(home, recorded)
    other = [
        name
        for name, step in recorded.steps.items()
        if name in again.steps and again.steps[name].artifact.content != step.artifact.content
    ]
    volatile = {name for name in other if flow.graph.nodes[name].declared.volatile}
    varying = volatile | (doubtful(project.ledger, recorded, other) if other else set())
    differences = Differences(project, home, flow)
    found = []
    for name, verdict in verdicts(recorded.steps, again.steps, varying).items():
        was, now = recorded.steps[name], again.steps.get(name)
        if now is None or verdict in ("taken", "identical"):
            found.append(StepReplayed(step=name, verdict=verdict))
            continue
        where = differences.where(was.artifact, now.artifact)
        found.append(
            StepReplayed(step=name, verdict=verdict, where=where, suspects=differences.suspects(was, now))
        )
    return found


def _failure(recorded: RunRecord, again: RunRecord) -> str:
    """How the end of the two differs; empty where they ended alike."""
    if recorded.status in ("interrupted", "running", "died"):
        return "" if again.status == "done" else f"it failed: {_error(again)}"
    was = _error(recorded)
    now = _error(again).replace(again.ref, recorded.ref)
    if was == now:
        return ""
    if not was:
        return f"it failed: {now}"
    return f"it failed then ({was}) and {f'otherwise now ({now})' if now else 'does not fail now'}"


def _error(one: RunRecord) -> str:
    return one.finished.error if one.finished is not None else ""


def _surroundings(
    project: Project, recorded: RunRecord, again: RunRecord
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """What was installed and on what machine, where that is not as it was."""
    was, now = recorded.started, again.started
    told = changes(
        {"Python": was.python, "machine": was.machine}, {"Python": now.python, "machine": now.machine}
    )
    notes = []
    if not was.cores:
        notes.append("how many threads it had is not recorded: it was replayed with all there are")
    try:
        installed: dict[str, str] = json.loads(project.objects.get(was.lock))
    except (Missing, Damaged):
        return told, (*notes, "what was installed then is kept no longer: it cannot be compared")
    other = sorted(changes(installed, lock()), key=lambda change: _SUSPICIOUS.index(change.kind))
    return (*told, *other), tuple(notes)
