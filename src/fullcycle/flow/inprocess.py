"""The executor of a laptop: a step's function is called right here."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from fullcycle.flow.ports import Worked
from fullcycle.kernel import peak_memory


class InProcess:
    """Calls the function in this process, one step after another."""

    def call(
        self, function: Callable[..., Any], inputs: Mapping[str, Any], parameters: Mapping[str, Any]
    ) -> Worked:
        """Call it and measure what it took."""
        began, cpu = time.perf_counter(), time.process_time()
        value = function(**inputs, **parameters)
        return Worked(value, time.perf_counter() - began, time.process_time() - cpu, peak_memory())
