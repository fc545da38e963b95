"""Seals: a file's time of change tells whether anything has written to it since.

A file that is too big to be verified whenever it is read is sealed instead: the fraction
of a second of its time of change is a number made of its name. Whatever writes to it later
sets another time, and breaks the seal. A file that can be made again need not wait for the
disk: its seal holds until the machine is started anew, then it is verified once.
"""

import os
from functools import cache
from pathlib import Path

from fullcycle.kernel import Digest, digest_parts

SECOND = 1_000_000_000
"""Nanoseconds."""


def seal_of(digest: Digest) -> int:
    """The fraction of a second that a file's time has as long as nothing writes to it, in ns."""
    return int(digest[:16], 16) % 10_000_000 * 100  # some file systems count in steps of 100 ns


def brief_seal_of(digest: Digest) -> int | None:
    """The seal of a file that may not be on the disk yet; None where nothing names a start."""
    start = _machine_start()
    return seal_of(digest_parts("brief-seal@1", [start, digest.encode()])) if start else None


@cache
def _machine_start() -> bytes:
    """What names the machine's last start; empty where nothing does."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
    except OSError:
        return b""


def set_time(path: Path, second: int, fraction: int) -> None:
    """Set a file's time of change to a whole second, and a fraction of it in nanoseconds."""
    os.utime(path, ns=(path.stat().st_atime_ns, second * SECOND + fraction))
