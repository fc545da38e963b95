"""What walks through an archive found, kept from one process to the next.

Taking a project's files apart is most of what a run costs in which nothing has changed. An
entry stands under all that decides it: the archive, the name, Python, and the very code that
walks. A broken entry is none; nothing that is lost here is lost.
"""

import os
import shutil
import sys
import time
from functools import cache
from pathlib import Path

import msgspec

from fullcycle.code.archive import Archive
from fullcycle.code.symbol import Found
from fullcycle.kernel import Digest, digest_bytes, digest_parts, digest_value

_ARCHIVES = 8  # that are remembered


def recall(folder: Path, archive: Archive, module: str, name: str) -> Found | None:
    """What was found from this name before; ``None`` where that is not known."""
    try:
        data = _entry(folder, archive, module, name).read_bytes()
    except OSError:
        return None
    checked, _, body = data.partition(b"\n")
    if checked != digest_bytes(body).encode():
        return None
    try:
        return msgspec.json.decode(body, type=Found)
    except msgspec.DecodeError:
        return None


def keep(folder: Path, archive: Archive, module: str, name: str, found: Found) -> None:
    """Keep what was found: whole or not at all, whoever else keeps the same."""
    target = _entry(folder, archive, module, name)
    body = msgspec.json.encode(found)
    draft = target.with_suffix(f".{os.getpid()}-{time.monotonic_ns()}")
    try:
        if not target.parent.exists():
            _forget(target.parent.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(b"\n".join([digest_bytes(body).encode(), body]))
        os.replace(draft, target)
    except OSError:
        return


def _entry(folder: Path, archive: Archive, module: str, name: str) -> Path:
    where = digest_value("walked@1", [archive.digest, sys.version, _walker()])
    return folder / "reach" / where[:32] / f"{digest_value('name@1', [module, name])[:32]}.json"


@cache
def _walker() -> Digest:
    """A digest of the code that walks."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return digest_parts("walker@1", [source.read_bytes() for source in sources])


def _forget(folder: Path) -> None:
    """Make room for one more archive: those written longest ago go."""
    try:
        known = sorted(folder.iterdir(), key=lambda one: one.stat().st_mtime)
    except OSError:
        return
    for one in known[: max(0, len(known) - _ARCHIVES + 1)]:
        shutil.rmtree(one, ignore_errors=True)
