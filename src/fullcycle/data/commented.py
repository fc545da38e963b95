"""What a contract's comments say of its fields: the words a reader of the code has, for those of a page."""

import ast
import inspect
import io
import re
import textwrap
import tokenize
from collections.abc import Iterator

from fullcycle.data.row import Row

_FOR_TOOLS = re.compile(r"(?:noqa|type:|mypy:|ruff:|pyright:|fmt:|pragma:|isort:|pylint:)", re.IGNORECASE)


def comments(contract: type[Row]) -> dict[str, str]:
    """The comment of each field that has one, and the contract's own under ``""``.

    A field's comment stands on its line, or on lines of its own right above. The contract's own
    is its docstring, else the comment behind ``class …:``. A field that is inherited has the
    comment of the class that declares it. Where there is no source, there is none.

    >>> comments(Row)
    {}
    """
    found: dict[str, str] = {}
    for one in reversed(contract.__mro__):
        if isinstance(one, type) and issubclass(one, Row) and one is not Row:
            found.pop("", None)
            found |= _own(one)
    return found


def _own(contract: type[Row]) -> dict[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(contract))
        (parsed,) = ast.parse(source).body
        said = dict(_said(source))
    except (OSError, TypeError, ValueError, SyntaxError, tokenize.TokenError):
        return {}
    if not isinstance(parsed, ast.ClassDef):
        return {}
    own = ast.get_docstring(parsed) or said.get(parsed.lineno, ("", False))[0]
    found = {"": own} if own else {}
    for statement in parsed.body:
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)):
            continue
        if text := _of(statement, said):
            found[statement.target.id] = text
    return found


def _of(statement: ast.AnnAssign, said: dict[int, tuple[str, bool]]) -> str:
    """The comment of a statement: behind it, else above it."""
    if behind := said.get(statement.end_lineno or statement.lineno):
        return behind[0]
    above: list[str] = []
    row = statement.lineno - 1
    while said.get(row, ("", False))[1]:
        above.insert(0, said[row][0])
        row -= 1
    return " ".join(above)


def _said(source: str) -> Iterator[tuple[int, tuple[str, bool]]]:
    """Each comment by its line, and whether it has the line to itself; those for tools are left out."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            text = token.string.lstrip("#").strip()
            if text and not _FOR_TOOLS.match(text):
                yield token.start[0], (text, not token.line[: token.start[1]].strip())
