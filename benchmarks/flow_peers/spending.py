"""CPU of this process and of all that it started: of what has ended, and of what lives."""

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def own() -> float:
    """Seconds of CPU of this process and of children that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def living(parent: int) -> float:
    """Seconds of CPU of the processes below one, and of what ended below them."""
    every: dict[int, tuple[int, float]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                told = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            every[int(entry.name)] = int(told[1]), sum(map(int, told[11:15])) / TICK
    below = {parent}
    while found := {one for one, (above, _) in every.items() if above in below} - below:
        below |= found
    return sum(every[one][1] for one in below - {parent})


def spent(work: Callable[[], object]) -> float:
    """Seconds of CPU of one call, here and in every process below; looking at those is not counted."""
    others = living(os.getpid())
    began = own()
    work()
    return own() - began + living(os.getpid()) - others
