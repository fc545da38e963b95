"""What a run needs from outside, in the flow's own words."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from fullcycle.code import Reach
from fullcycle.data import Query
from fullcycle.flow.facts import Evaluated
from fullcycle.flow.graph import Node
from fullcycle.flow.undeclared import Undeclared
from fullcycle.kernel import Digest
from fullcycle.record import Artifact


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a step's function, as a process that has only the record can make it.

    ``inputs`` are artifacts by parameter; ``threads`` how many the libraries that compute in
    parallel may use, 0 for as many as they like; ``judged`` whether the model is judged, too.
    """

    number: int
    run: str  # reference of the run, for what is said of a failure
    step: str
    label: str  # of the element, as a user knows it; empty where the step is called once
    inputs: Mapping[str, Artifact]
    parameters: Mapping[str, Any]
    threads: int = 0
    judged: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """What a call made, stored, and what it took: seconds and bytes."""

    artifact: Artifact
    rows: int | None
    wall: float
    cpu: float
    peak_memory: int
    evaluation: Artifact | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call in another process: what it made and small bytes to attach, or its error.

    ``placed`` are large objects that it wrote; whoever hears of them has them on the disk.
    """

    number: int
    made: Made | None = None
    attached: Sequence[bytes] = ()
    error: Exception | None = None
    elsewhere: bool = False  # whether another process spent its time on it
    deadly: bool = False  # whether it ended the process that made it
    placed: Sequence[Digest] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """How the calls of one step are made.

    So many at once, each try in so many seconds, tried again so often; ``each_s`` is what a
    call is expected to take, 0 where nothing is known.
    """

    workers: int
    timeout: float | None = None
    retries: int = 0
    each_s: float = 0.0


class Crew(Protocol):
    """Processes that make calls."""

    def ready(self) -> bool:
        """Whether it works by now."""
        ...

    def make(self, calls: Sequence[Call], limits: Limits) -> Iterator[Answer]:
        """Make calls and tell what came of each, in any order."""
        ...


class Executor(Protocol):
    """Where calls are made: here, in processes beside this one, on a cluster."""

    def limited(self, threads: int) -> AbstractContextManager[None]:
        """Hold libraries that compute in parallel to so many threads; 0 for as many as they like."""
        ...

    def workers(self, cpus: float, memory: int | None) -> int:
        """How many calls fit beside one another, where each needs so many cores and bytes."""
        ...

    def start_s(self) -> float:
        """Seconds that a crew is measured to take until it works."""
        ...

    def foresee(self, *, unknown: bool = False) -> None:
        """Get ready beside the run what a crew needs first: one will likely be asked for.

        ``unknown`` where it is for a step that never ran: that is worth it only for what takes
        long to load.
        """
        ...

    def crew(self, workers: int) -> AbstractContextManager[Crew]:
        """So many processes, of which no other part of the run makes use meanwhile."""
        ...

    def at(self, key: Digest | None) -> None:
        """The call that is remembered by this key is being made here from now on; none without a key."""
        ...

    def is_deadly(self, key: Digest) -> bool:
        """Whether what is remembered by this key has ended a process before: it is not made here."""
        ...

    def beware(self, key: Digest) -> None:
        """Know from now on, in later runs too, that what is remembered by this key ends its process."""
        ...

    def close(self) -> None:
        """End all processes; the run has ended."""
        ...


class Surroundings(Protocol):
    """The code and the data around a flow."""

    def query(self, node: Node) -> Query:
        """The rows of a source or of outcomes, where they live."""
        ...

    def version(self, node: Node) -> object:
        """What a source that declares its version says that a reading would find."""
        ...

    def reach(self, node: Node) -> Reach:
        """What of the project's code a node stands on."""
        ...

    def watched(self, node: Node) -> AbstractContextManager[list[Undeclared]]:
        """Collect the files of the project that are read meanwhile and that the node does not declare."""
        ...

    def asked(self, node: Node, model: Any) -> Any:
        """What a model step returned, as a ``Model``: rows of its features in, predictions out."""
        ...


class Judge(Protocol):
    """Judges a model on the unseen part of the split it learnt from."""

    version: str  # of its way of judging: another one judges anew

    def evaluate(self, node: Node, model: Any, split: Any) -> Any:
        """Judge a model; what comes of it can be stored."""
        ...

    def told(self, node: Node, evaluation: Artifact, *, reused: bool) -> Evaluated:
        """What the record says of a stored evaluation, or of those of a family of models."""
        ...


Progress = Callable[[str, int, int, int], None]
"""Told of the elements of a step: its name, how many are done, how many failed, of how many."""
