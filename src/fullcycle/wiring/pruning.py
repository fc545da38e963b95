"""Pruning: what old runs returned is given up, what they were stays in the record.

Nothing is marked as needed by hand. Whatever any fact names is needed, and whatever that
names in turn, such as all that a release's manifest pins. Left out are only the results of
runs that nobody asked to keep, and what steps remember: a result that is gone is computed
again when it is needed.
"""

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec

import fullcycle.experiment.facts
import fullcycle.monitor.alerts
import fullcycle.release.facts
import fullcycle.value.estimates
import fullcycle.value.measurement  # noqa: F401 - with these, every kind of fact can be read
from fullcycle.adapters.files import FileObjects
from fullcycle.flow import RunRecord, StepFinished, pinned, runs
from fullcycle.kernel import Clock, Conflict, Damaged, Digest, Missing, now
from fullcycle.record import Fact, ObjectStore, Stored
from fullcycle.release import still_needed
from fullcycle.wiring.flow import CACHE
from fullcycle.wiring.project import Project
from fullcycle.wiring.unkept import OldArms, forget, old_arms

CALM = timedelta(days=1)
"""What was stored later ago than this stays, however little is to be kept: it may be a run's at work."""

_DIGEST = re.compile(rb"[0-9a-f]{64}")
_TRIES = 5


@dataclass(frozen=True, slots=True)
class OldRun:
    """A run whose results go: how much that frees, in bytes."""

    ref: str
    at: int
    message: str
    size: int


@dataclass(frozen=True, slots=True)
class Pruning:
    """What pruning gives up; sizes in bytes, times in microseconds since 1970 UTC.

    ``kept`` tells of each run that is kept whole why, ``living`` of each that is at work what
    shows that; ``unnamed`` are bytes that no run names, such as results of elements of a run
    that was killed. ``arms`` are kept arms of experiments that are over.
    """

    before: int
    total: int
    kept: Mapping[str, str]
    living: Mapping[str, str]
    runs: tuple[OldRun, ...]
    objects: tuple[Stored, ...]
    unnamed: int
    leftovers: int
    cached: tuple[Path, ...]
    cached_size: int
    arms: tuple[OldArms, ...] = ()

    @property
    def size(self) -> int:
        """Bytes that it frees."""
        return sum(one.size for one in self.objects) + self.leftovers + self.cached_size


def plan_pruning(project: Project, keep: timedelta, *, clock: Clock = now) -> Pruning:
    """Find out what can go of what is older than ``keep``; nothing is removed.

    Raises:
        Damaged: where what a release or a kept run names cannot be read, so that nobody
            knows what else it needs.
        UnknownName: where a later version of fullcycle wrote facts.
    """
    present = clock()
    since, before = present - _micros(keep), present - _micros(max(keep, CALM))
    every = {
        capability: runs(project.ledger, capability, clock=clock) for capability in _capabilities(project)
    }
    living = {
        run.ref: run.sighting.told for records in every.values() for run in records if run.status == "running"
    }
    kept = _kept_runs(project, every, since, living)
    stored = {one.digest: one for one in project.objects.stored()}
    named = _named_by_facts(project, kept, since)
    needed = _with_what_they_name(project.objects, stored, named)
    dead = {digest: one for digest, one in stored.items() if digest not in needed and one.at < before}
    old = [run for records in every.values() for run in records if run.ref not in kept]
    listed, rest = _by_run(project, old, dead)
    if living:  # they may be about to use again what no other run names
        dead = {digest: one for digest, one in dead.items() if digest not in rest}
        rest = {}
    cached = list(_cached(project, before))
    return Pruning(
        before=before,
        total=sum(one.size for one in stored.values()),
        kept=kept,
        living=living,
        runs=tuple(listed),
        objects=tuple(dead.values()),
        unnamed=sum(one.size for one in rest.values()),
        leftovers=sum(size for _, size in _files(project).leftovers(before)),
        cached=tuple(path for path, _ in cached),
        cached_size=sum(size for _, size in cached),
        arms=tuple(old_arms(project, before)),
    )


def prune(project: Project, keep: timedelta, *, clock: Clock = now) -> Pruning:
    """Remove what can go, and tell what that was. Killed in the middle, it is finished by the next.

    Raises:
        Conflict: where runs begin all the time, so that it never knows what they need.
        Misconfigured: where the record cannot be written.
    """
    for _ in range(_TRIES):
        heads = _heads(project)
        found = plan_pruning(project, keep, clock=clock)
        if _heads(project) == heads:
            break
    else:
        mend = "prune when less is going on"
        raise Conflict("runs began while it was found out what they need", "the ledger", mend)
    project.objects.remove_all([one.digest for one in found.objects], before=found.before)
    _files(project).sweep(found.before)
    for path in found.cached:
        path.unlink(missing_ok=True)
    for arms in found.arms:
        forget(project, arms)
    return found


def lost_steps(project: Project, run: RunRecord) -> list[str]:
    """The steps of a run whose results are not there any more."""
    return [name for name, step in run.steps.items() if not _is_there(project, step)]


def _is_there(project: Project, step: StepFinished) -> bool:
    try:
        digests = list(project.artifacts.each_object(step.artifact))
    except (Missing, Damaged):
        return False
    return all(map(project.objects.has, digests))


def _kept_runs(
    project: Project, every: Mapping[str, list[RunRecord]], since: int, living: Container[str]
) -> dict[str, str]:
    """Runs that are kept whole, by reference, and why."""
    kept: dict[str, str] = {}
    for capability, records in every.items():
        released = {told.body.run: told.position for told in project.ledger.read(f"releases/{capability}")}
        pins = pinned(project.ledger, capability)
        done = [run for run in records if run.status == "done"]
        last = [*done[-1:], *[run for run in done if not run.started.only][-1:]]  # a refresh is no whole run
        working = next((run.ref for run in reversed(records) if run.ref in living), None)
        for run in records:
            why = {
                f"{working} is running": working is not None,
                f"pinned: {pins.get(run.number, '')}": run.number in pins,
                f"released as v{released.get(run.number)}": run.number in released,
                "the last that is done": any(run is one for one in last),
                f"a trial of grid {run.started.grid}": run.started.grid is not None,
                "young": run.at >= since,
            }
            reason = next((told for told, holds in why.items() if holds), None)
            if reason is not None:
                kept[run.ref] = reason
    return kept


def _named_by_facts(project: Project, kept: Mapping[str, str], since: int) -> set[Digest]:
    """Every digest that a fact names, but for results of runs that are not kept, and lookups of before."""
    found: set[Digest] = set()
    for stream in _streams(project):
        _, _, ref = stream.partition("/")
        whole = not stream.startswith("run/") or ref.replace("/", "@") in kept
        facts = project.ledger.read(stream)
        for told in still_needed(facts, since) if stream.startswith("live/") else facts:
            found |= _named_by(told, whole=whole)
    return found


def _named_by(told: Fact, *, whole: bool) -> set[Digest]:
    if not whole and isinstance(told.body, StepFinished):
        return {told.body.reach} if told.body.reach is not None else set()
    return set(_digests(msgspec.json.encode(told.body)))


def _with_what_they_name(
    objects: ObjectStore, stored: Mapping[Digest, Stored], found: set[Digest]
) -> set[Digest]:
    """These objects and all that they name: a manifest, or the index of a family, is JSON with digests."""
    needed: set[Digest] = set()
    todo = list(found)
    while todo:
        digest = todo.pop()
        if digest in stored and digest not in needed:
            needed.add(digest)
            if _is_json(objects, digest):
                todo += _digests(objects.get(digest))
    return needed


def _is_json(objects: ObjectStore, digest: Digest) -> bool:
    path = objects.path(digest)
    try:
        if path is None:
            return objects.get(digest).startswith(b"{")
        with path.open("rb") as file:
            return file.read(1) == b"{"
    except FileNotFoundError:
        return False


def _digests(data: bytes) -> list[Digest]:
    return [found.decode() for found in _DIGEST.findall(data)]


def _by_run(
    project: Project, old: list[RunRecord], dead: Mapping[Digest, Stored]
) -> tuple[list[OldRun], dict[Digest, Stored]]:
    """What goes of each run, newest first, each object once; and what no run names."""
    left = dict(dead)
    listed = []
    for run in sorted(old, key=lambda run: run.at, reverse=True):
        size = 0
        for step in run.steps.values():
            for digest in _objects_of(project, step):
                one = left.pop(digest, None)
                size += one.size if one is not None else 0
        if size:
            listed.append(OldRun(run.ref, run.at, run.started.message, size))
    return listed, left


def _objects_of(project: Project, step: StepFinished) -> list[Digest]:
    try:
        return list(project.artifacts.each_object(step.artifact))
    except (Missing, Damaged):
        return [step.artifact.object]


def _cached(project: Project, before: int) -> Iterator[tuple[Path, int]]:
    """Files that are kept for speed only, and were not written since."""
    for path in (project.root / CACHE).rglob("*"):
        if path.is_file() and not path.is_symlink():
            told = path.stat()
            if told.st_mtime_ns // 1000 < before:
                yield path, told.st_size


def _files(project: Project) -> FileObjects:
    return FileObjects(project.root / project.config.project.artifacts)


def _streams(project: Project) -> list[str]:
    return [stream for stream in project.ledger.heads() if not stream.startswith("memo/")]


def _heads(project: Project) -> dict[str, int]:
    """Where the streams stand that say what is needed; a run's own follow from its beginning."""
    return {
        stream: head
        for stream, head in project.ledger.heads().items()
        if not stream.startswith(("memo/", "run/"))
    }


def _capabilities(project: Project) -> list[str]:
    return [stream.removeprefix("runs/") for stream in project.ledger.heads("runs/")]


def _micros(while_: timedelta) -> int:
    return int(while_.total_seconds() * 1e6)
