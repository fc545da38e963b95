"""A project on disk whose flow calls a step once per element, in processes beside the run's own."""

import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import count
from multiprocessing import forkserver
from pathlib import Path
from textwrap import dedent
from typing import Any

from fullcycle.adapters.processes import SERVER
from fullcycle.flow import RunOptions, RunRecord, RunStarted, choose, last_run, run
from fullcycle.flow.ports import Progress
from fullcycle.wiring import open_project
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.project import Project
from fullcycle.wiring.runs import workshop
from killing import Tell

FLOW = """
    import os
    import time
    from pathlib import Path

    import fullcycle as fc

    def note(name: str) -> None:
        with open(os.environ["POOLED"] + "/calls", "a") as file:
            file.write(f"{os.getpid()} {name}\\n")

    @fc.step
    def numbers(*, n: int = 1, many: int = 12) -> dict[str, int]:
        return {f"e{i}": 1000 * n + i for i in range(many)}

    @fc.step(timeout="60s")
    def squared(numbers: fc.Each[int]) -> dict[str, int | str]:
        note(f"{numbers}")
        time.sleep(0.01)
        return {"square": numbers**2, "text": "x" * 100}

    @fc.step(timeout="60s")
    def large(numbers: fc.Each[int]) -> bytes:
        note(f"large {numbers}")
        return f"{numbers:08}".encode() * 10_000

    @fc.step
    def total(squared: dict[str, dict[str, int | str]], large: dict[str, bytes]) -> int:
        return sum(one["square"] for one in squared.values()) + sum(map(len, large.values()))
"""


def pooled(folder: Path, flow: str = FLOW) -> Path:
    """Lay the project out; its workers start as soon as that may pay."""
    root = folder / "shop"
    (root / "winback").mkdir(parents=True)
    (root / ".fullcycle").mkdir()
    (root / ".fullcycle" / "pool.json").write_text('{"start_s": 0.0}')
    (root / "fullcycle.toml").write_text('[project]\npackage = "shop"\n\n[environments.dev]\n')
    (root / "winback" / "brief.md").write_text("")
    (root / "winback" / "flow.py").write_text(dedent(flow))
    return root


def run_here(
    project: Project,
    given: Mapping[str, Any],
    *,
    options: RunOptions = RunOptions(),  # noqa: B008 - it is frozen
    progress: Progress = lambda *said: None,
) -> RunRecord:
    """Run the flow as its files are, with the executor of the command line."""
    os.environ["POOLED"] = str(project.root)
    flow = Flow.open(project, "winback", "dev")
    start = RunStarted(
        id="", capability="winback", message="", archive=project.objects.put(flow.archive.to_bytes()),
        commit=None, dirty=False, parameters=dict(given), brief=None, lock="", python="3", machine="",
        environment="dev", files=flow.declared_files(),
    )  # fmt: skip
    shop = replace(workshop(flow), progress=progress)
    return run(flow.graph, choose(flow.graph, given), start, shop, options=options)


def value(project: Project, record: RunRecord, step: str) -> Any:
    """What a step returned."""
    return project.artifacts.load(record.steps[step].artifact)


def expected_total(n: int, many: int) -> int:
    """What the flow comes to."""
    return sum((1000 * n + i) ** 2 for i in range(many)) + 80_000 * many


def called(root: Path) -> Counter[str]:
    """How often each element was called."""
    return Counter(line.partition(" ")[2] for line in _lines(root))


def workers_of(root: Path) -> set[int]:
    """The processes that made calls."""
    return {int(line.partition(" ")[0]) for line in _lines(root)}


def _lines(root: Path) -> list[str]:
    with suppress(FileNotFoundError):
        return (root / "calls").read_text().splitlines()
    return []


def prepare() -> None:
    """Let children made by ``fork`` use a fork server of this process, which outlives them.

    A run's own ends with the run. This one dies of a child that is killed while it asks for a
    worker; it answers in turn, so where it gives us a worker now, it has outlived the last one.
    """
    forkserver.set_forkserver_preload(["fullcycle.wiring.worker", "fullcycle.evaluate"])
    while not _answers():
        forkserver._forkserver._stop()


def _answers() -> bool:
    """Whether the fork server gives us a process."""
    process = multiprocessing.get_context("forkserver").Process(target=int)
    try:
        process.start()
    except (OSError, EOFError):
        return False
    process.join()
    return process.exitcode == 0


def run_on(folder: Path, tell: Tell) -> None:
    """Run for ``n`` = 1, 2, 3 …, going on with the run that was killed; tell of the elements made."""
    forkserver._forkserver.ensure_running = lambda: None  # it runs, and is another's child
    forkserver.ensure_running = lambda: None
    SERVER.loaded = lambda: True
    project = open_project(folder)
    last = last_run(project.ledger, "winback", status="done")
    for n in count(last.started.parameters["n"] + 1 if last is not None else 1):
        run_here(project, {"n": n}, progress=lambda *said: tell(" ".join(map(str, said))))


if __name__ == "__main__":
    here = open_project(Path(sys.argv[1]))
    if sys.argv[2] == "memory":
        print(run_here(here, {"many": int(sys.argv[3])}).finished.peak_memory)
    else:
        for number in range(1, int(sys.argv[2]) + 1):
            print(value(here, run_here(here, {"n": number}), "total"))
