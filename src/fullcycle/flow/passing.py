"""One run on its way: what it works with, what it has come to, and how that is written down."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import polars as pl

from fullcycle.data import Query
from fullcycle.flow.annotation import bare, element_kind, model_view
from fullcycle.flow.facts import Audited, Failure, StepFinished
from fullcycle.flow.graph import Graph, Node
from fullcycle.flow.options import RunOptions
from fullcycle.flow.ports import Executor, Judge, Progress, Surroundings
from fullcycle.kernel import Clock, Money, now
from fullcycle.record import Artifact, Artifacts, Entry, Ledger


@dataclass(frozen=True, slots=True)
class Workshop:
    """All that a run works with."""

    ledger: Ledger
    artifacts: Artifacts
    surroundings: Surroundings
    executor: Executor
    judge: Judge
    by: str
    cpu_hour: Money
    clock: Clock = now
    progress: Progress = lambda step, done, failed, total: None
    audited: Callable[[Audited], None] = lambda audited: None
    failed: Callable[[Failure], None] = lambda failure: None  # of each, where the run goes on


@dataclass(slots=True)
class Pass:
    """One run on its way; ``earlier`` holds each step's last time in earlier runs."""

    graph: Graph
    number: int
    earlier: Mapping[str, StepFinished]
    shop: Workshop
    options: RunOptions = field(default_factory=RunOptions)
    at: str = ""  # the step that it is at
    steps: dict[str, StepFinished] = field(default_factory=dict)
    frames: dict[str, pl.DataFrame] = field(default_factory=dict)  # sources as read just now
    restore: Callable[[str, Exception], None] = lambda name, error: (
        None
    )  # compute a step whose result is lost
    evaluations: dict[str, Artifact] = field(
        default_factory=dict
    )  # of the families of models made in this run
    saved: dict[str, float] = field(default_factory=dict)  # seconds that took what was reused, by step
    kept: dict[str, frozenset[int]] = field(default_factory=dict)  # elements reused where others were made
    unfollowed: set[str] = field(default_factory=set)  # places in the code, told once
    elsewhere: float = 0.0  # seconds of CPU that other processes spent for it
    highest: int = 0  # bytes that any of them held
    position: int = 0  # of the last fact in the run's own stream
    waiting: list[Entry] = field(
        default_factory=list
    )  # facts that may be lost: making them again costs nothing

    @property
    def ref(self) -> str:
        """The run's reference, such as ``winback@42``."""
        return f"{self.graph.capability}@{self.number}"

    def note(self, body: msgspec.Struct) -> None:
        """Let a fact of the run's own stream be written with the next that has to be."""
        self.waiting.append(
            Entry(f"run/{self.graph.capability}/{self.number}", self.position + len(self.waiting), body)
        )

    def write(self, *beside: Entry) -> None:
        """Write what waits, and facts of other streams, in one commit.

        Raises:
            Conflict: where one of ``beside`` came too late; what waits then waits on.
        """
        if self.waiting or beside:
            self.shop.ledger.append_all([*self.waiting, *beside], by=self.shop.by, at=self.shop.clock())
            self.position += len(self.waiting)
            self.waiting.clear()

    def artifact(self, name: str) -> Artifact:
        """Where the result of a step is kept."""
        return self.steps[name].artifact

    def value(self, name: str, kind: Any, kept: Artifact) -> Any:
        """What a step is given for an input, or an element of it: what the store gives back, in its view.

        Raises:
            Missing, Damaged: where what is stored cannot be read.
        """
        if name in self.frames and bare(kind) is pl.DataFrame:
            return self.frames[name].clone()  # a step may change its frame in place, nobody else's
        producer = self.graph.nodes[name]
        return viewed(self.shop.artifacts, self.shop.surroundings, producer, kept, kind)


def viewed(artifacts: Artifacts, around: Surroundings, node: Node, artifact: Artifact, kind: Any) -> Any:
    """A stored result of ``node``, or an element of it, as a parameter's annotation asks for it."""
    if bare(kind) is Query:  # of the rows that the run has recorded, whatever the table holds by now
        query = around.query(node)
        return Query(query.text, query.values, lambda text, values: artifacts.load(artifact, pl.DataFrame))
    if not model_view(kind):
        return artifacts.load(artifact, kind)
    value = artifacts.load(artifact)
    if element_kind(kind) is None:
        return around.asked(node, value)
    if isinstance(value, Mapping):
        return {key: around.asked(node, model) for key, model in value.items()}
    return [around.asked(node, model) for model in value]
