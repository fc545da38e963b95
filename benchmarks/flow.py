"""What the flow costs: figures beside their goals, each ratio taken within one run.

``python benchmarks/flow.py`` for all of ours, ``python benchmarks/flow.py chain elements`` for some. CPU is
user and system time of this process and of those it started; medians count. Goals on wall clock want a
machine that nobody else uses: the load is printed beside.

``python benchmarks/flow_peers/beside.py`` runs the same chain in the tools that one might take instead.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import flow_projects as projects
import numpy as np
import polars as pl
from flow_peers.spending import own, spent
from flow_projects import STEPS, lay_out

from fullcycle.data import table_digest
from fullcycle.flow import RunRecord, StepFinished, last_run
from fullcycle.wiring.project import Project, open_project
from fullcycle.wiring.runs import Watcher, start_run

TIMES = 7
CORES = 2
IMPORTS = "from datetime import datetime; from typing import Annotated; import fullcycle; import polars"


def say(what: str, value: float, unit: str, goal: float | None = None, *, least: bool = False) -> None:
    """Print a figure beside its goal: at most so much, or at least."""
    held = ""
    if goal is not None:
        kept = value >= goal if least else value <= goal
        held = f"goal {'≥' if least else '≤'} {goal:g}: {'holds' if kept else 'MISSED'}"
    print(f"  {what:<66} {value:8.2f} {unit:<8} {held}", flush=True)


class Watch:
    """Hears of each step as it finishes, and notes what went by since the one before."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}
        self.wall: dict[str, float] = {}
        self.start()

    def start(self) -> None:
        """What went by until now counts for no step."""
        self._cpu, self._wall = own(), time.perf_counter()

    def __call__(self, step: StepFinished) -> None:
        """A step has finished."""
        now = own(), time.perf_counter()
        self.cpu[step.step], self.wall[step.step] = now[0] - self._cpu, now[1] - self._wall
        self.start()


def run(project: Project, watch: Watch | None = None) -> RunRecord:
    """Run the flow as ``fullcycle run bench`` does, without its prints."""
    return start_run(project, "bench", "a figure", {}, "dev", watch=Watcher(tell=watch or Watch()))


def reused(record: RunRecord) -> bool:
    """Whether nothing was computed."""
    return all(step.reused for step in record.steps.values())


# A chain of small objects


def plain(project: Project) -> int:
    """What the chain does without a flow: the row is read, the functions are called."""
    flow = project.loaded(project.archive()).module("bench.flow")

    def work() -> None:
        with duckdb.connect(project.root / "warehouse.duckdb", read_only=True) as connection:
            state = pl.DataFrame(connection.sql(projects.QUERY).to_arrow_reader())
        for n in range(STEPS):
            state = vars(flow)[f"s{n:02}"](state)

    return spent(work)


def chain() -> None:
    """First run and no-op re-run of thirty steps, per step, in a process that has run one before."""
    print(f"\nchain: {STEPS} steps on small objects, `python benchmarks/flow.py chain`")
    taken: dict[str, list[float]] = {"first": [], "plain": [], "short": [], "again": []}
    for turn in range(TIMES + 1):
        with tempfile.TemporaryDirectory() as folder:
            shop, short = Path(folder) / "long" / "shop", Path(folder) / "short" / "shop"
            project, two = lay_out(shop, projects.chain(), share=turn), lay_out(short, projects.chain(2))
            figures = {
                "first": spent(partial(run, project)),
                "plain": plain(project),
                "short": spent(partial(run, two)),
                "again": spent(lambda shop=shop: run(open_project(shop))),
            }
            if not reused(run(open_project(shop))):
                raise SystemExit("a step was computed again")
        for case, seconds in figures.items():
            taken[case] += [seconds * 1e3] if turn else []  # the first one loads what others find loaded
    first, bare, short, again = (median(taken[case]) for case in ("first", "plain", "short", "again"))
    say("first run, a step above plain Python that reads the same row", (first - bare) / STEPS, "ms", 2)
    say("  of that, one step more (30 steps beside 2)", (first - short) / (STEPS - 2), "ms")
    say("  the whole run, nothing taken off", first, "ms")
    say("  plain Python: the row read from DuckDB, thirty calls", bare, "ms")
    say("no-op re-run in the same process, a step", again / STEPS, "ms", 0.5)


def command() -> None:
    """The whole command where nothing has changed, above the imports of the flow."""
    print("\ncommand: `fullcycle run` where nothing has changed, `python benchmarks/flow.py command`")
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        lay_out(shop, projects.chain())
        projects.fullcycle("run", "bench", "-m", "first", cwd=shop)
        ran, bare, models, empty = [], [], [], []
        for _ in range(TIMES):
            ran.append(spent(lambda: projects.fullcycle("run", "bench", "-m", "again", cwd=shop)))
            bare.append(spent(lambda: subprocess.run([sys.executable, "-c", IMPORTS], check=True)))
            models.append(
                spent(lambda: subprocess.run([sys.executable, "-c", f"{IMPORTS}, numpy"], check=True))
            )
            empty.append(spent(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True)))
    say("the command above importing what the flow imports", median(ran) - median(bare), "s", 0.3)
    say("  above NumPy, too, which a flow with a model imports", median(ran) - median(models), "s", 0.3)
    say("  the command", median(ran), "s")
    say("  importing what the flow imports", median(bare), "s")
    say("  a bare interpreter", median(empty), "s")


# Tables


def frames() -> dict[str, pl.DataFrame]:
    """A table of numbers and one of texts, of about 80 MB each."""
    chance = np.random.default_rng(7)
    rows = 1_000_000
    texts = pl.Series([f"some name of a product {n}" for n in range(rows // 2)])
    return {
        "numbers": pl.DataFrame({f"n{n}": chance.random(rows) for n in range(10)}),
        "texts": pl.DataFrame([texts.alias(f"t{n}") for n in range(4)]),
    }


def resident() -> float:
    """MB that this process holds, without what it has mapped from files."""
    told = Path("/proc/self/status").read_text().partition("RssAnon:")[2].split()[0]
    return int(told) / 1024


def tables() -> None:
    """Ten steps that hand on an 80 MB table, beside a bare Arrow write of it; then the same, reused."""
    print("\ntables: ten steps that hand on 80 MB, `python benchmarks/flow.py tables`")
    for name, frame in frames().items():
        digest = median(spent(lambda frame=frame: table_digest(frame)) for _ in range(TIMES)) * 1e3
        say(f"digest of {name}", digest, "ms", 25 if name == "numbers" else 50)
    with tempfile.TemporaryDirectory() as place:
        shop = Path(place) / "shop"
        record = _handed(shop, "n0", "one column new", 1.2)
        _tables_again(shop, record)
    with tempfile.TemporaryDirectory() as place:
        _handed(Path(place) / "shop", "*", "every column new")


def _handed(shop: Path, changed: str, case: str, goal: float | None = None) -> RunRecord:
    """What a step costs that hands on a table in which so much is new."""
    between = _Between(shop.parent, frames()["numbers"], changed)
    record = run(lay_out(shop, projects.tables(changed=changed)), between)
    above, bare = between.figures()
    say(f"a step that hands on 80 MB, {case}, above its own work", above * 1e3, "ms")
    say("  a bare Arrow write of it", bare * 1e3, "ms")
    say("  ratio", above / bare, "times", goal)
    return record


class _Between(Watch):
    """After each step, writes a table like the step's without a flow, so that both see the same machine."""

    def __init__(self, folder: Path, frame: pl.DataFrame, changed: str) -> None:
        self.bare: dict[str, float] = {}
        self.work: dict[str, float] = {}
        self._folder, self._frame, self._changed = folder, frame, changed
        super().__init__()

    def __call__(self, step: StepFinished) -> None:
        super().__call__(step)
        made = [self._frame]
        changed = pl.col(self._changed) + 1
        self.work[step.step] = spent(lambda: made.append(self._frame.with_columns(changed)))
        path = self._folder / f"{step.step}.arrow"
        self.bare[step.step] = spent(lambda: made[-1].write_ipc(path, compression="uncompressed"))
        self.work[step.step] += spent(made.clear)  # what a step made, it lets go
        self.start()

    def figures(self) -> tuple[float, float]:
        """Medians over the steps but the first: what one took above its own work, and a bare write."""
        steps = [f"t{n:02}" for n in range(1, 10)]
        above = median(self.cpu[step] - self.work[step] for step in steps)
        return above, median(self.bare[step] for step in steps)


def _tables_again(shop: Path, first: RunRecord) -> None:
    """Nothing is read, nothing is hashed; and what is read is mapped."""
    again = []
    for _ in range(TIMES):
        project = open_project(shop)
        watch = Watch()
        if not reused(run(project, watch)):
            raise SystemExit("a step was computed again")
        again.append(sum(seconds for step, seconds in watch.cpu.items() if step.startswith("t")) * 1e3)
    say("ten such steps, reused", median(again), "ms", 20)
    artifact, before = first.steps["t09"].artifact, resident()
    project.artifacts.load(artifact)
    held = resident()
    frame = project.artifacts.load(artifact)
    say("reading one of 80 MB back: memory that it takes", max(0.0, resident() - held), "MB", 8)
    took = spent(lambda: project.artifacts.load(artifact)) * 1e3
    say("  CPU", took, "ms")
    if not frame.height == 1_000_000 or before <= 0:
        raise SystemExit("it is not what was kept")


# Elements


def elements() -> None:
    """A hundred tiny elements; a hundred of 100 ms on two cores; ten thousand and the memory."""
    print("\nelements: a step called once per element, `python benchmarks/flow.py elements`")
    tiny = []
    for turn in range(TIMES):
        with tempfile.TemporaryDirectory() as place:
            watch = Watch()
            run(lay_out(Path(place) / "shop", projects.elements(100, f"n + {turn}")), watch)
            tiny.append(watch.cpu["made"] / 100 * 1e3)
    say("100 tiny elements, each", median(tiny[1:]), "ms", 1)
    heaps = {count: _heap(count) for count in (100, 10_000)}
    say("10,000 elements of 20 kB: memory beyond that of 100", heaps[10_000] - heaps[100], "MB", 40)
    say("  what they hold together", 10_000 * 20_000 / 1e6, "MB")


def pool() -> None:
    """A hundred elements of 100 ms of CPU on two cores, beside one after the other."""
    print("\npool: 100 elements of 100 ms of CPU on two cores, `python benchmarks/flow.py pool`")
    print(f"  load average before {os.getloadavg()[0]:.2f}")
    serial = time.perf_counter()
    for _ in range(100):
        projects.burn(0.1)
    serial = time.perf_counter() - serial
    with tempfile.TemporaryDirectory() as place:
        project = lay_out(Path(place) / "shop", projects.elements(100, "burn(0.1, n)"))
        watch = Watch()
        run(project, watch)
        hand = projects.by_hand(project.root / "library", "pool")
    wall = watch.wall["made"]
    say("wall time beside serial, pool start included", wall / serial, "times", 0.6)
    say("  one after the other", serial, "s")
    say("  by the flow", wall, "s")
    say("  split by hand between two plain processes", hand, "s")
    print(f"  load average after {os.getloadavg()[0]:.2f}")


def _heap(count: int) -> float:
    """Most memory of a process that runs so many elements of 20 kB, in MB."""
    script = f"import flow; print(flow.heap({count}))"
    here = Path(__file__).parent
    said = subprocess.run(
        [sys.executable, "-c", script], cwd=here, check=True, capture_output=True, text=True
    )
    return float(said.stdout.split()[-1])


def heap(count: int) -> float:
    """Run so many elements in this process; the most memory that it had, in MB."""
    with tempfile.TemporaryDirectory() as place:
        run(lay_out(Path(place) / "shop", projects.elements(count, "bytes([n % 251]) * 20_000", "bytes")))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# Models on slices


def slices() -> None:
    """A hundred models on slices, each with SHAP values of its rows, beside a plain loop over them.

    What this process imports is counted on neither side; the flow's is what its other processes
    import, what is stored and read, and the plain loop does none of it.
    """
    print("\nslices: 100 LightGBM models with SHAP on two cores, `python benchmarks/flow.py slices`")
    print(f"  load average before {os.getloadavg()[0]:.2f}")
    with tempfile.TemporaryDirectory() as place:
        project = lay_out(
            Path(place) / "shop", projects.slices(), files=[("library/learning.py", projects.LEARNING)]
        )
        learning = project.loaded(project.archive()).module("library.learning")
        tables = [learning.slice_of(n) for n in range(100)]

        def loop() -> None:
            for table in tables:
                learning.explained(learning.fitted(table), table)

        plain = spent(loop)
        first = _learnt(project)
        hand = projects.by_hand(project.root / "library", "slices")
        path = project.root / "library" / "learning.py"
        path.write_text(path.read_text().replace('"seed": 7', '"seed": 8'))  # other models, as much work
        second = _learnt(open_project(project.root))
    say(
        "share of the ideal, which is half the CPU of a plain loop",
        plain / CORES / first[0] * 100,
        "%",
        90,
        least=True,
    )
    say("  CPU of the plain loop beside that of the flow", plain / first[1] * 100, "%")
    say(
        "  the next run of the process, as the trials of a grid are",
        plain / CORES / second[0] * 100,
        "%",
        90,
        least=True,
    )
    say("    CPU of the plain loop beside that of the flow", plain / second[1] * 100, "%")
    say("  the plain loop, CPU", plain, "s")
    say("  by the flow, wall", first[0], "s")
    say("  by the flow, the next run, wall", second[0], "s")
    say("  split by hand between two plain processes, wall", hand, "s")
    print(f"  load average after {os.getloadavg()[0]:.2f}")


def _learnt(project: Project) -> tuple[float, float]:
    """Wall seconds and CPU of the models and their SHAP values; the slices are not counted."""
    watch = Watch()
    used = spent(partial(run, project, watch)) - watch.cpu["clients"] - watch.cpu["slices"]
    return watch.wall["models"] + watch.wall["shap"], used


# Beside other tools


def beside(folder: Path, edited: tuple[str, str]) -> dict[str, Any]:
    """What ``flow_peers/beside.py`` asks of every tool, asked of this one."""
    keep_byte_code(folder / "byte code")
    first, again, command = [], [], []
    for turn in range(4):
        shop = folder / f"{turn}" / "shop"
        project = lay_out(shop, projects.chain(), share=turn)
        whole = spent(partial(run, project)) - plain(project)
        nothing = spent(lambda shop=shop: run(open_project(shop)))
        first += [whole] if turn else []
        again += [nothing] if turn else []
    for _ in range(3):
        ran = spent(lambda: projects.fullcycle("run", "bench", "-m", "again", cwd=shop))
        command.append(ran - spent(partial(subprocess.run, [sys.executable, "-c", IMPORTS], check=True)))
    before, right = _totals(shop, edited)
    between = _Between(folder, frames()["numbers"], "n0")
    run(lay_out(folder / "tables" / "shop", projects.tables()), between)
    handed, _ = between.figures()
    return {
        "first_ms": median(first) / STEPS * 1e3,
        "again_ms": median(again) / STEPS * 1e3,
        "command_s": median(command),
        "table_ms": handed * 1e3,
        "stale": "right" if before != right else "STALE",
    }


def _totals(shop: Path, edited: tuple[str, str]) -> tuple[int, int]:
    """What the chain comes to before and after the helper's helper is edited, at the same time."""
    totals = []
    for _ in range(2):
        projects.fullcycle("run", "bench", "-m", "edited", cwd=shop)
        project = open_project(shop)
        last = last_run(project.ledger, "bench")
        assert last is not None
        totals.append(project.artifacts.load(last.steps[f"s{STEPS - 1:02}"].artifact)["total"])
        path = shop / "library" / "tariff.py"
        was = path.stat()
        path.write_text(path.read_text().replace(*edited))
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    return totals[0], totals[1]


FIGURES = {each.__name__: each for each in (chain, command, tables, elements, pool, slices)}


def keep_byte_code(folder: Path) -> None:
    """Let the processes that are started keep byte code, as on any machine where nobody forbids it.

    An installer leaves that of libraries behind; what is imported here is compiled before anything is
    measured. A fork server keeps none if this process was told to keep none.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(folder))
    subprocess.run([sys.executable, "-c", f"{IMPORTS}, lightgbm, fullcycle.wiring.runs"], check=True)


def main() -> None:
    """Print what is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("figures", nargs="*", choices=[*FIGURES, []], help="all where none is named")
    names = parser.parse_args().figures or list(FIGURES)
    print(f"two shared cores, load average {os.getloadavg()[0]:.2f}; medians of {TIMES}")
    with tempfile.TemporaryDirectory() as folder:
        keep_byte_code(Path(folder))
        for name in names:
            FIGURES[name]()


if __name__ == "__main__":
    main()
