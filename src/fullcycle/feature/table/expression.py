"""Expressions over columns: each evaluated on the rows that reach it, in Python's order."""

import ast
import operator
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from fullcycle.data import Row, fields
from fullcycle.feature.declare import FeatureSet
from fullcycle.feature.table import functions
from fullcycle.feature.table.arithmetic import binary, compare, truth, unary
from fullcycle.feature.table.column import Coded, Column, Const, Mask, Numbers, Rows, Vectors, merge
from fullcycle.feature.table.mapping import mapped
from fullcycle.feature.table.place import Place, Unsupported
from fullcycle.feature.table.python import by_python
from fullcycle.feature.table.source import Function

Variables = dict[str, tuple[Column, Mask | None]]
"""Local variables; the mask marks the rows on which a variable is bound, None where all are."""

_MUTABLE = (list, dict, set, bytearray)
_ONLY_READ = {
    "get",
    "keys",
    "values",
    "items",
    "index",
    "count",
    "copy",
    "isdisjoint",
    "issubset",
    "issuperset",
}


@dataclass(slots=True)
class Scope:
    """The function whose expressions are evaluated, its local variables, and how calls are followed."""

    source: Function
    variables: Variables
    follow: Callable[[types.FunctionType, Sequence[Column], Mapping[str, Column], Place], Column]
    returned: list[tuple[Mask, Column]] = field(default_factory=list)

    def value(self, node: ast.expr, at: Place) -> Column:
        """What ``node`` is worth on the rows of ``at``.

        Raises:
            Unsupported: where it has no meaning on columns.
        """
        handler = _HANDLERS.get(type(node))
        if handler is None:
            return by_python(self.source, self.variables, node, at)
        return handler(self, node, at)

    def refuse(self, node: ast.AST, reason: str) -> NoReturn:
        """Leave the function to Python."""
        raise Unsupported(reason, getattr(node, "lineno", self.source.tree.lineno))

    def place_of(self, node: ast.expr) -> str:
        """Where a node stands and what it says, for a warning."""
        return f"{ast.unparse(node)[:60]} at {self.source.path}:{node.lineno}"


def _constant(scope: Scope, node: ast.Constant, at: Place) -> Column:
    return Const(node.value)


def _name(scope: Scope, node: ast.Name, at: Place) -> Column:
    if node.id in scope.variables:
        column, bound = scope.variables[node.id]
        if bound is not None:
            at.doubt(~bound)
        return column
    try:
        return Const(scope.source.lookup(node.id))
    except NameError:
        at.doubt(True)
        return Const(None)


def _attribute(scope: Scope, node: ast.Attribute, at: Place) -> Column:
    base = scope.value(node.value, at)
    if isinstance(base, Const):
        try:
            return Const(getattr(base.value, node.attr))
        except AttributeError:
            at.doubt(True)
            return Const(None)
    if isinstance(base, Rows) and node.attr in base.contract.__struct_fields__:
        if base.missing is not None:
            at.doubt(base.missing)
        return base.column(node.attr)
    return mapped(lambda owner: getattr(owner, node.attr), [base], at, why=scope.place_of(node))


def _binary(scope: Scope, node: ast.BinOp, at: Place) -> Column:
    left, right = scope.value(node.left, at), scope.value(node.right, at)
    return binary(type(node.op), left, right, at)


def _unary(scope: Scope, node: ast.UnaryOp, at: Place) -> Column:
    return unary(type(node.op), scope.value(node.operand, at), at)


def _boolean(scope: Scope, node: ast.BoolOp, at: Place) -> Column:
    """``and`` and ``or`` give one of their operands, and look at the next only where they must."""
    result = scope.value(node.values[0], at)
    going = at
    for operand in node.values[1:]:
        true = truth(result, going)
        on = true if isinstance(node.op, ast.And) else ~true
        going = going.within(on)
        if not going.mask().any():
            break
        result = merge(going.mask(), scope.value(operand, going), result)
    return result


def _compare(scope: Scope, node: ast.Compare, at: Place) -> Column:
    """``a < b < c`` looks at ``c`` only where ``a < b``."""
    left = scope.value(node.left, at)
    result: Column | None = None
    going = at
    for kind, operand in zip(node.ops, node.comparators, strict=True):
        if result is not None:
            going = going.within(truth(result, going))
            if not going.mask().any():
                break
        right = scope.value(operand, going)
        found = compare(type(kind), left, right, going)
        result = found if result is None else merge(going.mask(), found, result)
        left = right
    assert result is not None  # a comparison has an operator
    return result


def _conditional(scope: Scope, node: ast.IfExp, at: Place) -> Column:
    true = truth(scope.value(node.test, at), at)
    yes, no = at.within(true), at.within(~true)
    if not no.mask().any():
        return scope.value(node.body, yes)
    if not yes.mask().any():
        return scope.value(node.orelse, no)
    return merge(true, scope.value(node.body, yes), scope.value(node.orelse, no))


def _subscript(scope: Scope, node: ast.Subscript, at: Place) -> Column:
    base = scope.value(node.value, at)
    if isinstance(node.slice, ast.Slice):
        return by_python(scope.source, scope.variables, node, at)
    index = scope.value(node.slice, at)
    place = index.value if isinstance(index, Const) else None
    if isinstance(base, Vectors) and type(place) is int and 0 <= place < base.data.shape[1]:
        return Numbers(np.ascontiguousarray(base.data[:, place]))
    return mapped(operator.getitem, [base, index], at, why=scope.place_of(node))


def _display(scope: Scope, node: ast.Tuple | ast.List | ast.Set, at: Place) -> Column:
    items = [scope.value(item, at) for item in node.elts]
    make = {ast.Tuple: tuple, ast.List: list, ast.Set: set}[type(node)]
    if all(isinstance(item, Const) for item in items):
        return Const(make(item.value for item in items if isinstance(item, Const)))
    if make is list and all(isinstance(item, Numbers) and item.kind == "f" for item in items):
        numbers = [item for item in items if isinstance(item, Numbers)]
        if all(item.missing is None and len(item.data) == at.n for item in numbers):
            return Vectors(np.column_stack([item.data for item in numbers]))
    return mapped(lambda *values: make(values), items, at)


def _call(scope: Scope, node: ast.Call, at: Place) -> Column:
    parts = [*node.args, *(keyword.value for keyword in node.keywords)]
    if any(isinstance(part, _ONLY_PYTHON) for part in parts) or any(k.arg is None for k in node.keywords):
        return by_python(scope.source, scope.variables, node, at)
    owner = scope.value(node.func.value, at) if isinstance(node.func, ast.Attribute) else None
    if owner is not None and isinstance(node.func, ast.Attribute) and _is_value(owner):
        return _method(scope, node, node.func.attr, owner, at)
    called = scope.value(node.func, at)
    positional, named = _arguments(scope, node, at)
    if not isinstance(called, Const):
        scope.refuse(node, f"{ast.unparse(node.func)} is not one function for all rows")
    return _applied(scope, node, called.value, positional, named, at)


def _is_value(owner: Column) -> bool:
    return not isinstance(owner, Const) or isinstance(owner.value, _MUTABLE)


def _method(scope: Scope, node: ast.Call, name: str, owner: Column, at: Place) -> Column:
    if isinstance(owner, Rows):
        own = getattr(owner.contract, name, None)
        positional, named = _arguments(scope, node, at)
        if owner.missing is None and isinstance(own, types.FunctionType):
            return _applied(scope, node, own, [owner, *positional], named, at)
    labels: Sequence[Any] = ()
    if isinstance(owner, Coded):
        labels = owner.labels
    elif isinstance(owner, Const | Vectors):
        labels = [owner.value] if isinstance(owner, Const) else [[]]
    if name not in _ONLY_READ and any(isinstance(label, _MUTABLE) for label in labels):
        scope.refuse(node, f"{ast.unparse(node)[:60]} could change what other rows hold")
    positional, named = _arguments(scope, node, at)

    def method(value: Any, *arguments: Any) -> Any:
        split = len(arguments) - len(named)
        return getattr(value, name)(*arguments[:split], **dict(zip(named, arguments[split:], strict=True)))

    return mapped(method, [owner, *positional, *named.values()], at, why=scope.place_of(node))


def _arguments(scope: Scope, node: ast.Call, at: Place) -> tuple[list[Column], dict[str, Column]]:
    positional = [scope.value(argument, at) for argument in node.args]
    named = {str(keyword.arg): scope.value(keyword.value, at) for keyword in node.keywords}
    return positional, named


def _applied(
    scope: Scope,
    node: ast.Call,
    function: Any,
    positional: list[Column],
    named: dict[str, Column],
    at: Place,
) -> Column:
    if isinstance(function, type) and issubclass(function, Row):
        return _row(scope, node, function, positional, named, at)
    plain = function.function if isinstance(function, FeatureSet) else function
    if isinstance(plain, types.FunctionType) and not functions.is_vectorised(plain):
        before = at.doubts.copy()
        try:
            return scope.follow(plain, positional, named, at)
        except Unsupported as reason:
            at.doubts[:] = before
            at.slow.setdefault(scope.place_of(node), reason.reason)

    def with_names(*arguments: Any) -> Any:
        split = len(positional)
        return function(*arguments[:split], **dict(zip(named, arguments[split:], strict=True)))

    called = with_names if named else function
    return functions.call(called, [*positional, *named.values()], at, why=scope.place_of(node))


def _row(
    scope: Scope,
    node: ast.Call,
    contract: type[Row],
    positional: list[Column],
    named: dict[str, Column],
    at: Place,
) -> Column:
    """A row that the function makes: its columns, side by side."""
    names = contract.__struct_fields__
    given = {**dict(zip(names, positional, strict=False)), **named}
    defaults = {f.name: Const(f.default) for f in fields(contract) if not f.required}
    if hasattr(contract, "__post_init__"):
        scope.refuse(node, f"{contract.__name__} has a __post_init__")
    twice = len(positional) > len(names) or set(names[: len(positional)]) & set(named)
    if twice or set(given) - set(names) or set(names) - set(given) - set(defaults):
        at.doubt(True)  # Python says what is wrong
        return Const(None)
    columns: dict[str, Column] = {**defaults, **given}
    return Rows(contract, columns.__getitem__)


_ONLY_PYTHON = (ast.Lambda, ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp, ast.Starred)

_HANDLERS: dict[type[ast.expr], Callable[[Scope, Any, Place], Column]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.Subscript: _subscript,
    ast.Tuple: _display,
    ast.List: _display,
    ast.Set: _display,
    ast.Call: _call,
}
