"""What a bandit costs: asked in a context that was asked before and in one that was not, and learnt.

µs of CPU for one call, the median of 15 rounds; one thread. ``python benchmarks/bandit.py``
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Any, Literal

import numpy as np
import polars as pl

import fullcycle as fc

ROWS = 1_000_000


class Visit(fc.Row):
    device: Literal["phone", "desktop"]
    hour: int
    visits: int | None


class Context(fc.Row):  # seven columns: one, two of the device, evening, a quantity and that it is missing
    device: Literal["phone", "desktop"]
    evening: bool
    visits: int | None


@fc.features
def context(visit: Visit) -> Context:
    return Context(device=visit.device, evening=visit.hour >= 18, visits=visit.visits)


def past(n: int, actions: int) -> pl.DataFrame:
    random = np.random.default_rng(7)
    seen = {
        "device": np.array(["phone", "desktop"])[random.integers(0, 2, n)],
        "evening": random.random(n) < 0.4,
        "visits": random.integers(0, 9, n),
    }
    logged = pl.DataFrame(seen).select(features=pl.struct(pl.all()).struct.json_encode())
    taken = random.integers(0, actions, n)
    clicked = random.random(n) < 0.02 + 0.02 * taken / actions
    return logged.with_columns(action=pl.Series(taken), outcome=pl.Series(clicked).cast(pl.Float64))


def cpu_us(call: Callable[[Any], Any], asked: list[Any]) -> float:
    rounds = []
    for _ in range(15):
        began = time.process_time_ns()
        for one in asked:
            call(one)
        rounds.append((time.process_time_ns() - began) / 1000 / len(asked))
    return median(rounds)


def main() -> None:
    for actions in (2, 3, 10, 100):
        rows = past(20_000, actions)
        for learn in (fc.thompson, fc.linucb):
            bandit, among = learn(context, rows), list(range(actions))
            known = [Context("phone", False, 3)] * 500
            new = [Context("phone", True, n) for n in range(5_000)]  # more than are remembered
            before, anew = (
                cpu_us(lambda x: bandit.weights(x, among), asked)  # noqa: B023 - called at once
                for asked in (known, new)
            )
            print(f"{learn.__name__:<9} {actions:>4} actions: {before:6.1f} µs known, {anew:7.1f} µs new")
    rows = past(ROWS, 3)
    began = time.process_time()
    fc.thompson(context, rows)
    print(f"learning from {ROWS:,} decisions: {time.process_time() - began:.2f} s of CPU")


if __name__ == "__main__":
    main()
