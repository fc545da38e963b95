"""Expressions that only Python understands: it evaluates them once for every distinct input."""

import ast
from collections.abc import Mapping
from typing import Any

from fullcycle.feature.table.column import Column, Mask, Rows
from fullcycle.feature.table.mapping import mapped
from fullcycle.feature.table.place import Place, Unsupported
from fullcycle.feature.table.source import Function

_NEVER = (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)


def by_python(
    source: Function, variables: Mapping[str, tuple[Column, Mask | None]], node: ast.expr, at: Place
) -> Column:
    """Evaluate ``node`` with Python: a comprehension, an f-string, a slice, a lambda's call.

    It becomes a function of the local variables that it reads; of a row it is given only
    the fields that it reads. A comprehension is noted as slow, whatever its number of values.

    Raises:
        Unsupported: where it binds local variables.
    """
    for inner in ast.walk(node):
        if isinstance(inner, _NEVER) or (
            isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store) and inner.id in variables
        ):
            raise Unsupported(f"{ast.unparse(node)[:60]} binds a variable", node.lineno)
    taker = _Taker(variables)
    body = taker.visit(ast.parse(ast.unparse(node), mode="eval").body)
    parameters = ast.arguments([], [ast.arg(name) for name in taker.taken], None, [], [], None, [])
    expression = ast.fix_missing_locations(ast.Expression(ast.Lambda(parameters, body)))
    namespace = _namespace(source, body, set(taker.taken))
    function = eval(compile(expression, source.path, "eval"), namespace)
    for _, bound in (variables[name] for name in taker.names):
        if bound is not None:
            at.doubt(~bound)
    for column in taker.rows:
        if column.missing is not None:
            at.doubt(column.missing)
    where = f"{ast.unparse(node)[:60]} at {source.path}:{node.lineno}"
    if isinstance(node, ast.JoinedStr | ast.Subscript | ast.Dict):
        return mapped(function, list(taker.taken.values()), at, why=where)
    at.slow.setdefault(where, "only Python can evaluate it")
    return mapped(function, list(taker.taken.values()), at)


class _Taker(ast.NodeTransformer):
    """Replaces ``row.field`` and local variables by parameters, and remembers what they stand for."""

    def __init__(self, variables: Mapping[str, tuple[Column, Mask | None]]) -> None:
        self.variables = variables
        self.taken: dict[str, Column] = {}
        self.names: set[str] = set()
        self.rows: list[Rows] = []

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """``row.field`` becomes one parameter."""
        if isinstance(node.value, ast.Name) and node.value.id in self.variables:
            column, _ = self.variables[node.value.id]
            if isinstance(column, Rows) and node.attr in column.contract.__struct_fields__:
                name = f"_{node.value.id}__{node.attr}"
                self.taken[name] = column.column(node.attr)
                self.names.add(node.value.id)
                self.rows.append(column)
                return ast.Name(name, ast.Load())
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """A local variable becomes one parameter."""
        if node.id in self.variables:
            self.taken[node.id] = self.variables[node.id][0]
            self.names.add(node.id)
        return node


def _namespace(source: Function, body: ast.AST, taken: set[str]) -> dict[str, Any]:
    """The globals that the expression reads."""
    names = {n.id for n in ast.walk(body) if isinstance(n, ast.Name)} - taken
    found: dict[str, Any] = {"__builtins__": __builtins__}
    for name in names:
        try:
            found[name] = source.lookup(name)
        except NameError:
            continue  # bound by a comprehension, or Python says so on the row itself
    return found
