"""What a process is at, kept where others find it should this one end over it.

Each process has a file, locked for as long as it lives, that holds the key of the call it is
at. Whoever finds one that nobody locks any more knows what its process was at when it ended.
"""

import fcntl
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from fullcycle.kernel import Digest

_SUFFIX = ".at"
_WIDTH = 128  # bytes, of which a key fills some and blanks the rest


class Attempts:
    """The files of one folder, that of this process among them, once it has been at something."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path: Path | None = None
        self._handle = -1  # of this process's file; none where the folder keeps nothing

    def at(self, key: Digest | None) -> None:
        """This process is at the call of that key now; at none where there is no key.

        A folder that cannot be written to keeps nothing, and stops nobody.
        """
        if self._path is None:
            self._open()
        if self._handle >= 0:
            with suppress(OSError):
                os.pwrite(self._handle, (key or "").ljust(_WIDTH).encode(), 0)

    def unfinished(self) -> list[Digest]:
        """What other processes were at when they ended; told once."""
        others = (path for path in sorted(self._folder.glob(f"*{_SUFFIX}")) if path != self._path)
        return [key for path in others if (key := _left_in(path))]

    def close(self) -> None:
        """This process is at nothing any more, and has no file."""
        if self._path is not None and self._handle >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._handle)
        self._path, self._handle = None, -1

    def _open(self) -> None:
        self._path = self._folder
        with suppress(OSError):
            handle, name = tempfile.mkstemp(suffix=_SUFFIX, dir=self._folder)
            self._path, self._handle = Path(name), handle
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _left_in(path: Path) -> Digest | None:
    """What a process that has ended left, which goes with its file; None while it lives."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            key = file.read(_WIDTH).decode(errors="replace").strip()
            path.unlink(missing_ok=True)
            return key or None
    except OSError:
        return None
