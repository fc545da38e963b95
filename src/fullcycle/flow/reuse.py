"""Whether what is remembered of a step is taken, or it is computed; and why."""

import msgspec

from fullcycle.code import Symbol
from fullcycle.flow.annotation import is_pickled
from fullcycle.flow.facts import Memoized, StepFinished
from fullcycle.flow.graph import Node
from fullcycle.flow.memo import remembered
from fullcycle.flow.passing import Pass
from fullcycle.flow.reason import what_is_new, why_computed
from fullcycle.flow.stepping import Identity, kept_reach, unfollowed_in
from fullcycle.kernel import Damaged, Digest, Missing
from fullcycle.record import Artifacts, PickleCodec

_UNCHANGED = "nothing it stands on changed"


def known(this: Pass, node: Node, key: Digest) -> Memoized | None:
    """What is remembered of a key; of a volatile step, and of one that is forced, nothing."""
    if node.declared.volatile or node.name in this.options.force or this.options.afresh:
        return None
    return remembered(this.shop.ledger, key)


def is_usable(this: Pass, node: Node, found: Memoized) -> bool:
    """Whether a remembered result is there, and stored in the way the step asks for."""
    wanted = not node.each and is_pickled(node.returns)
    return this.shop.artifacts.has(found.artifact) and (found.artifact.codec == PickleCodec.name) == wanted


def why(this: Pass, node: Node, identity: Identity, found: Memoized | None) -> str:
    """Say why a step is computed."""
    if node.declared.volatile:
        return "volatile: runs every time"
    if this.options.afresh:
        return "replayed"
    if node.name in this.options.force:
        return "forced"
    if found is not None:
        return "its stored result is gone"
    last = this.earlier.get(node.name)
    news = {
        name: what_is_new(name, this.steps[name].rows, before.rows)
        for name in node.inputs
        if (before := this.earlier.get(name)) is not None
    }
    return why_computed(
        last,
        last_reach=_reached(last, this.shop.artifacts),
        reach=identity.reach.symbols,
        parameters=identity.parameters,
        inputs=identity.inputs,
        news=news,
    )


def reused(this: Pass, node: Node, identity: Identity, found: Memoized) -> StepFinished:
    """A step whose result is remembered; that it was reused is written with the next fact."""
    last = this.earlier.get(node.name)
    finished = StepFinished(
        step=node.name,
        role=node.role,
        reused=True,
        reason=_UNCHANGED,
        key=identity.key,
        artifact=found.artifact,
        inputs=identity.inputs,
        parameters=identity.parameters,
        code=identity.reach.digest,
        reach=kept_reach(this, identity.reach, last),
        wall=0.0,
        cpu=0.0,
        peak_memory=0,
        rows=found.rows,
        elements=found.elements,
        note=unfollowed_in(this, identity.reach),
    )
    this.saved[node.name] = found.wall
    this.note(finished)
    return finished


def _reached(last: StepFinished | None, artifacts: Artifacts) -> dict[str, Symbol]:
    if last is None or last.reach is None:
        return {}
    try:
        return msgspec.json.decode(artifacts.objects.get(last.reach), type=dict[str, Symbol])
    except (Missing, Damaged):  # it only helps to explain
        return {}
