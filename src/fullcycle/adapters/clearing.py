"""Clearing: what something else stands for goes, once nobody can be reading it any more.

So do files that a killed compaction left, and segments whose writer was killed before its
first event. Whoever clears holds the lock of the folder.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from fullcycle.adapters.durable import sync_folder
from fullcycle.adapters.segment_format import BLANK
from fullcycle.adapters.segments import is_written, news_of, segments
from fullcycle.record import Compacted

GRACE_S = 3600.0
"""Seconds for which a segment, or a file, is kept beside what replaces it."""


def remove_unnamed(target: Path, told: Compacted) -> None:
    """Remove what a killed compaction left. The lock is held: nobody is writing these."""
    for path in (*target.iterdir(), *target.glob("*/*")):
        name = str(path.relative_to(target))
        known = name in told.files or name in told.replaced
        if not known and path.suffix in (".parquet", ".tmp"):
            path.unlink()


def remove_replaced(folder: Path, target: Path, told: Compacted, before: int) -> None:
    """Remove a folder's segments, and files of ``target``, for which others have stood since ``before``."""
    gone = [target / name for name, at in told.replaced.items() if at <= before]
    _remove(path for path in gone if path.exists())
    over = [path for path in segments(folder) if told.ended.get(path.name, before + 1) <= before]
    _remove(path for path in over if path.name not in told.damaged and _is_over(path, told))
    _remove(path for path in segments(folder) if path.name not in told.done and _is_blank(path))


def _is_over(path: Path, told: Compacted) -> bool:
    """Whether nobody writes to a segment, and all that is whole in it was compacted."""
    with suppress(FileNotFoundError):
        return not is_written(path) and next(news_of(path, told.done[path.name]), None) is None
    return False


def _is_blank(path: Path) -> bool:
    """Whether whoever began a segment was killed before its first event."""
    with suppress(FileNotFoundError):
        found = path.stat()
        old = found.st_mtime < time.time() - GRACE_S  # others are perhaps begun just now
        return old and found.st_size <= BLANK and not is_written(path)
    return False


def _remove(paths: Iterable[Path]) -> None:
    folders = set()
    for path in paths:
        path.unlink(missing_ok=True)
        folders.add(path.parent)
    for folder in folders:
        sync_folder(folder)
