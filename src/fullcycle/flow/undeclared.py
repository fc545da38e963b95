"""Files of the project that a step reads without declaring them: found by Python's audit hook.

A hook cannot be taken away again: it is added when the first step runs, and costs one look at
a global where no step does. It hears of files that Python opens, and of SQLite databases; not
of those that a library opens by itself, as ``pl.scan_csv("rates.csv")`` and DuckDB do.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fullcycle.code import NEVER

_CODE = (".py", ".pyc", ".pyo", ".pyi", ".so", ".pyd", ".dylib")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


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


_watch: _Watch | None = None
_hooked = False


@contextmanager
def watching(root: Path | None, declared: Callable[[str], bool]) -> Iterator[list[str]]:
    """Collect the paths of undeclared files that are read meanwhile; complete when it ends.

    ``declared`` tells of a path from the project's folder whether it may be read. One step at
    a time is watched; one that is called within another counts as that one.
    """
    global _watch
    found: list[str] = []
    if root is None or _watch is not None:
        yield found
        return
    _add_hook()
    watch = _watch = _Watch(str(root), declared)
    try:
        yield found
    finally:
        _watch = None
        found.extend(watch.read)


def told(step: str, paths: list[str]) -> str:
    """What is said of a step that read undeclared files; empty where there are none."""
    if not paths:
        return ""
    shown = ", ".join(paths[:3]) + (f" and {len(paths) - 3:,} more" if len(paths) > 3 else "")
    return f'{step} reads {shown} undeclared, so a change of it would go unseen: use fc.File("{paths[0]}")'


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
