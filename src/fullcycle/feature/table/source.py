"""The syntax tree of a function, as far as it can be trusted to be what the function does."""

import ast
import functools
import linecache
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fullcycle.feature.table.place import Unsupported


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A plain function with its tree, whose line numbers are those of its file."""

    function: types.FunctionType
    tree: ast.FunctionDef

    @property
    def path(self) -> str:
        """The file that it stands in."""
        return self.function.__code__.co_filename

    def lookup(self, name: str) -> Any:
        """What a free name means to the function.

        Raises:
            NameError: where it means nothing.
        """
        code = self.function.__code__
        if name in code.co_freevars:
            try:
                return (self.function.__closure__ or ())[code.co_freevars.index(name)].cell_contents
            except ValueError as error:
                raise NameError(name) from error
        if name in self.function.__globals__:
            return self.function.__globals__[name]
        builtins = self.function.__globals__["__builtins__"]
        known: dict[str, Any] = builtins if isinstance(builtins, dict) else vars(builtins)
        if name not in known:
            raise NameError(name)
        return known[name]


@functools.lru_cache(maxsize=512)
def parsed(function: types.FunctionType) -> Function:
    """Read a function's tree, and hold it against the code that runs.

    Raises:
        Unsupported: where there is no source, or it is not (or no longer) that code.
    """
    code = function.__code__
    line = code.co_firstlineno
    if hasattr(function, "__wrapped__"):
        raise Unsupported(f"{function.__name__}() is wrapped by a decorator", line)
    text = "".join(linecache.getlines(code.co_filename, function.__globals__))
    try:
        tree, compiled = _compiled(text, code.co_filename)
    except SyntaxError as error:
        raise Unsupported(f"the source of {function.__name__}() cannot be read", line) from error
    if code not in _codes(compiled):
        raise Unsupported(f"the source of {function.__name__}() is not what was loaded", line)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == function.__name__ and _first_line(node) == line:
            return Function(function, node)
    raise Unsupported(f"{function.__name__}() is no plain function", line)


@functools.lru_cache(maxsize=32)
def _compiled(text: str, path: str) -> tuple[ast.Module, types.CodeType]:
    return ast.parse(text, path), compile(text, path, "exec", dont_inherit=True)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _codes(constant)


def _first_line(node: ast.FunctionDef) -> int:
    return node.decorator_list[0].lineno if node.decorator_list else node.lineno
