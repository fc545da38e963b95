"""README, tutorial and how-to, typed as they stand: each block runs where the one before it left off.

Two things are made smaller for a test: the tutorial's replay sends 4,000 clients instead of all, and the
service listens on a port that is free.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from docs_snippets import Command, Snippet, missing, snippets

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
TUTORIAL = ROOT / "docs" / "tutorial" / "winback.md"
HOWTO = ROOT / "docs" / "howto" / "your-own-capability.md"
COMPARE = ROOT / "docs" / "howto" / "compare-runs.md"
CODEC = ROOT / "docs" / "howto" / "codec.md"
ASSIGN = ROOT / "docs" / "howto" / "assign.md"
HUNDRED = ROOT / "docs" / "howto" / "hundred-models.md"
POINT_IN_TIME = ROOT / "docs" / "howto" / "point-in-time.md"
GRID = ROOT / "docs" / "howto" / "grid.md"
REPLAY = ROOT / "docs" / "howto" / "replay.md"
ITERATE = ROOT / "docs" / "howto" / "iterate-fast.md"
EVENTS = ROOT / "docs" / "howto" / "events.md"
SPACE = ROOT / "docs" / "howto" / "free-space.md"
BANDITS = ROOT / "docs" / "howto" / "bandits.md"
BATCH = ROOT / "docs" / "howto" / "batch.md"
LOOKUPS = ROOT / "docs" / "howto" / "lookups.md"
DESIGN = ROOT / "docs" / "howto" / "design-an-experiment.md"
METRICS = ROOT / "docs" / "howto" / "metrics.md"
OFF_POLICY = ROOT / "docs" / "howto" / "off-policy.md"
READ = ROOT / "docs" / "howto" / "read-an-experiment.md"
RELEASE = ROOT / "docs" / "howto" / "release.md"
SECURE = ROOT / "docs" / "howto" / "secure-service.md"
SERVE = ROOT / "docs" / "howto" / "serve.md"
SERVE_MODELS = ROOT / "docs" / "howto" / "serve-models.md"
TRY = ROOT / "docs" / "howto" / "try-and-explain.md"
VALUE = ROOT / "docs" / "howto" / "value.md"
PAGES = (
    README,
    TUTORIAL,
    HOWTO,
    POINT_IN_TIME,
    CODEC,
    COMPARE,
    HUNDRED,
    GRID,
    REPLAY,
    ITERATE,
    SPACE,
    BANDITS,
    BATCH,
    EVENTS,
    LOOKUPS,
    ASSIGN,
    DESIGN,
    METRICS,
    OFF_POLICY,
    READ,
    RELEASE,
    SECURE,
    SERVE,
    SERVE_MODELS,
    TRY,
    VALUE,
)
SHORTER = {"python replay.py": "python replay.py --limit 4000"}
PORT = "8765"


class Reader:
    """Somebody at a terminal who types what the page says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = str(_free_port())
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        self._environment = {**os.environ, "PATH": path, "NO_COLOR": "1", "COLUMNS": "120"}
        self._background: list[subprocess.Popen[bytes]] = []

    def follow(self, snippet: Snippet) -> None:
        for command in snippet.commands:
            if snippet.language == "python":
                (self._folder / "snippet.py").write_text(command.text.replace(PORT, self._port))
                self._run(Command("python snippet.py", ()), snippet)
            elif command.text.startswith("cd "):
                self._folder /= command.text.removeprefix("cd ")
                assert self._folder.is_dir(), f"{snippet.where}: there is no {self._folder.name}"
                self._move_the_service_to_a_free_port()
            elif snippet.how == "background":
                self._start(command, snippet)
            else:
                self._run(command, snippet)

    def _run(self, command: Command, snippet: Snippet) -> None:
        text = SHORTER.get(command.text, command.text).replace(PORT, self._port)
        done = subprocess.run(
            ["bash", "-c", text],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        told = f"{snippet.where}: $ {text}\n{done.stdout}"
        assert done.returncode == snippet.exit_code, told
        if snippet.how == "check":
            assert missing(command.shown, done.stdout) is None, told

    def _start(self, command: Command, snippet: Snippet) -> None:
        text = command.text.replace(PORT, self._port)
        with (self._folder / "service.log").open("wb") as log:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {text}"],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._background.append(process)
        until = time.monotonic() + 60
        while not self._ready():
            said = (self._folder / "service.log").read_text()
            assert process.poll() is None, f"{snippet.where}: $ {text}\n{said}"
            assert time.monotonic() < until, f"{snippet.where}: not ready after a minute\n{said}"
            time.sleep(0.1)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _move_the_service_to_a_free_port(self) -> None:
        for script in (self._folder / "replay.py", self._folder / "visitors.py"):
            if script.exists():
                script.write_text(script.read_text().replace(PORT, self._port))

    def leave(self) -> None:
        for process in self._background:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


@contextmanager
def reader(folder: Path) -> Iterator[Reader]:
    one = Reader(folder)
    try:
        yield one
    finally:
        one.leave()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.mark.slow
@pytest.mark.parametrize("document", PAGES, ids=lambda path: path.stem)
def test_a_reader_who_types_what_the_page_says_gets_what_it_says(document: Path, tmp_path: Path) -> None:
    with reader(tmp_path) as somebody:
        for snippet in snippets(document):
            if snippet.runs:
                somebody.follow(snippet)


@pytest.mark.parametrize("document", PAGES, ids=lambda path: path.stem)
def test_a_block_that_is_not_run_says_why(document: Path) -> None:
    for snippet in snippets(document):
        assert snippet.runs or snippet.how.startswith("no, "), snippet.where
