"""One call of a step's function: called, measured, held to its annotation, kept, and judged if it learns."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from fullcycle.flow.annotation import is_each
from fullcycle.flow.facts import Failure
from fullcycle.flow.failure import guarded, shapes, step_failed
from fullcycle.flow.graph import Node
from fullcycle.flow.ports import Call, Executor, Judge, Made
from fullcycle.flow.returning import keep
from fullcycle.flow.undeclared import Undeclared, told
from fullcycle.kernel import Digest, Invalid, peak_memory
from fullcycle.record import Artifact, Artifacts, PlainCodec

FIRST_PAUSE = 0.1  # seconds before the first retry; each one after waits twice as long
LONGEST_PAUSE = 30.0

Load = Callable[[str, Any, Artifact], Any]
"""Gives the value of an input by its name, the type asked for, and where it is kept."""


def pause(tries: int) -> float:
    """Seconds to wait after so many tries that failed."""
    return float(min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE))


@contextmanager
def making_here(executor: Executor, key: Digest) -> Iterator[None]:
    """Let it be known which call this process is at, should it end over it."""
    executor.at(key)
    try:
        yield
    finally:
        executor.at(None)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the calls of one step are made; what they have in common is loaded once."""

    node: Node
    artifacts: Artifacts
    judge: Judge
    load: Load
    watched: Callable[[Node], AbstractContextManager[list[Undeclared]]] = lambda node: nullcontext([])
    shared: dict[str, Any] = field(default_factory=dict)

    def make(self, call: Call, *, retries: int = 0) -> Made:
        """Make a call and keep what it returns; one that fails is tried again.

        Raises:
            StepFailed: where the function raised, the last time it was tried; where it returns
                what it does not promise, or what cannot be stored.
        """
        inputs = {name: self._input(name, kept) for name, kept in call.inputs.items()}
        function = guarded(self.node, call.run, inputs, call.label)
        began, cpu = time.perf_counter(), time.process_time()
        with self.watched(self.node) as undeclared:
            value, tries = _tried(lambda: function(**inputs, **call.parameters), retries)
        artifact = self._kept(call, value, inputs)
        rows = value.height if isinstance(value, pl.DataFrame) else None
        evaluation = self.judged(call, artifact) if call.judged else None
        wall, spent = time.perf_counter() - began, time.process_time() - cpu
        notes = [f"took {tries} tries" if tries > 1 else "", told(self.node.name, undeclared)]
        note = "; ".join(filter(None, notes))
        return Made(artifact, rows, wall, spent, peak_memory(), evaluation, note)

    def _kept(self, call: Call, value: Any, inputs: dict[str, Any]) -> Artifact:
        try:
            return keep(self.node, value, self.artifacts)
        except Invalid as error:
            told = Failure(step=self.node.name, error=error.what, inputs=shapes(inputs), element=call.label)
            raise step_failed(self.node, call.run, told, error.mend) from error

    def judged(self, call: Call, model: Artifact) -> Artifact:
        """Judge a model on the split that it learnt from, its first input."""
        name, split = next(iter(call.inputs.items()))
        evaluation = self.judge.evaluate(self.node, self.artifacts.load(model), self._input(name, split))
        return self.artifacts.keep(evaluation)

    def _input(self, name: str, kept: Artifact) -> Any:
        kind = self.node.inputs[name]
        if is_each(kind) or kept.codec == PlainCodec.name:
            return self.load(name, kind, kept)  # anew each time: a call may change what it is given
        if name not in self.shared:
            self.shared[name] = self.load(name, kind, kept)
        value = self.shared[name]
        return value.clone() if isinstance(value, pl.DataFrame) else value


def _tried(call: Callable[[], Any], retries: int) -> tuple[Any, int]:
    """What a call returns, and how many tries it took."""
    for tries in range(1, retries + 1):
        try:
            return call(), tries
        except Exception:  # noqa: BLE001 - the last try tells
            time.sleep(pause(tries))
    return call(), retries + 1
