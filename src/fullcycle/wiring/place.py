"""Where a host's supervisor and workers meet: files of one run, in ``.fullcycle/run``."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fullcycle.kernel import Misconfigured, Refused, digest_bytes
from fullcycle.wiring.project import Project

_LONGEST_PATH = 100  # bytes; systems allow some 104 to 108


@dataclass(frozen=True, slots=True)
class Place:
    """Where a host's files are: they hold nothing that must last."""

    folder: Path
    name: str

    @classmethod
    def of(cls, project: Project, capability: str, environment: str, host: str) -> "Place":
        """The place of a host of this project on this machine."""
        return cls(project.root / ".fullcycle" / "run", f"{capability}@{environment}~{host}")

    @property
    def page(self) -> Path:
        """The shared page of memory."""
        return self.folder / f"{self.name}.page"

    @property
    def keys(self) -> Path:
        """What the workers answered recent keys; it stays for the next service of this host."""
        return self.folder / f"{self.name}.keys"

    @property
    def control(self) -> str:
        """The Unix socket on which workers greet their supervisor."""
        path = str(self.folder / f"{self.name}.sock")
        if len(path.encode()) <= _LONGEST_PATH:
            return path
        short = Path(tempfile.gettempdir()) / f"fullcycle-{os.getuid()}"
        short.mkdir(mode=0o700, exist_ok=True)
        if short.stat().st_uid != os.getuid() or short.stat().st_mode & 0o077:
            raise Misconfigured(
                "others may write where workers and supervisor would meet",
                str(short),
                "remove that folder, or move the project to a shorter path",
            )
        return str(short / f"{digest_bytes(path.encode())[:16]}.sock")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the one supervisor of this place; a killed one's claim is gone with it.

        Raises:
            Refused: where another is at work.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder / f"{self.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                other = os.pread(handle, 32, 0).decode().strip()
                raise Refused(
                    f"process {other} serves that here already",
                    self.name,
                    f"stop it first: kill {other}; or give this one a name of its own: --host-name",
                ) from None
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(handle)
