"""Kill real processes at random moments: python killing.py MODULE:FUNCTION FOLDER TIMES SEED LONGEST.

A parent imports the work once and forks a child per round; the child works for ever and
tells what was acknowledged; the parent kills it with SIGKILL at a random moment: in every
other round counted from its start, else from the first that it tells. So two hundred
kills take seconds, and each is as sudden as any. Where ``longest`` is 0, the moment is the
child's: each is killed once it tells something.
"""

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

Tell = Callable[[str], None]
Work = Callable[[Path, Tell], None]


def killed(work: str, folder: Path, *, times: int = 50, seed: int = 7, longest: float = 0.05) -> list[str]:
    """Do ``work`` in children killed within ``longest`` seconds; return what they told before."""
    command = [sys.executable, __file__, work, str(folder), str(times), str(seed), str(longest)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise ChildProcessError(done.stderr)
    told: list[str] = json.loads(done.stdout)
    return told


def _main(work: str, folder: str, times: str, seed: str, longest: str) -> None:
    module, _, name = work.partition(":")
    function: Work = getattr(import_module(module), name)
    prepare = getattr(import_module(module), "prepare", lambda: None)  # in the parent, before each round
    moments, told = random.Random(int(seed)), []
    for n in range(int(times)):
        prepare()
        told += _round(
            function,
            Path(folder),
            moments.uniform(0, float(longest)),
            from_start=n % 2 == 0 and float(longest) > 0,
        )
    print(json.dumps(told))


def _round(work: Work, folder: Path, seconds: float, *, from_start: bool) -> list[str]:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            work(folder, lambda text: _say(writing, text))
        finally:
            traceback.print_exc()
            os._exit(1)  # it works for ever: whoever comes here failed
    os.close(writing)
    if not from_start:
        said = select.poll()  # a test session may hold more files than select can name
        said.register(reading, select.POLLIN)
        said.poll(20_000)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    with open(reading, "rb") as pipe:
        lines = pipe.read().split(b"\n")[:-1]  # what follows the last line feed was half told
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        raise ChildProcessError("the work failed by itself; its traceback is above")
    return [line.decode() for line in lines]


def _say(handle: int, text: str) -> None:
    os.write(handle, text.encode() + b"\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
