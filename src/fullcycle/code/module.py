"""A module as its top-level statements, in their order, and who binds which name."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from fullcycle.code.binding import Imported, imports_run_with, names_of
from fullcycle.code.canonical import spoken
from fullcycle.code.statement import Statement


@dataclass(frozen=True, eq=False, slots=True)
class Module:
    """The statements that are run on import, those that bind each name, and the stars among them."""

    statements: tuple[Statement, ...]
    bound: dict[str, tuple[Statement, ...]]
    stars: tuple[tuple[Statement, Imported], ...]

    @property
    def listed(self) -> tuple[str, ...] | None:
        """What its ``__all__`` lists; ``None`` where it has none that is written out at once."""
        match [statement.node for statement in self.bound.get("__all__", ())]:
            case [ast.Assign(targets=[ast.Name()], value=ast.List(elts=parts) | ast.Tuple(elts=parts))] if (
                all(isinstance(part, ast.Constant) for part in parts)
            ):
                return tuple(str(part.value) for part in parts if isinstance(part, ast.Constant))
        return None


@lru_cache(maxsize=4096)
def read_module(source: bytes) -> Module:
    """Take a file apart; once, however many archives hold it.

    Raises:
        SyntaxError, ValueError: where it is not Python.
    """
    body = ast.parse(source).body
    statements = tuple(Statement(node) for node in _run(body, _trusted(body)))
    bound: dict[str, tuple[Statement, ...]] = {}
    for statement in statements:
        for name in statement.binds:
            bound[name] = (*bound.get(name, ()), statement)
    stars = tuple((s, one) for s in statements if s.imports for one in s.imports if one.name == "*")
    return Module(statements, bound, stars)


def _run(body: Iterable[ast.stmt], trusted: frozenset[str]) -> Iterator[ast.stmt]:
    """What is run of a module's body: of ``if TYPE_CHECKING`` and ``if __name__ == "__main__"`` the else."""
    for node in spoken(body):
        if isinstance(node, ast.If) and _is_never(node.test, trusted):
            yield from _run(node.orelse, trusted)
        else:
            yield node


def _is_never(test: ast.expr, trusted: frozenset[str]) -> bool:
    match test:
        case ast.Name(id="TYPE_CHECKING" as name):
            return name in trusted
        case ast.Attribute(value=ast.Name(id="typing" as name), attr="TYPE_CHECKING"):
            return name in trusted
        case ast.Compare(
            left=ast.Name(id="__name__" as name), ops=[ast.Eq()], comparators=[ast.Constant(value="__main__")]
        ):
            return name in trusted
    return False


def _trusted(body: list[ast.stmt]) -> frozenset[str]:
    """Which of these names are what they are elsewhere: a module may bind them itself."""
    if not any(isinstance(node, ast.If) for node in body):
        return frozenset()
    binders: dict[str, list[ast.stmt]] = {"TYPE_CHECKING": [], "typing": [], "__name__": []}
    for node in body:
        for name in names_of([node]).bound & binders.keys():
            binders[name].append(node)
    starred = any(one.name == "*" for node in body for one in imports_run_with(node))
    return frozenset(
        name
        for name, nodes in binders.items()
        if not starred and all(_is_usual(node, name) for node in nodes) and (nodes or name == "__name__")
    )


def _is_usual(node: ast.stmt, name: str) -> bool:
    match node:
        case ast.ImportFrom(module="typing" | "typing_extensions", level=0, names=names):
            return all(one.name == name for one in names if name in (one.name, one.asname))
        case ast.Import(names=names):
            return all(one.asname is None or one.name == name for one in names)
        case ast.Assign(targets=[ast.Name()], value=ast.Constant(value=False)):
            return name == "TYPE_CHECKING"
    return False
