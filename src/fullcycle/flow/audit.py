"""The audit of a run: results that were reused are computed again, and must be the same.

It is the proof that nothing was stale, at a price that is chosen: a share of the time that
reuse saved. What saved more is more likely to be looked at; which it is, the run's id settles.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from fullcycle.flow.elements import elements_of, remembered_of
from fullcycle.flow.facts import Audited
from fullcycle.flow.graph import Node
from fullcycle.flow.passing import Pass
from fullcycle.flow.ports import Call
from fullcycle.flow.stepping import bench, call_of, identify, threads_of
from fullcycle.kernel import Digest, FullcycleError, Invalid, digest_value

_LEAST_S = 1e-4  # that a result counts as having saved


class AuditFailed(FullcycleError):
    """A result that was reused is not what its step returns now."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Hit:
    """A result that was reused: of a step, or of one of its elements."""

    node: Node
    call: Call
    content: Digest
    saved: float  # seconds


def read_share(text: str) -> float:
    """Read the share of the time saved that an audit may take: ``"10%"`` or ``"0.1"``.

    Raises:
        Invalid: for anything else.

    >>> read_share("10%")
    0.1
    """
    number, percent, rest = text.strip().partition("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError:
        share = -1.0
    if rest or not 0 < share <= 1:
        raise Invalid(f"{text!r} is no share of the results", "--audit", "write --audit 10%")
    return share


def sampled(saved: Sequence[float], share: float, seed: str) -> list[int]:
    """Choose which to look at, by number, in the order in which they are looked at.

    One after the other is drawn with a chance in proportion to the seconds that it saved,
    until together they saved ``share`` of all: at least one, where there is any. The same
    seed chooses the same.

    Source:
        Efraimidis & Spirakis, "Weighted random sampling with a reservoir", 2006, section 2.
    """
    weights = [max(seconds, _LEAST_S) for seconds in saved]
    ordered = sorted(range(len(saved)), key=lambda n: -log(_uniform(seed, n)) / weights[n])
    enough = share * sum(weights)
    chosen: list[int] = []
    for number in ordered:
        if sum(weights[one] for one in chosen) >= enough:
            break
        chosen.append(number)
    return chosen


def audit(
    this: Pass,
    chosen: Mapping[str, Mapping[str, Any]],
    share: float,
    seed: str,
    tell: Callable[[Audited], None] = lambda _: None,
) -> list[Audited]:
    """Compute again a share of what the run has reused, and record what that came to.

    ``chosen`` are the parameters by step; ``tell`` hears of each when it is computed.

    Raises:
        AuditFailed: where a result is another one, with the digests of both.
        StepFailed: where a step raises that returned something before.
    """
    hits = [hit for name in this.saved for hit in _hits(this, this.graph.nodes[name], chosen.get(name, {}))]
    looked: list[Audited] = []
    for number in sampled([hit.saved for hit in hits], share, seed):
        hit = hits[number]
        with this.shop.executor.limited(threads_of(this, hit.node)):
            made = bench(this, hit.node).make(hit.call, retries=hit.node.declared.retries)
        looked.append(
            Audited(
                step=hit.node.name,
                element=hit.call.label,
                recorded=hit.content,
                found=made.artifact.content,
                wall=made.wall,
            )
        )
        this.note(looked[-1])
        tell(looked[-1])
    wrong = [one for one in looked if not one.same]
    if wrong:
        raise _failed(this, wrong)
    return looked


def _hits(this: Pass, node: Node, parameters: Mapping[str, Any]) -> Iterator[Hit]:
    """What was reused of a step: its result, or those of its elements."""
    if not node.each:
        call = call_of(this, node, parameters, threads_of(this, node))
        yield Hit(node, call, this.artifact(node.name).content, this.saved[node.name])
        return
    elements = elements_of(this, node, parameters, identify(this, node, parameters))
    kept = this.kept.get(node.name)
    looked_at = [one for one in elements.every if kept is None or one.call.number in kept]
    known = remembered_of(this, node, looked_at)
    for element in looked_at:
        found = known.get(element.call.number)
        if found is not None:
            yield Hit(node, element.call, found.artifact.content, found.wall)


def _uniform(seed: str, number: int) -> float:
    """A number above 0 and below 1."""
    return (int(digest_value("audit@1", [seed, number])[:13], 16) + 0.5) / 16**13


def _failed(this: Pass, wrong: Sequence[Audited]) -> AuditFailed:
    listed = "\n".join(f"  {one.name}: recorded {one.recorded[:12]}…, now {one.found[:12]}…" for one in wrong)
    first = this.graph.nodes[wrong[0].step]
    names = " ".join(sorted({f"--force {one.step}" for one in wrong}))
    return AuditFailed(
        f"the audit of {this.ref} computed another result than the one that was reused\n{listed}",
        first.line,
        f"declare what it stands on besides (depends_on=), or set its seed; then run with {names}, "
        f"and see what changed: fullcycle diff {this.ref} with that run",
    )
