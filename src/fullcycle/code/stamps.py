"""Digests of large files, remembered beside what the file system says of them.

A file is not read again where its size, inode and both its times are those of the entry, and
both times lie more than two seconds before the entry was made: a file written while, or
shortly after, it was digested may keep its times, so it is read. Who sets the modification
time back cannot set back the other one, the time of the last change of the inode.
"""

import os
import time
from pathlib import Path

import msgspec
from blake3 import blake3

from fullcycle.kernel import Digest, digest_bytes, digest_value

_CALM = 2_000_000_000  # nanoseconds
_PIECE = 1 << 20  # bytes


class Stamp(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What the file system said of a file when it was digested; times in nanoseconds."""

    path: str
    device: int
    inode: int
    size: int
    modified: int
    changed: int
    seen: int  # by this machine's clock, before the file was read
    digest: Digest

    def holds(self, found: os.stat_result) -> bool:
        """Whether the file, of which ``found`` tells now, is surely the one that was digested."""
        same = (self.device, self.inode, self.size, self.modified, self.changed) == _facts(found)
        return same and max(self.modified, self.changed) + _CALM < self.seen


class Stamps:
    """The entries of one project, each in a file of its own under ``folder``; none are kept without one."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._known: dict[str, Stamp] = {}

    def digest(self, path: Path) -> Digest:
        """The digest of a file's bytes, read only where they may be others than last time.

        Raises:
            OSError: where the file cannot be read.
        """
        name = os.path.realpath(path)
        known = self._known.get(name) or self._read(name)
        if known is not None and known.path == name and known.holds(os.stat(name)):
            self._known[name] = known
            return known.digest
        made = _digested(name)
        self._known[name] = made
        self._write(made)
        return made.digest

    def _read(self, name: str) -> Stamp | None:
        """An entry; ``None`` where there is none, or it is broken."""
        if self._folder is None:
            return None
        try:
            checked, stamp = msgspec.json.decode(
                (self._folder / _entry(name)).read_bytes(), type=tuple[Digest, Stamp]
            )
        except (OSError, msgspec.DecodeError):
            return None
        return stamp if checked == _checksum(stamp) else None

    def _write(self, stamp: Stamp) -> None:
        """Keep an entry: whole or not at all, whoever writes the same; without it, nothing is lost."""
        if self._folder is None:
            return
        target = self._folder / _entry(stamp.path)
        draft = target.with_suffix(f".{os.getpid()}-{time.monotonic_ns()}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(msgspec.json.encode((_checksum(stamp), stamp)))
            os.replace(draft, target)
        except OSError:
            return


def _digested(name: str) -> Stamp:
    """Read a file; one that changes meanwhile is stamped so that it never counts as unchanged."""
    seen = time.time_ns()
    hasher = blake3()
    with open(name, "rb") as file:
        before = os.fstat(file.fileno())
        while piece := file.read(_PIECE):
            hasher.update(piece)
        calm = _facts(os.fstat(file.fileno())) == _facts(before)
    return Stamp(name, *_facts(before), seen if calm else 0, hasher.hexdigest())


def _facts(found: os.stat_result) -> tuple[int, int, int, int, int]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _entry(name: str) -> str:
    return f"{digest_bytes(os.fsencode(name))[:32]}.json"


def _checksum(stamp: Stamp) -> Digest:
    return digest_value("stamp@1", stamp)
