"""What a metric hangs on: a graph from the metric upstream to the fields of its sources.

A metric has two sorts of ancestors. Some measure it (the source of visits): if one of those is
broken, the number is wrong, whatever happened. The others decide what it measures (decisions,
service, models, features, steps, sources): if one of those is broken, decisions may be worse. A
source can be both: visits measure the metric, and the model learns from them.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from fullcycle.kernel import UnknownName

NodeKind = Literal["metric", "decisions", "service", "model", "features", "step", "source", "field"]


@dataclass(frozen=True, slots=True)
class LineageNode:
    """Something upstream of a metric; ``id`` is its kind and name, such as ``source mailings``."""

    kind: NodeKind
    name: str
    inputs: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """What findings and errors call it."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Lineage:
    """Nodes by id; ``measuring`` are those that the metric's value is computed from."""

    metric: str
    nodes: Mapping[str, LineageNode]
    measuring: frozenset[str] = field(default_factory=frozenset)

    @property
    def root(self) -> str:
        """The id of the metric's node."""
        return f"metric {self.metric}"

    def upstream(self, start: str | None = None) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Every ancestor once, nearest first, with a shortest path that leads to it from ``start``.

        Raises:
            UnknownName: where ``start`` is no node.
        """
        start = self.root if start is None else start
        if start not in self.nodes:
            raise UnknownName.among(start, self.nodes, where=f"the lineage of {self.metric}")
        paths: dict[str, tuple[str, ...]] = {start: (start,)}
        waiting = deque([start])
        while waiting:
            node = waiting.popleft()
            if node != start:
                yield node, paths[node]
            for above in self.nodes[node].inputs:
                if above not in paths:
                    paths[above] = (*paths[node], above)
                    waiting.append(above)


@dataclass(frozen=True, slots=True)
class FlowNode:
    """A node of the flow as lineage needs it: what it reads, what it is judged and served by.

    ``inputs`` are names of other nodes. ``features`` names the feature set of a model; ``fields``
    are those of a source's contract.
    """

    role: Literal["source", "outcomes", "step", "model"]
    inputs: tuple[str, ...] = ()
    features: str | None = None
    fields: tuple[str, ...] = ()


def trace(
    metric: str,
    *,
    measured_by: Sequence[str],
    decisions: str,
    service: str,
    request: Sequence[str],
    served: Sequence[str],
    flow: Mapping[str, FlowNode],
) -> Lineage:
    """Lay out what a metric hangs on.

    Args:
        metric: its name.
        measured_by: sources that its value is computed from.
        decisions: whose decisions it measures, such as ``winback@prod``.
        service: the function that decides, such as ``winback.service:choose``.
        request: fields of the request.
        served: steps and models of the flow that the service asks.
        flow: the flow's nodes by name; outcomes read the sources they are made of.

    Raises:
        UnknownName: for a name that is no node of the flow.
    """
    nodes = [
        LineageNode(
            "metric", metric, (*(f"source {name}" for name in measured_by), f"decisions {decisions}")
        ),
        LineageNode("decisions", decisions, (f"service {service}", *_fields("request", request))),
        LineageNode("service", service, tuple(_id(name, flow) for name in served)),
        *(LineageNode("field", f"request.{name}") for name in request),
    ]
    for name, node in flow.items():
        nodes += _flow_nodes(name, node, flow)
    by_id = {node.id: node for node in nodes}
    for name in measured_by:
        if f"source {name}" not in by_id:
            raise UnknownName.among(name, flow, where=f"the sources of metric {metric}")
    whole = Lineage(metric, by_id)
    measuring = {f"source {name}" for name in measured_by}
    measuring |= {above for name in measured_by for above, _ in whole.upstream(f"source {name}")}
    return Lineage(metric, by_id, frozenset(measuring))


def _flow_nodes(name: str, node: FlowNode, flow: Mapping[str, FlowNode]) -> list[LineageNode]:
    inputs = tuple(_id(each, flow) for each in node.inputs)
    if node.role == "source":
        columns = [LineageNode("field", f"{name}.{each}") for each in node.fields]
        return [LineageNode("source", name, (*inputs, *_fields(name, node.fields))), *columns]
    if node.role == "model" and node.features is not None:
        features = LineageNode("features", node.features, inputs)
        return [LineageNode("model", name, (features.id,)), features]
    return [LineageNode("step" if node.role == "outcomes" else node.role, name, inputs)]


def _fields(table: str, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"field {table}.{name}" for name in names)


def _id(name: str, flow: Mapping[str, FlowNode]) -> str:
    if name not in flow:
        raise UnknownName.among(name, flow, where="the flow")
    role = flow[name].role
    return f"{'step' if role == 'outcomes' else role} {name}"
