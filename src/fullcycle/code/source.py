"""A source file taken apart: top-level statements, what each binds, reads and may change.

Nothing is run. Names are told apart by scope: a local variable that is called like a global
is not taken for it.
"""

import ast
import symtable
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from fullcycle.kernel import Digest, digest_parts

_DYNAMIC = {"eval": "eval", "exec": "exec", "globals": "globals()", "__import__": "__import__"}


@dataclass(frozen=True, slots=True)
class Import:
    """A name bound by an import: ``module`` as written, ``level`` dots, ``member`` of a ``from``."""

    module: str
    level: int
    member: str | None  # None: the module itself is bound (or its top, where nothing renames it)
    whole: str = ""  # of ``import a.b.c``: the full module that is imported


@dataclass(frozen=True, slots=True)
class Unit:
    """One top-level statement.

    ``chains`` are dotted uses of global names (``("money", "euro")``); ``bare`` those used
    without a dot. ``calls`` are the dotted names called while the module is imported, decorators
    among them; ``changes`` global names that running its functions may change.
    """

    line: int
    digest: Digest
    binds: frozenset[str]
    imports: tuple[tuple[str, Import], ...]
    only_imports: bool
    effect: bool  # does something when the module is imported, beyond binding names
    chains: frozenset[tuple[str, ...]]
    bare: frozenset[str]
    calls: frozenset[tuple[str, ...]]
    changes: frozenset[str]
    bases: frozenset[tuple[str, ...]]
    unfollowed: tuple[tuple[int, str], ...]
    computed: frozenset[tuple[str, int]]  # names given to getattr with a computed attribute
    hooks: bool  # a class that acts when it is subclassed

    @property
    def reads(self) -> frozenset[str]:
        """Every global name it uses."""
        return self.bare | {chain[0] for chain in self.chains}


@dataclass(frozen=True, slots=True)
class Source:
    """A module's units; ``stars`` are the modules it imports everything from."""

    units: tuple[Unit, ...]
    stars: tuple[Import, ...] = ()
    bound: dict[str, tuple[Unit, ...]] = field(default_factory=dict)


@lru_cache(maxsize=4096)
def read_source(data: bytes) -> Source:
    """Take a file apart.

    Raises:
        SyntaxError: where it is not Python.
    """
    tree = ast.parse(data)
    units = tuple(_unit(node) for node in tree.body if not _is_silent(node))
    bound: dict[str, tuple[Unit, ...]] = {}
    for unit in units:
        for name in unit.binds:
            bound[name] = (*bound.get(name, ()), unit)
    stars = tuple(
        Import(node.module or "", node.level, "*")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
    )
    return Source(units, stars, bound)


def _is_silent(node: ast.stmt) -> bool:
    """What leaves nothing behind: text, ``pass``, and what only runs as a script."""
    if isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return True
    return (
        isinstance(node, ast.If) and "__name__" in ast.dump(node.test) and "__main__" in ast.dump(node.test)
    )


def _unit(node: ast.stmt) -> Unit:
    plain = _without_docstrings(node)
    reads = _global_names(plain)
    chains, bare = _uses(plain, reads)
    imports = tuple(_imports(plain))
    return Unit(
        line=node.lineno,
        digest=digest_parts("unit@1", [ast.dump(plain, annotate_fields=False).encode()]),
        binds=frozenset(_binds(plain)) | {name for name, _ in imports},
        imports=imports,
        only_imports=isinstance(node, ast.Import | ast.ImportFrom),
        effect=_has_effect(plain),
        chains=frozenset(chains),
        bare=frozenset(bare),
        calls=frozenset(_calls_at_import(plain)),
        changes=frozenset(_changes(plain, reads)),
        bases=frozenset(_bases(plain)),
        unfollowed=tuple(_unfollowed(plain)),
        computed=frozenset(_computed(plain)),
        hooks=_has_hooks(plain),
    )


def _without_docstrings(node: ast.stmt) -> ast.stmt:
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = inner.body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                inner.body = inner.body[1:] or [ast.copy_location(ast.Pass(), first)]
    return node


def _global_names(node: ast.stmt) -> set[str]:
    """Names that the statement takes from the module's globals, whatever scope they are used in."""
    text = ast.unparse(ast.Module([node], []))
    found: set[str] = set()

    def visit(table: symtable.SymbolTable, top: bool) -> None:
        for symbol in table.get_symbols():
            read = symbol.is_referenced() or symbol.is_assigned()
            if read and (
                top or symbol.is_global() or (table.get_type() == "class" and symbol.is_referenced())
            ):
                found.add(symbol.get_name())
        for child in table.get_children():
            visit(child, False)

    visit(symtable.symtable(text, "unit", "exec"), True)
    for quoted in _quoted_annotations(node):
        found |= {inner.id for inner in ast.walk(quoted) if isinstance(inner, ast.Name)}
    return found


def _quoted_annotations(node: ast.stmt) -> Iterator[ast.expr]:
    """Annotations written as text: their names are used, too."""
    for inner in ast.walk(node):
        for annotation in (getattr(inner, "annotation", None), getattr(inner, "returns", None)):
            if annotation is None:
                continue
            for part in ast.walk(annotation):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    try:
                        yield ast.parse(part.value, mode="eval").body
                    except SyntaxError:
                        continue


def _uses(node: ast.stmt, names: set[str]) -> tuple[set[tuple[str, ...]], set[str]]:
    """How the global names are used: with which dots, or without."""
    chains: set[tuple[str, ...]] = set()
    bare: set[str] = set()
    inside: set[int] = set()  # nodes that are part of a longer chain
    roots = [node, *_quoted_annotations(node)]
    for inner in (part for root in roots for part in ast.walk(root)):
        if isinstance(inner, ast.Attribute) and id(inner) not in inside:
            parts, value = [inner.attr], inner.value
            while isinstance(value, ast.Attribute):
                inside.add(id(value))
                parts.append(value.attr)
                value = value.value
            if isinstance(value, ast.Name):
                inside.add(id(value))
                if value.id in names:
                    chains.add((value.id, *reversed(parts)))
        elif isinstance(inner, ast.Name) and id(inner) not in inside and inner.id in names:
            bare.add(inner.id)
    return chains, bare


def _binds(node: ast.stmt) -> Iterator[str]:
    """Names of the module that the statement binds when the module is imported."""
    for inner in _at_import(node):
        match inner:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                yield name


def _at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What is run while the module is imported: not the bodies of functions, classes' only their statements."""
    yield node
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            outside: list[ast.AST] = [*node.decorator_list, *node.args.defaults]
            outside += [default for default in node.args.kw_defaults if default is not None]
        case ast.Lambda():
            outside = [*node.args.defaults]
        case ast.ClassDef():
            outside = [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]
        case _:
            outside = list(ast.iter_child_nodes(node))
    for inner in outside:
        yield from _at_import(inner)


def _imports(node: ast.stmt) -> Iterator[tuple[str, Import]]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Import):
            for alias in inner.names:
                if alias.asname:
                    yield alias.asname, Import(alias.name, 0, None, alias.name)
                else:
                    yield (
                        alias.name.partition(".")[0],
                        Import(alias.name.partition(".")[0], 0, None, alias.name),
                    )
        elif isinstance(inner, ast.ImportFrom):
            for alias in inner.names:
                if alias.name != "*":
                    yield alias.asname or alias.name, Import(inner.module or "", inner.level, alias.name)


def _has_effect(node: ast.stmt) -> bool:
    """Whether importing does more here than to bind names of this module."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Import() | ast.ImportFrom():
            return False
        case ast.Assign(targets=targets):
            return not all(_is_plain_target(target) for target in targets)
        case ast.AnnAssign(target=target):
            return not _is_plain_target(target)
        case ast.Pass():
            return False
        case ast.If() | ast.Try():
            inner = [*node.body, *node.orelse]
            if isinstance(node, ast.Try):
                inner += [part for handler in node.handlers for part in handler.body] + node.finalbody
            return any(_has_effect(part) for part in inner)
    return True


def _is_plain_target(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return all(_is_plain_target(part) for part in target.elts)
    return isinstance(target, ast.Name) or (
        isinstance(target, ast.Starred) and _is_plain_target(target.value)
    )


def _dotted(node: ast.expr) -> tuple[str, ...] | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else None


def _calls_at_import(node: ast.stmt) -> Iterator[tuple[str, ...]]:
    decorated = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    decorators = {id(decorator) for decorator in node.decorator_list} if decorated else set()  # type: ignore[attr-defined]
    for inner in _at_import(node):
        called = inner.func if isinstance(inner, ast.Call) else inner if id(inner) in decorators else None
        if isinstance(called, ast.expr) and (name := _dotted(called)) is not None:
            yield name


def _changes(node: ast.stmt, names: set[str]) -> Iterator[str]:
    """Global names whose values its functions may change when they are called."""
    for inner in ast.walk(node):
        match inner:
            case ast.Global(names=declared):
                yield from declared
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                value: ast.expr = inner.value
                while isinstance(value, ast.Attribute | ast.Subscript):
                    value = value.value
                if isinstance(value, ast.Name) and value.id in names:
                    yield value.id
            case ast.Call(func=ast.Attribute() as function):
                name = _dotted(function)
                if name is not None and name[0] in names:
                    yield name[0]


def _bases(node: ast.stmt) -> Iterator[tuple[str, ...]]:
    if isinstance(node, ast.ClassDef):
        for base in [*node.bases, *(keyword.value for keyword in node.keywords)]:
            name = _dotted(base)
            if name is not None:
                yield name


def _has_hooks(node: ast.stmt) -> bool:
    methods = {inner.name for inner in getattr(node, "body", []) if isinstance(inner, ast.FunctionDef)}
    return isinstance(node, ast.ClassDef) and bool(
        methods & {"__init_subclass__", "__set_name__"}
        or {"__new__", "__init__", "__prepare__"} & methods
        and any(_dotted(base) == ("type",) for base in node.bases)
    )


def _unfollowed(node: ast.stmt) -> Iterator[tuple[int, str]]:
    for inner in ast.walk(node):
        if not isinstance(inner, ast.Call):
            continue
        name = _dotted(inner.func) or ()
        constant = bool(inner.args) and isinstance(inner.args[0], ast.Constant)
        if len(name) == 1 and name[0] in _DYNAMIC and not (name[0] == "__import__" and constant):
            yield inner.lineno, _DYNAMIC[name[0]]
        elif name and name[-1] in ("import_module", "run_module", "run_path"):
            yield inner.lineno, ".".join(name)


def _computed(node: ast.stmt) -> Iterator[tuple[str, int]]:
    for inner in ast.walk(node):
        match inner:
            case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id=name), attribute, *_]):
                if not isinstance(attribute, ast.Constant):
                    yield name, inner.lineno
            case ast.Call(func=ast.Name(id="vars"), args=[ast.Name(id=name)]):
                yield name, inner.lineno
            case ast.Attribute(value=ast.Name(id=name), attr="__dict__"):
                yield name, inner.lineno
