"""Two archives side by side: which files differ, and in which lines."""

from dataclasses import dataclass
from difflib import unified_diff
from typing import Literal

from fullcycle.code.archive import Archive

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that is not the same in both; ``lines`` is a unified diff, empty where it is not text."""

    path: str
    kind: Kind
    lines: tuple[str, ...] = ()
    added: int = 0  # lines
    removed: int = 0


def file_changes(was: Archive, now: Archive) -> tuple[FileChange, ...]:
    """The files that differ, in the order of their paths."""
    paths = sorted({*was.files, *now.files})
    return tuple(
        _file_change(path, was.files.get(path), now.files.get(path))
        for path in paths
        if was.files.get(path) != now.files.get(path)
    )


def _file_change(path: str, was: bytes | None, now: bytes | None) -> FileChange:
    kind: Kind = "added" if was is None else "removed" if now is None else "changed"
    try:
        before, after = (_lines(data) for data in (was, now))
    except UnicodeDecodeError:
        return FileChange(path, kind)
    names = ("/dev/null" if was is None else f"a/{path}", "/dev/null" if now is None else f"b/{path}")
    lines = tuple(unified_diff(before, after, *names, lineterm=""))
    body = lines[2:]  # below the two lines that name the files
    added = sum(line.startswith("+") for line in body)
    return FileChange(path, kind, lines, added, removed=sum(line.startswith("-") for line in body))


def _lines(data: bytes | None) -> list[str]:
    """Lines without their ends; a last one that has none says so, as ``diff`` does."""
    lines = (data or b"").decode().split("\n")
    if lines[-1]:
        return [*lines[:-1], f"{lines[-1]}\\ No newline at end of file"]
    return lines[:-1]
