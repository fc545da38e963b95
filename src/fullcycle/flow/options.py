"""How a run differs from the plain one: what it computes anyway, what it takes from elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fullcycle.flow.facts import StepFinished
from fullcycle.flow.graph import Graph, Node
from fullcycle.flow.records import RunRecord
from fullcycle.kernel import Invalid, Missing, UnknownName
from fullcycle.record import Artifacts

_READ = ("source", "outcomes")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Wishes of one run.

    ``only`` leaves out the steps that these do not stand on; ``force`` computes these
    whatever is remembered; ``sources`` are taken as an earlier run read them; ``audit`` is the
    share of the time saved that is spent on computing again what could be reused, to see
    that it is the same; ``keep_going`` goes on with other elements and steps after a failure;
    ``threads`` holds a step's libraries to the number they had in the run that is replayed;
    ``afresh`` remembers nothing: every step is computed.
    """

    only: frozenset[str] = frozenset()
    force: frozenset[str] = frozenset()
    sources: Mapping[str, StepFinished] = field(default_factory=dict)
    sources_of: str = ""  # the run that they are taken from, such as winback@42
    audit: float = 0.0
    keep_going: bool = False
    threads: Mapping[str, int] = field(default_factory=dict)
    afresh: bool = False


def wanted(graph: Graph, only: frozenset[str]) -> list[Node]:
    """The nodes that a run goes through: all, or what ``only`` names and what that stands on."""
    if not only:
        return list(graph.nodes.values())
    needed = set(only) | {node.name for name in only for node in graph.ancestors(name)}
    return [node for node in graph.nodes.values() if node.name in needed]


def require_possible(graph: Graph, options: RunOptions) -> None:
    """Refuse wishes that name no step, or that contradict each other.

    Raises:
        UnknownName: a step that the flow has not.
        Invalid: a step to be computed that is left out, or a source to be read that is taken.
    """
    for flag, names in (("--only", options.only), ("--force", options.force)):
        for name in sorted(names):
            if name not in graph.nodes:
                raise UnknownName.among(name, graph.nodes, where=f"{flag}, the steps of {graph.capability}")
    kept = {node.name for node in wanted(graph, options.only)}
    for name in sorted(options.force):
        if name not in kept:
            held = " ".join(f"--only {one}" for one in sorted(options.only))
            raise Invalid(
                f"--force {name} asks for a step that {held} leaves out",
                graph.nodes[name].line,
                f"add --only {name}, or leave one of the two out",
            )
        if name in options.sources:
            raise Invalid(
                f"--force {name} asks to read what --sources {options.sources_of} takes from the record",
                graph.nodes[name].line,
                "leave one of the two out",
            )


def sources_of(
    graph: Graph, run: RunRecord, artifacts: Artifacts, only: frozenset[str] = frozenset()
) -> dict[str, StepFinished]:
    """The sources and outcomes of a flow as an earlier run read them.

    Raises:
        Missing: where that run has not read one of them, or its rows are gone.
    """
    where = f"--sources {run.ref}"
    taken: dict[str, StepFinished] = {}
    for node in wanted(graph, only):
        if node.role not in _READ:
            continue
        step = run.steps.get(node.name)
        if step is None or step.role not in _READ:
            read = ", ".join(one.step for one in run.steps.values() if one.role in _READ) or "nothing"
            raise Missing(
                f"{run.ref} has not read {node.name}; it has read {read}",
                where,
                "name a run that has read all sources of the flow, or leave --sources out",
            )
        if not artifacts.has(step.artifact):
            raise Missing(
                f"the rows of {node.name} that {run.ref} read are gone from the store",
                where,
                "name a run whose rows are still there, or leave --sources out",
            )
        taken[node.name] = step
    return taken
