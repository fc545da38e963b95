"""The canonical form of a statement: what it says, whatever it looks like.

Left out are positions, comments, docstrings, ``pass``, and annotations that Python does not
evaluate (of local variables) or that nobody asks for (``hints=False``: of a function's own
signature, of a variable). Two statements with one form run alike on one version of Python.
"""

import ast
from collections.abc import Iterable

from fullcycle.kernel import Digest, digest_parts

_LEFT_OUT = frozenset({"ctx", "kind", "type_comment", "lineno"})


def digest_statement(node: ast.stmt, *, hints: bool) -> Digest:
    """Digest the canonical form; ``hints`` tells whether annotations count."""
    out: list[str] = []
    _write(node, out, hints, local=False)
    return digest_parts("statement@1", ["".join(out).encode("utf-8", "surrogatepass")])


def spoken(body: Iterable[ast.stmt]) -> list[ast.stmt]:
    """The statements of a body that do something: no docstrings, constants or ``pass``."""
    return [
        node
        for node in body
        if not (
            isinstance(node, ast.Pass)
            or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        )
    ]


def _write(value: object, out: list[str], hints: bool, local: bool) -> None:
    """Write a node, a list of nodes or a plain value; ``local`` is true inside a function."""
    if isinstance(value, ast.AnnAssign) and value.value is not None and (local or not hints):
        value = ast.Assign([value.target], value.value)
    if isinstance(value, ast.AST):
        out.append(f"{type(value).__name__}(")
        inside = isinstance(value, ast.FunctionDef | ast.AsyncFunctionDef)
        local = local and not isinstance(value, ast.ClassDef)  # a class keeps its annotations wherever it is
        for field in value._fields:
            part = getattr(value, field, None)
            if field in _LEFT_OUT or _is_idle(value, field, hints, local):
                continue
            if field == "body" and isinstance(part, list):
                part = spoken(part)
            # a signature's hints may be left out of the outermost function only
            _write(part, out, hints or (inside and field == "body"), local or (inside and field == "body"))
            out.append(",")
        out.append(")")
    elif isinstance(value, list):
        out.append("[")
        for part in value:
            _write(part, out, hints, local)
            out.append(",")
        out.append("]")
    else:
        out.append(_plain(value))


def _plain(value: object) -> str:
    """A constant or a name, with its type: ``1``, ``1.0`` and ``True`` differ."""
    return f"{type(value).__name__}:{value!r}"


def _is_idle(node: ast.AST, field: str, hints: bool, local: bool) -> bool:
    if field == "annotation" and isinstance(node, ast.AnnAssign):
        return local or not hints
    return field in ("annotation", "returns") and not hints
