"""A file in memory: where it lies, and whether it still is what it was when it was mapped."""

import mmap
import os
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from fullcycle.kernel import later

if TYPE_CHECKING:
    import numpy as np
else:
    np = later("numpy")

_AROUND = 64 * 1024  # bytes that Linux brings where one of them is asked for


class Mapping:
    """A file mapped read-only; it is let go when the last that lies on it lets go of this."""

    __slots__ = ("__weakref__", "_path", "_seen", "begins", "ends", "held")

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._seen = _told(os.fstat(file.fileno()))
            self.held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._path = path.absolute()
        self.begins: int = np.frombuffer(self.held, dtype=np.uint8).ctypes.data
        self.ends = self.begins + len(self.held)
        _IN_MEMORY[self.begins] = self

    def is_untouched(self) -> bool:
        """Whether the file is where it was, and nobody has written to it since it was mapped.

        False, too, where its times were set anew, as they are when it is stored once more.
        """
        try:
            return _told(os.stat(self._path)) == self._seen
        except OSError:
            return False

    def holds(self, address: int, size: int = 1) -> bool:
        """Whether so many bytes from an address on are the file's."""
        return self.begins <= address and address + size <= self.ends

    def touch(self, address: int, size: int) -> None:
        """Have the system bring bytes of the file to where they lie, which it does some pages at a time.

        Left to a write of those bytes, the same takes four times as much CPU.
        """
        begins = address - self.begins
        np.frombuffer(self.held, dtype=np.uint8)[begins : begins + size : _AROUND].max(initial=0)


_IN_MEMORY: WeakValueDictionary[int, Mapping] = WeakValueDictionary()


def mapping_at(address: int) -> Mapping | None:
    """The mapped file that has this address."""
    mappings = (found() for found in _IN_MEMORY.valuerefs())  # a list: others may map files meanwhile
    return next((mapping for mapping in mappings if mapping is not None and mapping.holds(address)), None)


def _told(file: os.stat_result) -> tuple[int, ...]:
    return file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns
