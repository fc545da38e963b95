"""What the record keeps of a run.

``runs/<capability>`` holds one fact per run, and its position is the run's number;
``run/<capability>/<number>`` holds what happened in it; ``memo/<key>`` the first result ever
computed for that key, and another only where the artifact of the one before was lost.
``grids/<capability>`` holds one fact per grid of runs, ``replays/<capability>`` one per replay.
"""

from typing import Any, Literal

import msgspec

from fullcycle.kernel import Digest, Money, Process
from fullcycle.record import Artifact, fact

Role = Literal["source", "outcomes", "step", "model"]
ReplayVerdict = Literal["taken", "identical", "differs", "varies", "follows", "not computed"]


@fact("run.started")
class RunStarted(msgspec.Struct, frozen=True, kw_only=True):
    """A run began: everything that decides what it will compute."""

    id: str
    capability: str
    message: str
    archive: Digest  # object: the project's files as they ran
    commit: str | None  # git commit, None outside git
    dirty: bool  # whether the files differ from that commit
    parameters: dict[str, Any]  # as given, with -p or by the environment
    brief: Digest | None
    lock: Digest  # object: installed distributions, name → version
    python: str
    machine: str
    environment: str
    from_environment: list[str] = []  # parameters that the environment set, and nobody typed
    files: dict[str, Digest] = {}  # objects: declared files that are not in the archive, by their path
    cores: int = 0  # that the process might use; 0 where that is not known
    grid: int | None = None  # number of the grid that it is a trial of
    only: list[str] = []  # the steps that it was held to, with what they stand on
    force: list[str] = []  # the steps that it computed whatever was remembered
    sources_of: str = ""  # the run whose sources it took, such as winback@41
    process: Process | None = None  # in which it runs; None where that is not recorded
    steps: dict[str, Role] = {}  # what it goes through, in this order


class ElementFailed(msgspec.Struct, frozen=True):
    """An element whose call failed: its key as a user knows it, and the exception in one line."""

    element: str
    error: str


@fact("run.step")
class StepFinished(msgspec.Struct, frozen=True, kw_only=True):
    """A step was computed or reused; ``wall`` and ``cpu`` in seconds, memory in bytes."""

    step: str
    role: Role
    reused: bool
    reason: str
    key: Digest
    artifact: Artifact
    inputs: dict[str, Digest]  # content digest by parameter name
    parameters: dict[str, Any]
    code: Digest
    reach: Digest | None  # object: what of the code it reaches, for the next run's reason
    wall: float
    cpu: float
    peak_memory: int
    rows: int | None = None
    deterministic: bool = True
    note: str = ""
    threads: int = 0  # that libraries computing in parallel were held to; 0: not held
    elements: int | None = None  # of a step that is called once per element
    made: int = 0  # of the elements, those that were computed in this run
    failures: list[ElementFailed] = []  # of the elements


@fact("run.evaluated")
class Evaluated(msgspec.Struct, frozen=True, kw_only=True):
    """A model was judged on rows it had not seen."""

    step: str
    evaluation: Artifact
    score: str
    value: float
    low: float
    high: float
    baseline: float | None
    reused: bool = False
    elements: int | None = None  # of a family of models; the numbers are then means over it


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A step that failed: how, where, on what, and what was left out because of it.

    Lines are ``path:line``, the path from the project's folder.
    """

    step: str
    error: str  # the exception's class and what it says, or what the step did instead, in one line
    line: str = ""  # where the step is written
    raised: str = ""  # the project's own innermost line; empty where none raised
    inputs: dict[str, str] = {}  # what each was, in a few words
    element: str = ""  # at which a step that is called once per element ended
    elements: int | None = None  # of such a step, how many there were
    made: int = 0  # of them, those that came to something
    failures: list[ElementFailed] = []  # of them, those that failed
    left_out: list[str] = []  # steps that stand on it


@fact("run.finished")
class RunFinished(msgspec.Struct, frozen=True, kw_only=True):
    """A run ended; seconds, bytes and money over all its steps."""

    status: Literal["done", "failed", "interrupted"]
    error: str  # of one that was interrupted, where, and what of it is kept
    wall: float
    cpu: float
    peak_memory: int
    cost: Money
    saved: float = 0.0  # seconds that what was reused once took
    failures: list[Failure] = []  # of its steps


@fact("run.audited")
class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """What was reused was computed again, to see whether it is the same."""

    step: str
    element: str  # its key as a user knows it; empty where the step is called once
    recorded: Digest  # content that was reused
    found: Digest  # content that it has now
    wall: float  # seconds that computing it again took

    @property
    def name(self) -> str:
        """How a user knows it: ``spend``, or ``demand[7]`` of an element."""
        return f"{self.step}[{self.element}]" if self.element else self.step

    @property
    def same(self) -> bool:
        """Whether nothing was stale."""
        return self.recorded == self.found


@fact("memo.written")
class Memoized(msgspec.Struct, frozen=True, kw_only=True):
    """A result that counts for a key; of an element that is a model, with its evaluation."""

    step: str
    artifact: Artifact
    rows: int | None = None
    elements: int | None = None  # of a step that is called once per element
    evaluation: Artifact | None = None
    wall: float = 0.0  # seconds that it took


class StepReplayed(msgspec.Struct, frozen=True, kw_only=True):
    """What a step came to when its run was replayed.

    ``taken``: a source, whose rows are the recorded ones. ``identical``. ``differs``: it was
    given the same and returned something else. ``varies``: so, too, but it is volatile or
    was found to be not deterministic. ``follows``: it was given something else.
    """

    step: str
    verdict: ReplayVerdict
    where: str = ""  # the first place that differs
    suspects: list[str] = []  # what it stands on that is not as it was


class ScoreReplayed(msgspec.Struct, frozen=True, kw_only=True):
    """A model's score, then and in the replay; None where it was not judged."""

    step: str
    score: str
    was: float
    now: float | None


@fact("run.replayed")
class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """A run was computed again from the record alone; ``wall`` in seconds."""

    run: int
    same: bool
    steps: list[StepReplayed]
    scores: list[ScoreReplayed]
    failure: str  # how its end differs from then, empty where it does not
    python: str
    lock: Digest  # object: what was installed for the replay
    machine: str
    wall: float


@fact("grid.started")
class GridStarted(msgspec.Struct, frozen=True, kw_only=True):
    """Runs were asked for with every combination of some parameters' values: see ``RunStarted.grid``."""

    capability: str
    message: str
    archive: Digest
    environment: str
    parameters: dict[str, Any]  # that all trials share
    axes: dict[str, list[Any]]  # values by parameter, as given
    lock: Digest
    files: dict[str, Digest] = {}  # see RunStarted
    only: list[str] = []
    force: list[str] = []
    sources_of: str = ""
