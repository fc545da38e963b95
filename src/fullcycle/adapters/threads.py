"""Threads of libraries that compute in parallel: BLAS and OpenMP, held to what a step may use."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "POLARS_MAX_THREADS",
)
"""What a process that is about to start reads; a library that is loaded already heeds only ``limited``."""


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Hold the libraries that are loaded to so many threads; 0 leaves them as they are."""
    if threads == 0:
        yield
        return
    with threadpool_limits(limits=threads):
        yield


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
