"""Assignment of a row and of a table, beside GrowthBook's own SDK.

A row is asked with a new unit each time; a figure is the median of its rounds, in CPU time of the
process. A table is read and assigned by all cores, timed by the clock and by CPU. ``peer`` asks
``growthbook`` (1.x and later) for the same arms, in any environment that has it: once by its whole
evaluation of an experiment, once by its hash and ranges alone.

``python benchmarks/assign.py``; ``python benchmarks/assign.py peer`` for the SDK alone.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from itertools import count
from statistics import median
from typing import Any

SEED, WEIGHTS, COVERAGE = "winback/trial", [0.5, 0.3, 0.2], 0.8
ROUNDS, CALLS = 15, 4_000
CONDITION = '{"country": {"$in": ["NL", "BE"]}, "orders": {"$gte": 3}}'
REQUEST: dict[str, Any] = {"country": "NL", "orders": 4}


def units(size: int) -> Iterator[str]:
    """Texts of 10 or 36 characters, none of them twice."""
    for n in count(1):
        yield f"{n:010d}" if size == 10 else f"550e8400-e29b-41d4-a716-{n:012d}"


def row(name: str, size: int, ask: Callable[[str], object]) -> None:
    """Print the CPU time of one call, by the median of the rounds."""
    texts = units(size)
    times = []
    for _ in range(ROUNDS):
        asked = [next(texts) for _ in range(CALLS)]
        began = time.process_time()
        for unit in asked:
            ask(unit)
        times.append((time.process_time() - began) / CALLS * 1e6)
    print(f"{name:<62} {size:>3} characters  {median(times):8.2f} µs")


def rows() -> None:
    """A row, as the service asks for it."""
    from fullcycle.experiment import Admission, Assignment, ExperimentSpec, Holdout, Layer
    from fullcycle.metric import MetricSpec

    assignment = Assignment.of(["a", "b", "c"], WEIGHTS, seed=SEED, coverage=COVERAGE)
    visited = MetricSpec(
        name="visited", kind="proportion", source="visits", unit="client_id", time="at", within_s=86_400
    )
    guarded = Admission.of(
        ExperimentSpec(
            name="trial",
            capability="winback",
            order=("a", "b", "c"),
            arms={arm: f"winback.service:{arm}" for arm in "abc"},
            weights=dict(zip("abc", WEIGHTS, strict=True)),
            seed=SEED,
            unit="client_id",
            metrics={"visited": visited},
            primary="visited",
            coverage=COVERAGE,
            layer=Layer("checkout", 0.0, 1.0),
            holdout=Holdout("winter", 0.0001),
            condition=CONDITION,
        )
    )
    for size in (10, 36):
        row("fullcycle, an arm", size, assignment.arm)
        row(
            "fullcycle, with holdout, layer and a condition on two fields",
            size,
            lambda unit: guarded.standing(unit, REQUEST.get),
        )


def tables(number: int) -> None:
    """A table, by all cores."""
    import polars as pl

    from fullcycle.adapters.assigning import arms_of
    from fullcycle.experiment import Assignment

    assignment = Assignment.of(["a", "b", "c"], WEIGHTS, seed=SEED, coverage=COVERAGE)
    index = pl.int_range(0, number, eager=True).cast(pl.String)
    made = {
        "10 characters": index.str.zfill(10),
        "36 characters": "550e8400-e29b-41d4-a716-" + index.str.zfill(12),
        "1 to 8 characters": index,
        "10 characters, not of ASCII": "köln🙂" + index.str.slice(-5).str.zfill(5),
    }
    for name, texts in made.items():
        clock, cpu = [], []
        for _ in range(7):
            began, before = time.perf_counter(), time.process_time()
            arms_of(assignment, texts)
            clock.append(time.perf_counter() - began)
            cpu.append(time.process_time() - before)
        rate, alone = number / median(clock) / 1e6, number / median(cpu) / 1e6
        print(f"fullcycle, a table of {name:<30} {rate:6.1f} million/s, {alone:5.1f} million per CPU second")


def peer() -> None:
    """The same by GrowthBook's SDK for Python."""
    from growthbook import Experiment, GrowthBook
    from growthbook.core import chooseVariation, gbhash, getBucketRanges

    ranges = getBucketRanges(3, COVERAGE, WEIGHTS)

    def alone(unit: str) -> object:
        return chooseVariation(gbhash(SEED, unit, 2), ranges)

    trial = Experiment(
        key="trial", variations=[0, 1, 2], weights=WEIGHTS, coverage=COVERAGE, seed=SEED, hashVersion=2
    )
    asked = GrowthBook(attributes={"id": ""})

    def whole(unit: str) -> object:
        asked.set_attributes({"id": unit})
        return asked.run(trial)

    for size in (10, 36):
        row("growthbook, its hash and ranges", size, alone)
        row("growthbook, set_attributes and run", size, whole)


def main() -> None:
    """Measure what was asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=["ours", "peer"], default="ours")
    parser.add_argument("--table", type=int, default=4_000_000, help="How many units a table has.")
    asked = parser.parse_args()
    if asked.what == "peer":
        peer()
    else:
        rows()
        tables(asked.table)


if __name__ == "__main__":
    main()
