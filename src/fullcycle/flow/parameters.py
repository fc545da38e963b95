"""Parameters of a run: ``-p leaves=63`` for all that declare it, ``-p spend.leaves=63`` for one."""

from collections.abc import Mapping
from typing import Any

import msgspec

from fullcycle.flow.annotation import type_name
from fullcycle.flow.graph import NO_DEFAULT, Graph, Node, Parameter
from fullcycle.kernel import Invalid, UnknownName

Chosen = Mapping[str, Mapping[str, Any]]
"""Every step's parameters with the values they run with."""


def choose(graph: Graph, given: Mapping[str, Any], *, where: str = "the parameters of this run") -> Chosen:
    """Settle every parameter: what was given, else the default.

    A value given as text is read as the parameter's own type; a list or a dict is written as JSON.

    Raises:
        UnknownName: a name that no step declares.
        Invalid: a value of another type, a required one left out, or a name shared by
            steps that mean different things by it.
    """
    chosen = {
        name: {p.name: p.default for p in node.parameters}
        for name, node in graph.nodes.items()
        if node.parameters
    }
    for key, value in given.items():
        for step in _declaring(graph, key, where):
            parameter = _parameter(graph, step, key.rpartition(".")[2])
            chosen[step][parameter.name] = _read(value, parameter, f"{where}, {key}")
    for step, values in chosen.items():
        for name, value in values.items():
            if value is NO_DEFAULT:
                raise Invalid(f"{step} needs a value for {name!r}", where, f"give it: -p {step}.{name}=…")
            _require_recordable(value, graph.nodes[step], name)
    return chosen


def _declaring(graph: Graph, key: str, where: str) -> list[str]:
    step, dot, name = key.rpartition(".")
    declared = [(n.name, p) for n in graph.nodes.values() for p in n.parameters]
    if dot:
        steps = [node for node, p in declared if node == step and p.name == name]
        if not steps:
            raise UnknownName.among(key, [f"{node}.{p.name}" for node, p in declared], where=where)
        return steps
    sharing = [(node, p) for node, p in declared if p.name == name]
    if not sharing:
        raise UnknownName.among(key, {p.name for _, p in declared}, where=where)
    if len({(repr(p.type), repr(p.default)) for _, p in sharing}) > 1:
        options = " or ".join(f"-p {node}.{name}=…" for node, _ in sharing)
        raise Invalid(
            f"{name!r} means different things to {', '.join(n for n, _ in sharing)}", where, f"say {options}"
        )
    return [node for node, _ in sharing]


def _parameter(graph: Graph, step: str, name: str) -> Parameter:
    return next(p for p in graph.nodes[step].parameters if p.name == name)


def _read(value: Any, parameter: Parameter, where: str) -> Any:
    try:
        if isinstance(value, str) and value.startswith(("[", "{")) and parameter.type is not str:
            return msgspec.json.decode(value, type=parameter.type)
        return msgspec.convert(value, parameter.type, strict=not isinstance(value, str))
    except msgspec.MsgspecError as error:
        raise Invalid(
            f"{value!r} is not of type {type_name(parameter.type)}: {error}",
            where,
            "write a value of that type",
        ) from error


def _require_recordable(value: Any, node: Node, name: str) -> None:
    """A run records its parameters: refuse a default that no record can hold."""
    try:
        msgspec.to_builtins(value)
    except TypeError as error:
        raise Invalid(
            f"parameter {name!r} of {node.name} is a {type(value).__name__}, which no record can hold",
            node.line,
            "take numbers, text, dates or lists of them, and make what you need of it in the step",
        ) from error
