"""A module as its top-level statements, in their order, and who binds which name."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from fullcycle.code.binding import Imported
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
    statements = tuple(Statement(node) for node in _run(ast.parse(source).body))
    bound: dict[str, tuple[Statement, ...]] = {}
    for statement in statements:
        for name in statement.binds:
            bound[name] = (*bound.get(name, ()), statement)
    stars = tuple((s, one) for s in statements if s.imports for one in s.imports if one.name == "*")
    return Module(statements, bound, stars)


def _run(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """What is run of a module's body: of ``if TYPE_CHECKING`` and ``if __name__ == "__main__"`` the else."""
    for node in spoken(body):
        if isinstance(node, ast.If) and _is_never(node.test):
            yield from _run(node.orelse)
        else:
            yield node


def _is_never(test: ast.expr) -> bool:
    match test:
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(value=ast.Name(id="typing"), attr="TYPE_CHECKING"):
            return True
        case ast.Compare(
            left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant(value="__main__")]
        ):
            return True
    return False
