"""How much memory a process has held."""

import re
import resource
from pathlib import Path

_PEAK = re.compile(rb"VmHWM:\s*(\d+) kB")


def peak_memory() -> int:
    """The most memory that this process has held so far, in bytes.

    On Linux ``getrusage`` would count the parent's memory at the fork too.
    """
    status = Path("/proc/self/status")
    found = _PEAK.search(status.read_bytes()) if status.exists() else None
    if found is not None:
        return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
