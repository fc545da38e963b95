"""The elements of a step that is called once per element: which are remembered, which are to be made."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fullcycle.flow.declare import ModelStep
from fullcycle.flow.facts import Memoized
from fullcycle.flow.graph import Node
from fullcycle.flow.memo import memo_key, memo_stream
from fullcycle.flow.passing import Pass
from fullcycle.flow.ports import Call
from fullcycle.flow.stepping import Identity, threads_of
from fullcycle.kernel import Digest, Invalid, Missing, digest_value
from fullcycle.record import Artifact, Family

_TOGETHER = 500  # elements looked up at once


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its key as a user knows it, that of its memo, and how it is made."""

    label: str
    key: Digest
    call: Call


@dataclass(frozen=True, slots=True)
class Elements:
    """All elements of a step, in their order."""

    shape: str
    keys: Sequence[Any]
    every: Sequence[Element]

    def family(self, artifacts: Sequence[Artifact]) -> Family:
        """What the step comes to, of what its elements came to."""
        return Family.of("dict" if self.shape == "dict" else "list", self.keys, artifacts)


def elements_of(this: Pass, node: Node, parameters: Mapping[str, Any], identity: Identity) -> Elements:
    """Take the inputs apart that are looked at one element at a time.

    Raises:
        Invalid: where two of them have not the same keys.
    """
    families = {name: _parts(this, name) for name in node.each}
    first, *others = families
    shape, items = families[first].shape, families[first].items()
    keys = [key for key, _ in items]
    for other in others:
        _require_alike(node, first, keys, other, [key for key, _ in families[other].items()])
    parts = {name: dict(family.items()) for name, family in families.items()}
    whole = {name: this.artifact(name) for name in node.inputs if name not in families}
    threads = threads_of(this, node)
    judged = isinstance(node.declared, ModelStep)
    every = []
    for number, key in enumerate(keys):
        inputs = {name: parts[name][key] if name in parts else whole[name] for name in node.inputs}
        views = {name: (identity.views[name][0], inputs[name].content) for name in node.inputs}
        memo = memo_key(node.name, identity.reach.digest, parameters, views)
        if judged:
            memo = digest_value("judged@1", [memo, this.shop.judge.version])
        call = Call(number, this.ref, node.name, label(key), inputs, parameters, threads, judged)
        every.append(Element(label(key), memo, call))
    return Elements(shape, keys, every)


def _parts(this: Pass, name: str) -> Family:
    """The elements of an input; it is made again where they are not all there."""
    kind = this.graph.gives(name)
    if not this.shop.artifacts.has(this.artifact(name)):
        where = f"the result of {name}"
        this.restore(name, Missing(f"{where} is not there", where, "it is made again"))
    return this.shop.artifacts.parts(this.artifact(name), kind)


def remembered_of(this: Pass, node: Node, elements: Sequence[Element]) -> dict[int, Memoized]:
    """What is remembered of elements, by their number, where it is still there."""
    if node.declared.volatile or node.name in this.options.force or this.options.afresh:
        return {}
    found: dict[int, Memoized] = {}
    for start in range(0, len(elements), _TOGETHER):
        some = elements[start : start + _TOGETHER]
        latest = this.shop.ledger.latest([memo_stream(one.key) for one in some])
        for one in some:
            fact = latest.get(memo_stream(one.key))
            if fact is not None and _is_there(this, fact.body):
                found[one.call.number] = fact.body
    return found


def _is_there(this: Pass, known: Memoized) -> bool:
    artifacts = this.shop.artifacts
    return artifacts.has(known.artifact) and (known.evaluation is None or artifacts.has(known.evaluation))


def _require_alike(node: Node, one: str, keys: Sequence[Any], other: str, others: Sequence[Any]) -> None:
    if list(keys) == list(others):
        return
    if set(map(repr, keys)) == set(map(repr, others)) and not isinstance(keys, range):
        return
    lacking = (
        _some([key for key in keys if key not in others]),
        _some([key for key in others if key not in keys]),
    )
    raise Invalid(
        f"{node.name} takes each of {one} with each of {other}, which have other keys: "
        f"{other} lacks {lacking[0]}, {one} lacks {lacking[1]}",
        node.line,
        "give both the same keys, or take one of them whole",
    )


def _some(keys: Iterable[Any]) -> str:
    told = [label(key) for key in keys]
    more = f" and {len(told) - 3} more" if len(told) > 3 else ""
    return (", ".join(told[:3]) or "none") + more


def label(key: Any) -> str:
    """An element's key as a user knows it."""
    return key if isinstance(key, str) else repr(key)
