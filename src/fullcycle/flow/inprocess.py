"""The executor of a laptop: a step's function is called right here."""

import resource
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from fullcycle.flow.ports import Worked

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage counts KiB on Linux, bytes on macOS


def peak_memory() -> int:
    """The most memory this process has held so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT


class InProcess:
    """Calls the function in this process, one step after another."""

    def call(
        self, function: Callable[..., Any], inputs: Mapping[str, Any], parameters: Mapping[str, Any]
    ) -> Worked:
        """Call it and measure what it took."""
        began, cpu = time.perf_counter(), time.process_time()
        value = function(**inputs, **parameters)
        return Worked(value, time.perf_counter() - began, time.process_time() - cpu, peak_memory())
