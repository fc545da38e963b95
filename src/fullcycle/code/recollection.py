"""What walks through an archive found, kept from one process to the next.

Taking a project's files apart is most of what a run costs in which nothing has changed. The
entries of an archive stand in one file, a line for each, under all that decides them: the
archive, Python, and the very code that walks. A line that is not whole is none; nothing that
is lost here is lost.
"""

import os
import sys
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

import msgspec

from fullcycle.code.archive import Archive
from fullcycle.code.symbol import Found
from fullcycle.kernel import Digest, digest_bytes, digest_parts, digest_value

_ARCHIVES = 8  # that are remembered
_CHECKED = 64  # characters of a digest


class _Line(msgspec.Struct, frozen=True):
    """The name that a walk began with, and what it found."""

    module: str
    name: str
    found: msgspec.Raw


def recall(folder: Path, archive: Archive, module: str, name: str) -> Found | None:
    """What was found from this name before; ``None`` where that is not known."""
    kept = _kept(_entries(folder, archive)).get((module, name))
    try:
        return msgspec.json.decode(kept, type=Found) if kept is not None else None
    except msgspec.DecodeError:
        return None


def keep(folder: Path, archive: Archive, module: str, name: str, found: Found) -> None:
    """Keep what was found: whole or not at all, whoever else keeps the same."""
    entries = _entries(folder, archive)
    body = msgspec.json.encode(found)
    line = msgspec.json.encode(_Line(module, name, msgspec.Raw(body)))
    _kept(entries)[module, name] = body
    try:
        if not entries.exists():
            entries.parent.mkdir(parents=True, exist_ok=True)
            _forget(entries.parent)
        handle = os.open(entries, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(handle, b"\n%b%b\n" % (digest_bytes(line).encode(), line))
        finally:
            os.close(handle)
    except OSError:
        return


@lru_cache(maxsize=_ARCHIVES)
def _kept(entries: Path) -> dict[tuple[str, str], bytes]:
    """What a file holds, by the name that was followed; read once per process."""
    try:
        data = entries.read_bytes()
    except OSError:
        return {}
    return {(line.module, line.name): bytes(line.found) for line in _whole(data)}


def _whole(data: bytes) -> Iterator[_Line]:
    for text in data.split(b"\n"):
        body = text[_CHECKED:]
        if body and digest_bytes(body).encode() == text[:_CHECKED]:
            yield msgspec.json.decode(body, type=_Line)


def _entries(folder: Path, archive: Archive) -> Path:
    where = digest_value("walked@2", [archive.digest, sys.version, _walker()])
    return folder / "reach" / f"{where[:32]}.jsonl"


@cache
def _walker() -> Digest:
    """A digest of the code that walks."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return digest_parts("walker@1", [source.read_bytes() for source in sources])


def _forget(folder: Path) -> None:
    """Make room for one more archive: those written longest ago go."""
    try:
        known = sorted(folder.iterdir(), key=lambda one: one.stat().st_mtime)
        for one in known[: max(0, len(known) - _ARCHIVES + 1)]:
            one.unlink(missing_ok=True)
    except OSError:
        return
