"""What statements bind: names of assignments, definitions, imports and patterns."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Imported:
    """A name that an import binds; ``"*"`` stands for all.

    ``module`` is as written, below ``level`` dots; ``member`` what is taken from it. Of
    ``import a.b.c``, which binds ``a``, ``whole`` is ``a.b.c``.
    """

    name: str
    module: str
    level: int = 0
    member: str | None = None
    whole: str = ""


def imports_of(node: ast.Import | ast.ImportFrom) -> Iterator[Imported]:
    """What one import statement binds."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            yield Imported(alias.asname or alias.name, node.module or "", node.level, alias.name)
        elif alias.asname:
            yield Imported(alias.asname, alias.name, whole=alias.name)
        else:
            top = alias.name.partition(".")[0]
            yield Imported(top, top, whole=alias.name)


def run_with(node: ast.AST) -> Iterator[ast.AST]:
    """A statement's parts that run when it runs: not the bodies of functions."""
    yield node
    for part in _outside(node):
        yield from run_with(part)


def bound_by(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names that running the statements binds in their own scope."""
    for node in nodes:
        yield from _bound(node)


def declared_in(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names that a function's statements declare ``global`` or ``nonlocal``."""
    for node in nodes:
        for part in run_with(node):
            if isinstance(part, ast.Global | ast.Nonlocal):
                yield from part.names


def _outside(node: ast.AST) -> Iterable[ast.AST]:
    """The parts of a node that are no body of a function."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return [*node.decorator_list, *_defaults(node.args)]
        case ast.Lambda():
            return _defaults(node.args)
    return ast.iter_child_nodes(node)


def _defaults(arguments: ast.arguments) -> list[ast.AST]:
    return [*arguments.defaults, *(default for default in arguments.kw_defaults if default is not None)]


def _bound(node: ast.AST) -> Iterator[str]:
    parts = _outside(node)
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield node.name
        case ast.ClassDef():
            yield node.name
            parts = [*node.decorator_list, *node.bases, *node.keywords]
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            for part in run_with(node):  # its variables are its own, but for those of := in it
                if isinstance(part, ast.NamedExpr):
                    yield part.target.id
            return
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name
        case ast.Import() | ast.ImportFrom():
            yield from (one.name for one in imports_of(node) if one.name != "*")
        case ast.AnnAssign(target=ast.Name(), value=None):
            return
    for part in parts:
        yield from _bound(part)
