"""Files and folders that are there as a whole or not at all, also after a loss of power."""

import os
import uuid
from collections.abc import Callable
from pathlib import Path

from fullcycle.adapters.seals import set_time
from fullcycle.kernel import Misconfigured, now


def write_atomically(target: Path, data: bytes, *, synced: bool = True) -> None:
    """Write a read-only file that is there as a whole or not at all; if ``synced``, also without power."""
    write_aside(target, lambda aside: _write_bytes(aside, data), synced=synced)


def _write_bytes(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)


def write_aside(
    target: Path, write: Callable[[Path], None], seal: int | None = None, *, synced: bool = True
) -> None:
    """Have a read-only file written that is there as a whole or not at all; sealed, where told how."""
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
    try:
        write(aside)
        aside.chmod(0o444)
        if seal is not None:
            set_time(aside, now() // 1_000_000, seal)
        if synced:
            sync_file(aside)
        aside.rename(target)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    if synced:
        sync_folder(target.parent)


def sync_file(path: Path) -> None:
    """Put what a file holds on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, durably."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Put a folder's names on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def unwritable(error: OSError, role: str, folder: Path) -> Misconfigured:
    """The error of a folder that does not take what is written."""
    return Misconfigured(
        f"nothing can be written there: {error.strerror or error}",
        f"{role} in {folder}",
        "see that the disk has room and that the folder is yours to write",
    )
