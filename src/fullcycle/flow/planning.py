"""What a run would do and why, found out without computing or recording anything.

Sources are read, for whether a step has to run depends on their rows. What stands on a step
that would run cannot be known before it has: it runs where the result of that is another.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from fullcycle.flow.elements import elements_of, remembered_of
from fullcycle.flow.facts import StepFinished
from fullcycle.flow.fanout import anew
from fullcycle.flow.graph import Graph, Node
from fullcycle.flow.options import RunOptions, require_possible, wanted
from fullcycle.flow.parameters import Chosen
from fullcycle.flow.passing import Pass, Workshop
from fullcycle.flow.reading import read
from fullcycle.flow.records import last_times
from fullcycle.flow.reuse import is_usable, known, reused, why
from fullcycle.flow.stepping import Identity, identify
from fullcycle.kernel import Missing, digest_value
from fullcycle.record import Artifact, Artifacts, UnwrittenLedger, UnwrittenObjects

Verdict = Literal["read", "run", "reuse", "perhaps"]


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run would do with one step; ``perhaps`` where that depends on what others come to."""

    step: str
    verdict: Verdict
    reason: str


def plan(graph: Graph, chosen: Chosen, shop: Workshop, options: RunOptions) -> Iterator[Planned]:
    """Tell of each step in turn what a run would do with it.

    Raises:
        Refused: where a source's rows break their contract.
        UnknownName, Invalid: where the options ask for what cannot be.
    """
    require_possible(graph, options)
    this = Pass(graph, 0, last_times(shop.ledger, graph.capability, graph.nodes), unwritten(shop), options)
    doubtful: set[str] = set()
    for node in wanted(graph, options.only):
        if node.role in ("source", "outcomes"):
            this.steps[node.name] = finished = read(this, node)
            verdict: Verdict = "read" if node.name in this.frames else "reuse"
            yield Planned(node.name, verdict, finished.reason)
        else:
            planned = _step(this, node, chosen.get(node.name, {}), doubtful)
            if planned.verdict != "reuse":
                doubtful.add(node.name)
            yield planned


def unwritten(shop: Workshop) -> Workshop:
    """The same workshop, whose record is only read."""
    objects = UnwrittenObjects(shop.artifacts.objects)
    return replace(
        shop, ledger=UnwrittenLedger(shop.ledger), artifacts=Artifacts(objects, shop.artifacts.codecs)
    )


def _step(this: Pass, node: Node, parameters: Mapping[str, Any], doubtful: set[str]) -> Planned:
    """What becomes of a step, as far as what it stands on stays as it was."""
    identity = identify(this, node, parameters)
    found = known(this, node, identity.key)
    if found is not None and is_usable(this, node, found):
        this.steps[node.name] = reused(this, node, identity, found)
        changing = [name for name in node.upstream if name in doubtful]
        if changing:
            return Planned(node.name, "perhaps", f"if {_listed(changing)} changes")
        return Planned(node.name, "reuse", this.steps[node.name].reason)
    reason = why(this, node, identity, found)
    this.steps[node.name] = _as_before(this, node, identity)
    if node.each and not doubtful.intersection(node.upstream):
        return _elements(this, node, parameters, identity, reason)
    return Planned(node.name, "run", reason)


def _elements(
    this: Pass, node: Node, parameters: Mapping[str, Any], identity: Identity, reason: str
) -> Planned:
    """What becomes of a step that is called once per element, and of how many."""
    try:
        elements = elements_of(this, node, parameters, identity)
    except Missing:  # its input is stored no more, and will be made again
        return Planned(node.name, "run", reason)
    found, total = remembered_of(this, node, elements.every), len(elements.every)
    told = anew(reason, total - len(found), total)
    if not found or len(found) < total:
        return Planned(node.name, "run", told)
    family = elements.family([found[number].artifact for number in range(total)])
    together = this.shop.artifacts.keep_family(family)
    this.steps[node.name] = msgspec.structs.replace(this.steps[node.name], artifact=together)
    return Planned(node.name, "reuse", told)


def _as_before(this: Pass, node: Node, identity: Identity) -> StepFinished:
    """A step that would run, as if it came to what it came to the last time."""
    last = this.earlier.get(node.name)
    if last is not None:
        return msgspec.structs.replace(last, code=identity.reach.digest)
    nothing = digest_value("never@1", node.name)
    return StepFinished(
        step=node.name,
        role=node.role,
        reused=False,
        reason="",
        key=identity.key,
        artifact=Artifact(nothing, nothing, "", 0),
        inputs=identity.inputs,
        parameters=identity.parameters,
        code=identity.reach.digest,
        reach=None,
        wall=0.0,
        cpu=0.0,
        peak_memory=0,
    )


def _listed(names: list[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last
