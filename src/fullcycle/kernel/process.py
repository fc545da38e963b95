"""Which process is at work, told so that another one can find out later whether it still is.

A process's number is given again to others, and counts only on its own machine, since that
was started, and within its container. So a process is known by all of these, and by when it
began.
"""

import os
from functools import cache
from pathlib import Path

import msgspec

_PROC = Path("/proc")
_ENDED = "ZXx"  # states of what has ended, and was not waited for yet


class Process(msgspec.Struct, frozen=True):
    """A process of some machine; empty is what the system does not tell."""

    host: str
    pid: int
    began: str = ""  # as the system counts it; only good for being compared
    space: str = ""  # where ``pid`` counts: the machine since it was started, the container


def this_process() -> Process:
    """The process that asks."""
    pid = os.getpid()
    return Process(os.uname().nodename, pid, _began(pid) or "", _space())


def lives(process: Process, heard: int) -> bool | None:
    """Whether a process is still there; None where that cannot be told from here.

    ``heard`` is when it gave its last sign, in microseconds since 1970 UTC: what was silent
    since before this machine was started did not survive that.
    """
    same_host = process.host == os.uname().nodename
    if process.space == _space() and (process.space or same_host):
        began = _began(process.pid)
        return began == process.began if began is not None and process.began else None
    return False if same_host and heard < _started() else None


def _began(pid: int) -> str | None:
    """When a process began, as the system counts; empty where there is none, None where nobody tells."""
    try:
        told = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return _asked(pid)
    state, *numbers = told.rpartition(")")[2].split()  # its name may hold anything
    return "" if state in _ENDED else numbers[18]  # the 22nd of all: clock ticks from the start


def _asked(pid: int) -> str | None:
    """The same without a file that tells it: for other systems, and what is not to be seen."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return ""
    except PermissionError:  # somebody else's
        pass
    return None if (_PROC / "self").exists() else _by_ps(pid)


def _by_ps(pid: int) -> str | None:
    import subprocess  # all that fullcycle does would wait for it, and few systems need it

    command = ["ps", "-o", "stat=", "-o", "lstart=", "-p", str(pid)]
    plain = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    try:
        told = subprocess.run(command, env=plain, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    state, _, began = told.stdout.strip().partition(" ")
    return "" if state[:1] in _ENDED else " ".join(began.split())


@cache
def _space() -> str:
    """This start of the machine and this container; empty on systems that do not tell."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink(_PROC / 'self/ns/pid')}"
    except OSError:
        return ""


def _started() -> int:
    """When this machine was started, in microseconds since 1970 UTC; 0 where it does not tell."""
    try:
        lines = (_PROC / "stat").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1_000_000 for line in lines if line.startswith("btime ")), 0)
