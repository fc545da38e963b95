"""Scoring ten million rows by ``fullcycle score``, beside a batch written by hand.

    python benchmarks/score.py [ROWS [CORES]]

Two services over the same LightGBM model: one that asks it once, and one that asks it for each of
three campaigns and sends the best. By hand: features as Polars expressions, ``Booster.predict`` on
a NumPy matrix, the same answer columns, a part of 500,000 rows at a time. Both read one Parquet
file and write another; the answers are compared. CPU and wall clock of the whole process and those
that it starts, once with one core for each and once with two.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import lightgbm as lgb
import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

R = TypeVar("R")

ROWS = 10_000_000
CAMPAIGNS = ["Mens E-Mail", "Womens E-Mail", "No E-Mail"]
ZIPS = ["Urban", "Surburban", "Rural"]

SERVICE = """
import fullcycle as fc

from shop.winback.rows import CAMPAIGNS, Campaign, Client, Traits, traits


class Offer(fc.Row):
    campaign: Campaign
    chance: float


@fc.service
def once(client: Client, visit: fc.Model[Traits]) -> Offer:
    return Offer("No E-Mail", visit.predict(traits(client, "No E-Mail")))


@fc.service
def best(client: Client, visit: fc.Model[Traits]) -> Offer:
    chances = {one: visit.predict(traits(client, one)) for one in CAMPAIGNS}
    campaign = max(CAMPAIGNS, key=chances.__getitem__)
    return Offer(campaign, chances[campaign])
"""

HAND = """
import sys, lightgbm as lgb, numpy as np, polars as pl
source, model, target, asked, threads = sys.argv[1:]
booster = lgb.Booster(model_file=model)
codes_of = {"Urban": 0.0, "Surburban": 1.0, "Rural": 2.0}
zips = pl.col("zip_code").replace_strict(codes_of, return_dtype=pl.Float64)
features = [pl.col("recency").cast(pl.Float64), pl.col("history"), zips, pl.col("newbie").cast(pl.Float64)]
campaigns = ["Mens E-Mail", "Womens E-Mail", "No E-Mail"]
codes = [2] if asked == "once" else [0, 1, 2]
parts, n = [], 0
for part in pl.scan_parquet(source).collect_batches(chunk_size=500_000, maintain_order=True):
    known = part.select(features).to_numpy()
    chances = np.column_stack(
        [
            booster.predict(
                np.column_stack([known, np.full(len(known), float(code))]), num_threads=int(threads)
            )
            for code in codes
        ]
    )
    best = chances.argmax(axis=1)
    names = pl.Series([campaigns[code] for code in codes])
    ids = pl.format("batch/{}", pl.int_range(n, n + pl.len()))
    out = part.select(
        "client_id",
        campaign=names.gather(best),
        chance=pl.Series(chances[np.arange(len(best)), best]),
        decision_id=ids,
        release=pl.lit("winback@v1"),
        fallback=pl.lit(False),
        error=pl.lit(None, pl.String),
    )
    out.write_ipc(f"{target}.{len(parts)}")
    parts.append(f"{target}.{len(parts)}")
    n += part.height
pl.scan_ipc(parts).sink_parquet(target)
"""


def table(path: Path, rows: int) -> None:
    """Clients, made up."""
    rng = np.random.default_rng(7)
    pl.DataFrame(
        {
            "client_id": np.arange(rows),
            "recency": rng.integers(1, 13, rows),
            "history": np.round(rng.exponential(240, rows), 2),
            "zip_code": pl.Series(np.array(ZIPS)[rng.integers(0, 3, rows)]),
            "newbie": rng.random(rows) < 0.5,
        }
    ).write_parquet(path)


def booster() -> lgb.Booster:
    """A hundred trees of 31 leaves."""
    rng = np.random.default_rng(1)
    known = [rng.integers(1, 13, 20_000), rng.exponential(240, 20_000), *rng.integers(0, 3, (3, 20_000))]
    x = np.column_stack(known).astype(float)
    y = (rng.random(20_000) < 0.1 + 0.2 * (x[:, 4] == x[:, 2]) + 0.0003 * x[:, 1] / x[:, 0]).astype(float)
    settings = {"objective": "binary", "num_threads": 1, "verbose": -1, "deterministic": True}
    return lgb.train(settings, lgb.Dataset(x, y, categorical_feature=[2, 4]), 100)


def project(folder: Path, model: lgb.Booster) -> Path:
    """A project with a release of each service: winback@v1 asks once, winback@v2 for the best."""
    import served_shop
    from fullcycle.record import Artifacts
    from fullcycle.release import PinnedModel
    from fullcycle.wiring import open_project

    shop = served_shop.write_shop(folder, service=SERVICE)
    (shop / "fullcycle.toml").write_text('[project]\npackage = "shop"\n[environments.prod]\n')
    (shop / "winback" / "brief.md").write_text("---\n---\n")
    opened = open_project(shop)
    kept = Artifacts(opened.objects, served_shop.training_codecs()).keep(model)
    visit = PinnedModel(artifact=kept, features="winback.rows:traits", step="visit")
    for name in ("once", "best"):
        changes = {**served_shop.alone(name), "models": {"visit": visit}, "values": {}}
        served_shop.made(opened.ledger, served_shop.release(opened.objects, shop, **changes))
    return shop


def timed(command: list[str], folder: Path) -> tuple[float, float, float]:
    """Seconds of wall clock and of CPU, and the most megabytes of one of its processes."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[:4]} ended with {status}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu, used.ru_maxrss / 1000


def same(ours: Path, theirs: Path) -> bool:
    """Whether both gave the same answers, to the bit."""
    asked = ["client_id", "campaign", "chance"]
    return pl.read_parquet(ours, columns=asked).equals(pl.read_parquet(theirs, columns=asked))


def aside(function: Callable[..., R], *given: object) -> R:
    """Call it in another process: what this one holds would count as held by those that it starts."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(function, *given).result()


def main(rows: int, cores: tuple[int, ...]) -> None:
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as name:
        folder = Path(name)
        model = booster()
        model.save_model(folder / "model.txt")
        aside(table, folder / "clients.parquet", rows)
        shop = project(folder, model)
        cli = [sys.executable, "-m", "fullcycle.cli", "score"]
        print(f"{rows:,} rows, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        for n, asked in enumerate(("once", "best"), start=1):
            for workers in cores:
                ours, theirs = folder / "ours.parquet", folder / "theirs.parquet"
                files = [str(folder / "clients.parquet"), "-o", str(ours), "--force"]
                mine = timed([*cli, f"winback@v{n}", *files, "--workers", str(workers)], shop)
                hand = [str(folder / "clients.parquet"), str(folder / "model.txt"), str(theirs), asked]
                other = timed([sys.executable, "-c", HAND, *hand, str(workers)], folder)
                told = {
                    "asks": asked,
                    "cores": workers,
                    "score": rate(rows, mine),
                    "by hand": rate(rows, other),
                    "ratio of CPU": round(mine[1] / other[1], 2),
                    "ratio of time": round(mine[0] / other[0], 2),
                    "equal": aside(same, ours, theirs),
                }
                print(json.dumps(told), flush=True)


def rate(rows: int, used: tuple[float, float, float]) -> str:
    wall, cpu, memory = used
    return f"{rows / wall:,.0f} rows/s, {cpu / rows * 1e6:.2f} us of CPU a row, {memory:,.0f} MB"


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    main(given[0] if given else ROWS, tuple(given[1:]) or (1, 2))
