"""The flow as a graph: what the names of parameters wire together, checked before anything runs."""

import inspect
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

import polars as pl

from fullcycle.data import Query, Source
from fullcycle.flow.annotation import (
    bare,
    covers,
    element_kind,
    family_of,
    handed_on,
    is_each,
    model_view,
    type_name,
)
from fullcycle.flow.declare import ModelStep, Step
from fullcycle.flow.facts import Role
from fullcycle.kernel import Invalid, UnknownName
from fullcycle.metric import Metric, Outcomes

NO_DEFAULT: Any = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Parameter:
    """A step's own keyword-only parameter."""

    name: str
    type: Any
    default: Any

    @property
    def required(self) -> bool:
        """Whether a run must say what it is."""
        return self.default is NO_DEFAULT


@dataclass(frozen=True, slots=True)
class Node:
    """One source, outcomes, step or model; ``inputs`` maps a parameter to the type it asks for."""

    name: str
    role: Role
    declared: Any  # the Source, Outcomes or Step object
    inputs: Mapping[str, Any]
    parameters: tuple[Parameter, ...]
    returns: Any
    line: str  # path:line, as a user would open it

    @property
    def upstream(self) -> tuple[str, ...]:
        """The names of the nodes whose results it needs, or stands on."""
        if self.role == "outcomes":
            return (self.declared.of.name, self.declared.metric.source.name)
        return tuple(self.inputs)

    @property
    def each(self) -> tuple[str, ...]:
        """The inputs of which it takes one element at a time."""
        return tuple(name for name, kind in self.inputs.items() if is_each(kind))


@dataclass(frozen=True, slots=True)
class Graph:
    """A capability's flow; ``nodes`` in an order in which they can run."""

    capability: str
    nodes: Mapping[str, Node]
    metrics: Mapping[str, Metric]

    def gives(self, name: str) -> Any:
        """The type of what a step comes to: a container, where it is called once per element."""
        node = self.nodes[name]
        returns = handed_on(node.returns)
        return family_of(self.gives(node.each[0]), returns) if node.each else returns

    def ancestors(self, name: str) -> Iterator[Node]:
        """Every node that ``name`` stands on, nearest first, each once."""
        seen: set[str] = set()
        queue = list(self.nodes[name].upstream)
        while queue:
            if (current := queue.pop(0)) not in seen:
                seen.add(current)
                queue.extend(self.nodes[current].upstream)
                yield self.nodes[current]


def read_graph(capability: str, module: types.ModuleType) -> Graph:
    """Read the flow from its module: every source, step, model and metric that it names.

    Raises:
        UnknownName: a parameter that no step, source or model is called.
        Invalid: a cycle, a step that cannot be wired by names, or a type that its producer
            does not return.
    """
    namespace = vars(module)
    _bind_names(namespace)
    declared = {n: v for n, v in namespace.items() if isinstance(v, Source | Outcomes | Step)}
    for value in list(declared.values()):  # what outcomes stand on may live in another module
        if isinstance(value, Outcomes):
            for source in (value.of, value.metric.source):
                source.name = source.name or getattr(source, "__name__", "")
                _require_name(source, value)
                declared.setdefault(source.name, source)
    nodes = {name: _node(name, value) for name, value in declared.items()}
    for node in nodes.values():
        for name in node.upstream:
            if name not in nodes:
                raise _unknown(name, node, nodes, namespace)
    ordered = _sorted(nodes)
    metrics = {name: value for name, value in namespace.items() if isinstance(value, Metric)}
    graph = Graph(capability, ordered, metrics)
    for node in ordered.values():
        _check_types(node, graph)
    return graph


def _bind_names(namespace: Mapping[str, Any]) -> None:
    """Tell sources, outcomes and metrics what they are called: the name they are bound to."""
    for name, value in namespace.items():
        if isinstance(value, Source | Outcomes | Metric) and not value.name:
            value.name = name


def _require_name(source: Source[...], outcomes: Outcomes) -> None:
    if not source.name:
        raise Invalid(
            f"events of {source.contract.__name__} have no name in this flow",
            f"the outcomes {outcomes.name}",
            "bind them where the flow sees it, or import them: clicks = fc.events(Click)",
        )


def _unknown(
    name: str, node: Node, nodes: Mapping[str, Node], namespace: Mapping[str, Any]
) -> UnknownName | Invalid:
    where = f"{node.line}, parameter of {node.name}"
    if inspect.isfunction(namespace.get(name)):
        return Invalid(f"{name} is a plain function, no step", where, f"decorate {name} with @fc.step")
    return UnknownName.among(name, nodes, where=where)


def _node(name: str, declared: Any) -> Node:
    if isinstance(declared, Source):
        return Node(name, "source", declared, {}, (), Query, _line(declared.function))
    if isinstance(declared, Outcomes):
        return Node(name, "outcomes", declared, {}, (), pl.DataFrame, _line(declared.of.function))
    function = declared.function
    line = _line(function)
    hints = _hints(function, line)
    inputs: dict[str, Any] = {}
    parameters: list[Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        _check_kind(parameter, name, line)
        if parameter.name not in hints:
            raise Invalid(
                f"parameter {parameter.name!r} of {name} has no type",
                line,
                f"annotate it, say {parameter.name}: pl.DataFrame or {parameter.name}: int = 3",
            )
        kind = hints[parameter.name]
        if parameter.kind is parameter.KEYWORD_ONLY:
            parameters.append(Parameter(parameter.name, kind, parameter.default))
        else:
            inputs[parameter.name] = kind
    if "return" not in hints:
        raise Invalid(f"{name} does not say what it returns", line, "annotate it, say -> pl.DataFrame")
    role: Role = "model" if isinstance(declared, ModelStep) else "step"
    return Node(name, role, declared, inputs, tuple(parameters), hints["return"], line)


def _check_kind(parameter: inspect.Parameter, step: str, line: str) -> None:
    """Refuse what cannot be wired by its name."""
    name = parameter.name
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
        raise Invalid(
            f"{step} takes {stars}{name}", line, "name each step it needs as a parameter of its own"
        )
    if parameter.kind is parameter.POSITIONAL_ONLY:
        raise Invalid(f"{step} takes {name!r} by position only", line, "leave out the / of its parameters")
    if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.default is not parameter.empty:
        raise Invalid(
            f"{step} gives its input {name!r} a default",
            line,
            f"if it is a parameter of {step}, write a * before it: def {step}(…, *, {name}=…)",
        )


def _hints(function: Callable[..., Any], line: str) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except (NameError, TypeError, AttributeError, SyntaxError) as error:
        raise Invalid(f"an annotation cannot be read: {error}", line, "import the name it uses") from error


def _line(function: Callable[..., Any] | None) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None) if function is not None else None
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else "the flow"


def _sorted(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Upstream before downstream; among equals as written."""
    done: dict[str, Node] = {}
    path: list[str] = []

    def visit(name: str) -> None:
        if name in done:
            return
        if name in path:
            circle = " → ".join([*path[path.index(name) :], name])
            raise Invalid(
                f"the flow goes in a circle: {circle}",
                nodes[name].line,
                "let one of them take what both need as a step of its own",
            )
        path.append(name)
        for upstream in nodes[name].upstream:
            visit(upstream)
        path.pop()
        done[name] = nodes[name]

    for name in nodes:
        visit(name)
    return done


def _check_types(node: Node, graph: Graph) -> None:
    for name, asked in node.inputs.items():
        producer = graph.nodes[name]
        if is_each(asked) and (producer.role in ("source", "outcomes") or _elements(name, graph) is None):
            raise Invalid(
                f"{node.name} asks for each element of {name}, which gives {_gives(producer, graph)[0]}",
                node.line,
                f"let {name} return a dict or a list of what {node.name} takes one of",
            )
        if not _fits(producer, asked, graph):
            given = _gives(producer, graph)
            raise Invalid(
                f"{node.name} asks for {name}: {_asked(asked)}, but {name} gives {' or '.join(given)}",
                node.line,
                f"annotate it as {given[0]}"
                + (f", or change what {name} returns" if producer.role in ("step", "model") else ""),
            )


def _asked(kind: Any) -> str:
    return f"fc.Each[{type_name(kind)}]" if is_each(kind) else type_name(kind)


def _elements(name: str, graph: Graph) -> Any:
    return Any if graph.gives(name) is Any else element_kind(graph.gives(name))


def _fits(producer: Node, asked: Any, graph: Graph) -> bool:
    if asked is Any:
        return True
    if producer.role == "source":
        return bare(asked) in (pl.DataFrame, Query)
    if producer.role == "outcomes":
        return bare(asked) is pl.DataFrame
    given = _elements(producer.name, graph) if is_each(asked) else graph.gives(producer.name)
    if model_view(asked) and producer.role == "model":
        return (element_kind(asked) is None) == (element_kind(given) is None)
    return covers(asked, given)


def _gives(producer: Node, graph: Graph) -> tuple[str, ...]:
    match producer.role:
        case "source":
            return "pl.DataFrame", "fc.Query"
        case "outcomes":
            return ("pl.DataFrame",)
    return (type_name(graph.gives(producer.name)),)
