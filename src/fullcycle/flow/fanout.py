"""A step called once per element: what is remembered is reused, the rest made here or by a crew.

It begins in this process, and goes on in processes beside it only when the time left,
told from the elements that are finished, exceeds what such processes are measured to take
until they work.
"""

import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import msgspec

from fullcycle.flow.elements import Element, Elements, elements_of, remembered_of
from fullcycle.flow.facts import ElementFailed, Memoized, StepFinished
from fullcycle.flow.failure import ElementsFailed, in_one_line, is_the_steps
from fullcycle.flow.graph import Node
from fullcycle.flow.making import Bench, making_here
from fullcycle.flow.memo import memo_stream, remembered
from fullcycle.flow.options import wanted
from fullcycle.flow.passing import Pass
from fullcycle.flow.ports import Answer, Call, Crew, Limits, Made
from fullcycle.flow.stepping import (
    Identity,
    bench,
    failed,
    given,
    limits_of,
    made_apart,
    settle,
    taken,
    threads_of,
    told,
)
from fullcycle.kernel import Conflict, Damaged, FullcycleError, Missing, counted, peak_memory
from fullcycle.record import Entry

_LOSABLE_S = 0.05  # seconds of work that a kill may undo: results are written together
_MOST_WAITING = 200
_MOST_NOTES = 3


@dataclass(slots=True)
class _Tally:
    """What the elements came to so far, and what of it is not written yet."""

    this: Pass
    node: Node
    elements: Elements
    known: dict[int, Memoized]
    failures: dict[int, Exception] = field(default_factory=dict)
    cpu: float = 0.0
    made: int = 0
    notes: dict[str, None] = field(default_factory=dict)  # each once
    unwritten: list[tuple[Element, Memoized]] = field(default_factory=list)
    losable: float = 0.0  # seconds that were spent on it

    def add(self, number: int, made: Made) -> None:
        """Take in what an element came to."""
        element = self.elements.every[number]
        result = Memoized(
            step=f"{self.node.name}[{element.label}]",
            artifact=made.artifact,
            rows=made.rows,
            evaluation=made.evaluation,
            wall=made.wall,
        )
        self.known[number] = result
        self.unwritten.append((element, result))
        self.cpu += made.cpu
        self.made += 1
        self.losable += made.wall
        if made.note:
            self.notes[made.note] = None
        if len(self.unwritten) >= _MOST_WAITING or self.losable > _LOSABLE_S:
            self.write()

    def tell(self) -> None:
        """Let whoever watches know how far it is."""
        total = len(self.elements.every)
        self.this.shop.progress(self.node.name, len(self.known), len(self.failures), total)

    def write(self) -> None:
        """Remember what was made; where somebody was first with an element, theirs counts."""
        shop = self.this.shop
        if not (self.node.declared.volatile or self.this.options.afresh):
            while not self._written():
                pass
        shop.ledger.append_all([], by=shop.by)
        self.unwritten.clear()
        self.losable = 0.0

    def _written(self) -> bool:
        """Whether it could be written: nobody wrote one of these at the same moment."""
        shop = self.this.shop
        streams = [memo_stream(element.key) for element, _ in self.unwritten]
        before = shop.ledger.latest(streams)
        entries = {}
        for (element, result), stream in zip(self.unwritten, streams, strict=True):
            first = before.get(stream)
            if first is not None and self._counts(first.body):
                self.known[element.call.number] = first.body
            else:
                entries[stream] = Entry(stream, first.position if first is not None else 0, result)
        try:
            shop.ledger.append_all(list(entries.values()), by=shop.by, at=shop.clock())
        except Conflict:
            return False
        return True

    def _counts(self, first: Memoized) -> bool:
        return self.node.name not in self.this.options.force and self.this.shop.artifacts.has(first.artifact)


def fan_out(
    this: Pass, node: Node, parameters: Mapping[str, Any], identity: Identity, reason: str
) -> StepFinished:
    """Call a step once per element, and record what its elements came to, each by itself.

    Raises:
        ElementsFailed: where calls failed; all that did not is remembered.
        Invalid: where what is taken together has other keys.
    """
    this.write()
    began = time.perf_counter()
    elements = elements_of(this, node, parameters, identity)
    tally = _Tally(this, node, elements, remembered_of(this, node, elements.every))
    todo = deque(one for one in elements.every if one.call.number not in tally.known)
    if tally.known:
        this.saved[node.name] = sum(one.wall for one in tally.known.values())
        this.kept[node.name] = frozenset(tally.known)
    reason = anew(reason, len(todo), len(elements.every))
    tally.tell()
    try:
        for answer in _answers(this, node, todo):
            if answer.error is not None:
                tally.failures[answer.number] = answer.error
            else:
                tally.add(answer.number, taken(this, answer))
            tally.tell()
            if tally.failures and not this.options.keep_going:
                break
    finally:
        tally.write()
    if tally.failures:
        raise _failed(this, node, tally)
    results = [tally.known[number] for number in range(len(elements.every))]
    made = _together(this, elements, results, time.perf_counter() - began, tally.cpu)
    finished = msgspec.structs.replace(
        told(this, node, identity, made, reason=reason),
        reused=bool(results) and not tally.made,
        elements=len(results),
        made=tally.made,
        threads=threads_of(this, node),
    )
    if tally.notes:
        notes = [*tally.notes][:_MOST_NOTES]
        finished = msgspec.structs.replace(finished, note="; ".join(filter(None, [*notes, finished.note])))
    if made.evaluation is not None:
        this.evaluations[node.name] = made.evaluation
    return settle(this, node, identity, finished, evaluation=made.evaluation)


def foresee(this: Pass, node: Node) -> None:
    """While a step is computed, let a crew get ready where one of those below will likely ask for it.

    That is where its elements stand on this step, and took longer than a crew's start when they
    were made: what a crew loads first is then loaded beside the step, and not beside elements.
    A source is read whether or not its rows are other ones: beside it, a crew gets ready only for
    elements of which nobody knows anything.
    """
    executor = this.shop.executor
    elements = (other for other in wanted(this.graph, this.options.only) if other.each)
    below = [other for other in elements if _stands_on(this, other, node)]
    known = [other for other in below if other.name in this.earlier]
    changes = node.role not in ("source", "outcomes")
    if changes and any(_took_s(this, other) > executor.start_s() for other in known):
        executor.foresee()
    elif len(known) < len(below):
        executor.foresee(unknown=True)


def _stands_on(this: Pass, other: Node, node: Node) -> bool:
    return any(above.name == node.name for above in this.graph.ancestors(other.name))


def _took_s(this: Pass, node: Node) -> float:
    """Seconds that a step took when what it came to last was made; none where nobody knows."""
    last = this.earlier.get(node.name)
    made = remembered(this.shop.ledger, last.key) if last is not None else None
    return made.wall if made is not None else 0.0


def _together(this: Pass, elements: Elements, results: list[Memoized], wall: float, cpu: float) -> Made:
    """What the elements come to as one."""
    artifacts = this.shop.artifacts
    artifact = artifacts.keep_family(elements.family([one.artifact for one in results]))
    counted = [one.rows for one in results if one.rows is not None]
    judged = [one.evaluation for one in results if one.evaluation is not None]
    evaluation = artifacts.keep_family(elements.family(judged)) if judged else None
    return Made(artifact, sum(counted) if counted else None, wall, cpu, peak_memory(), evaluation)


def anew(reason: str, todo: int, total: int) -> str:
    """Why a step runs, with how many of its elements are not remembered."""
    if not todo and total:
        return f"every element is known: {reason}"
    return reason if todo == total else f"{todo:,} of {counted(total, 'element')} anew: {reason}"


def _failed(this: Pass, node: Node, tally: _Tally) -> Exception:
    """What a step failed with, which knows how many of its elements came to something."""
    failures = sorted(tally.failures.items())
    number, error = failures[0]
    if not is_the_steps(error, node):
        return error
    first = failed(this, node, error, tally.elements.every[number].label)
    listed = [ElementFailed(tally.elements.every[n].label, _said(error)) for n, error in failures]
    first = first.counted(listed, made=len(tally.known), total=len(tally.elements.every))
    if len(failures) == 1 and not this.options.keep_going:
        return first
    return ElementsFailed.of(node, this.ref, first)


def _said(error: Exception) -> str:
    """What failed, without the words for where, which the list gives."""
    told = in_one_line(error)
    return told.partition(" failed: ")[2] or told


def _answers(this: Pass, node: Node, todo: deque[Element]) -> Iterator[Answer]:
    """Make the calls: here first, then by a crew where that pays.

    What may end its process is made by a crew from the start, and what may take only so
    long: only there can it be ended.
    """
    executor, declared = this.shop.executor, node.declared
    workers = min(executor.workers(declared.cpus or 1, declared.memory), len(todo))
    here = bench(this, node)
    with ExitStack() as stack:
        stack.enter_context(executor.limited(threads_of(this, node)))
        apart = bool(todo) and (made_apart(node) or any(executor.is_deadly(one.key) for one in todo))
        at_once = apart or (workers > 1 and not executor.start_s())
        crew = stack.enter_context(executor.crew(workers)) if at_once else None
        spent, done = 0.0, 0  # seconds in calls, which others could have made
        while todo and not (crew is not None and (apart or crew.ready())):
            began, element = time.perf_counter(), todo.popleft()
            with making_here(executor, element.key):
                answer = _made_here(here, element.call, declared.retries)
            spent, done = spent + time.perf_counter() - began, done + 1
            yield answer
            if crew is None and workers > 1 and spent / done * len(todo) > executor.start_s():
                crew = stack.enter_context(executor.crew(min(workers, len(todo))))
        if todo and crew is not None:
            limits = limits_of(node, min(workers, len(todo)), spent / done if done else 0.0)
            yield from _made_apart(this, node, crew, todo, limits)


def _made_apart(
    this: Pass, node: Node, crew: Crew, todo: Collection[Element], limits: Limits
) -> Iterator[Answer]:
    """Let a crew make calls; what some of them stand on and could not be read is made again here."""
    this.shop.ledger.append_all([], by=this.shop.by)  # what is attached: there they read it
    elements = {one.call.number: one for one in todo}
    again: list[Call] = []
    for answer in crew.make([one.call for one in todo], limits):
        if answer.deadly:
            this.shop.executor.beware(elements[answer.number].key)
        if isinstance(answer.error, Missing | Damaged):
            again.append(elements[answer.number].call)
        else:
            yield answer
    for call in again:
        for name, kept in call.inputs.items():
            given(this, name, node.inputs[name], kept)
    if again:
        this.shop.ledger.append_all([], by=this.shop.by)
        yield from crew.make(again, limits)


def _made_here(here: Bench, call: Call, retries: int) -> Answer:
    try:
        return Answer(call.number, made=here.make(call, retries=retries))
    except FullcycleError as error:
        return Answer(call.number, error=error)
