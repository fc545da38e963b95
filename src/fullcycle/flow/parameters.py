"""Parameters of a run: ``-p leaves=63`` for all that declare it, ``-p spend.leaves=63`` for one."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from fullcycle.flow.annotation import bare, type_name
from fullcycle.flow.graph import NO_DEFAULT, Graph, Node, Parameter
from fullcycle.kernel import Invalid, UnknownName

Chosen = Mapping[str, Mapping[str, Any]]
"""Every step's parameters with the values they run with."""

_SUCH_AS = {
    int: "3",
    float: "0.5",
    bool: "true",
    str: "text",
    list: "'[1, 2]'",
    date: "2026-11-30",
    datetime: "2026-11-30T09:00:00",
    timedelta: "P14D",
}


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
            chosen[step][parameter.name] = _read(value, parameter, step, graph, f"{where}, {key}")
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
            raise _unknown(key, [f"{node}.{p.name}" for node, p in declared], where)
        return steps
    sharing = [(node, p) for node, p in declared if p.name == name]
    if not sharing:
        raise _unknown(key, {p.name for _, p in declared}, where)
    if len({(repr(p.type), repr(p.default)) for _, p in sharing}) > 1:
        options = " or ".join(f"-p {node}.{name}=…" for node, _ in sharing)
        raise Invalid(
            f"{name!r} means different things to {', '.join(n for n, _ in sharing)}", where, f"say {options}"
        )
    return [node for node, _ in sharing]


def _unknown(key: str, known: Collection[str], where: str) -> UnknownName:
    example = f"@fc.step\ndef step(*, {key.rpartition('.')[2]}: int = 3) -> int: ..."
    return UnknownName.among(key, known, where=where, example=example)


def _parameter(graph: Graph, step: str, name: str) -> Parameter:
    return next(p for p in graph.nodes[step].parameters if p.name == name)


def _read(value: Any, parameter: Parameter, step: str, graph: Graph, where: str) -> Any:
    try:
        if isinstance(value, str) and value.startswith(("[", "{")) and parameter.type is not str:
            return msgspec.json.decode(value, type=parameter.type)
        return msgspec.convert(value, parameter.type, strict=not isinstance(value, str))
    except (msgspec.MsgspecError, ValueError) as error:
        raise Invalid(
            f"{value!r} is not of type {type_name(parameter.type)}, which {parameter.name} of {step} takes",
            where,
            f"{_example(parameter, step)}; the parameters are {_told(graph)}",
        ) from error


def _example(parameter: Parameter, step: str) -> str:
    """What may be typed for a parameter: a value of its type that it does not have already."""
    value = _value_of(bare(parameter.type), parameter.default)
    return f"write, say, -p {step}.{parameter.name}={value}" if value else "write a value of that type"


def _value_of(kind: Any, default: Any) -> str:
    """A value of a type as it is typed; empty for a type of which none is known."""
    members = get_args(kind)
    if get_origin(kind) is Literal:
        return str(members[0])
    if get_origin(kind) in (Union, UnionType):
        return next((told for one in members if (told := _value_of(bare(one), default))), "")
    if get_origin(kind) in (list, tuple, set, frozenset):
        inner = _value_of(bare(members[0]), None) if members else "1"
        return f"'[{_quoted(members[0] if members else int, inner)}]'" if inner else ""
    if get_origin(kind) is dict or kind is dict:
        return """'{"name": 1}'""" if not members or members[1] in (int, float, Any) else ""
    if type(default) is kind and kind in (int, float, str) and default != "":
        return str(default)
    return _SUCH_AS.get(kind, "")


def _quoted(kind: Any, value: str) -> str:
    return value if bare(kind) in (int, float, bool) else f'"{value}"'


def _told(graph: Graph) -> str:
    """Every parameter with its type and default: ``training.holdout: float = 0.3``."""
    return ", ".join(
        f"{node.name}.{p.name}: {type_name(p.type)}{'' if p.required else f' = {p.default!r}'}"
        for node in graph.nodes.values()
        for p in node.parameters
    )


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
