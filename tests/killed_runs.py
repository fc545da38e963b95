"""Real runs, in processes that are killed or that run side by side: python killed_runs.py FOLDER TIMES."""

import signal
import sys
from itertools import count
from pathlib import Path

import polars as pl

from fullcycle.adapters.files import FileObjects
from fullcycle.adapters.sqlite import SqliteLedger
from fullcycle.flow import StepFinished, last_run, runs
from killing import Tell
from small_flows import Shop, project

FLOW = project(
    """
    import time

    class Client(fc.Row):
        client_id: Annotated[int, fc.key]
        spend: float

    @fc.source(Client)
    def clients(warehouse: fc.Warehouse) -> fc.Query:
        return warehouse.sql("select * from clients")

    @fc.step
    def scaled(clients: pl.DataFrame, *, n: int) -> pl.DataFrame:
        return clients.with_columns(spend=pl.col("spend") * n)

    @fc.step
    def spread(scaled: pl.DataFrame) -> pl.DataFrame:
        return pl.concat([scaled] * 20)

    @fc.step
    def total(spread: pl.DataFrame, scaled: pl.DataFrame) -> float:
        return spread["spend"].sum() - scaled["spend"].sum()

    @fc.step
    def told(total: float) -> dict[str, Any]:
        return {"total": total, "text": "x" * 20_000}

    @fc.step
    def parts(scaled: pl.DataFrame) -> dict[str, pl.DataFrame]:
        return {f"part{n}": scaled[n * 50 : n * 50 + 50] for n in range(10)}

    @fc.step
    def sums(parts: fc.Each[pl.DataFrame], *, pause: float = 0.004) -> dict[str, float]:
        time.sleep(pause)
        return {"sum": parts["spend"].sum()}

    @fc.step
    def whole(sums: dict[str, dict[str, float]], total: float) -> float:
        return sum(one["sum"] for one in sums.values())
    """
)
STEPS = ["clients", "scaled", "spread", "total", "told", "parts", "sums", "whole"]
CLIENTS = pl.DataFrame({"client_id": range(500), "spend": [float(n) for n in range(500)]})


def shop_in(folder: Path) -> Shop:
    """The shop whose record is in a folder."""
    return Shop(
        ledger=SqliteLedger(folder / "ledger.db"),
        objects=FileObjects(folder / "objects"),
        tables={"clients": CLIENTS},
    )


def run_on(folder: Path, tell: Tell) -> None:
    """Run for ``n`` = 1, 2, 3 …, going on with the run that was killed; tell each step as it finishes."""
    shop = shop_in(folder)
    last = last_run(shop.ledger, "winback", status="done")
    for n in count(last.started.parameters["n"] + 1 if last is not None else 1):
        shop.run(FLOW, n=n, tell=lambda step, n=n: tell(f"{n} {step.step} {step.artifact.content}"))


def run_to_the_next_step(folder: Path, tell: Tell) -> None:
    """Run one step further than the run before, tell it, and wait to be killed there."""
    shop = shop_in(folder)
    last = STEPS[len(runs(shop.ledger, "winback"))]

    def stop_at(step: StepFinished) -> None:
        if step.step == last:
            tell(f"{step.step} {step.artifact.content}")
            signal.pause()

    shop.run(FLOW, n=1, tell=stop_at)


def run_each(folder: Path, times: int) -> None:
    """Run for ``n`` = 1 … ``times``, as somebody else does at the same time; print each run's number."""
    shop = shop_in(folder)
    for n in range(1, times + 1):
        print(shop.run(FLOW, n=n).number)


if __name__ == "__main__":
    run_each(Path(sys.argv[1]), int(sys.argv[2]))
