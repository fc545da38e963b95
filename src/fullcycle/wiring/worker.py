"""A process that makes calls of a run: it has the record, and the archive's digest, and nothing else."""

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fullcycle.adapters.files import FileObjects
from fullcycle.adapters.threads import limited
from fullcycle.adapters.tiered import TieredObjects
from fullcycle.flow import Answer, Bench, Call, Failure, Made, StepFailed, viewed
from fullcycle.flow.failure import in_one_line
from fullcycle.kernel import Digest, FullcycleError, digest_bytes
from fullcycle.record import Artifact, Artifacts, Ledger, Stored
from fullcycle.wiring.config import NAME, read_config
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.judge import ScoringJudge
from fullcycle.wiring.project import Project


class _Collected:
    """Small bytes that were made here: the run's own process writes them with the facts that name them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._made: dict[Digest, bytes] = {}

    def attach(self, data: bytes) -> Digest:
        """Keep them until they are handed over."""
        digest = digest_bytes(data)
        self._made[digest] = bytes(data)
        return digest

    def attached(self, digest: Digest) -> bytes | None:
        """Them, or what the ledger holds."""
        made = self._made.get(digest)
        return made if made is not None else self._ledger.attached(digest)

    def attachments(self) -> list[Stored]:
        """Nothing of its own is written."""
        return []

    def detach(self, digests: Sequence[Digest], *, before: int | None = None) -> None:
        """Forget them."""
        for digest in digests:
            self._made.pop(digest, None)

    def taken(self) -> list[bytes]:
        """What was made since this was asked last."""
        made, self._made = list(self._made.values()), {}
        return made


class _Placing(FileObjects):
    """Large objects as files that the run's own process puts on the disk: no call here waits for it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._placed: list[Digest] = []

    def put(self, data: bytes) -> Digest:
        """Store bytes that are not lasting yet."""
        digest = self.place(data)
        self._placed.append(digest)
        return digest

    def taken(self) -> list[Digest]:
        """What was placed since this was asked last."""
        placed, self._placed = self._placed, []
        return placed


@dataclass
class _Worker:
    """The run that this process works for, and the bench of the step that it is at."""

    flow: Flow
    artifacts: Artifacts
    collected: _Collected
    placing: _Placing
    bench: Bench | None = None
    whole: Mapping[str, Artifact] = field(default_factory=dict)  # inputs that its calls have in common

    def make(self, call: Call) -> Answer:
        """Make one call."""
        made, error = self._made(call)
        small, placed = self.collected.taken(), self.placing.taken()
        if made is None:
            return Answer(call.number, error=error, elsewhere=True)
        return Answer(call.number, made, small, elsewhere=True, placed=placed)

    def _made(self, call: Call) -> tuple[Made | None, Exception | None]:
        try:
            return self._bench_of(call).make(call), None
        except FullcycleError as error:
            return None, error
        except (Exception, SystemExit) as error:  # noqa: BLE001 - an answer that cannot be pickled would be lost
            return None, _told(call, error)

    def _bench_of(self, call: Call) -> Bench:
        """Where the calls of a step on the same inputs are made; what others had in common is let go."""
        node = self.flow.graph.nodes[call.step]
        whole = {name: kept for name, kept in call.inputs.items() if name not in node.each}
        if self.bench is None or self.bench.node is not node or self.whole != whole:
            judge = ScoringJudge(self.artifacts)
            self.bench = Bench(node, self.artifacts, judge, self._load, self.flow.watched)
            self.whole = whole
        return self.bench

    def _load(self, name: str, kind: Any, kept: Artifact) -> Any:
        return viewed(self.artifacts, self.flow, self.flow.graph.nodes[name], kept, kind)


_WORKER: list[_Worker] = []


def begin(root: str, archive: Digest, capability: str, environment: str, files: Mapping[str, Digest]) -> None:
    """Load the run's archive; once per process. ``files`` are those beside it that the run declares."""
    project = Project(Path(root), read_config(Path(root) / NAME))
    collected = _Collected(project.ledger)
    placing = _Placing(project.root / project.config.project.artifacts)
    placing.make_folders()
    flow = Flow.open(project, capability, environment, project.archived(archive), beside=files)
    artifacts = Artifacts(TieredObjects(collected, placing), flow.artifacts.codecs)
    _WORKER[:] = [_Worker(flow, artifacts, collected, placing)]


def make(calls: Sequence[Call]) -> list[Answer]:
    """Make calls."""
    if not calls:
        return []
    with limited(calls[0].threads if calls[0].threads > 1 else 0):  # one is what it was started with
        return [_WORKER[0].make(call) for call in calls]


def _told(call: Call, error: BaseException) -> StepFailed:
    return StepFailed(
        f"step {call.step}[{call.label}] failed: {in_one_line(error)}",
        "a process beside the run's own",
        "mend it and run again",
        "".join(traceback.format_exception(error)),
        Failure(step=call.step, error=in_one_line(error), element=call.label),
    )
