"""One top-level statement of a module: what it binds, what it uses, and what importing it does.

Names are told apart by scope: a local variable called like a global is not taken for it,
and a name imported inside a function is followed from there.
"""

import ast
from dataclasses import dataclass
from functools import cached_property

from fullcycle.code.binding import Imported, imports_run_with, names_of
from fullcycle.code.canonical import digest_statement
from fullcycle.code.expression import every_argument
from fullcycle.code.naming import named_files
from fullcycle.code.syntax import read_now
from fullcycle.code.usage import Reading
from fullcycle.kernel import Digest, digest_value

Function = ast.FunctionDef | ast.AsyncFunctionDef
_SHOWN = 48  # characters of a statement that has no name


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement that is run when its module is imported."""

    node: ast.stmt

    @property
    def line(self) -> int:
        """Where it begins; a function's decorators come before that."""
        return self.node.lineno

    @cached_property
    def imports(self) -> tuple[Imported, ...]:
        """Every import that is run with it."""
        return tuple(imports_run_with(self.node))

    @cached_property
    def binds(self) -> frozenset[str]:
        """The names of the module that it binds."""
        if isinstance(self.node, ast.AnnAssign) and self.node.value is None:
            return frozenset()
        return frozenset(names_of([self.node]).bound)

    @property
    def is_import(self) -> bool:
        """Whether it only imports."""
        return isinstance(self.node, ast.Import | ast.ImportFrom)

    @property
    def is_function(self) -> bool:
        """Whether it defines a function."""
        return isinstance(self.node, Function)

    @property
    def is_plain_function(self) -> bool:
        """Whether it defines a function, and reads and calls nothing for that."""
        return isinstance(self.node, Function) and not self.reading.calls and not self.reading.now

    @property
    def is_inert(self) -> bool:
        """Whether it defines a function and calls nothing for that: no decorators, no calls in defaults."""
        if not isinstance(self.node, Function) or self.node.decorator_list:
            return False
        defaults = (one for one in (*self.node.args.defaults, *self.node.args.kw_defaults) if one is not None)
        return not any(isinstance(part, ast.Call) for one in defaults for part in ast.walk(one))

    @cached_property
    def run_hints(self) -> frozenset[type[ast.expr]]:
        """Whether annotations that are run with it call something, or take an item of something."""
        if isinstance(self.node, Function):
            every = (*every_argument(self.node.args), self.node)
            hints = [one.annotation if isinstance(one, ast.arg) else one.returns for one in every]
        else:
            hints = [self.node.annotation] if isinstance(self.node, ast.AnnAssign) else []
        asking = (one for one in hints if one is not None and not isinstance(one, ast.Name | ast.Constant))
        parts = (part for hint in asking for part in ast.walk(hint))
        return frozenset(type(part) for part in parts if isinstance(part, ast.Call | ast.Subscript))

    @property
    def optional_hints(self) -> bool:
        """Whether nothing in the statement itself asks for its annotations."""
        return isinstance(self.node, ast.AnnAssign) or (
            isinstance(self.node, Function) and not self.node.decorator_list
        )

    @cached_property
    def reading(self) -> Reading:
        """What it uses and does."""
        return read_now(self.node)

    @cached_property
    def named_files(self) -> tuple[tuple[int, str], ...]:
        """Line and text of what may name a file that it reads."""
        return () if self.is_import else tuple(named_files(self.node))

    @cached_property
    def called(self) -> Reading:
        """Of a function: what calling it uses and does."""
        return read_now(self.node, called=True)

    @cached_property
    def immutable(self) -> bool:
        """Whether it binds a literal that nothing can change, such as a number or a text."""
        match self.node:
            case ast.Assign(targets=targets, value=value):
                return all(isinstance(target, ast.Name) for target in targets) and _is_immutable(value)
            case ast.AnnAssign(target=ast.Name(), value=value):
                return _is_immutable(value)
        return False

    @cached_property
    def digest(self) -> Digest:
        """Of what it says, annotations included."""
        return digest_statement(self.node, hints=True)

    @cached_property
    def digest_without_hints(self) -> Digest:
        """Of what it says, but for the annotations that nothing in it asks for."""
        return digest_statement(self.node, hints=False) if self.optional_hints else self.digest

    def digest_of(self, name: str, *, hints: bool) -> Digest:
        """Of what it says about one name: an import of many names says one thing of each."""
        if self.is_import:
            found = [one for one in self.imports if one.name in (name, "*")]
            return digest_value("import@1", [[one.module, one.level, one.member] for one in found])
        return self.digest if hints else self.digest_without_hints

    @property
    def label(self) -> str:
        """How to speak of a statement that binds nothing."""
        text = ast.unparse(self.node).partition("\n")[0]
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _is_immutable(value: ast.expr | None) -> bool:
    match value:
        case ast.Constant():
            return True
        case ast.Tuple(elts=parts):
            return all(_is_immutable(part) for part in parts)
        case ast.UnaryOp(operand=operand):
            return _is_immutable(operand)
        case ast.BinOp(left=left, right=right):
            return _is_immutable(left) and _is_immutable(right)
    return False
