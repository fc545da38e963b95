"""What the workers of the pool's tests do: each call says it in its parameters."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from fullcycle.adapters.crew import ProcessCrew
from fullcycle.adapters.processes import Work
from fullcycle.flow import Answer, Call, Limits, Made, StepFailed
from fullcycle.kernel import Misconfigured
from fullcycle.record import Artifact

_BEGUN: list[str] = []


class Unsendable(Exception):
    """Cannot be made again from what it says of itself."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


def crew_of(
    workers: int,
    folder: str = "",
    *,
    begins: str = "well",
    lasting: Callable[[Sequence[str]], None] = lambda placed: None,
) -> ProcessCrew:
    """A crew that does what its calls say."""
    return ProcessCrew(Work(begin, (folder, begins), make, (), lasting), workers, threads=1)


def calls(*does: str) -> list[Call]:
    """Calls that do this, one each, such as ``"sleep 0.1"``."""
    return [Call(n, "winback@1", "step", f"n{n}", {}, {"do": do}) for n, do in enumerate(does)]


def begin(folder: str, begins: str) -> None:
    if begins == "refuse":
        raise Misconfigured("it cannot begin", "here", "mend it")
    if begins == "die":
        os._exit(3)
    _BEGUN.append(folder)


def make(todo: Sequence[Call]) -> list[Answer]:
    return [_make(call) for call in todo]


def _make(call: Call) -> Answer:
    did, _, rest = call.parameters["do"].partition(" ")
    folder = Path(_BEGUN[0] or ".")
    if did == "sleep":
        time.sleep(float(rest))
    elif did == "die" or (did == "die-once" and _tries(folder, call) == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    elif did == "exit" or (did == "exit-until" and _tries(folder, call) < int(rest)):
        os._exit(_noted(folder, call, did, int(rest)))
    elif did == "signal":
        _noted(folder, call, did, 0)
        os.kill(os.getpid(), int(rest))
    elif did == "fail" or (did == "fail-until" and _tries(folder, call) < int(rest)):
        return Answer(call.number, error=StepFailed("step failed", "there", "mend it", "its traceback"))
    elif did == "unsendable":
        return Answer(call.number, error=Unsendable("a", "b"))
    elif did == "say":
        return Answer(call.number, _made(call, peak=os.getpid()), [rest.encode()])
    elif did == "place":
        return Answer(call.number, _made(call), placed=[rest])
    elif did == "environment":
        return Answer(call.number, _made(call), [os.environ.get(rest, "").encode()])
    if _BEGUN[0]:
        _tries(folder, call)
    return Answer(call.number, _made(call, peak=os.getpid()))


def _made(call: Call, peak: int = 0) -> Made:
    return Made(Artifact(str(call.number), "", "", 0), None, 0.0, 0.0, peak)


def _noted(folder: Path, call: Call, did: str, code: int) -> int:
    """``code``; that the call was made is noted unless that was done before."""
    if not did.endswith("-until"):
        _tries(folder, call)
    return code


def _tries(folder: Path, call: Call) -> int:
    """How often a call was made, this time counted."""
    with (folder / f"tries-{call.number}").open("a") as file:
        file.write(".")
        return file.tell()


def tried(folder: Path, number: int) -> int:
    """How often a call was made."""
    path = folder / f"tries-{number}"
    return path.stat().st_size if path.exists() else 0


def lives(pid: int) -> bool:
    """Whether a process runs."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def orphaned(workers: int) -> tuple["subprocess.Popen[str]", list[int]]:
    """A process of its own with a crew that is busy, and the ids of its workers."""
    process = subprocess.Popen(
        [sys.executable, __file__, str(workers)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    return process, [int(pid) for pid in process.stdout.readline().split()]


if __name__ == "__main__":
    import pool_work

    count = int(sys.argv[1])
    crew = pool_work.crew_of(count)
    pids: set[int] = set()
    while len(pids) < count:
        told = crew.make(pool_work.calls(*["say x"] * 2 * count, *["sleep 0.01"] * count), Limits(count))
        pids |= {answer.made.peak_memory for answer in told if answer.made}
    print(*pids, flush=True)
    list(crew.make(pool_work.calls(*["sleep 1000"] * count), Limits(count)))
