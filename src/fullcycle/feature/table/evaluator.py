"""Running a function's tree on all rows at once, branch by branch, as Python would on each.

Every statement is run on the rows that reach it; an ``if`` parts them and joins what they
computed. Calls of the project's own functions are followed into. What has no meaning on
columns raises ``Unsupported``, and Python calls the function that holds it.
"""

import ast
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fullcycle.feature.table.arithmetic import binary, truth
from fullcycle.feature.table.column import Column, Const, Mask, merge
from fullcycle.feature.table.expression import Scope, Variables
from fullcycle.feature.table.place import Place, Unsupported
from fullcycle.feature.table.source import parsed

_DEEP = 20  # calls within calls: beyond, a recursion is left to Python


def run(
    function: types.FunctionType,
    positional: Sequence[Column],
    named: Mapping[str, Column],
    at: Place,
    depth: int = 0,
) -> Column:
    """What ``function`` returns on the rows of ``at``.

    Raises:
        Unsupported: where its tree has no meaning on columns.
    """
    source = parsed(function)
    if depth > _DEEP:
        raise Unsupported(f"{function.__name__}() calls itself", source.tree.lineno)

    def follow(
        other: types.FunctionType, given: Sequence[Column], by_name: Mapping[str, Column], here: Place
    ) -> Column:
        return run(other, given, by_name, here, depth + 1)

    scope = Scope(source, _bound(function, positional, named), follow)
    left = _block(scope, source.tree.body, at)
    if left is not None:
        scope.returned.append((left.mask(), Const(None)))
    reached = [(mask, value) for mask, value in scope.returned if mask.any()]
    if not reached:
        return Const(None)
    result = reached[0][1]
    for mask, value in reached[1:]:
        result = merge(mask, value, result)
    return result


def _bound(
    function: types.FunctionType, positional: Sequence[Column], named: Mapping[str, Column]
) -> Variables:
    line = function.__code__.co_firstlineno
    try:
        bound = inspect.signature(function).bind(*positional, **named)
    except TypeError as error:
        raise Unsupported(f"{function.__name__}() is called otherwise than it says", line) from error
    variables: Variables = {}
    for name, parameter in bound.signature.parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise Unsupported(f"{function.__name__}() takes *{name}", line)
        variables[name] = (bound.arguments.get(name, Const(parameter.default)), None)
    return variables


def _block(scope: Scope, statements: Sequence[ast.stmt], at: Place) -> Place | None:
    """Run statements one after the other; the rows that reach the end, None where none does."""
    here: Place | None = at
    for statement in statements:
        if here is None or not here.mask().any():
            return None
        handler = _HANDLERS.get(type(statement))
        if handler is None:
            scope.refuse(statement, f"{_words(statement)} has no meaning on columns")
        here = handler(scope, statement, here)
    return here


def _words(statement: ast.stmt) -> str:
    return f"a {type(statement).__name__.lower()} statement"


def _return(scope: Scope, node: ast.Return, at: Place) -> Place | None:
    value = Const(None) if node.value is None else scope.value(node.value, at)
    scope.returned.append((at.mask(), value))
    return None


def _assign(scope: Scope, node: ast.Assign, at: Place) -> Place | None:
    for target in node.targets:
        _bind(scope, target, node.value, at)
    return at


def _bind(scope: Scope, target: ast.expr, value: ast.expr, at: Place) -> None:
    if isinstance(target, ast.Name):
        scope.variables[target.id] = (scope.value(value, at), None)
    elif (
        isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts)
    ):
        columns = [scope.value(item, at) for item in value.elts]
        for name, column in zip(target.elts, columns, strict=True):
            if not isinstance(name, ast.Name):
                scope.refuse(target, "this assignment has no meaning on columns")
            scope.variables[name.id] = (column, None)
    else:
        scope.refuse(target, "this assignment has no meaning on columns")


def _annotated(scope: Scope, node: ast.AnnAssign, at: Place) -> Place | None:
    if node.value is not None:
        _bind(scope, node.target, node.value, at)
    return at


def _augmented(scope: Scope, node: ast.AugAssign, at: Place) -> Place | None:
    if not isinstance(node.target, ast.Name):
        scope.refuse(node, "this assignment has no meaning on columns")
    before = scope.value(ast.copy_location(ast.Name(node.target.id, ast.Load()), node), at)
    if isinstance(before, Const) and isinstance(before.value, list | set | dict):
        scope.refuse(node, "it changes a value that other rows may hold")
    result = binary(type(node.op), before, scope.value(node.value, at), at)
    scope.variables[node.target.id] = (result, None)
    return at


def _if(scope: Scope, node: ast.If, at: Place) -> Place | None:
    true = truth(scope.value(node.test, at), at)
    yes, no = at.within(true), at.within(~true)
    if not no.mask().any():
        return _block(scope, node.body, yes)
    if not yes.mask().any():
        return _block(scope, node.orelse, no)
    before = dict(scope.variables)
    left_yes = _block(scope, node.body, yes)
    after_yes, scope.variables = scope.variables, before
    left_no = _block(scope, node.orelse, no)
    if left_yes is None:
        return left_no
    if left_no is None:
        scope.variables = after_yes
        return left_yes
    scope.variables = _joined(true, after_yes, scope.variables)
    return at.within(left_yes.mask() | left_no.mask())


def _joined(true: Mask, yes: Variables, no: Variables) -> Variables:
    """The variables after an ``if``: what either branch left."""
    joined: Variables = {}
    nowhere: tuple[Column, Mask | None] = (Const(None), np.zeros(len(true), np.bool_))
    for name in {**yes, **no}:
        (a, bound_a), (b, bound_b) = yes.get(name, nowhere), no.get(name, nowhere)
        everywhere = bound_a is None and bound_b is None
        all_rows = np.ones(len(true), np.bool_)
        bound = np.where(
            true, all_rows if bound_a is None else bound_a, all_rows if bound_b is None else bound_b
        )
        one = b if name not in yes else a if name not in no else merge(true, a, b)
        joined[name] = (one, None if everywhere else bound)
    return joined


def _expression(scope: Scope, node: ast.Expr, at: Place) -> Place | None:
    scope.value(node.value, at)
    return at


def _raise(scope: Scope, node: ast.Raise, at: Place) -> Place | None:
    at.doubt(True)  # Python raises it, with its row
    return None


def _assert(scope: Scope, node: ast.Assert, at: Place) -> Place | None:
    at.doubt(~truth(scope.value(node.test, at), at))
    return at


def _pass(scope: Scope, node: ast.Pass, at: Place) -> Place | None:
    return at


_HANDLERS: dict[type[ast.stmt], Callable[[Scope, Any, Place], Place | None]] = {
    ast.Return: _return,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.If: _if,
    ast.Expr: _expression,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.Pass: _pass,
}
