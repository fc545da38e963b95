"""fullcycle.flow.state: what has become of a run, told from real processes; then how it is told."""

import json
import os
import signal
import subprocess
import sys

import msgspec
import pytest

from fullcycle.adapters.files import FileObjects
from fullcycle.adapters.sqlite import SqliteLedger
from fullcycle.flow import RunInterrupted, RunOptions, ago, finished_of, last_run, run_record, runs
from fullcycle.flow.state import command_of, place, sighted, step_at
from fullcycle.kernel import now, this_process
from recorded_runs import append, finished, started, stepped
from small_flows import Shop

MINUTE = 60_000_000  # µs
TWO = """
@fc.step
def one(*, n: int = 1) -> int: return n
@fc.step
def two(one: int) -> int:
    import os, time
    print("at work", flush=True)
    {}
    return one + 1
"""
CHILD = """
import json, sys
from pathlib import Path
from fullcycle.adapters.files import FileObjects
from fullcycle.adapters.files import FileObjects
from fullcycle.adapters.sqlite import SqliteLedger
from small_flows import Shop
folder, (flow, parameters) = Path(sys.argv[1]), json.loads(sys.argv[2])
shop = Shop(ledger=SqliteLedger(folder / "ledger.db"), objects=FileObjects(folder / "objects"))
shop.run(flow, **parameters)
"""


@pytest.fixture
def ledger(tmp_path):
    ledger = SqliteLedger(tmp_path / "ledger.db")
    yield ledger
    ledger.close()


def running(folder, line, **parameters):
    """A run in a process of its own, whose second step is at ``line``."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, folder, json.dumps([TWO.format(line), parameters])],
        cwd=os.path.dirname(os.path.dirname(__file__)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "at work\n", child.communicate()
    return child


def became(ledger):
    record = last_run(ledger, "winback")
    return record.status, record.said, list(record.steps)


def test_a_run_at_work_in_another_process_is_running_and_died_when_that_is_killed(tmp_path, ledger):
    child = running(tmp_path, "time.sleep(60)")
    status, said, _ = became(ledger)
    child.kill()
    child.communicate()

    assert (status, said.partition(",")[0]) == ("running", f"is running (process {child.pid}")
    assert became(ledger) == ("died", "ended without a word during step two", ["one"])


@pytest.mark.parametrize("line", ["os._exit(0)", "os.abort()", "os.kill(os.getpid(), 9)"])
def test_a_step_that_ends_its_own_process_leaves_a_run_that_died(tmp_path, ledger, line):
    running(tmp_path, line).communicate()

    assert became(ledger) == ("died", "ended without a word during step two", ["one"])


def test_a_run_that_is_interrupted_says_so_and_what_is_kept(tmp_path, ledger):
    child = running(tmp_path, "time.sleep(60)")
    child.send_signal(signal.SIGINT)
    _, err = child.communicate()

    assert became(ledger) == ("interrupted", "was interrupted", ["one"])
    assert last_run(ledger, "winback").finished.error == "during step two; kept: 1 of 2 steps"
    assert "RunInterrupted: winback@1 was interrupted during step two; kept: 1 of 2 steps\n" in err
    assert err.endswith("go on: fullcycle run winback\n")
    assert err.count("Traceback") == 1
    assert ", in two\n" in err  # where it was


def test_a_step_that_leaves_by_sys_exit_has_failed(tmp_path, ledger):
    _, err = running(tmp_path, "raise SystemExit(3)").communicate()

    status, _, steps = became(ledger)
    assert (status, steps) == ("failed", ["one"])
    assert "StepFailed: step two of winback@1 failed: SystemExit: 3" in err


def test_a_number_that_another_process_has_got_since_is_no_sign_of_life(ledger):
    me = this_process()
    mine = started(process=me, steps={"one": "step"})
    append(ledger, at=now(), start=mine, events=[])
    other = msgspec.structs.replace(me, began="1")
    append(ledger, at=now(), start=msgspec.structs.replace(mine, process=other), events=[])

    assert [record.status for record in runs(ledger, "winback")] == ["running", "died"]


def test_on_another_machine_only_silence_tells(ledger):
    away = msgspec.structs.replace(this_process(), host="gpu-7", space="another boot")
    start = started(process=away, steps={"one": "step", "two": "step"})
    append(ledger, at=now() - 200 * MINUTE, start=start, events=[])
    ledger.append("run/winback/1", 0, stepped("one"), at=now() - 3 * MINUTE)
    append(ledger, at=now() - 3000 * MINUTE, start=start, events=[stepped("one")])
    heard, silent = runs(ledger, "winback")

    assert (heard.status, heard.told) == ("running", "running: on gpu-7, last sign 3 min ago")
    assert silent.status == "died"
    assert silent.told == "died: ended without a word during step two, on gpu-7, last sign 2 days ago"


def test_a_run_recorded_before_processes_were_counts_by_its_last_sign(ledger):
    append(ledger, at=now() - 5 * MINUTE, start=started(), events=[])
    append(ledger, at=now() - 2000 * MINUTE, start=started(), events=[])

    assert [record.status for record in runs(ledger, "winback")] == ["running", "died"]
    assert run_record(ledger, "winback", 1).said == "is running (last sign 5 min ago)"
    assert run_record(ledger, "winback", 2).said == "ended without a word"


def test_an_end_told_while_somebody_looks_counts(tmp_path, ledger):
    """Its process is gone by the time it is looked for, and its last words are there."""
    gone = msgspec.structs.replace(this_process(), began="1")
    append(ledger, at=now(), start=started(process=gone), events=[])

    class Late(SqliteLedger):
        def read(self, stream, since=0):
            found = super().read(stream, since)
            if stream == "run/winback/1" and not found:
                self.append(stream, 0, finished())
            return found

    late = Late(tmp_path / "ledger.db")
    assert last_run(late, "winback").status == "done"
    late.close()


def test_elements_that_are_kept_are_counted_and_of_a_volatile_step_none_is():
    flow = """
    @fc.step
    def many() -> list[int]: return list(range(9))
    @fc.step{}
    def each(many: fc.Each[int]) -> int: return many
    """

    def stop(step, done, failed, total):
        if done == 4:
            raise KeyboardInterrupt

    for options, kept in (("", "1 of 2 steps, 4 of 9 elements of each"), ("(volatile=True)", "1 of 2 steps")):
        shop = Shop()
        with pytest.raises(RunInterrupted) as caught:
            shop.run(flow.format(options), progress=stop)
        assert str(caught.value).partition("\n")[0].partition("kept: ")[2] == kept
        again = shop.run(flow.format(options))
        assert again.steps["each"].made == (5 if not options else 9)


def test_a_run_that_went_on_after_a_failure_was_interrupted_at_the_step_under_way():
    flow = """
    @fc.step
    def many() -> list[int]: return list(range(9))
    @fc.step
    def broken() -> int: return 1 // 0
    @fc.step
    def each(many: fc.Each[int]) -> int: return many
    """

    def stop(step, done, failed, total):
        raise KeyboardInterrupt

    with pytest.raises(RunInterrupted, match="interrupted during step each; kept: 1 of 3 steps"):
        Shop().run(flow, options=RunOptions(keep_going=True), progress=stop)


def test_an_interrupted_run_is_taken_up_where_it_was():
    shop = Shop()

    def stop(step):
        raise KeyboardInterrupt

    with pytest.raises(RunInterrupted):
        shop.run(TWO.format("pass"), tell=stop)
    again = shop.run(TWO.format("pass"))

    assert again.steps["one"].reused
    assert again.steps["two"].reason == "never ran"


def test_after_a_kill_reasons_are_told_against_what_was_recorded_last(tmp_path, ledger):
    """Not against the last run that is done."""
    shop = Shop(ledger=ledger, objects=FileObjects(tmp_path / "objects"))
    shop.run(TWO.format("pass"))
    for _ in range(2):
        child = running(tmp_path, "time.sleep(60)", n=2)
        child.kill()
        child.communicate()
    after = shop.run(TWO.format("pass"), n=3)

    assert [record.status for record in runs(ledger, "winback")] == ["done", "died", "died", "done"]
    assert after.steps["one"].reason == "parameter n 2 → 3"
    assert after.steps["two"].reason == "one has new content"


def test_stopping_a_replay_is_no_interrupted_run():
    def stop(step):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        Shop().run(TWO.format("pass"), tell=stop, options=RunOptions(afresh=True))

    assert not isinstance(caught.value, RunInterrupted)


def test_where_a_run_was_follows_from_the_order_of_its_steps():
    assert step_at(["a", "b", "c"], []) == "a"
    assert step_at(["a", "b", "c"], ["a", "c"]) == ""
    assert step_at(["a", "b", "c", "d"], ["a", "c"]) == "d"  # b failed, and it went on
    assert place(["a", "b"], ["a"]) == "during step b"
    assert place(["a"], ["a"]) == "after its last step"
    assert place([], ["a"]) == ""


def test_what_finished_counts_what_is_computed_and_not_what_is_read():
    steps = {"clients": "source", "one": "step", "two": "model"}

    assert finished_of(steps, ["clients", "one"]) == "1 of 2 steps"
    assert finished_of({"one": "step"}, []) == "0 of 1 step"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-5, "0 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (7_300, "2 h ago"),
        (86_400, "1 day ago"),
        (200_000, "2 days ago"),
    ],
)
def test_a_moment_is_told_in_the_unit_that_suits_it(seconds, told):
    assert ago(10**15 - seconds * 10**6, lambda: 10**15) == told


def test_silence_is_measured_by_the_clock_that_is_given():
    later = sighted(None, 0, 0, clock=lambda: 24 * 60 * MINUTE)

    assert sighted(None, 0, 0, clock=lambda: 24 * 60 * MINUTE - 1).running
    assert (later.running, later.told) == (False, "last sign 1 day ago")


def test_the_command_to_go_on_is_the_one_that_was_typed():
    told = started(
        message="it's deep",
        parameters={"leaves": "31", "rounds": [1, 2], "quiet": 1},
        from_environment=["quiet"],
        only=["visit"],
        force=["training"],
        sources_of="winback@42",
        environment="prod",
    )
    assert command_of(told) == (
        "fullcycle run winback -m 'it'\"'\"'s deep' -p leaves=31 -p 'rounds=[1,2]' "
        "--only visit --force training --sources @42 --in prod"
    )
    assert command_of(started()) == "fullcycle run winback"
