"""fc.asof beside DuckDB's ASOF join, and fc.trailing beside its windows, at ten million rows.

Each is asked in a process of its own, which first reads the tables into memory; CPU seconds are those of
the question alone, peak memory is the process's. Both must give the same answers, row by row.

``python benchmarks/point_in_time.py`` for all; ``--rows 1_000_000 --times 1`` for a glance.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import polars as pl

import fullcycle as fc

KEYS = 100_000
DAYS = 730
MICROS = 86_400_000_000


ASOF = """
select asked.*, known.day, known.orders, known.spent
from asked asof left join (select *, day + interval 1 day as since from history) known
on asked.client_id = known.client_id and asked.at > known.since
"""

# The same windows. Counts and sums per day come first, which only a mean and a count allow.
WINDOWS = """
with daily as (
    select client_id, day::date as day, count(*) as n, sum(spent) as spent from history group by all
),
ends as (
    select client_id, (day + 1)::date as day from daily
    union
    select client_id, (day + 91)::date from daily where day + 90 <= (select max(day) from daily)
),
rows as (
    select client_id, day, n, spent, false as ends from daily
    union all
    select client_id, day, 0, 0.0, true from ends
),
rolled as (
    select client_id, day as until, ends, sum(n) over before as n, sum(spent) over before as spent
    from rows
    window before as (
        partition by client_id order by day
        range between interval 90 days preceding and interval 1 day preceding
    )
)
select client_id, until, n, case when n > 0 then spent / n end as mean from rolled where ends
"""


class Taste(fc.Row):
    client_id: Annotated[int, fc.key]
    day: Annotated[datetime, fc.time]
    orders: int
    spent: float


def make(folder: Path, rows: int) -> None:
    """A history and as many rows that ask for it: times at random, in no order."""
    draw = np.random.default_rng(7)

    def times() -> pl.Series:
        return pl.Series(draw.integers(0, DAYS * MICROS, rows)).cast(pl.Datetime("us", "UTC"))

    def keys() -> np.ndarray:
        return draw.integers(0, KEYS, rows)

    history = {
        "client_id": keys(),
        "day": times(),
        "orders": draw.integers(0, 9, rows),
        "spent": draw.random(rows),
    }
    pl.DataFrame({"row": np.arange(rows), "client_id": keys(), "at": times()}).write_ipc(
        folder / "asked.arrow"
    )
    pl.DataFrame(history).write_ipc(folder / "history.arrow")


def asof_fullcycle(asked: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    return fc.asof(asked, history, Taste, delay="1d")


def trailing_fullcycle(history: pl.DataFrame) -> pl.DataFrame:
    return fc.trailing(
        history, by="client_id", at="day", last="90d", into="until", n=pl.len(), mean=pl.mean("spent")
    )


def in_duckdb(query: str, asked: pl.DataFrame, history: pl.DataFrame) -> Callable[[], pl.DataFrame]:
    """Puts the tables into DuckDB's own form first, which is not counted."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for name, frame in (("asked", asked), ("history", history)):
        connection.register("frame", frame)
        connection.execute(f"create table {name} as select * from frame")
    return lambda: pl.DataFrame(connection.sql(query).to_arrow_reader())


QUESTIONS: dict[str, Callable[[pl.DataFrame, pl.DataFrame], Callable[[], pl.DataFrame]]] = {
    "asof_fullcycle": lambda asked, history: lambda: asof_fullcycle(asked, history),
    "asof_duckdb": lambda asked, history: in_duckdb(ASOF, asked, history),
    "trailing_fullcycle": lambda asked, history: lambda: trailing_fullcycle(history),
    "trailing_duckdb": lambda asked, history: in_duckdb(WINDOWS, asked, history),
}


def ask(name: str, folder: Path, keep: bool) -> None:
    """One question in this process; prints what it cost."""
    asked = pl.read_ipc(folder / "asked.arrow")
    history = pl.read_ipc(folder / "history.arrow")
    question = QUESTIONS[name](asked, history)
    wall, cpu = time.perf_counter(), time.process_time()
    answer = question()
    cost = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps({**cost, "peak": peak, "rows": answer.height}))
    if keep:
        answer.write_ipc(folder / f"{name}.arrow")


def same(folder: Path, one: str, other: str) -> None:
    """Refuse answers that differ anywhere."""
    order = ["row"] if one.startswith("asof") else ["client_id", "until"]
    ours, theirs = (pl.read_ipc(folder / f"{name}.arrow").sort(order) for name in (one, other))
    theirs = theirs.select(pl.col(name).cast(ours.schema[name]) for name in ours.columns)
    if not ours.drop("mean", strict=False).equals(theirs.drop("mean", strict=False)):
        raise SystemExit(f"{one} and {other} differ")
    if "mean" in ours.columns:
        off = (ours["mean"] - theirs["mean"]).abs().max()
        nulls = ours["mean"].is_null().equals(theirs["mean"].is_null())
        if not nulls or off > 1e-9:
            raise SystemExit(f"{one} and {other} differ: by {off}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--ask", nargs=3)
    options = parser.parse_args()
    if options.ask:
        name, folder, keep = options.ask
        ask(name, Path(folder), keep == "keep")
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make(folder, options.rows)
        for name in QUESTIONS:
            costs = []
            for turn in range(options.times):
                asked = [sys.executable, __file__, "--ask", name, place, "keep" if turn == 0 else "no"]
                costs.append(
                    json.loads(subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True).stdout)
                )
            told = {what: median(cost[what] for cost in costs) for what in costs[0]}
            print(
                f"{name:<20} {told['cpu']:6.1f} s CPU  {told['wall']:6.1f} s  {told['peak']:5.1f} GB"
                f"  {int(told['rows']):>12,} rows",
                flush=True,
            )
        same(folder, "asof_fullcycle", "asof_duckdb")
        same(folder, "trailing_fullcycle", "trailing_duckdb")
        print(f"equal answers; medians of {options.times}")


if __name__ == "__main__":
    main()
