"""Why did a metric move, or is about to? Walk its lineage upstream until something is broken.

What is broken may have broken what lies downstream of it; so the ancestor that is named is one
with nothing broken above it, the nearest of those. Nothing is inferred beyond what was checked.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from fullcycle.monitor.checks import Finding
from fullcycle.monitor.lineage import Lineage

Status = Literal["broken", "sound", "not checked"]
Cause = Literal["measurement", "input", "not explained"]


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """One ancestor: what was found there; ``distance`` counts steps from the metric."""

    node: str
    distance: int
    status: Status
    findings: tuple[Finding, ...] = ()


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. ``path`` leads from the metric to ``broken``; ``others`` are broken roots besides."""

    metric: str
    cause: Cause
    says: str
    broken: str | None
    path: tuple[str, ...]
    evidence: tuple[Finding, ...]
    others: tuple[str, ...]
    looked: tuple[Looked, ...]


def why(lineage: Lineage, findings: Sequence[Finding]) -> Explanation:
    """Name the first broken ancestor of the lineage's metric, or say that none was observed.

    Findings at nodes that the metric does not hang on are left out.
    """
    looked, paths = [], {}
    for node, path in lineage.upstream():
        here = tuple(each for each in findings if _at(each) == node)
        status: Status = "not checked" if not here else "broken" if any(f.broken for f in here) else "sound"
        looked.append(Looked(node=node, distance=len(path) - 1, status=status, findings=here))
        paths[node] = path
    broken = {each.node for each in looked if each.status == "broken"}
    roots = [
        each
        for each in looked
        if each.node in broken and not broken & {n for n, _ in lineage.upstream(each.node)}
    ]
    if not roots:
        return Explanation(
            metric=lineage.metric,
            cause="not explained",
            says=_unexplained(lineage.metric, looked),
            broken=None,
            path=(),
            evidence=(),
            others=(),
            looked=tuple(looked),
        )
    first = roots[0]
    measuring = first.node in lineage.measuring
    return Explanation(
        metric=lineage.metric,
        cause="measurement" if measuring else "input",
        says=_explained(lineage, first),
        broken=first.node,
        path=paths[first.node],
        evidence=tuple(each for each in first.findings if each.broken),
        others=tuple(each.node for each in roots[1:]),
        looked=tuple(looked),
    )


def _at(finding: Finding) -> str:
    """The node a finding is about: a field's own where it has one."""
    if finding.field is None:
        return finding.node
    kind, _, name = finding.node.partition(" ")
    return f"field {'request' if kind == 'decisions' else name}.{finding.field}"


def _decides(lineage: Lineage, node: str) -> bool:
    """Whether a node feeds the decisions, besides the measurement or alone."""
    starts = [above for above in lineage.nodes[lineage.root].inputs if above.startswith("decisions ")]
    return any(node == above for start in starts for above, _ in lineage.upstream(start))


def _explained(lineage: Lineage, first: Looked) -> str:
    found = f"{_named(first.node)}: {'; '.join(each.says for each in first.findings if each.broken)}"
    if first.node not in lineage.measuring:
        return f"{lineage.metric} hangs on something broken: {found}"
    too = "; decisions hang on it, too" if _decides(lineage, first.node) else ""
    return (
        f"{lineage.metric} is measured from something broken, so its number cannot be trusted: {found}{too}"
    )


def _named(node: str) -> str:
    """A node as people say it: ``field history of source mailings``."""
    kind, _, name = node.partition(" ")
    table, dot, field = name.rpartition(".")
    if kind != "field" or not dot:
        return node
    return f"field {field} of {'the requests' if table == 'request' else f'source {table}'}"


def _unexplained(metric: str, looked: Sequence[Looked]) -> str:
    sound = sum(each.status == "sound" for each in looked)
    rest = len(looked) - sound
    return (
        f"{metric} is not explained by what is observed: of {len(looked)} things it hangs on, "
        f"{sound} were checked and are sound, {rest} were not checked"
    )
