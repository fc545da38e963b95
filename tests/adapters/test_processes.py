"""fullcycle.adapters.crew and .processes: what workers make, and what becomes of calls when they do not."""

import os
import signal
import threading
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


def test_a_worker_that_dies_is_replaced_and_its_call_made_again(crew, tmp_path):
    told = answers_of(crew, "ok", "die-once", *["sleep 0.01"] * 6)

    assert len(told) == 8
    assert all(answer.error is None for answer in told.values())


def test_the_death_of_one_worker_disturbs_no_other(crew, tmp_path):
    told = answers_of(crew, *["ok"] * 4, "die-once", *["sleep 0.05"] * 10)

    assert all(answer.error is None for answer in told.values())
    at_most_once_more = [tried(tmp_path, number) for number in range(15) if number != 4]
    assert max(at_most_once_more) == 1  # what was made was not lost


def test_a_call_over_which_workers_die_is_given_up_and_the_others_are_made(crew):
    told = answers_of(crew, "ok", "die", *["ok"] * 5, each_s=1e-4)

    failed = [number for number, answer in told.items() if answer.error is not None]
    assert failed == [1]
    assert len(told) == 7
    assert "step step[n1] failed: its worker died 3 times: killed from outside" in str(told[1].error)
    assert "@fc.step(timeout=…, memory=…)" in told[1].error.mend


def test_workers_that_are_killed_from_outside_lose_nothing(crew, tmp_path):
    pids = set()
    stop = threading.Event()

    def kill_some():
        for _ in range(4):
            if stop.wait(0.3):
                return
            worker = crew.workers[0]
            for process in list((worker._pool._processes or {}).values()):
                pids.add(process.pid)
                os.kill(process.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_some)
    killer.start()
    told = answers_of(crew, *["sleep 0.05"] * 40)
    stop.set()
    killer.join()

    assert pids
    assert sorted(told) == list(range(40))
    assert all(answer.error is None for answer in told.values())


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
