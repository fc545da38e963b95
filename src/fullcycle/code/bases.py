"""What stands above a class: its bases, and what they do to a class that is made of them."""

import ast
from collections.abc import Iterable, Iterator

from fullcycle.code.binding import names_of
from fullcycle.code.expression import dotted
from fullcycle.code.project import Origin, Project
from fullcycle.code.quiet import is_quiet_elsewhere
from fullcycle.code.usage import Chain

HOOKS = frozenset(
    {"__call__", "__class_getitem__", "__init_subclass__", "__new__", "__prepare__", "__set_name__"}
)
"""Methods by which a base class or a metaclass acts on a class that is made of it."""


class Bases:
    """The bases of one project's classes.

    A name stands for every statement that binds it, so that ``class Client(Client)``, of a
    class that was imported, stands above itself: each class is looked at once.
    """

    def __init__(self, project: Project) -> None:
        self._project = project

    def of(self, module: str, parts: Iterable[ast.expr]) -> Iterator[Origin]:
        """What bases, as they are written, lead to."""
        for part in parts:
            chain = _name_of(part)
            if chain is not None:
                yield from self._project.origins(module, chain)

    def lineage(self, module: str, node: ast.ClassDef) -> Iterator[tuple[str, ast.ClassDef]]:
        """A class and all of the project's above it, metaclasses among them, each with its module."""
        waiting = [(module, node)]
        seen = {node}
        while waiting:
            owner, one = waiting.pop()
            yield owner, one
            for origin in self.of(owner, _written(one)):
                above = origin.statement.node if origin.statement is not None else None
                if origin.module is not None and isinstance(above, ast.ClassDef) and above not in seen:
                    seen.add(above)
                    waiting.append((origin.module, above))

    def is_enum(self, module: str, node: ast.ClassDef) -> bool:
        """Whether a class is an ``Enum``, which makes its members when it is made."""
        return any(
            origin.module is None and origin.left[0] == "enum"
            for owner, one in self.lineage(module, node)
            for origin in self.of(owner, _written(one))
        )

    def are_quiet(self, module: str, node: ast.ClassDef) -> bool:
        """Whether no base class or metaclass keeps a class that is made of it, or acts on it."""
        return all(
            all(_name_of(part) is not None for part in _written(one))
            and all(_is_quiet(origin) for origin in self.of(owner, _written(one)))
            for owner, one in self.lineage(module, node)
        )


def _is_quiet(origin: Origin) -> bool:
    """Whether a base acts on no class; what stands above it is looked at by itself."""
    if origin.module is None:
        return is_quiet_elsewhere(origin.left)
    node = origin.statement.node if origin.statement is not None else None
    if not isinstance(node, ast.ClassDef) or origin.left:
        return False
    is_metaclass = any(dotted(base) == ("type",) for base in node.bases)
    return names_of(node.body).bound.isdisjoint(HOOKS) and not is_metaclass


def _written(node: ast.ClassDef) -> list[ast.expr]:
    """The bases and the metaclass of a class, as they are written."""
    return [*node.bases, *(keyword.value for keyword in node.keywords if keyword.arg == "metaclass")]


def _name_of(base: ast.expr) -> Chain | None:
    return dotted(base.value if isinstance(base, ast.Subscript) else base)  # Generic of Generic[T]
