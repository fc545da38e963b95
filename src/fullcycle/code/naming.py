"""Which texts of a statement may name a file: the only sign of a file that a library opens by itself.

Taken are texts that end like a file's name, pieces of a path that ``/`` puts together, and
what stands in quotes inside a text, as in a query: ``from read_csv('rates.csv')``. Left out is
what a call writes, or declares.
"""

import ast
import re
from collections.abc import Iterator

from fullcycle.code.expression import dotted

_FILE = re.compile(r"(?!\w+://)[^\0\n*?\"'<>|]{0,250}[\w)\]-]\.\w{1,10}")
_QUOTED = re.compile(r"'([^'\n]{1,255})'|\"([^\"\n]{1,255})\"")
_WRITES = re.compile(r"(write|sink|save|dump|export|to)(_|$)|mkdir|touch|unlink|(glob|rglob)$|savefig$")
_DECLARES = frozenset({"File", "Variable", "Secret"})
_MODES = re.compile(r"[rwxabt+]{1,4}")


def named_files(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of what may be the path of a file that the code reads."""
    match node:
        case ast.Constant(value=str(text)):
            yield from ((node.lineno, path) for path in _paths(text))
        case ast.BinOp(op=ast.Div(), right=ast.Constant(value=str())):
            yield from _joined(node)
        case ast.Call():
            yield from _each((_written_from(node.func),)) if _is_foreign(node) else _inside(node)
        case ast.Expr(value=ast.Constant()):
            return  # a docstring
        case ast.AnnAssign():
            yield from _each((node.target, node.value))
        case ast.arg():
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from _each((*node.decorator_list, node.args, *node.body))
        case _:
            yield from _inside(node)


def _each(nodes: tuple[ast.AST | None, ...]) -> Iterator[tuple[int, str]]:
    for node in nodes:
        if node is not None:
            yield from named_files(node)


def _inside(node: ast.AST) -> Iterator[tuple[int, str]]:
    yield from _each(tuple(ast.iter_child_nodes(node)))


def _paths(text: str) -> Iterator[str]:
    if _FILE.fullmatch(text):
        yield text
    else:
        for found in _QUOTED.finditer(text):
            inner = found[1] or found[2]
            if _FILE.fullmatch(inner):
                yield inner


def _joined(node: ast.BinOp) -> Iterator[tuple[int, str]]:
    """``HERE / "data" / "rates.csv"``: the texts at its end make one path."""
    parts: list[str] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Div):
        if not isinstance(left.right, ast.Constant) or not isinstance(left.right.value, str):
            break
        parts.insert(0, left.right.value.strip("/"))
        left = left.left
    match left:
        case ast.Call(args=[ast.Constant(value=str(first))]):  # Path("data") / "rates.csv"
            parts.insert(0, first.rstrip("/"))
        case _:
            yield from named_files(left)
    path = "/".join(parts)
    if _FILE.fullmatch(path):
        yield node.lineno, path


def _written_from(function: ast.expr) -> ast.expr | None:
    """What writes itself: ``pl.read_csv("rates.csv")``, and no path that is written to."""
    match function:
        case ast.Attribute(value=ast.Call() as made) if (dotted(made.func) or ("",))[-1] != "Path":
            return made
    return None


def _is_foreign(call: ast.Call) -> bool:
    """Whether a call writes what it names, or declares it."""
    chain = dotted(call.func)
    name = chain[-1] if chain is not None else getattr(call.func, "attr", "")
    if name in _DECLARES or _WRITES.match(name):
        return True
    modes = [*call.args[:2], *(one.value for one in call.keywords if one.arg == "mode")]
    return name == "open" and any(_is_writing(one) for one in modes)


def _is_writing(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            return _MODES.fullmatch(text) is not None and not set("wxa+").isdisjoint(text)
    return False
