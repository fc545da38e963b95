"""A run: each step of the flow computed, or reused because nothing it stands on changed."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fullcycle.flow.declare import ModelStep
from fullcycle.flow.facts import RunFinished, RunStarted, StepFinished
from fullcycle.flow.failure import in_one_line
from fullcycle.flow.graph import Graph, Node
from fullcycle.flow.parameters import Chosen
from fullcycle.flow.records import RunRecord, last_times, run_record
from fullcycle.flow.stepping import Pass, Workshop, read, step
from fullcycle.kernel import Money, peak_memory
from fullcycle.record import append_next

Teller = Callable[[StepFinished], None]


@dataclass(frozen=True, slots=True)
class _Meter:
    """What has been spent since it was made."""

    wall: float
    cpu: float

    @classmethod
    def start(cls) -> "_Meter":
        return cls(time.perf_counter(), time.process_time())

    def finished(self, error: str, cpu_hour: Money) -> RunFinished:
        cpu = time.process_time() - self.cpu
        return RunFinished(
            status="failed" if error else "done",
            error=error,
            wall=time.perf_counter() - self.wall,
            cpu=cpu,
            peak_memory=peak_memory(),
            cost=Money(cpu_hour.amount * cpu / 3600, cpu_hour.currency),
        )


def run(
    graph: Graph, chosen: Chosen, start: RunStarted, shop: Workshop, *, tell: Teller = lambda _: None
) -> RunRecord:
    """Run a flow and record it; ``tell`` hears of each step as it finishes.

    Raises:
        StepFailed: where a step's function raised; the run is recorded as failed with all
            that it did finish.
        Refused: where a source's rows break their contract.
        Invalid: where a step returns what it does not promise, or what cannot be stored.
    """
    meter = _Meter.start()
    earlier = last_times(shop.ledger, graph.capability, graph.nodes)
    number = append_next(shop.ledger, f"runs/{graph.capability}", start, by=shop.by, at=shop.clock()).position
    this = Pass(graph, number, earlier, shop)
    try:
        for node in graph.nodes.values():
            _advance(this, node, chosen.get(node.name, {}), tell)
    except Exception as error:
        this.record(meter.finished(in_one_line(error), shop.cpu_hour))
        raise
    this.record(meter.finished("", shop.cpu_hour))
    return run_record(shop.ledger, graph.capability, number)


def _advance(this: Pass, node: Node, parameters: Mapping[str, Any], tell: Teller) -> None:
    finished = read(this, node) if node.role in ("source", "outcomes") else step(this, node, parameters)
    this.steps[node.name] = finished
    this.record(finished)
    tell(finished)
    if isinstance(node.declared, ModelStep):
        split = this.steps[next(iter(node.inputs))]
        this.record(this.shop.judge.evaluate(node, finished.artifact, split.artifact))
