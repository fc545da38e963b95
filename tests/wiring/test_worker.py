"""fullcycle.wiring.worker: calls of a run that processes beside it make."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

import pooled_shop
from fullcycle.adapters.files import FileObjects
from fullcycle.adapters.processes import CHUNK_S
from fullcycle.flow import ElementsFailed, RunOptions, StepFailed, runs
from fullcycle.wiring import open_project
from pool_work import lives
from pooled_shop import called, expected_total, pooled, run_here, value, workers_of

HEAD = """
    import os
    import time
    from pathlib import Path

    import fullcycle as fc
    import polars as pl

    def tries(name: str) -> int:
        with open(f"{os.environ['POOLED']}/{name}", "a") as file:
            file.write(".")
            return file.tell()

    @fc.step
    def numbers(*, many: int = 6) -> dict[str, int]: return {f"e{n}": n for n in range(many)}
"""


@pytest.fixture
def project_of(tmp_path):
    made = []

    def make(flow):
        project = open_project(pooled(tmp_path, HEAD + flow))
        made.append(project)
        return project

    yield make
    for project in made:
        project.ledger.close()


def test_a_run_goes_on_when_its_workers_are_killed(tmp_path):
    root = pooled(tmp_path)
    project = open_project(root)
    killed = set()

    def kill_one(step, done, failed, total):
        """What it was at is made again before the next is killed."""
        if done % 8 == 0 and 0 < done < total and (alive := sorted(filter(lives, workers_of(root)))):
            os.kill(alive[0], signal.SIGKILL)
            killed.add(alive[0])

    record = run_here(project, {"n": 1, "many": 40}, progress=kill_one)

    assert len(killed) == 8
    assert record.status == "done"
    assert value(project, record, "total") == expected_total(1, 40)
    assert len(called(root)) == 80
    project.ledger.close()


def test_an_element_that_fails_elsewhere_shows_its_own_traceback_and_what_was_made_is_kept(project_of):
    project = project_of(
        """
    @fc.step(timeout="60s")
    def inverse(numbers: fc.Each[int]) -> float:
        if not numbers:
            time.sleep(0.2)
        return 1 / numbers
    """
    )
    with pytest.raises(
        StepFailed, match=r"step inverse\[e0\] of winback@1 failed: ZeroDivisionError"
    ) as caught:
        run_here(project, {})
    first_line = caught.value.traceback.splitlines()[1]
    assert "winback/flow.py" in first_line
    assert "return 1 / numbers" in caught.value.traceback
    record = runs(project.ledger, "winback")[-1]
    assert record.status == "failed"
    assert list(record.steps) == ["numbers"]

    with pytest.raises(ElementsFailed, match="failed for 1 of 6 elements"):
        run_here(project, {}, options=RunOptions(keep_going=True))
    told = []
    with pytest.raises(StepFailed):
        run_here(project, {}, progress=lambda *said: told.append(said))
    assert told[0][1] == 5  # all others are remembered


def test_large_results_of_elements_are_put_on_the_disk_by_the_runs_own_process(project_of, monkeypatch):
    """A worker goes on meanwhile; whoever hears that an element is done can rely on it."""
    lasting = []
    monkeypatch.setattr(FileObjects, "make_lasting", lambda self, digests: lasting.extend(digests))
    project = project_of(
        """
    @fc.step(timeout="60s")
    def large(numbers: fc.Each[int]) -> bytes: return os.urandom(100_000)
    """
    )
    record = run_here(project, {"many": 3})
    every = set(project.artifacts.each_object(record.steps["large"].artifact))

    assert set(lasting) == {digest for digest in every if project.artifacts.objects.path(digest)}
    assert len(lasting) == 3


def test_an_element_is_tried_again_elsewhere(project_of):
    project = project_of(
        """
    @fc.step(timeout="60s", retries=2)
    def flaky(numbers: fc.Each[int]) -> int:
        if tries(f"flaky-{numbers}") < 3:
            raise ConnectionError("not yet")
        return numbers
    """
    )
    record = run_here(project, {"many": 2})

    assert value(project, record, "flaky") == {"e0": 0, "e1": 1}
    assert (project.root / "flaky-0").stat().st_size == 3


def test_an_element_that_takes_too_long_is_ended_and_the_others_are_kept(project_of):
    project = project_of(
        """
    @fc.step(timeout="1s")
    def slow(numbers: fc.Each[int]) -> int:
        tries(f"slow-{numbers}")
        time.sleep(60 if numbers == 0 else 0.01)
        return numbers
    """
    )
    with pytest.raises(
        ElementsFailed, match=r"(?s)failed for 1 of 6 elements\n  e0: it took longer than 1 s"
    ):
        run_here(project, {}, options=RunOptions(keep_going=True))
    assert [(project.root / f"slow-{n}").stat().st_size for n in range(6)] == [1] * 6


def test_an_element_that_exits_fails_and_nothing_else(project_of):
    project = project_of(
        """
    import sys

    @fc.step(timeout="60s")
    def leaving(numbers: fc.Each[int]) -> int:
        if numbers == 2:
            sys.exit("enough")
        return numbers
    """
    )
    with pytest.raises(ElementsFailed, match=r"(?s)1 of 6 elements\n  e2: SystemExit: enough"):
        run_here(project, {}, options=RunOptions(keep_going=True))


DEADLY = """
    import signal

    @fc.step{declared}
    def risky(numbers: fc.Each[int]) -> int:
        tries(f"risky-{{numbers}}")
        time.sleep({pause})
        if numbers == {at}:
            {how}
        return numbers

    @fc.step
    def others(numbers: dict[str, int]) -> int: return os.getpid()
"""
ENDS = {
    "os._exit(3)": "it exited with 3",
    "os.kill(os.getpid(), signal.SIGKILL)": "signal 9: memory?",
    "os.kill(os.getpid(), signal.SIGSEGV)": "signal 11: Segmentation fault",
}


@pytest.mark.parametrize("at", [0, 4], ids=["first", "later"])
@pytest.mark.parametrize(("how", "words"), ENDS.items())
def test_an_element_that_ends_its_process_fails_and_all_else_is_made(project_of, how, words, at):
    alone = 1.5 * CHUNK_S  # what is handed over together is lost together, and made again
    project = project_of(DEADLY.format(declared='(memory="1MB")', how=how, at=at, pause=alone))
    listed = rf"(?s)failed for 1 of 6 elements\n  e{at}: it killed its worker \({re.escape(words)}\)"
    with pytest.raises(StepFailed) as caught:
        run_here(project, {}, options=RunOptions(keep_going=True))

    assert re.search(listed, str(caught.value))
    record = runs(project.ledger, "winback")[-1]
    assert record.status == "failed"
    assert value(project, record, "others") == os.getpid()  # a step that says nothing of memory
    tried = [(project.root / f"risky-{n}").stat().st_size for n in range(6)]
    assert tried == [(2 if "KILL" in how else 1) if n == at else 1 for n in range(6)]


@pytest.mark.parametrize(("how", "words"), ENDS.items())
def test_an_element_that_ended_a_worker_is_not_made_by_a_later_run_itself(project_of, how, words):
    """Where elements begin: the run would end without a word. This one only ends workers, so that we see.

    The run itself would take twelve seconds: workers are there long before it comes to the last.
    """
    how = f"""if os.getpid() != {os.getpid()}:
                {how}"""
    project = project_of(
        DEADLY.format(declared="", how=how, at=59, pause=f"0.2 * (os.getpid() == {os.getpid()})")
    )
    for _ in range(2):
        with pytest.raises(StepFailed, match="killed its worker") as caught:
            run_here(project, {"many": 60})
        assert words in str(caught.value)


def test_a_step_that_says_how_much_memory_it_takes_is_made_beside_the_run(project_of):
    project = project_of(
        """
    @fc.step(memory="1MB")
    def once(numbers: dict[str, int]) -> int: return os.getpid()

    @fc.step(memory="1MB")
    def each(numbers: fc.Each[int]) -> int: return os.getpid()
    """
    )
    record = run_here(project, {})

    assert os.getpid() not in {value(project, record, "once"), *value(project, record, "each").values()}


def test_a_run_keeps_its_workers_from_step_to_step_and_ends_them_at_its_end(project_of):
    project = project_of(
        """
    @fc.step(memory="1MB")
    def first(numbers: fc.Each[int]) -> int: return os.getpid()

    @fc.step(memory="1MB")
    def second(first: fc.Each[int]) -> int: return os.getpid()
    """
    )
    record = run_here(project, {"many": 30})
    first, second = (set(value(project, record, name).values()) for name in ("first", "second"))

    assert second <= first
    assert not any(map(lives, first))


def test_elements_kept_as_files_of_their_own_come_back_from_workers(project_of):
    project = project_of(
        """
    @fc.step(timeout="60s")
    def tables(numbers: fc.Each[int]) -> pl.DataFrame:
        return pl.DataFrame({"n": range(20_000)}) + numbers

    @fc.step(timeout="60s")
    def sums(tables: fc.Each[pl.DataFrame]) -> int: return tables["n"].sum()
    """
    )
    record = run_here(project, {})
    whole = sum(range(20_000))
    assert value(project, record, "sums") == {f"e{n}": whole + 20_000 * n for n in range(6)}
    assert record.steps["tables"].rows == 120_000

    project.objects.remove(project.artifacts.parts(record.steps["tables"].artifact).parts[3].object)
    again = run_here(project, {})
    assert (again.steps["tables"].made, again.steps["sums"].reused) == (1, True)


@pytest.mark.parametrize("each", [True, False], ids=["per element", "once"])
def test_an_input_that_is_damaged_is_computed_again_for_a_call_elsewhere(project_of, each):
    project = project_of(
        f"""
    @fc.step
    def tables(*, many: int = 3) -> {"list[pl.DataFrame]" if each else "pl.DataFrame"}:
        table = pl.DataFrame({{"n": range(20_000)}})
        return {"[table + n for n in range(many)]" if each else "table + many"}

    @fc.step(timeout="60s")
    def sums(tables: {"fc.Each[pl.DataFrame]" if each else "pl.DataFrame"}, *, n: int = 0) -> int:
        return tables["n"].sum() + n
    """
    )
    first = run_here(project, {})
    kept = first.steps["tables"].artifact
    kept = project.artifacts.parts(kept).parts[1] if each else kept
    path = project.objects.path(kept.object)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-100])

    again = run_here(project, {"n": 1})
    before, after = value(project, first, "sums"), value(project, again, "sums")
    assert after == ([one + 1 for one in before] if each else before + 1)
    assert "cannot be read" in again.steps["tables"].reason


def test_interrupting_a_run_ends_its_workers_without_a_word_of_theirs(tmp_path):
    root = pooled(tmp_path, pooled_shop.FLOW.replace("sleep(0.01)", "sleep(0.3)"))
    process = subprocess.Popen(
        [sys.executable, pooled_shop.__file__, root, "5"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not workers_of(root) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all of them
    _, said = process.communicate(timeout=30)

    assert said.count("Traceback") == 1  # of this script; the command line says it in a sentence
    assert not any(map(lives, workers_of(root)))
    assert runs(open_project(root).ledger, "winback")[-1].status == "interrupted"


@pytest.mark.slow
@pytest.mark.parametrize("where", ["", '(timeout="60s")'], ids=["here first", "elsewhere"])
def test_of_an_element_a_run_keeps_no_more_than_its_name_and_digests(project_of, where):
    """The elements are tiny: what grows is what the run itself keeps of them, some 2 kB of each."""
    project = project_of(
        f"""
    @fc.step{where}
    def doubled(numbers: fc.Each[int]) -> int: return numbers * 2
    """
    )

    def peak(many):
        command = [sys.executable, pooled_shop.__file__, project.root, "memory", str(many)]
        return int(subprocess.run(command, check=True, capture_output=True, text=True, timeout=200).stdout)

    assert peak(10_000) - peak(1_000) < 2_500 * 9_000
