"""fullcycle.kernel.process: who is still there, whoever else has got its number by now."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from fullcycle.kernel import lives, now, process, this_process

TELL = """
import msgspec, sys
from fullcycle.kernel import this_process
print(msgspec.json.encode(this_process()).decode(), flush=True)
sys.stdin.read()
"""


@dataclass
class Child:
    """A process of its own, which has told who it is."""

    popen: subprocess.Popen
    told: process.Process


@pytest.fixture
def child():
    popen = subprocess.Popen(
        [sys.executable, "-c", TELL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield Child(popen, msgspec.json.decode(popen.stdout.readline(), type=process.Process))
    popen.kill()
    popen.communicate()


def with_(told, **fields):
    return msgspec.structs.replace(told, **fields)


def test_whoever_asks_lives():
    assert lives(this_process(), now()) is True


def test_a_process_is_seen_until_it_is_killed(child):
    assert lives(child.told, now()) is True

    child.popen.kill()
    child.popen.wait()
    assert lives(child.told, now()) is False


def test_what_ended_and_was_not_waited_for_does_not_live(child):
    child.popen.kill()
    deadline = time.monotonic() + 10
    while lives(child.told, now()) and time.monotonic() < deadline:
        time.sleep(0.01)

    assert child.popen.returncode is None  # nobody has asked how it ended
    assert lives(child.told, now()) is False


def test_another_process_of_the_same_number_is_another_one():
    me = this_process()

    assert lives(with_(me, began=me.began[:-1] + "x"), now()) is False


def test_of_a_process_on_another_machine_nothing_is_known():
    assert lives(with_(this_process(), host="elsewhere", space="another boot"), now()) is None
    assert lives(with_(this_process(), host="elsewhere", space=""), now()) is None


def test_in_another_container_the_same_number_is_nobody_we_know():
    me = this_process()

    assert lives(with_(me, space=me.space + "1"), now()) is None


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="only Linux tells when it was started")
def test_what_was_last_heard_of_before_the_machine_was_started_again_is_gone():
    before = with_(this_process(), space="an earlier boot")

    assert lives(before, process._started() - 1) is False
    assert lives(before, process._started() + 1) is None
    assert lives(with_(before, host="elsewhere"), 0) is None


def test_without_proc_the_system_is_asked(child, monkeypatch):
    monkeypatch.setattr(process, "_PROC", Path("/nowhere"))
    monkeypatch.setattr(process, "_space", lambda: "")
    me = this_process()
    told = with_(me, pid=child.told.pid, began=process._began(child.told.pid))

    assert (me.space, me.began != "") == ("", True)
    assert lives(me, now()) is True
    assert lives(told, now()) is True
    child.popen.kill()
    child.popen.wait()
    assert lives(told, now()) is False
    assert lives(with_(me, began="Thu Jan 1 00:00:00 1970"), now()) is False


def test_a_number_that_no_process_can_have_is_nobody():
    assert lives(with_(this_process(), pid=2**70), now()) is False
    assert lives(with_(this_process(), pid=os.getpid(), began=""), now()) is None
