"""The same chain in the tools that one might take instead, each in a virtual environment of its own.

``python benchmarks/flow_peers/beside.py`` for all, ``… beside.py joblib fullcycle`` for some. The
environments are made once, below ``$XDG_CACHE_HOME/fullcycle-benchmarks``, from the versions in
``benchmarks/flow_peers/*.txt``; telemetry is off and nothing is asked over a network meanwhile.

A step is a function that calls a helper in ``work.py``, which calls one in ``tariff.py``. Four things are
asked of each tool: thirty steps on small objects, the same again, four steps that hand on a table of 80 MB,
and whether it gives the old result after the helper's helper was edited, to the same size and time.
"""

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import ModuleType

HERE = Path(__file__).resolve().parent
PEERS = ("joblib", "hamilton", "prefect", "dagster", "metaflow")
STEPS, TABLES = 30, 4  # of the tables the first makes one, the others hand it on
TIMES = 3

TARIFF = "def fee(n):\n    return 2 * n\n"
EDITED = TARIFF.replace("2 * n", "3 * n")
WORK = {
    "dict": """\
from tariff import fee


def first(start):
    return {"step": 0, "total": start, "paid": [], "name": "step 0"}


def then(state, n):
    paid = [*state["paid"][-9:], fee(n)]
    return {"step": n, "total": state["total"] + fee(n), "paid": paid, "name": f"step {n}"}


def plainly(state):
    return state["total"]
""",
    "pl.DataFrame": """\
import polars as pl

from tariff import fee


def first(start):
    rows = pl.int_range(1_000_000, eager=True)
    return pl.DataFrame({f"n{n}": (rows * (0.1 + n)).sin() + start for n in range(10)})


def then(table, n):
    return table.with_columns(n0=pl.col("n0") + fee(n))


def plainly(table):
    return round(table["n0"].sum(), 3)
""",
}


@dataclass(slots=True)
class Found:
    """What a tool was measured at; milliseconds of CPU, but for the command's seconds."""

    first_ms: float  # a step of thirty, above plain Python
    again_ms: float  # a step of thirty, nothing changed
    command_s: float  # the whole process, nothing changed, above importing the user's modules
    table_ms: float  # a step that hands on 80 MB, above plain Python
    stale: str


def python(peer: str) -> Path:
    """The interpreter of a peer's environment, made where there is none yet."""
    kept = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "fullcycle-benchmarks" / peer
    pinned = HERE / f"{peer}.txt"
    stamp = kept / "made-from.txt"
    if not stamp.exists() or stamp.read_bytes() != pinned.read_bytes():
        print(f"making an environment for {peer}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", kept], check=True)
        subprocess.run([kept / "bin" / "pip", "install", "-qq", "-r", pinned], check=True)
        stamp.write_bytes(pinned.read_bytes())
    return kept / "bin" / "python"


def described(peer: str) -> ModuleType:
    """The module of that name beside this one, which the library of that name must not hide."""
    spec = importlib.util.spec_from_file_location(f"peer_{peer}", HERE / f"{peer}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Place:
    """A folder with a peer's chain in it."""

    def __init__(self, folder: Path, peer: str, kind: str, count: int) -> None:
        self.folder, self.count, self._python = folder, count, python(peer)
        module = described(peer)
        files = {"work.py": WORK[kind], "tariff.py": TARIFF, **module.files(count, kind)}
        for path, text in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        for name in ("measured.py", "spending.py"):
            (folder / name).write_text((HERE / name).read_text())
        settings = getattr(module, "SETTINGS", {})
        # Byte code is not kept: Python itself would not see an edit of the same second and size.
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
            **{name: value.format(here=folder) for name, value in settings.items()},
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONWARNINGS": "ignore",
            "DO_NOT_TRACK": "1",
        }

    def run(self, *arguments: object) -> str:
        """Run the peer's Python; what it printed."""
        command = [str(self._python), *map(str, arguments)]
        done = subprocess.run(
            command, cwd=self.folder, env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        return done.stdout

    def told(self, *arguments: object) -> dict[str, float]:
        """Run the peer's Python; the object that it printed last."""
        return json.loads(self.run("measured.py", *arguments).splitlines()[-1])

    def spent(self, *arguments: object) -> float:
        """Seconds of CPU of a process and of all that it waited for."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.run(*arguments)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def imports(self) -> float:
        """Seconds of CPU of importing what the user's own modules import."""
        return median(self.spent("-c", "import work, polars") for _ in range(TIMES))

    def edit(self) -> None:
        """Change the helper's helper: to the same size, at the same time."""
        path = self.folder / "tariff.py"
        was = path.stat()
        path.write_text(EDITED)
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))


def in_process(peer: str, folder: Path) -> Found:
    """A peer that is called from Python."""
    chain = Place(folder / "chain", peer, "dict", STEPS)
    inside = chain.told("inside", STEPS, TIMES)
    before = chain.told("once", STEPS)["result"]
    command = median(chain.told("once", STEPS)["cpu"] for _ in range(TIMES)) - chain.imports()
    chain.edit()
    after, right = chain.told("once", STEPS)["result"], chain.told("plain", STEPS)["result"]
    tables = Place(folder / "tables", peer, "pl.DataFrame", TABLES)
    whole = tables.told("inside", TABLES, 1)
    return Found(
        first_ms=inside["first"] / STEPS * 1e3,
        again_ms=inside["again"] / STEPS * 1e3,
        command_s=command,
        table_ms=whole["first"] / TABLES * 1e3,
        stale=verdict(before, after, right),
    )


def metaflow(peer: str, folder: Path) -> Found:
    """Metaflow runs as a command, and reuses by resuming a run."""
    chain = Place(folder / "chain", peer, "dict", STEPS)
    flow = ("pipeline.py", "--quiet", "--no-pylint")
    imports = chain.imports()
    first = chain.spent(*flow, "run")
    before = metaflow_result(chain)
    again = chain.spent(*flow, "resume", "end")
    chain.edit()
    chain.run(*flow, "resume", "end")
    after, right = metaflow_result(chain), chain.told("plain", STEPS)["result"]
    tables = Place(folder / "tables", peer, "pl.DataFrame", TABLES)
    plain = tables.spent("measured.py", "plain", TABLES)
    handed = tables.spent(*flow, "run") - plain
    return Found(
        first_ms=(first - imports) / STEPS * 1e3,
        again_ms=(again - imports) / STEPS * 1e3,
        command_s=again - imports,
        table_ms=handed / TABLES * 1e3,
        stale=verdict(before, after, right),
    )


def metaflow_result(chain: Place) -> float:
    """What the latest run came to."""
    asked = (
        "from metaflow import Flow, namespace; namespace(None); print(Flow('Chain').latest_run.data.total)"
    )
    return float(chain.run("-c", asked).split()[-1])


def fullcycle(peer: str, folder: Path) -> Found:
    """Ours: the same steps, from a source of one row."""
    sys.path.insert(0, str(HERE.parent))
    import flow

    return Found(**flow.beside(folder, ("2 * n", "3 * n")))


def verdict(before: float, after: float, right: float) -> str:
    """Whether the old result is given for the new code."""
    if after == right:
        return "right"
    return "STALE" if after == before else "neither"


def main() -> None:
    """Print one line per tool."""
    parser = argparse.ArgumentParser()
    parser.add_argument("peers", nargs="*", choices=["fullcycle", *PEERS, []])
    peers = parser.parse_args().peers or ["fullcycle", *PEERS]
    print(f"two shared cores, load average {os.getloadavg()[0]:.2f}; CPU, medians of {TIMES}")
    print(f"{'':<10} {'a step, first':>14} {'again':>10} {'command again':>14} {'80 MB a step':>13}  edited")
    measures = {"metaflow": metaflow, "fullcycle": fullcycle}
    for peer in peers:
        with tempfile.TemporaryDirectory() as folder:
            found = measures.get(peer, in_process)(peer, Path(folder))
        print(
            f"{peer:<10} {found.first_ms:>11.2f} ms {found.again_ms:>7.2f} ms {found.command_s:>12.2f} s"
            f" {found.table_ms:>10.0f} ms  {found.stale}",
            flush=True,
        )


if __name__ == "__main__":
    main()
