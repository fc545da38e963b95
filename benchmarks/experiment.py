"""A readout's statistics over a table of units: five metrics and a covariate, from one Parquet file.

``hand`` is DuckDB computing the same shifted sums, the shifts written into the query; the others
are who else does it, each in its own environment: ``--peer python=/path/bin/python``. A figure is
the median of the rounds, in CPU time from opening the database to the answer, in a process of its
own, with that process's peak memory.

``python benchmarks/experiment.py make 10``, then ``… run``, ``… wide`` (20 metrics, 30 days and 10
segments in one pass), ``… start`` (the import of the statistics).
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

METRICS = ["m0", "m1", "m2", "m3", "m4"]
AS_OF = 1_800_000_000_000_000

_MAKE = """
copy (
    select i as unit, case when hash(i) % 2 = 0 then 'A' else 'B' end as arm,
           date '2025-01-01' + cast(i % 30 as integer) as day,
           'segment ' || (hash(i + 7) % 10) as segment,
           10 + 5 * sqrt(-2 * ln(u)) * cos(6.283185307179586 * v) as before, {metrics}
    from (
        select i, (hash(i + 1) % 1000000007 + 0.5) / 1000000007 as u,
               (hash(i + 2) % 1000000007 + 0.5) / 1000000007 as v,
               (hash(i + 3) % 1000000007 + 0.5) / 1000000007 as w
        from range({units}) as t(i)
    )
) to '{path}' (format parquet)
"""


def make(path: Path, millions: float, metrics: int) -> None:
    """Write the table: gamma-like, binary and normal values, all moved by the covariate."""
    import duckdb

    kinds = [
        "50 + before * {k} - 8 * ln(w)",
        "case when w < 0.1 * {k} / 20 + 0.1 then 1.0 else 0.0 end",
        "100 * {k} + 3 * before - 10 * ln(v)",
    ]
    told = ", ".join(
        f"cast({kinds[n % 3].format(k=n + 1)} as double) as m{n}".replace(
            "before", "(10 + 5 * sqrt(-2 * ln(u)) * cos(6.283185307179586 * v))"
        )
        for n in range(metrics)
    )
    text = _MAKE.format(units=int(millions * 1e6), path=path, metrics=told)
    duckdb.connect(config={"memory_limit": "4GB"}).execute(text)


def ours(path: Path, *, wide: bool = False) -> dict[str, object]:
    """The product's own query."""
    from fullcycle.adapters.duckdb import DuckDBWarehouse
    from fullcycle.adapters.duckdb_experiment import DuckDBExperimentStore
    from fullcycle.experiment import table_metric, table_spec

    names = [f"m{n}" for n in range(20)] if wide else METRICS
    spec = table_spec(
        "units",
        ["A", "B"],
        [table_metric(name) for name in names],
        covariates=["before"],
        segments=["segment"] if wide else [],
    )
    store = DuckDBExperimentStore(DuckDBWarehouse(None, folders=[path.parent]))
    began = time.process_time()
    found = store.statistics_of_table(spec, path, arm="arm", as_of=AS_OF, day="day" if wide else None)
    used = time.process_time() - began
    told = found.gram("m0", "B")
    return {"cpu": used, "mean": told.means[0], "var": told.covariance(0, 0), "with": told.covariance(1, 0)}


def hand(path: Path) -> dict[str, object]:
    """The same sums, written by hand."""
    import duckdb

    shifts = {"m0": 65.0, "m1": 0.1, "m2": 340.0, "m3": 95.0, "m4": 0.1, "before": 10.0}
    moved = {name: f"({name} - {shift})" for name, shift in shifts.items()}
    x = moved["before"]
    sums = [f"sum({x})", f"sum({x} * {x})"]
    for name in METRICS:
        y = moved[name]
        sums += [f"sum({y})", f"sum({y} * {y})", f"sum({y} * {x})"]
    began = time.process_time()
    connection = duckdb.connect()
    rows = connection.execute(
        f"select arm, count(*), {', '.join(sums)} from read_parquet('{path}') group by arm order by arm"
    ).fetchall()
    used = time.process_time() - began
    _, n, sx, _, sy, syy, syx, *_ = rows[1]
    var, covariance = (syy - sy * sy / n) / (n - 1), (syx - sy * sx / n) / (n - 1)
    return {"cpu": used, "mean": shifts["m0"] + sy / n, "var": var, "with": covariance}


def in_pandas(path: Path) -> dict[str, object]:
    """What a notebook does."""
    import pandas as pd

    began = time.process_time()
    frame = pd.read_parquet(path, columns=["arm", "before", *METRICS])
    told = {}
    for name in METRICS:
        for arm, part in frame.groupby("arm"):
            told[name, arm] = (len(part), part[name].mean(), part[[name, "before"]].cov().to_numpy())
    used = time.process_time() - began
    _, mean, matrix = told["m0", "B"]
    return {"cpu": used, "mean": mean, "var": matrix[0, 0], "with": matrix[1, 0]}


def tea(path: Path) -> dict[str, object]:
    """tea-tasting over DuckDB through Ibis, five means with CUPED."""
    import ibis
    import tea_tasting as tt

    began = time.process_time()
    connection = ibis.duckdb.connect()
    table = connection.read_parquet(str(path))
    metrics = {name: tt.Mean(name, "before") for name in METRICS}
    experiment = tt.Experiment(metrics, variant="arm")
    found = experiment.analyze(table, control="A")
    return {"cpu": time.process_time() - began, "mean": found["m0"].treatment, "var": None, "with": None}


def confidence(path: Path) -> dict[str, object]:
    """spotify-confidence: sums and sums of squares by pandas, then its z test, without CUPED."""
    import pandas as pd
    import spotify_confidence as sc

    began = time.process_time()
    frame = pd.read_parquet(path, columns=["arm", *METRICS])
    for name in METRICS:
        frame[f"{name}_squared"] = frame[name] ** 2
    frame["units"] = 1
    sums = frame.groupby("arm").sum().reset_index()
    for name in METRICS:
        test = sc.ZTest(
            sums,
            numerator_column=name,
            numerator_sum_squares_column=f"{name}_squared",
            denominator_column="units",
            categorical_group_columns="arm",
        )
        test.difference(level_1="A", level_2="B")
    used = time.process_time() - began
    mean = float(sums.set_index("arm").loc["B", "m0"] / sums.set_index("arm").loc["B", "units"])
    return {"cpu": used, "mean": mean, "var": None, "with": None}


PARTIES = {"ours": ours, "hand": hand, "pandas": in_pandas, "tea": tea, "confidence": confidence}


def one(party: str, path: Path) -> None:
    """One measurement, told as JSON; run in a process of its own."""
    if party == "wide":
        told = ours(path, wide=True)
    elif party == "start":
        began = time.process_time()
        import fullcycle.experiment as stage

        for name in ("Statistics", "Gram", "readout", "statistics_query"):
            getattr(stage, name)
        told = {"cpu": time.process_time() - began}
    else:
        told = PARTIES[party](path)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**told, "peak": peak}))


def measured(parties: list[str], path: Path, rounds: int, peers: dict[str, str]) -> None:
    """Print each party's median; they take turns."""
    found: dict[str, list[dict[str, float]]] = {party: [] for party in parties}
    for _ in range(rounds):
        for party, told in found.items():
            done = subprocess.run(
                [peers.get(party, sys.executable), __file__, "one", "--party", party, "--path", str(path)],
                capture_output=True,
                text=True,
                check=True,
            )
            told.append(json.loads(done.stdout.splitlines()[-1]))
    for party, told in found.items():
        cpu, peak = (median(each[name] for each in told) for name in ("cpu", "peak"))
        first = told[0]
        same = "" if first.get("mean") is None else f"   mean {first['mean']:.9f}   var {first['var']}"
        print(f"{party:<12} {cpu:8.3f} s CPU   peak {peak:7.0f} MB{same}", flush=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["make", "run", "wide", "start", "one"])
    parser.add_argument("millions", type=float, nargs="?", default=10)
    parser.add_argument("--path", type=Path, default=Path("units.parquet"))
    parser.add_argument("--metrics", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--party", default="ours")
    parser.add_argument("--only", nargs="*", default=list(PARTIES))
    parser.add_argument("--peer", nargs="*", default=[], help="party=python, each in its environment")
    given = parser.parse_args()
    peers = dict(told.split("=", 1) for told in given.peer)
    if given.what == "make":
        make(given.path, given.millions, given.metrics)
    elif given.what == "one":
        one(given.party, given.path)
    elif given.what == "run":
        measured(given.only, given.path, given.rounds, peers)
    else:
        measured([given.what], given.path, given.rounds, {})


if __name__ == "__main__":
    main()
