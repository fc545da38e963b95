"""The flow as a graph: what the names of parameters wire together, checked before anything runs."""

import inspect
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import polars as pl

from fullcycle.data import Query, Source
from fullcycle.flow.declare import ModelStep, Step
from fullcycle.flow.facts import Role
from fullcycle.kernel import FullcycleError, Invalid, UnknownName
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


@dataclass(frozen=True, slots=True)
class Graph:
    """A capability's flow; ``nodes`` in an order in which they can run."""

    capability: str
    nodes: Mapping[str, Node]
    metrics: Mapping[str, Metric]

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
        Invalid: a cycle, or a type that its producer does not return.
    """
    namespace = vars(module)
    _bind_names(namespace)
    declared = {n: v for n, v in namespace.items() if isinstance(v, Source | Outcomes | Step)}
    for value in list(declared.values()):  # what outcomes stand on may live in another module
        if isinstance(value, Outcomes):
            for source in (value.of, value.metric.source):
                declared.setdefault(source.name, source)
    nodes = {name: _node(name, value) for name, value in declared.items()}
    for node in nodes.values():
        for name in node.upstream:
            if name not in nodes:
                raise UnknownName.among(name, nodes, where=f"{node.line}, parameter of {node.name}")
    ordered = _sorted(nodes)
    for node in ordered.values():
        _check_types(node, ordered)
    metrics = {name: value for name, value in namespace.items() if isinstance(value, Metric)}
    return Graph(capability, ordered, metrics)


def _bind_names(namespace: Mapping[str, Any]) -> None:
    """Tell sources, outcomes and metrics what they are called: the name they are bound to."""
    for name, value in namespace.items():
        if isinstance(value, Source | Outcomes | Metric) and not value.name:
            value.name = name


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
        kind = hints.get(parameter.name)
        if kind is None:
            raise Invalid(
                f"parameter {parameter.name!r} of {name} has no type",
                line,
                f"annotate it, say {parameter.name}: pl.DataFrame or {parameter.name}: int = 3",
            )
        if parameter.kind is parameter.KEYWORD_ONLY:
            parameters.append(Parameter(parameter.name, kind, parameter.default))
        elif parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            inputs[parameter.name] = kind
        else:
            raise Invalid(
                f"{name} takes *{parameter.name}", line, "name each step it needs as a parameter of its own"
            )
    if "return" not in hints:
        raise Invalid(f"{name} does not say what it returns", line, "annotate it, say -> pl.DataFrame")
    role: Role = "model" if isinstance(declared, ModelStep) else "step"
    return Node(name, role, declared, inputs, tuple(parameters), hints["return"], line)


def _hints(function: Callable[..., Any], line: str) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except (NameError, TypeError, AttributeError) as error:
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


def _check_types(node: Node, nodes: Mapping[str, Node]) -> None:
    for name, asked in node.inputs.items():
        producer = nodes[name]
        if not _fits(producer, asked):
            raise Invalid(
                f"{node.name} asks for {name}: {type_name(asked)}, but {name} gives {_gives(producer)}",
                node.line,
                f"annotate it as {_gives(producer).split(' or ')[0]}, or change what {name} returns",
            )


def _fits(producer: Node, asked: Any) -> bool:
    if asked is Any:
        return True
    if producer.role == "source":
        return asked in (pl.DataFrame, Query)
    if producer.role == "outcomes":
        return asked is pl.DataFrame
    return _covers(asked, producer.returns)


def _covers(asked: Any, given: Any) -> bool:
    """Whether a value of type ``given`` may be passed where ``asked`` is annotated."""
    asked, given = _bare(asked), _bare(given)
    if asked is Any or given is Any or asked == given:
        return True
    if get_origin(asked) in (Union, types.UnionType):
        return any(_covers(option, given) for option in get_args(asked))
    if isinstance(asked, type) and isinstance(given, type):
        return issubclass(given, asked)
    if get_origin(asked) is not None and get_origin(given) is not None:
        same = _covers(get_origin(asked), get_origin(given))
        ones, others = get_args(asked), get_args(given)
        return same and len(ones) == len(others) and all(map(_covers, ones, others))
    return (
        isinstance(asked, type)
        and isinstance(get_origin(given), type)
        and issubclass(get_origin(given), asked)
    )


def _bare(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _gives(producer: Node) -> str:
    if producer.role == "source":
        return "pl.DataFrame or fc.Query"
    return type_name(producer.returns)


def type_name(kind: Any) -> str:
    """A type as a user would write it, ``DataFrame`` rather than ``<class '…'>``."""
    return kind.__name__ if isinstance(kind, type) and get_origin(kind) is None else str(kind)


def as_error(error: Exception, line: str) -> FullcycleError:
    """What a user's own module raised while it was read, as an error that names the line."""
    return Invalid(f"{type(error).__name__}: {error}", line, "mend the module, then run again")
