"""``fullcycle`` at a terminal, in the current project; and what its record holds."""

import os
import pty
import subprocess
import sys
from pathlib import Path

from fullcycle.wiring import open_project

EACH = """

@fc.step
def names() -> dict[str, int]:
    return {"a/1": 1, "b": 2, "c": 3}


@fc.step
def shares(names: fc.Each[int]) -> float:
    return 6 / names
"""


def everything() -> tuple:
    """All facts and objects of the record, to be compared."""
    project = open_project()
    return project.ledger.heads(), sorted(project.objects.stored())


def with_elements():
    """Let the flow have a step that is called once per element."""
    flow = Path("winback/flow.py")
    flow.write_text(flow.read_text() + EACH)


def at_terminal(*arguments: str, typed: str = "", **environment: str) -> str:
    """What ``fullcycle`` shows at a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "fullcycle.cli", *arguments],
        stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120", **environment},
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, typed.encode())
    shown = b""
    while True:
        try:
            data = os.read(ours, 4096)
        except OSError:  # Linux says so at the end
            break
        if not data:
            break
        shown += data
    process.wait(timeout=60)
    os.close(ours)
    return shown.decode()
