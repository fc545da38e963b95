"""fullcycle.adapters.attempts: what a process was at when it ended, told to those that come after it."""

import signal
import subprocess
import sys

import pytest

from fullcycle.adapters.attempts import Attempts

AT = """
import sys, time
from pathlib import Path
from fullcycle.adapters.attempts import Attempts
attempts = Attempts(Path(sys.argv[1]))
for key in sys.argv[2:]:
    attempts.at(key or None)
print("at it", flush=True)
time.sleep(60)
"""


def at(folder, *keys):
    """A process that is at one call after another, and stays at the last."""
    command = [sys.executable, "-c", AT, str(folder), *keys]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "at it\n"
    return process


def killed(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize(
    ("keys", "left"),
    [(["sha256-a"], ["sha256-a"]), (["a-long-one", "b"], ["b"]), (["a", ""], []), ([""], [])],
)
def test_what_a_process_was_at_when_it_ended_is_told_once(tmp_path, keys, left):
    killed(at(tmp_path, *keys))

    assert Attempts(tmp_path).unfinished() == left
    assert Attempts(tmp_path).unfinished() == []
    assert list(tmp_path.iterdir()) == []


def test_what_a_process_is_at_that_lives_is_not_told(tmp_path):
    process = at(tmp_path, "a")
    assert Attempts(tmp_path).unfinished() == []
    assert len(list(tmp_path.iterdir())) == 1

    killed(process)
    assert Attempts(tmp_path).unfinished() == ["a"]


def test_this_process_does_not_hear_of_itself_and_leaves_nothing(tmp_path):
    attempts = Attempts(tmp_path)
    attempts.at("a")
    assert attempts.unfinished() == []
    attempts.close()

    assert list(tmp_path.iterdir()) == []
    attempts.at("b")  # it may go on
    attempts.close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_stops_nobody(tmp_path):
    attempts = Attempts(tmp_path / "is not there")

    attempts.at("a")
    assert attempts.unfinished() == []
    attempts.close()
