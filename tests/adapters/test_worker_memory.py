"""What counts as a worker's memory: its own, not the files that all workers map."""

import mmap
import os
import sys
from pathlib import Path

import pytest

from fullcycle.adapters.workers import memory_of

MB = 1 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing tells the two apart")
def test_a_mapped_index_does_not_count_and_what_is_allocated_does(tmp_path: Path):
    (tmp_path / "index").write_bytes(os.urandom(64 * MB))
    before = memory_of(os.getpid())

    with (
        (tmp_path / "index").open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held,
    ):
        touched = sum(held[at] for at in range(0, len(held), 4096))
        mapped = memory_of(os.getpid())
    own = bytearray(64 * MB)
    own[::4096] = b"x" * len(own[::4096])
    allocated = memory_of(os.getpid())

    assert touched
    assert mapped < before + 32 * MB
    assert allocated > mapped + 32 * MB
