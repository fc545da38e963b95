"""What a table costs that one step hands to the next: stored, digested, read back.

Each case runs in turn with a bare ``write_ipc`` of the same table, so that both see the same machine, every
time to a file that is not there yet; the medians count. ``stored`` is what a step pays: the digest of the
content, the file, its synchronisation with the disk, its rename and the folder's. CPU is user and system time
of this process, in all its threads. The disk's own time shows in the wall clock only, which is why it stands
beside: a bare write leaves the bytes in the page cache.
"""

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

from fullcycle.adapters.files import FileObjects
from fullcycle.data import FrameCodec, table_digest
from fullcycle.kernel import digest_bytes

TIMES = 11
ROWS = 1_000_000
MEGABYTE = 1_000_000


def tables() -> dict[str, pl.DataFrame]:
    """Tables that are files of about 80 MB."""
    chance = np.random.default_rng(7)
    numbers = pl.DataFrame({f"n{n}": chance.random(ROWS) for n in range(10)})
    short = pl.Series(chance.integers(10**7, 10**8, ROWS)).cast(pl.String)
    named = pl.Series([f"some name of a product {n}" for n in range(ROWS // 2)])
    days = pl.Series(chance.integers(0, 20_000, 2 * ROWS).astype(np.int32)).cast(pl.Date)
    kinds = pl.Series(chance.integers(10, 99, 2 * ROWS)).cast(pl.String).cast(pl.Categorical)
    return {
        "numbers": numbers,
        "numbers, a tenth null": numbers.with_columns(pl.when(pl.all() > 0.1).then(pl.all())),
        "dates": pl.DataFrame([days.alias(f"d{n}") for n in range(10)]),
        "texts of 8 letters": pl.DataFrame([short.alias(f"t{n}") for n in range(5)]),
        "texts of 28 letters": pl.DataFrame([named.alias(f"t{n}") for n in range(4)]),
        "1,000 long texts": pl.DataFrame({"t": ["x" * 79_990 + str(n) for n in range(1_000)]}),
        "categories": pl.DataFrame([kinds.alias(f"c{n}") for n in range(10)]),
    }


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall time of one call, in ms."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return (time.process_time() - cpu) * 1e3, (time.perf_counter() - wall) * 1e3


def middle(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """The median CPU time and the median wall time."""
    cpu, wall = zip(*pairs, strict=True)
    return median(cpu), median(wall)


def store(frame: pl.DataFrame, objects: FileObjects, codec: FrameCodec) -> None:
    """Keep a table as an artifact is kept, under a name of its content."""
    name = digest_bytes(codec.content(frame).encode())
    objects.write(name, partial(codec.write, frame))


def measure(name: str, frame: pl.DataFrame, folder: Path) -> None:
    """Print one line."""
    codec, taken = FrameCodec(), {"bare": [], "stored": [], "digest": [], "read": []}
    for turn in range(TIMES):
        bare, kept = folder / f"{turn}.arrow", FileObjects(folder / f"kept{turn}")
        taken["bare"].append(timed(lambda to=bare: frame.write_ipc(to, compression="uncompressed")))
        taken["stored"].append(timed(lambda to=kept: store(frame, to, codec)))
        (stored,) = kept.stored()
        path = kept.path(stored.digest)
        assert path is not None
        taken["digest"].append(timed(lambda: table_digest(frame)))
        taken["read"].append(timed(lambda at=path: codec.read(at)))
        bare.unlink()
        path.unlink()
    found = {case: middle(pairs) for case, pairs in taken.items()}
    ratios = [kept / bare for kept, bare in zip(found["stored"], found["bare"], strict=True)]
    told = "  ".join(f"{case} {cpu:6.1f} /{wall:6.1f}" for case, (cpu, wall) in found.items())
    print(f"{name:<22} {stored.size / MEGABYTE:4.0f} MB  {told}  ratio {ratios[0]:.2f} /{ratios[1]:5.2f}")


def main() -> None:
    """Print one line per table: ms of CPU, then of wall clock."""
    with tempfile.TemporaryDirectory() as folder:
        for name, frame in tables().items():
            measure(name, frame, Path(folder))


if __name__ == "__main__":
    main()
