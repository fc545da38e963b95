"""What a step stands on beside its code and its inputs: files, variables, and what functions tell.

Each dependency has a name and a digest. They count like code that is reached: they are part
of the memo key, and the reason for a re-run names the one that changed. Of a variable, or of
what a function tells, nothing but the digest is recorded.
"""

import os
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from fullcycle.code import Files, Reach, Symbol, is_pattern
from fullcycle.data import File, Variable
from fullcycle.flow.failure import CodeFailed, in_one_line
from fullcycle.flow.graph import Node
from fullcycle.kernel import Digest, FullcycleError, Invalid, digest_bytes, digest_value
from fullcycle.record import PlainCodec, Secret

_ABSENT = "absent"


class Dependencies:
    """What the steps of one run depend on; each thing is looked at once."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._told: dict[Callable[[], object], Digest] = {}

    def of(self, node: Node, reach: Reach) -> Reach:
        """What a node reaches, with the files that this code declares and what the step depends on.

        Raises:
            CodeFailed: where a function that it depends on raises.
            Invalid: where such a function tells what is no plain value.
        """
        return reach.including(dict(self._symbols(node, reach)))

    def files(self, node: Node, reach: Reach) -> frozenset[str]:
        """The files that a node declares, by their paths from the project's folder."""
        return frozenset(one for path in _paths(node, reach) for one in self._files.matching(path))

    def require_files(self, node: Node, reach: Reach) -> None:
        """Refuse a node that declares a file which is not there; a pattern may stand for none.

        Raises:
            Missing: with the line that declares it.
        """
        for path in _paths(node, reach):
            if not is_pattern(path) and not self._files.matching(path):
                raise self._files.missing(path, node.line)

    def _symbols(self, node: Node, reach: Reach) -> Iterator[tuple[str, Symbol]]:
        for path in _paths(node, reach):
            yield from self._of_files(path)
        for number, one in enumerate(_listed(node), 1):
            if isinstance(one, Variable | Secret):
                yield _symbol(f"environment variable {one.name}", _digest_of_variable(one.name))
            elif not isinstance(one, File):
                name = getattr(one, "__name__", "<lambda>")
                told = f"{name}()" if name.isidentifier() else f"depends_on #{number}"
                yield _symbol(f"what {told} tells", self._digest_of_told(one, told, node))

    def _of_files(self, path: str) -> Iterator[tuple[str, Symbol]]:
        found = self._files.matching(path)
        if not found and not is_pattern(path):
            yield _symbol(f"file {path}", _ABSENT)
        for one, digest in found.items():
            yield _symbol(f"file {one}", digest)

    def _digest_of_told(self, function: Callable[[], object], told: str, node: Node) -> Digest:
        if function not in self._told:
            value = _call(function, told, node)
            try:
                self._told[function] = digest_bytes(PlainCodec().encode(value))
            except (Invalid, TypeError) as error:
                raise Invalid(
                    f"{told}, which {node.name} depends on, tells a {type(value).__name__}",
                    node.line,
                    "return a text, a number, a date, or a list or dict of such",
                ) from error
        return self._told[function]


def _listed(node: Node) -> tuple[Any, ...]:
    """What a step says that it depends on; a source says nothing of the kind."""
    return getattr(node.declared, "depends_on", ())


def _paths(node: Node, reach: Reach) -> list[str]:
    """The paths and patterns that the code names, and those that the step lists."""
    return sorted({*reach.files, *(one.name for one in _listed(node) if isinstance(one, File))})


def _call(function: Callable[[], object], told: str, node: Node) -> Any:
    try:
        return function()
    except Exception as error:
        own = error.__traceback__.tb_next if error.__traceback__ is not None else None
        raise CodeFailed(
            f"{told}, which {node.name} depends on, failed: {in_one_line(error)}",
            node.line,
            error.mend if isinstance(error, FullcycleError) else "mend it and run again",
            "".join(traceback.format_exception(type(error), error, own)),
        ) from error


def _digest_of_variable(name: str) -> Digest:
    return digest_value("variable@1", [name, os.environ.get(name)])


def _symbol(name: str, digest: Digest) -> tuple[str, Symbol]:
    return name, Symbol(digest, "", 0, name, declared=True)
