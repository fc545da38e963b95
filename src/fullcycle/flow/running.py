"""A run: each step of the flow computed, or reused because nothing it stands on changed."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from fullcycle.flow.audit import audit
from fullcycle.flow.facts import Failure, RunFinished, RunStarted, StepFinished
from fullcycle.flow.failure import RunFailed, StepFailed, in_one_line, is_the_steps
from fullcycle.flow.fanout import fan_out, foresee
from fullcycle.flow.graph import Graph, Node
from fullcycle.flow.interruption import Headway, begun, interrupted
from fullcycle.flow.judging import judge
from fullcycle.flow.options import RunOptions, require_possible, wanted
from fullcycle.flow.parameters import Chosen
from fullcycle.flow.passing import Pass, Workshop
from fullcycle.flow.reading import read
from fullcycle.flow.records import RunRecord, last_times, run_record
from fullcycle.flow.reuse import is_usable, known, reused, why
from fullcycle.flow.stepping import compute, identify
from fullcycle.flow.stepping import failed as complete
from fullcycle.kernel import Money, peak_memory
from fullcycle.record import append_next

Teller = Callable[[StepFinished], None]
_PLAIN = RunOptions()


@dataclass(frozen=True, slots=True)
class _Meter:
    """What has been spent since it was made."""

    wall: float
    cpu: float

    @classmethod
    def start(cls) -> "_Meter":
        return cls(time.perf_counter(), time.process_time())

    def finished(self, error: str, this: Pass, failures: Sequence[Failure] = ()) -> RunFinished:
        cpu, cpu_hour = time.process_time() - self.cpu + this.elsewhere, this.shop.cpu_hour
        return RunFinished(
            status="failed" if error else "done",
            error=error,
            wall=time.perf_counter() - self.wall,
            cpu=cpu,
            peak_memory=max(peak_memory(), this.highest),  # of one process
            cost=Money(cpu_hour.amount * cpu / 3600, cpu_hour.currency),
            saved=sum(this.saved.values()),
            failures=list(failures),
        )


def run(
    graph: Graph,
    chosen: Chosen,
    start: RunStarted,
    shop: Workshop,
    *,
    tell: Teller = lambda _: None,
    options: RunOptions = _PLAIN,
) -> RunRecord:
    """Run a flow and record it; ``tell`` hears of each step as it finishes.

    Raises:
        StepFailed: where a step fails, in whatever way; the run is recorded as failed with
            all that it did finish. ``SourceFailed`` where a source cannot be read, or its
            rows break their contract; ``RunFailed`` where it goes on after a failure.
        UnknownName, Invalid: before anything is recorded, where the options ask for what
            cannot be.
        RunInterrupted: where somebody stops it.
    """
    require_possible(graph, options)
    meter = _Meter.start()
    start, headway = begun(start, graph, options), Headway(shop.progress)
    shop = replace(shop, progress=headway)
    earlier = last_times(shop.ledger, graph.capability, graph.nodes)
    number = append_next(shop.ledger, f"runs/{graph.capability}", start, by=shop.by, at=shop.clock()).position
    this = Pass(graph, number, earlier, shop, options)
    this.restore = lambda name, error: _restore(this, chosen, name, error, tell)
    try:
        failed = _through(this, chosen, tell)
        if options.audit and (options.keep_going or not failed):
            audit(this, chosen, options.audit, start.id, shop.audited)
    except KeyboardInterrupt as stop:
        if options.afresh:
            raise  # a replay, of which nothing is kept
        told = interrupted(this, start, meter.finished("", this), headway)
        raise told.with_traceback(stop.__traceback__) from None
    except BaseException as error:  # a step may end its process by sys.exit, too
        this.note(meter.finished(in_one_line(error), this))
        this.write()
        raise
    finally:
        shop.executor.close()
    this.note(meter.finished("; ".join(map(in_one_line, failed)), this, _with_left_out(this, failed)))
    this.write()
    if failed:
        raise _together(this, failed)
    return run_record(shop.ledger, graph.capability, number)


def _through(this: Pass, chosen: Chosen, tell: Teller) -> list[StepFailed]:
    """Go through the flow; what failed: one step, or more where the run goes on after a failure."""
    failed: list[StepFailed] = []
    for node in wanted(this.graph, this.options.only):
        if any(name not in this.steps for name in node.upstream):
            continue  # what it stands on failed
        this.at = node.name
        try:
            _advance(this, node, chosen.get(node.name, {}), tell)
        except Exception as error:
            if not is_the_steps(error, node):
                raise
            failed.append(complete(this, node, error))
            if not this.options.keep_going:
                break
            if failed[-1].failure is not None:  # at once: a later step may take the process along
                this.shop.failed(failed[-1].failure)
    this.at = ""
    return failed


def _with_left_out(this: Pass, failed: Sequence[StepFailed]) -> list[Failure]:
    """What the record keeps of failures: with the steps that stand on each."""
    told = [error.failure for error in failed if error.failure is not None]
    left = {
        node.name: {above.name for above in this.graph.ancestors(node.name)}
        for node in wanted(this.graph, this.options.only)
        if node.name not in this.steps
    }
    return [
        msgspec.structs.replace(one, left_out=[name for name, above in left.items() if one.step in above])
        for one in told
    ]


def _together(this: Pass, failed: Sequence[StepFailed]) -> StepFailed:
    """All that failed; where the run went on, with what was left out."""
    left = dict[str, list[str]]()
    for one in _with_left_out(this, failed):
        for name in one.left_out:
            left.setdefault(name, []).append(one.step)
    if len(failed) == 1 and not (left and this.options.keep_going):
        return failed[0]
    return RunFailed(this.ref, failed, left)


def _advance(this: Pass, node: Node, parameters: Mapping[str, Any], tell: Teller) -> None:
    if node.role in ("source", "outcomes"):
        foresee(this, node)
        finished = read(this, node)
        this.note(finished)
    else:
        finished = _step(this, node, parameters)
    this.steps[node.name] = finished
    tell(finished)
    judge(this, node, finished)


def _step(this: Pass, node: Node, parameters: Mapping[str, Any]) -> StepFinished:
    """Reuse what was computed for the same key, else compute it."""
    identity = identify(this, node, parameters)
    found = known(this, node, identity.key)
    if found is not None and is_usable(this, node, found):
        return reused(this, node, identity, found)
    reason = why(this, node, identity, found)
    if not node.each:
        foresee(this, node)
    work = fan_out if node.each else compute
    return work(this, node, parameters, identity, reason)


def _restore(this: Pass, chosen: Chosen, name: str, error: Exception, tell: Teller) -> None:
    """Compute a step again whose stored result cannot be read; nobody asked for it before it was needed."""
    node, before = this.graph.nodes[name], this.steps[name]
    this.shop.artifacts.give_up(before.artifact)
    parameters = chosen.get(name, {})
    identity = identify(this, node, parameters)
    reason = f"its stored result cannot be read: {in_one_line(error)}"
    work = fan_out if node.each else compute
    this.steps[name] = work(this, node, parameters, identity, reason)
    tell(this.steps[name])
