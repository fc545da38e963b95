"""What statements bind: names of assignments, definitions, imports and patterns."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


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


def imports_run_with(node: ast.stmt) -> Iterator[Imported]:
    """The imports that run when a statement runs, in order: not those in functions."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from imports_of(node)
    elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        for block in _BLOCKS:
            for part in getattr(node, block, ()):
                yield from imports_run_with(part)


@dataclass(slots=True)
class Names:
    """Names that statements bind in their own scope, and those they declare global or nonlocal."""

    bound: set[str] = field(default_factory=set)
    declared: set[str] = field(default_factory=set)


def names_of(nodes: Iterable[ast.AST]) -> Names:
    """Collect the names of statements, without those of functions and classes inside them."""
    names = Names()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        _note(node, names)
        if isinstance(node, _OWN_SCOPES):
            waiting.extend(_outside(node))
            continue
        for name in node._fields:
            part = getattr(node, name, None)
            if isinstance(part, list):
                waiting.extend(one for one in part if isinstance(one, ast.AST))
            elif isinstance(part, ast.AST) and name != "ctx":
                waiting.append(part)
    return names


_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")
_OWN_SCOPES = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


def _note(node: ast.AST, names: Names) -> None:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            names.bound.add(name)
        case (
            ast.FunctionDef(name=str(name))
            | ast.AsyncFunctionDef(name=str(name))
            | ast.ClassDef(name=str(name))
        ):
            names.bound.add(name)
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            names.bound.add(name)
        case ast.MatchMapping(rest=str(name)):
            names.bound.add(name)
        case ast.Import() | ast.ImportFrom():
            names.bound.update(one.name for one in imports_of(node) if one.name != "*")
        case ast.Global() | ast.Nonlocal():
            names.declared.update(node.names)


def _outside(node: ast.AST) -> list[ast.AST]:
    """The parts of a node with a scope of its own that belong to the scope around it."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return [*node.decorator_list, *_defaults(node.args)]
        case ast.Lambda():
            return _defaults(node.args)
        case ast.ClassDef():
            return [*node.decorator_list, *node.bases, *node.keywords]
    # a comprehension keeps its variables to itself, but for those of := in it
    return [part.target for part in ast.walk(node) if isinstance(part, ast.NamedExpr)]


def _defaults(arguments: ast.arguments) -> list[ast.AST]:
    return [*arguments.defaults, *(default for default in arguments.kw_defaults if default is not None)]
