"""fullcycle.adapters.local: what is known of the start of a crew."""

import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

import pool_work
from fullcycle.adapters import local
from fullcycle.adapters.local import LocalExecutor
from fullcycle.adapters.processes import Work

DAY = 86_400


def start_s(path: Path) -> float:
    return LocalExecutor(Work(print, (), print, ()), path).start_s()


def measured(folder: Path, text: str, *, days_ago: float = 0) -> Path:
    path = folder / "pool.json"
    path.write_text(text)
    then = time.time() - days_ago * DAY
    os.utime(path, (then, then))
    return path


def test_a_crew_is_thought_to_take_what_it_took_the_last_time(tmp_path):
    assert start_s(measured(tmp_path, '{"start_s": 20.5}')) == 20.5
    assert start_s(measured(tmp_path, '{"start_s": 0.0}')) == 0.0


@pytest.mark.parametrize("text", ["", "half of", "[]", '{"start_s": "soon"}', '{"start_s": null}'])
def test_a_measure_that_cannot_be_read_is_none(tmp_path, text):
    assert start_s(measured(tmp_path, text)) == start_s(tmp_path / "is not there") == 1.5


def test_a_long_start_of_another_day_keeps_no_crew_from_being_tried_again(tmp_path):
    assert start_s(measured(tmp_path, '{"start_s": 20.5}', days_ago=2)) == 1.5
    assert start_s(measured(tmp_path, '{"start_s": 0.8}', days_ago=2)) == 0.8


def test_a_fork_server_that_was_foreseen_loads_beside_and_its_workers_start_is_no_measure(tmp_path):
    """A later run may have to load it all: it would think that a crew starts in no time."""
    (tmp_path / "noted.py").write_text(
        "from pathlib import Path\nPath(__file__).with_suffix('.txt').touch()\n"
    )
    script = [sys.executable, "-c", FORESEEN, tmp_path / "pool.json"]
    path = {**os.environ, "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[1]}"}
    done = subprocess.run(script, env=path, check=True, timeout=60, capture_output=True, text=True)

    assert done.stdout == "loaded\nready\n"
    assert (tmp_path / "noted.txt").exists()
    assert not (tmp_path / "pool.json").exists()


@pytest.mark.parametrize(("library", "started"), [("noted", True), ("polars.selectors", False)])
def test_for_elements_that_never_ran_a_fork_server_is_started_only_where_it_has_much_to_load(
    tmp_path, monkeypatch, library, started
):
    began = []
    monkeypatch.setattr(local, "cores", lambda: 2)
    monkeypatch.setattr(local, "_WARM", [])
    monkeypatch.setattr(local.SERVER, "start", lambda work, threads: began.append(work))
    work = Work(pool_work.begin, ("", "well"), pool_work.make, ("fullcycle.wiring.worker", library))

    with closing(LocalExecutor(work, tmp_path / "pool.json")) as one:
        one.foresee(unknown=True)
        assert bool(began) == started
        one.foresee()
        assert began


FORESEEN = """
import sys, time
from contextlib import closing
from pathlib import Path
import pool_work
from fullcycle.adapters import local
from fullcycle.adapters.processes import SERVER, Work
local.cores = lambda: 2
work = Work(pool_work.begin, ("", "well"), pool_work.make, ("noted",))
with closing(local.LocalExecutor(work, Path(sys.argv[1]))) as one:
    one.foresee()
    while not SERVER.loaded():
        time.sleep(0.01)
    print("loaded")
    with one.crew(1) as crew:
        while not crew.ready():
            time.sleep(0.01)
        print("ready")
"""
