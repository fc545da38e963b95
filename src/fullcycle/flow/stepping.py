"""One step of a run that is computed, and remembered in the commit that tells of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from fullcycle.code import Reach
from fullcycle.flow.annotation import is_each, model_view, type_name
from fullcycle.flow.facts import Memoized, StepFinished
from fullcycle.flow.failure import StepFailed, completed, in_one_line, shape
from fullcycle.flow.graph import Node
from fullcycle.flow.making import Bench, making_here
from fullcycle.flow.memo import memo_key, memo_stream
from fullcycle.flow.passing import Pass
from fullcycle.flow.ports import Answer, Call, Limits, Made
from fullcycle.kernel import Conflict, Damaged, Digest, FullcycleError, Missing
from fullcycle.record import Artifact, Entry


@dataclass(frozen=True, slots=True)
class Identity:
    """All that decides what a step returns."""

    key: Digest
    reach: Reach
    parameters: dict[str, Any]  # plain
    views: dict[str, tuple[str, Digest]]  # how each input is looked at, and its content

    @property
    def inputs(self) -> dict[str, Digest]:
        """Content by parameter."""
        return {name: content for name, (_, content) in self.views.items()}


def identify(this: Pass, node: Node, parameters: Mapping[str, Any]) -> Identity:
    """Digest all that decides what a step returns."""
    reach = this.shop.surroundings.reach(node)
    views = {name: (view_of(this.steps, node, name), this.artifact(name).content) for name in node.inputs}
    key = memo_key(node.name, reach.digest, parameters, views)
    return Identity(key, reach, msgspec.to_builtins(dict(parameters)), views)


def view_of(steps: Mapping[str, StepFinished], node: Node, name: str) -> str:
    """How an input is looked at; a model that is asked stands on the code that encodes its rows, too."""
    kind = node.inputs[name]
    told = f"Each[{type_name(kind)}]" if is_each(kind) else type_name(kind)
    return f"{told} {steps[name].code}" if model_view(kind) else told


def compute(
    this: Pass, node: Node, parameters: Mapping[str, Any], identity: Identity, reason: str
) -> StepFinished:
    """Call a step's function, and record what it came to."""
    this.write()
    threads = threads_of(this, node)
    call = call_of(this, node, parameters, threads)
    executor = this.shop.executor
    if made_apart(node) or executor.is_deadly(identity.key):
        made = _elsewhere(this, node, call)
    else:
        with executor.limited(threads), making_here(executor, identity.key):
            made = bench(this, node).make(call, retries=node.declared.retries)
    finished = told(this, node, identity, made, reason=reason)
    return settle(this, node, identity, msgspec.structs.replace(finished, threads=threads))


def made_apart(node: Node) -> bool:
    """Whether calls of a step are made in other processes only: what a call ends is its own process.

    That is where one that takes too long is ended, and where one that says how much memory
    it takes runs out of it.
    """
    return node.declared.timeout is not None or node.declared.memory is not None


def call_of(this: Pass, node: Node, parameters: Mapping[str, Any], threads: int) -> Call:
    """The one call of a step that is called once."""
    inputs = {name: this.artifact(name) for name in node.inputs}
    return Call(0, this.ref, node.name, "", inputs, parameters, threads)


def _elsewhere(this: Pass, node: Node, call: Call) -> Made:
    """Make a call in another process."""
    with this.shop.executor.crew(1) as crew:
        answer = next(crew.make([call], limits_of(node, 1)))
        if isinstance(answer.error, Missing | Damaged):  # what it stands on is made again here
            for name, kept in call.inputs.items():
                given(this, name, node.inputs[name], kept)
            this.shop.ledger.append_all([], by=this.shop.by)
            call = call_of(this, node, call.parameters, call.threads)
            answer = next(crew.make([call], limits_of(node, 1)))
    return taken(this, answer)


def failed(this: Pass, node: Node, error: Exception, element: str = "") -> StepFailed:
    """What a step failed with, with all that a user needs to know of it."""
    return completed(error, node, this.ref, lambda at: _shapes(this, node, at or element), element)


def _shapes(this: Pass, node: Node, element: str) -> dict[str, str]:
    """What each input of a step is, or of one of its elements."""
    return {name: _shape(this, node, name, element) for name in node.inputs if name in this.steps}


def _shape(this: Pass, node: Node, name: str, element: str) -> str:
    kept = this.artifact(name)
    try:
        if name not in node.each:
            return shape(this.value(name, node.inputs[name], kept))
        family = this.shop.artifacts.parts(kept, this.graph.gives(name))
        parts = {key if isinstance(key, str) else repr(key): part for key, part in family.items()}
        if element not in parts:
            return f"{len(parts):,} elements"
        return shape(this.value(name, node.inputs[name], parts[element]))
    except FullcycleError:
        return "not to be read any more"


def limits_of(node: Node, workers: int, each_s: float = 0.0) -> Limits:
    """What a step declares of its calls."""
    timeout = node.declared.timeout
    return Limits(
        workers, None if timeout is None else timeout.total_seconds(), node.declared.retries, each_s
    )


def taken(this: Pass, answer: Answer) -> Made:
    """What another process made, with what it could not store itself.

    Raises:
        FullcycleError: what the call came to instead.
    """
    for data in answer.attached:
        this.shop.artifacts.objects.put(data)
    if answer.made is None:
        raise answer.error if answer.error is not None else LookupError(answer)
    if answer.elsewhere:
        this.elsewhere += answer.made.cpu
        this.highest = max(this.highest, answer.made.peak_memory)
    return answer.made


def bench(this: Pass, node: Node) -> Bench:
    """Where the calls of a step are made in this process."""
    return Bench(
        node,
        this.shop.artifacts,
        this.shop.judge,
        lambda name, kind, kept: given(this, name, kind, kept),
        this.shop.surroundings.watched,
    )


def given(this: Pass, name: str, kind: Any, kept: Artifact) -> Any:
    """The value of an input; one whose stored result cannot be read any more is computed again."""
    try:
        return this.value(name, kind, kept)
    except (Missing, Damaged) as error:
        if name in this.options.sources:
            raise type(error)(
                f"the rows of {name} as {this.options.sources_of} read them are lost: {in_one_line(error)}",
                error.where,
                f"restore them from a backup, or read {name} anew: leave out --sources",
            ) from error
        if this.graph.nodes[name].role in ("source", "outcomes"):
            raise
        this.restore(name, error)
        return this.value(name, kind, kept)


def threads_of(this: Pass, node: Node) -> int:
    """How many threads a step's libraries may use; 0 for as many as they like.

    What it declares, else all, but one where it is called per element: elements fill the
    cores. A step that is replayed has as many as it had: they may change what it returns.
    """
    declared = node.declared.cpus
    usual = (1 if node.each else 0) if declared is None else max(1, int(declared))
    return this.options.threads.get(node.name, usual)


def told(this: Pass, node: Node, identity: Identity, made: Made, *, reason: str) -> StepFinished:
    """A step that was computed."""
    return StepFinished(
        step=node.name,
        role=node.role,
        reused=False,
        reason=reason,
        key=identity.key,
        artifact=made.artifact,
        inputs=identity.inputs,
        parameters=identity.parameters,
        code=identity.reach.digest,
        reach=kept_reach(this, identity.reach, this.earlier.get(node.name)),
        wall=made.wall,
        cpu=made.cpu,
        peak_memory=made.peak_memory,
        rows=made.rows,
        note="; ".join(filter(None, [made.note, unfollowed_in(this, identity.reach)])),
    )


def settle(
    this: Pass,
    node: Node,
    identity: Identity,
    finished: StepFinished,
    *,
    evaluation: Artifact | None = None,
) -> StepFinished:
    """Record a computed step and remember its result, in one commit.

    The first result ever remembered for a key counts, whoever computed it; another one
    takes its place where it was lost, or where the step was forced.
    """
    if node.declared.volatile or this.options.afresh:
        this.note(finished)
        this.write()
        return finished
    stream = memo_stream(identity.key)
    before = this.shop.ledger.latest([stream]).get(stream)
    if (
        before is not None
        and this.shop.artifacts.has(before.body.artifact)
        and node.name not in this.options.force
    ):
        return _second(this, finished, before.body)
    if before is not None and before.body.artifact.content != finished.artifact.content:
        lost = (
            "the result that is gone was another" if node.name not in this.options.force else "it was another"
        )
        finished = _doubtful(finished, lost)
    result = Memoized(
        step=node.name,
        artifact=finished.artifact,
        rows=finished.rows,
        elements=finished.elements,
        wall=finished.wall,
        evaluation=evaluation,
    )
    this.note(finished)
    try:
        this.write(Entry(stream, before.position if before is not None else 0, result))
    except Conflict:  # somebody else computed it at the same time, and was first
        this.waiting.pop()
        first: Memoized = this.shop.ledger.latest([stream])[stream].body
        return _second(this, finished, first)
    return finished


def _second(this: Pass, finished: StepFinished, first: Memoized) -> StepFinished:
    """What is recorded of a step that somebody computed before."""
    if first.artifact.content != finished.artifact.content:
        finished = _doubtful(finished, "the result recorded first counts")
    finished = msgspec.structs.replace(finished, artifact=first.artifact, rows=first.rows)
    this.note(finished)
    this.write()
    return finished


def _doubtful(finished: StepFinished, which: str) -> StepFinished:
    note = "; ".join(filter(None, [finished.note, f"not deterministic: {which}"]))
    return msgspec.structs.replace(finished, deterministic=False, note=note)


def unfollowed_in(this: Pass, reach: Reach) -> str:
    """What is said of code that cannot be followed: of each place once in a run."""
    said = (
        ("cannot be followed, so all of the project's code counts", reach.unfollowed),
        ("looks at files, so the names of all of the project's files count", reach.looks),
    )
    told = []
    for what, places in said:
        news = [place for place in places if place not in this.unfollowed]
        this.unfollowed.update(news)
        if news:
            told.append(f"{what}: {', '.join(news)}")
    return "; ".join(told)


def kept_reach(this: Pass, reach: Reach, last: StepFinished | None) -> Digest:
    """The object that holds what of the code a step reaches; the last run's where it reaches the same."""
    if last is not None and last.code == reach.digest and last.reach is not None:
        return last.reach
    return this.shop.artifacts.objects.put(msgspec.json.encode(reach.symbols, order="sorted"))
