"""fullcycle.adapters.crew and .processes: what workers make, and what becomes of calls when they do not."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest

from fullcycle.flow import Limits
from fullcycle.kernel import Misconfigured
from pool_work import calls, crew_of, lives, orphaned, tried


@pytest.fixture
def crew(tmp_path):
    with closing(crew_of(2, str(tmp_path))) as made:
        yield made


def answers_of(crew, *does, **limits):
    return {answer.number: answer for answer in crew.make(calls(*does), Limits(2, **limits))}


def test_each_call_is_answered_once_and_by_several_workers(crew):
    while not all(worker.first.done() for worker in crew.workers):
        time.sleep(0.01)
    told = list(crew.make(calls(*["sleep 0.02"] * 20), Limits(2)))

    assert sorted(answer.number for answer in told) == list(range(20))
    assert all(answer.error is None for answer in told)
    assert len({answer.made.peak_memory for answer in told}) == 2  # they tell their process there


def test_many_small_calls_are_handed_over_together(crew, tmp_path):
    told = answers_of(crew, *["ok"] * 2_000, each_s=1e-5)

    assert len(told) == 2_000
    assert all(tried(tmp_path, number) == 1 for number in told)


def test_calls_that_take_longer_than_was_thought_are_shared_out_all_the_same(crew):
    """Told that a call takes no time, the crew hands over all; workers give back what they did not do."""
    while not all(worker.first.done() for worker in crew.workers):
        time.sleep(0.01)
    told = answers_of(crew, *["sleep 0.06"] * 12, each_s=1e-4)

    assert len(told) == 12
    assert len({answer.made.peak_memory for answer in told.values()}) == 2


def test_a_worker_computes_with_as_many_threads_as_it_may(crew):
    assert answers_of(crew, "environment OMP_NUM_THREADS")[0].attached == [b"1"]


def test_workers_have_the_environment_of_the_moment_at_which_they_start(crew, monkeypatch):
    """The fork server has that of its own start: a second run in a notebook may have set another."""
    answers_of(crew, "ok")
    monkeypatch.setenv("OF_NOW", "set later")
    with closing(crew_of(1)) as later:
        assert answers_of(later, "environment OF_NOW")[0].attached == [b"set later"]
    monkeypatch.delenv("OF_NOW")
    with closing(crew_of(1)) as later:
        assert answers_of(later, "environment OF_NOW")[0].attached == [b""]


def test_a_call_whose_worker_is_killed_as_if_from_outside_is_made_once_more(crew, tmp_path):
    told = answers_of(crew, "ok", "die-once", *["sleep 0.01"] * 6)

    assert len(told) == 8
    assert all(answer.error is None for answer in told.values())


def test_the_death_of_one_worker_disturbs_no_other(crew, tmp_path):
    told = answers_of(crew, *["ok"] * 4, "die-once", *["sleep 0.05"] * 10)

    assert all(answer.error is None for answer in told.values())
    at_most_once_more = [tried(tmp_path, number) for number in range(15) if number != 4]
    assert max(at_most_once_more) == 1  # what was made was not lost


DEATHS = {
    "exit 7": "it killed its worker (it exited with 7)",
    "exit 0": "it killed its worker (it exited with 0)",
    "signal 11": "it killed its worker (signal 11: Segmentation fault)",
    "signal 6": "it killed its worker (signal 6: Aborted)",
    "signal 9": "it killed its worker (signal 9: memory?)",
}


@pytest.mark.parametrize("each_s", [0.0, 1e-4], ids=["alone", "handed over with others"])
@pytest.mark.parametrize("place", [0, 3, 6], ids=["first", "in the middle", "last"])
@pytest.mark.parametrize(("does", "words"), DEATHS.items())
def test_a_call_over_which_its_worker_dies_is_given_up_and_the_others_are_made(
    crew, tmp_path, does, words, place, each_s
):
    todo = ["ok"] * 7
    todo[place] = does
    told = answers_of(crew, *todo, each_s=each_s)

    assert sorted(told) == list(range(7))
    assert [number for number, answer in told.items() if answer.error is not None] == [place]
    assert told[place].error.what == f"step step[n{place}] failed: {words}"
    assert told[place].deadly
    assert "@fc.step(timeout=…, memory=…)" in told[place].error.mend
    assert tried(tmp_path, place) == (2 if does == "signal 9" else 1)  # somebody else may have sent it


def test_a_call_over_which_its_worker_dies_is_tried_again_as_often_as_it_may(crew, tmp_path):
    told = answers_of(crew, "exit-until 3", "exit 7", "ok", retries=2)

    assert [number for number, answer in told.items() if answer.error is not None] == [1]
    assert (tried(tmp_path, 0), tried(tmp_path, 1)) == (4, 3)  # the one that succeeds counts itself twice
    assert not told[0].deadly


def test_a_crew_goes_on_with_its_workers_in_a_second_round(crew):
    first = answers_of(crew, *["sleep 0.02"] * 8)
    second = answers_of(crew, *["sleep 0.02"] * 8)

    def processes(told):
        return {answer.made.peak_memory for answer in told.values()}

    assert processes(second) <= processes(first)


def test_a_crew_has_as_many_workers_as_are_wanted_and_none_more(crew):
    before = {one.made.peak_memory for one in crew.make(calls(*["sleep 0.02"] * 8), Limits(2))}
    list(crew.make(calls("ok"), Limits(1)))
    assert len([pid for pid in before if lives(pid)]) == 1

    after = {one.made.peak_memory for one in crew.make(calls(*["sleep 0.05"] * 20), Limits(2))}
    assert len(after) == 2


def test_workers_that_nobody_hears_any_more_are_ended(crew):
    """A run stopped at a failure; the next step of another has the crew."""
    for answer in crew.make(calls("fail", *["sleep 60"] * 3), Limits(2)):
        assert answer.error is not None
        break
    busy = [worker for worker in crew.workers if worker.tasks]
    assert busy
    crew.rest()

    assert not any(worker in crew.workers for worker in busy)
    assert answers_of(crew, "ok", "ok")[1].error is None


def test_workers_that_are_killed_from_outside_lose_nothing(crew):
    told, killed = [], set()
    for answer in crew.make(calls(*["sleep 0.03"] * 40), Limits(2)):
        told.append(answer)
        if len(told) % 8 == 0:  # what one was at has been made by the next time
            process = crew.workers[len(told) // 8 % 2]._processes[0]
            process.kill()
            killed.add(process.pid)

    assert len(killed) == 5
    assert sorted(answer.number for answer in told) == list(range(40))
    assert all(answer.error is None for answer in told)


def test_a_call_that_takes_too_long_is_ended_and_no_other(crew, tmp_path):
    told = answers_of(crew, "sleep 60", *["sleep 0.2"] * 6, timeout=0.7)

    assert [number for number, answer in told.items() if answer.error is not None] == [0]
    assert told[0].error.what == "step step[n0] failed: it took longer than 0.7 s"
    assert [tried(tmp_path, number) for number in range(1, 7)] == [1] * 6


def test_the_start_of_a_worker_is_no_part_of_a_calls_time(crew):
    assert answers_of(crew, "sleep 0.01", timeout=0.2)[0].error is None  # starting takes longer


def test_a_call_that_fails_is_tried_again_after_a_while(crew, tmp_path):
    began = time.process_time()
    told = answers_of(crew, "fail-until 3", "fail", retries=3)

    assert told[0].error is None
    assert str(told[1].error).startswith("step failed")
    assert told[1].error.traceback == "its traceback"
    assert (tried(tmp_path, 0), tried(tmp_path, 1)) == (4, 0)  # the one that succeeds counts itself twice
    assert time.process_time() - began < 0.7  # waiting is no work


def test_failures_come_after_what_came_together_with_them(crew):
    """A run that stops at the first failure has, by then, what was made beside it."""
    told = list(crew.make(calls("ok", "fail", "ok", "ok"), Limits(2, each_s=1e-4)))

    assert [answer.number for answer in told][-1] == 1


def test_an_answer_that_cannot_be_sent_fails_its_call_alone(crew):
    told = answers_of(crew, "ok", "unsendable", "ok", each_s=1e-4)

    assert [number for number, answer in told.items() if answer.error is not None] == [1]
    assert "step step[n1] failed" in told[1].error.what


def test_what_keeps_workers_from_beginning_is_said_in_its_own_words():
    with closing(crew_of(2, begins="refuse")) as crew, pytest.raises(Misconfigured, match="it cannot begin"):
        list(crew.make(calls("ok"), Limits(2)))


def test_workers_that_die_before_they_begin_are_not_started_for_ever():
    words = "cannot begin to work: they die at once"
    with closing(crew_of(2, begins="die")) as crew, pytest.raises(Misconfigured, match=words) as caught:
        list(crew.make(calls(*["ok"] * 50), Limits(2)))
    assert "see that the machine has memory left" in caught.value.mend


def test_attached_bytes_come_with_the_answer(crew):
    assert answers_of(crew, "say hello")[0].attached == [b"hello"]


def test_what_a_call_placed_is_lasting_before_anybody_hears_of_the_call():
    lasting = set()
    with closing(crew_of(2, lasting=lasting.update)) as crew:
        for answer in crew.make(calls("place a", "place b", "ok"), Limits(2)):
            assert set(answer.placed) <= lasting
    assert lasting == {"a", "b"}


def test_a_crew_that_is_kept_has_the_environment_of_each_round(crew, monkeypatch):
    answers_of(crew, "ok")
    monkeypatch.setenv("OF_NOW", "set by a step")
    assert answers_of(crew, "environment OF_NOW")[0].attached == [b"set by a step"]


def test_a_crew_that_is_closed_leaves_no_process(tmp_path):
    with closing(crew_of(2, str(tmp_path))) as crew:
        pids = {one.made.peak_memory for one in crew.make(calls(*["say x"] * 8), Limits(2))}
    assert not any(map(lives, pids))


def test_workers_end_with_the_process_that_started_them_however_it_ends():
    process, pids = orphaned(2)
    assert len(pids) == 2
    assert all(map(lives, pids))
    process.kill()
    process.wait()

    deadline = time.monotonic() + 20
    while any(map(lives, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(lives, pids))
    process.stdout.close()


def test_a_fork_server_that_loads_leaves_an_interruption_to_the_run(tmp_path):
    """Ctrl-C goes to every process of the terminal: it would show the traceback of an import."""
    (tmp_path / "slow_to_load.py").write_text(
        "import pathlib, time\npathlib.Path(__file__).with_name('loading').touch()\ntime.sleep(1)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", LOADING, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (tmp_path / "loading").exists():
        time.sleep(0.01)
    os.killpg(child.pid, signal.SIGINT)

    assert "slow_to_load" not in child.communicate(timeout=60)[1]
    assert (tmp_path / "heard").exists()


LOADING = """
import pathlib, signal, sys, time
from fullcycle.adapters.processes import SERVER, Work
heard = pathlib.Path(sys.argv[1]) / "heard"
signal.signal(signal.SIGINT, lambda *_: heard.touch())
SERVER.start(Work(print, (), print, ("slow_to_load",)), 1)
while not (SERVER.loaded() and heard.exists()):
    time.sleep(0.01)
"""


def test_a_fork_server_says_that_it_has_loaded_when_it_has_loaded_all(tmp_path):
    """Who asks it for a worker sooner waits for the rest, and computes nothing meanwhile."""
    (tmp_path / "noted.py").write_text(
        "import gc, os, pathlib\n"
        "said = os.path.exists(os.environ['FULLCYCLE_PRELOADED'])\n"
        "pathlib.Path(__file__).with_suffix('.txt').write_text(f'{said} {gc.get_freeze_count()}')\n"
    )
    path = {**os.environ, "PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, "-c", WAITING], env=path, check=True, timeout=60)

    assert (tmp_path / "noted.txt").read_text() == "False 0"


WAITING = """
import time
from fullcycle.adapters.processes import SERVER, Work
SERVER.start(Work(print, (), print, ("noted",)), 1)
while not SERVER.loaded():
    time.sleep(0.01)
"""
