"""What the processes of tests/adapters/test_parts.py do; importable by name."""

import os
import signal
import time
from collections.abc import Callable


def squares(base: int) -> Callable[[int], tuple[int, int]]:
    """Squares of numbers, odd ones late; with the process that made each."""

    def make(n: int) -> tuple[int, int]:
        time.sleep(0.01 * (n % 2))
        if n < 0:
            raise ZeroDivisionError(f"no square of {n}")
        if n == 99:
            os.kill(os.getpid(), signal.SIGKILL)
        return base + n * n, os.getpid()

    return make


def never() -> Callable[[int], int]:
    raise LookupError("nothing to begin with")


def threads() -> Callable[[int], str]:
    return lambda _: os.environ["POLARS_MAX_THREADS"]
