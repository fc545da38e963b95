"""Objects as files: written aside, synchronised, renamed; verified whenever they are read."""

import os
import re
import uuid
from pathlib import Path

from fullcycle.kernel import Damaged, Digest, Invalid, Misconfigured, Missing, digest_bytes

_DIGEST = re.compile(r"[0-9a-f]{64}")


class FileObjects:
    """An ``ObjectStore`` in a folder: ``ab/cdef…`` holds the object whose digest is ``abcdef…``.

    A name exists only once its bytes are on the disk; what a killed writer leaves has
    another name and is never read.
    """

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)

    def put(self, data: bytes) -> Digest:
        """Store bytes; durable when it returns.

        Raises:
            Misconfigured: where the folder cannot be written.
        """
        digest = digest_bytes(data)
        target = self._target(digest)
        try:
            if target.exists():
                sync_folder(target.parent)  # whoever renamed it may not have come to this yet
            else:
                make_folder(target.parent)
                write_atomically(target, data)
        except OSError as error:
            raise unwritable(error, "the artifacts", self._folder) from error
        return digest

    def get(self, digest: Digest) -> bytes:
        """The bytes, verified.

        Raises:
            Missing: where they are not there.
            Damaged: where they are not what was stored.
        """
        target = self._target(digest)
        try:
            data = target.read_bytes()
        except FileNotFoundError as error:
            raise Missing(
                f"the object {digest[:12]}… is not there",
                str(target),
                "restore the folder of artifacts from a backup, or run again what made it",
            ) from error
        if digest_bytes(data) != digest:
            raise Damaged(
                f"the object {digest[:12]}… is not what was stored ({len(data):,} bytes are there)",
                str(target),
                f"restore that file from a backup; a step's result may go (rm -f {target}), it is made again",
            )
        return data

    def has(self, digest: Digest) -> bool:
        """Whether they are there."""
        return self._target(digest).exists()

    def path(self, digest: Digest) -> Path | None:
        """The file that holds them; it is never written again."""
        target = self._target(digest)
        return target if target.exists() else None

    def _target(self, digest: Digest) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise Invalid(
                f"{digest[:80]!r} is no digest", "the object store", "give 64 hexadecimal characters"
            )
        return self._folder / digest[:2] / digest[2:]


def write_atomically(target: Path, data: bytes) -> None:
    """Write a read-only file that is there as a whole or not at all, also after a loss of power."""
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(target)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


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
