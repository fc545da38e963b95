"""A served lookup beside a plain dict of rows and an SQLite file, at ten million rows.

Each answers in a process of its own: a hit and a miss are medians over batches of a thousand keys
that were not asked before, so pages that are touched for the first time are counted. All three give the
same rows; SQLite holds each as the same MessagePack under its primary key, and keeps its statement prepared.
Memory is what the process has to itself (``RssAnon``) and what of the file it has touched (``RssFile``).

``python benchmarks/lookups.py`` for all; ``--rows 100_000 --times 1`` for a glance.
"""

import argparse
import json
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import msgspec
import polars as pl

import fullcycle as fc
from fullcycle.data import Lookup, ServedLookup, verify_index, write_index

BATCHES, BATCH = 200, 1000


class ByNumber(fc.Row):
    key: Annotated[int, fc.key]
    day: datetime
    orders: int
    mean_price: float | None


class ByText(fc.Row):
    key: Annotated[str, fc.key]
    day: datetime
    orders: int
    mean_price: float | None


CONTRACTS: dict[str, type[fc.Row]] = {"number": ByNumber, "text": ByText}
Get = Callable[[Any], Any]


def key_of(kind: str, n: int) -> int | str:
    """The nth key; every even number is one."""
    return n if kind == "number" else f"client-{n:09d}"


def table(kind: str, rows: int) -> pl.DataFrame:
    """The rows, of keys 0, 2, 4 …"""
    number = pl.int_range(0, 2 * rows, 2, eager=True)
    key = (
        number if kind == "number" else pl.select("client-" + number.cast(pl.String).str.zfill(9)).to_series()
    )
    return pl.DataFrame(
        {
            "key": key,
            "day": (number * 1_000_003 + 1_700_000_000_000_000).cast(pl.Datetime("us", "UTC")),
            "orders": number % 97,
            "mean_price": pl.select(pl.when(number % 5 != 0).then(number / 7)).to_series(),
        }
    )


def make_index(kind: str, rows: int, folder: Path) -> float:
    """CPU seconds to write the index of a lookup that is there already."""
    lookup = Lookup(CONTRACTS[kind], table(kind, rows))
    began = time.process_time()
    write_index(lookup, "00" * 32, folder / f"{kind}.index")
    return time.process_time() - began


def make_sqlite(kind: str, rows: int, folder: Path) -> float:
    """CPU seconds to write the same rows to an SQLite file."""
    frame, encode = table(kind, rows), msgspec.msgpack.Encoder().encode
    began = time.process_time()
    with sqlite3.connect(folder / f"{kind}.sqlite") as connection:
        connection.execute("pragma journal_mode = off")
        connection.execute("pragma synchronous = off")
        type_ = "integer primary key" if kind == "number" else "text primary key"
        without = "" if kind == "number" else " without rowid"
        connection.execute(f"create table lookup (key {type_}, row blob){without}")
        for piece in frame.iter_slices(50_000):
            connection.executemany(
                "insert into lookup values (?, ?)", ((row[0], encode(row)) for row in piece.rows())
            )
    return time.process_time() - began


def open_index(kind: str, rows: int, folder: Path) -> Get:
    path = folder / f"{kind}.index"
    verify_index(path)
    return ServedLookup(CONTRACTS[kind], path).get


def open_sqlite(kind: str, rows: int, folder: Path) -> Get:
    contract = CONTRACTS[kind]
    key = int if kind == "number" else str
    decode = msgspec.msgpack.Decoder(tuple[key, datetime, int, float | None]).decode
    connection = sqlite3.connect(f"file:{folder / f'{kind}.sqlite'}?mode=ro&immutable=1", uri=True)
    connection.execute("pragma mmap_size = 8000000000")
    execute = connection.execute

    def get(key: object) -> Any:
        found = execute("select row from lookup where key = ?", (key,)).fetchone()
        return None if found is None else contract(*decode(found[0]))

    return get


def open_dict(kind: str, rows: int, folder: Path) -> Get:
    contract = CONTRACTS[kind]
    return {
        row[0]: contract(*row) for piece in table(kind, rows).iter_slices(50_000) for row in piece.rows()
    }.get


OPEN = {"index": open_index, "dict": open_dict, "sqlite": open_sqlite}
MAKE = {"index": make_index, "sqlite": make_sqlite}


def ask(form: str, kind: str, rows: int, folder: Path) -> dict[str, float]:
    """What one form costs in this process."""
    draw = random.Random(7)
    numbers = [draw.randrange(rows) for _ in range(BATCHES * BATCH)]
    before, began = _memory(), time.perf_counter()
    get = OPEN[form](kind, rows, folder)
    opened = time.perf_counter() - began
    took = {}
    for what, odd in (("hit", 0), ("miss", 1)):
        keys = [key_of(kind, 2 * n + odd) for n in numbers]
        took[what] = median(_batch(get, keys[at : at + BATCH]) for at in range(0, len(keys), BATCH))
        if any((get(key) is None) != bool(odd) for key in keys[:100]):
            raise SystemExit(f"{form} answers wrongly")
    own, mapped = (now - then for now, then in zip(_memory(), before, strict=True))
    return {**took, "open": opened, "own": own, "file": mapped}


def _memory() -> tuple[float, float]:
    """Megabytes of this process's own, and of files that it has mapped and touched."""
    status = Path("/proc/self/status").read_text().splitlines()
    told = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in status if line.startswith("Rss")}
    return told["RssAnon"], told["RssFile"]


def _batch(get: Get, keys: list[Any]) -> float:
    """Microseconds a key."""
    began = time.perf_counter_ns()
    for key in keys:
        get(key)
    return (time.perf_counter_ns() - began) / len(keys) / 1000


def in_a_process(*arguments: str) -> dict[str, float]:
    """What a part of this file prints."""
    command = [sys.executable, __file__, *arguments]
    found: dict[str, float] = json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    )
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--part", nargs=4)
    options = parser.parse_args()
    if options.part:
        what, form, kind, place = options.part
        if what == "ask":
            print(json.dumps(ask(form, kind, options.rows, Path(place))))
        else:
            cpu = MAKE[form](kind, options.rows, Path(place))
            print(
                json.dumps({"cpu": cpu, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2})
            )
        return
    rows = f"{options.rows}"
    for kind in CONTRACTS:
        with tempfile.TemporaryDirectory() as place:
            for form in OPEN:
                told = ""
                if form in MAKE:
                    made = in_a_process("--rows", rows, "--part", "make", form, kind, place)
                    size = (Path(place) / f"{kind}.{form}").stat().st_size / 1e6
                    told = f"  made in {made['cpu']:.1f} s CPU, {made['peak']:.1f} GB at most, {size:,.0f} MB"
                costs = [
                    in_a_process("--rows", rows, "--part", "ask", form, kind, place)
                    for _ in range(options.times)
                ]
                cost = {what: median(one[what] for one in costs) for what in costs[0]}
                told = (
                    f"{kind:<7}{form:<7} hit {cost['hit']:6.2f} µs  miss {cost['miss']:6.2f} µs  "
                    f"open {cost['open']:6.2f} s  own {cost['own']:6,.0f} MB  file {cost['file']:6,.0f} MB"
                ) + told
                print(told, flush=True)


if __name__ == "__main__":
    main()
