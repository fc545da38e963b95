"""Files of the project that a step reads without declaring them: found in two ways.

Python's audit hook hears of files that Python opens, and of SQLite databases. It cannot be
taken away again: it is added when the first step runs, and costs one look at a global where
no step does. Of files that a library opens by itself, as ``pl.scan_csv("rates.csv")`` and
DuckDB do, it hears nothing: those are found where the code that a step reaches writes out
the path of one that is there.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fullcycle.code import NEVER

_CODE = (".py", ".pyc", ".pyo", ".pyi", ".so", ".pyd", ".dylib")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True, slots=True)
class Undeclared:
    """A file that was read, by its path from the project's folder, and the line that names it."""

    path: str
    line: str = ""


class _Watch:
    """One step under way: what it read below ``root`` that it has neither declared nor written."""

    def __init__(self, root: str, declared: Callable[[str], bool]) -> None:
        self._root = f"{os.path.realpath(root)}{os.sep}"
        self._declared = declared
        self._written: set[str] = set()
        self.read: dict[str, None] = {}

    def opened(self, path: str, *, writing: bool) -> None:
        full = os.path.abspath(path)
        if not full.startswith(self._root):
            full = os.path.realpath(full)
            if not full.startswith(self._root):
                return
        below = full[len(self._root) :].replace(os.sep, "/")
        if writing:
            self._written.add(below)
        elif below not in self._written and not _is_own(full, below) and not self._declared(below):
            self.read[below] = None

    def left_alone(self, path: str, began: float) -> bool:
        """Whether a file was not written since then, a moment for coarse clocks set aside."""
        try:
            return path not in self._written and os.stat(self._root + path).st_mtime < began - 0.02
        except OSError:
            return False


_watch: _Watch | None = None
_hooked = False


@contextmanager
def watching(
    root: Path | None, declared: Callable[[str], bool], named: Mapping[str, str] | None = None
) -> Iterator[list[Undeclared]]:
    """Collect undeclared files that are read meanwhile; complete when it ends.

    ``declared`` tells of a path from the project's folder whether it may be read; ``named``
    are those that the code writes out, with its lines (see ``files_named``): read, too, unless
    it wrote them. One step at a time is watched; one within another counts as that one.
    """
    global _watch
    found: list[Undeclared] = []
    if root is None or _watch is not None:
        yield found
        return
    _add_hook()
    watch, began = _Watch(str(root), declared), time.time()
    _watch = watch
    lines = named or {}
    try:
        yield found
    finally:
        _watch = None
        unheard = (path for path in lines if not declared(path) and watch.left_alone(path, began))
        read = dict.fromkeys((*watch.read, *unheard))
        found.extend(Undeclared(path, lines.get(path, "")) for path in read)


def files_named(root: Path, texts: Iterable[tuple[str, int, str]]) -> dict[str, str]:
    """Files of the project that texts of its code name, each with the first such line.

    A path may be meant from the project's folder, or from the folder of the code or one above.
    """
    found: dict[str, str] = {}
    top = os.path.realpath(root)
    for code, line, text in texts:
        for folder in PurePosixPath(code).parents:
            full = os.path.normpath(os.path.join(top, folder, text))
            below = os.path.relpath(full, top).replace(os.sep, "/")
            if full.startswith(top + os.sep) and os.path.isfile(full) and not _is_own(full, below):
                found.setdefault(below, f"{code}:{line}")
                break
    return found


def told(step: str, read: list[Undeclared]) -> str:
    """What is said of a step that read undeclared files; empty where there are none."""
    if not read:
        return ""
    shown = ", ".join(one.path for one in read[:3]) + (f" and {len(read) - 3:,} more" if read[3:] else "")
    lines = ", ".join(one.line for one in read[:3] if one.line)
    told = f"{step} reads {shown} undeclared{f' ({lines})' if lines else ''}"
    return f'{told}, so a change of it would go unseen: use fc.File("{read[0].path}")'


def _add_hook() -> None:
    global _hooked
    if not _hooked:
        _hooked = True
        sys.addaudithook(_hear)


def _hear(event: str, args: tuple[Any, ...]) -> None:
    watch = _watch
    if watch is None:
        return
    if event == "open":
        path, mode, flags = args
        writing = (
            flags & _WRITING if isinstance(flags, int) and mode is None else mode and set(mode) & set("wxa+")
        )
        _note(watch, path, writing=bool(writing))
    elif event == "sqlite3.connect":
        _note(watch, args[0], writing=False)


def _note(watch: _Watch, path: object, *, writing: bool) -> None:
    """An exception here would be the step's: what is no path is nobody's affair."""
    if isinstance(path, str | bytes | os.PathLike):
        try:
            watch.opened(os.fsdecode(path), writing=writing)
        except (OSError, ValueError):
            return


def _is_own(full: str, below: str) -> bool:
    """Whether it is the project's code, its record, or a library installed below it."""
    parts = below.split("/")
    if full.endswith(_CODE) or not NEVER.isdisjoint(parts) or "site-packages" in parts:
        return True
    return full.startswith((f"{sys.prefix}{os.sep}", f"{sys.base_prefix}{os.sep}"))
