"""Which fields of its rows a feature function reads: what a frame must hold."""

import ast
import inspect
import types
from typing import TYPE_CHECKING, Any

from fullcycle.data import Row, fields, unwrapped
from fullcycle.feature.table.place import Unsupported
from fullcycle.feature.table.source import Function, parsed

if TYPE_CHECKING:
    from fullcycle.feature.declare import FeatureSet


def fields_read(features: "FeatureSet[..., Any]") -> dict[str, frozenset[str]]:
    """For each parameter, the fields of its row that the function may read; all where it cannot be known."""
    found: dict[str, frozenset[str]] = {}
    for name, hint in features.inputs.items():
        base, _, _ = unwrapped(hint)
        if isinstance(base, type) and issubclass(base, Row):
            known = frozenset(field.name for field in fields(base))
            read = _read(features.function, name, 0)
            found[name] = known if read is None else known & read
        else:
            found[name] = frozenset()
    return found


def _read(function: Any, parameter: str, depth: int) -> frozenset[str] | None:
    """Attributes of ``parameter`` that are read; None where it goes where we cannot follow."""
    try:
        source = parsed(function)
    except Unsupported:
        return None
    if depth > 5:
        return None
    parents = {child: node for node in ast.walk(source.tree) for child in ast.iter_child_nodes(node)}
    found: set[str] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and node.id == parameter:
            read = _use(source, node, parents[node], depth)
            if read is None:
                return None
            found |= read
    return frozenset(found)


def _use(source: Function, name: ast.Name, parent: ast.AST, depth: int) -> frozenset[str] | None:
    """What one mention of a row reads of it."""
    if isinstance(parent, ast.Attribute):
        return frozenset({parent.attr})
    if isinstance(parent, ast.Compare) and all(isinstance(op, ast.Is | ast.IsNot) for op in parent.ops):
        return frozenset()
    if isinstance(parent, ast.If | ast.IfExp) and parent.test is name:
        return frozenset()
    if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and name in parent.args:
        return _handed_on(source, parent, parent.args.index(name), depth)
    return None


def _handed_on(source: Function, call: ast.Call, place: int, depth: int) -> frozenset[str] | None:
    """What a function that the row is handed to reads of it."""
    assert isinstance(call.func, ast.Name)  # the caller looked
    try:
        called = source.lookup(call.func.id)
    except NameError:
        return None
    called = getattr(called, "function", called)
    if not isinstance(called, types.FunctionType):
        return None
    names = list(inspect.signature(called).parameters)
    return _read(called, names[place], depth + 1) if place < len(names) else None
