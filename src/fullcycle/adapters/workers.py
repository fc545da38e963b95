"""The processes of a service's workers: started, reached by their number, weighed, ended."""

import os
import re
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_STATUS = Path("/proc")
_OWN = re.compile(rb"RssAnon:\s*(\d+) kB")


class ChildProcess:
    """A worker that this process started; it lives on when this process dies."""

    def __init__(self, command: list[str], listening: socket.socket) -> None:
        handle = listening.fileno()
        self._process = subprocess.Popen(
            [*command, str(handle)], pass_fds=(handle,), stdin=subprocess.DEVNULL, start_new_session=True
        )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def ended(self) -> str | None:
        """How it ended; None while it lives."""
        code = self._process.poll()
        if code is None:
            return None
        return f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"

    def send(self, number: int) -> None:
        """Send it a signal; nothing happens where it has ended."""
        self._process.send_signal(number)

    def memory(self) -> int | None:
        """Bytes that it holds in memory."""
        return memory_of(self.pid)


class OtherProcess:
    """A worker that another process started."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def ended(self) -> str | None:
        """That it ended; None while it lives."""
        return None if lives(self.pid) else "ended"

    def send(self, number: int) -> None:
        """Send it a signal; nothing happens where it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def memory(self) -> int | None:
        """Bytes that it holds in memory."""
        return memory_of(self.pid)


def lives(pid: int) -> bool:
    """Whether a process of this machine runs; one that ended and nobody has buried yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with suppress(OSError):
        told = (_STATUS / str(pid) / "stat").read_bytes()
        return told.rpartition(b")")[2].split()[:1] != [b"Z"]
    return True


def memory_of(pid: int) -> int | None:
    """Bytes that a process holds in memory; None where that cannot be known.

    Files that it maps, such as the index of a lookup, count where nothing tells them apart
    only: all workers share them, and they make room when memory is short.
    """
    if _STATUS.is_dir():
        with suppress(OSError):
            found = _OWN.search((_STATUS / str(pid) / "status").read_bytes())
            return int(found[1]) * 1024 if found else None
        return None
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return int(told.stdout) * 1024 if told.stdout.strip().isdigit() else None


def take_over(path: str, ask: Callable[[], None], *, wait_s: float = 3.0) -> socket.socket | None:
    """The listening socket that a worker hands over to the Unix socket at ``path``; None where none does."""
    with suppress(FileNotFoundError):
        os.unlink(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as waiting:
        waiting.bind(path)
        os.chmod(path, 0o600)
        waiting.listen(8)
        waiting.settimeout(wait_s)
        ask()
        try:
            line, _ = waiting.accept()
            with line:
                line.settimeout(wait_s)
                _, handles, _, _ = socket.recv_fds(line, 64, 1)
        except OSError:
            return None
        finally:
            os.unlink(path)
    return socket.socket(fileno=handles[0]) if handles else None
