"""A run that somebody stops: recorded as that, with what of it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from fullcycle.flow.facts import Role, RunFinished, RunStarted
from fullcycle.flow.graph import Graph
from fullcycle.flow.options import RunOptions, wanted
from fullcycle.flow.passing import Pass
from fullcycle.flow.ports import Progress
from fullcycle.flow.state import command_of, finished_of, place
from fullcycle.kernel import FullcycleError, counted, this_process


class RunInterrupted(KeyboardInterrupt):
    """Somebody stopped a run; says what of it is kept, and how to go on."""


@dataclass(slots=True)
class Headway:
    """How far the last step is that is called once per element; whoever watches hears of it, too."""

    tell: Progress
    step: str = ""
    done: int = 0
    total: int = 0

    def __call__(self, step: str, done: int, failed: int, total: int) -> None:
        """Take in that so many elements are done."""
        self.step, self.done, self.total = step, done, total
        self.tell(step, done, failed, total)


def begun(start: RunStarted, graph: Graph, options: RunOptions) -> RunStarted:
    """The beginning of a run that somebody may have to tell the end of: its process and its steps."""
    steps: Mapping[str, Role] = {node.name: node.role for node in wanted(graph, options.only)}
    return msgspec.structs.replace(start, process=this_process(), steps=dict(steps))


def interrupted(this: Pass, start: RunStarted, finished: RunFinished, headway: Headway) -> RunInterrupted:
    """Record that a run was stopped; what its maker is told."""
    kept = ", ".join(filter(None, [finished_of(start.steps, this.steps), _elements(this, headway)]))
    under_way = this.at and this.at not in this.steps  # a failed one before it is not done, either
    where = f"during step {this.at}" if under_way else place(start.steps, this.steps)
    told = f"{where}; kept: {kept}"
    again = "go on with the grid: type the same again" if start.grid else f"go on: {command_of(start)}"
    try:
        _catch_up(this)
        this.note(msgspec.structs.replace(finished, status="interrupted", error=told))
        this.write()
    except FullcycleError as error:
        again += f"\nthat it was interrupted could not be recorded: {error.what}"
    return RunInterrupted(f"{this.ref} was interrupted {told}\n{again}")


def _elements(this: Pass, headway: Headway) -> str:
    """What is remembered of the step that it was at; of a volatile one nothing is."""
    if not headway.step or headway.step in this.steps or this.graph.nodes[headway.step].declared.volatile:
        return ""
    return f"{headway.done:,} of {counted(headway.total, 'element')} of {headway.step}"


def _catch_up(this: Pass) -> None:
    """Let it know what it has written: it may have been stopped after a commit, before it knew of that."""
    stream = f"run/{this.graph.capability}/{this.number}"
    head = this.shop.ledger.heads(stream).get(stream, 0)
    del this.waiting[: head - this.position]
    this.position = head
