"""fullcycle.adapters.local: what is known of the start of a crew."""

import os
import time
from pathlib import Path

import pytest

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
