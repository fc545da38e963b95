"""What a run needs from outside, in the flow's own words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fullcycle.code import Reach
from fullcycle.data import Query
from fullcycle.flow.facts import Evaluated
from fullcycle.flow.graph import Node
from fullcycle.record import Artifact


@dataclass(frozen=True, slots=True)
class Worked:
    """What a function returned and what it took: seconds and bytes."""

    value: Any
    wall: float
    cpu: float
    peak_memory: int


class Executor(Protocol):
    """Where a step's function is called: here, in a pool, on a cluster."""

    def call(
        self, function: Callable[..., Any], inputs: Mapping[str, Any], parameters: Mapping[str, Any]
    ) -> Worked:
        """Call ``function`` with its inputs and parameters by name."""
        ...


class Surroundings(Protocol):
    """The code and the data around a flow."""

    def query(self, node: Node) -> Query:
        """The rows of a source or of outcomes, where they live."""
        ...

    def reach(self, node: Node) -> Reach:
        """What of the project's code a node stands on."""
        ...


class Judge(Protocol):
    """Judges a model on the unseen part of the split it learnt from."""

    def evaluate(self, node: Node, model: Artifact, split: Artifact) -> Evaluated:
        """Judge ``model``, the result of ``node``."""
        ...
