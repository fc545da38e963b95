"""The example as a user's project on disk, played up to a stage once per session and copied per test."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fullcycle.cli import fullcycle
from fullcycle.cli.group import status_of
from shop_scripts import script

LIVE = 1_200  # clients in the traffic of `played`
_STAGES: dict[str, Path] = {}


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its one JSON object."""
        return json.loads(self.out)

    @property
    def jsons(self) -> list[Any]:
        """Its JSON objects, one per line."""
        return [json.loads(line) for line in self.out.splitlines()]


Typed = Callable[[str], Said]


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Typed:
    """Types a command line in this process: ``typed("fullcycle runs winback")``."""

    def run(line: str) -> Said:
        program, *arguments = shlex.split(line)
        assert program == "fullcycle"
        capsys.readouterr()
        code = status_of(fullcycle, arguments)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return run


@pytest.fixture
def shop(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the example with one run, released as v1 and deployed to prod; it is the current folder."""
    return _copied(deployed(tmp_path_factory), tmp_path, monkeypatch)


@pytest.fixture
def played(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same after ``LIVE`` clients were decided for over HTTP."""
    return _copied(decided(tmp_path_factory), tmp_path, monkeypatch)


@pytest.fixture
def revised(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The same as ``shop`` with a v2 of other code: no e-mail, and an experiment of 14 days, by channel."""
    return _copied(released_twice(tmp_path_factory), tmp_path, monkeypatch)


def deployed(folders: pytest.TempPathFactory) -> Path:
    """The folder of the project that ``shop`` copies; not to be changed."""

    def make(folder: Path) -> Path:
        root = folder / "shop"
        _all_well(folder, "new shop --example winback")
        script("load").load(root / "warehouse.duckdb", datetime.now(UTC).date())
        _all_well(root, "run winback -m first", "release winback@1 -m first")
        _all_well(root, "deploy winback@v1 --to prod -m begin")
        return root

    return _stage("deployed", folders, make)


def decided(folders: pytest.TempPathFactory) -> Path:
    """The folder of the project that ``played`` copies; not to be changed."""

    def make(folder: Path) -> Path:
        root = Path(shutil.copytree(deployed(folders), folder / "shop"))
        _all_well(root, "experiment design winback")
        with serving(root) as url:
            script("replay").replay(root / "warehouse.duckdb", url, LIVE)
        return root

    return _stage("decided", folders, make)


def released_twice(folders: pytest.TempPathFactory) -> Path:
    """The folder of the project that ``revised`` copies; not to be changed."""

    def make(folder: Path) -> Path:
        root = Path(shutil.copytree(deployed(folders), folder / "shop"))
        chosen = "max(CAMPAIGNS, key=lambda campaign: visit.predict(traits(client, campaign)))"
        rewrite(root / "winback/service.py", chosen, '"No E-Mail"')
        rewrite(root / "winback/experiment.py", "days=28", 'days=14, segments=["channel"]')
        rewrite(root / "winback/test_winback.py", "def test_a_client_gets", "def a_client_got")
        _all_well(root, "run winback -m 'no e-mail'", "release winback@2 -m 'no e-mail'")
        return root

    return _stage("released twice", folders, make)


@contextmanager
def serving(root: Path, ref: str = "winback@prod") -> Iterator[str]:
    """``fullcycle serve`` in a process of its own, on a port that is free; gives its address."""
    server = process(root, "serve", ref, "--port", "0")
    try:
        yield address(server)
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate()


def process(root: Path, *arguments: str) -> subprocess.Popen[str]:
    """``fullcycle`` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "fullcycle.cli", *arguments],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def address(server: subprocess.Popen[str]) -> str:
    """Where a service that was just started answers, once it does."""
    assert server.stdout is not None
    for line in server.stdout:
        if " answers at " in line:
            return line.split()[-1]
    raise RuntimeError(server.communicate()[1])


def rewrite(path: str | Path, old: str, new: str) -> None:
    """Edit a file of the current project as a user would; what is replaced has to be there."""
    file = Path(path)
    text = file.read_text()
    assert old in text, f"{old!r} is not in {path}"
    file.write_text(text.replace(old, new))


def _all_well(folder: Path, *lines: str) -> None:
    before = Path.cwd()
    os.chdir(folder)
    try:
        for line in lines:
            code = status_of(fullcycle, shlex.split(line))
            assert code == 0, f"{line} ended with {code}"
    finally:
        os.chdir(before)


def _stage(name: str, folders: pytest.TempPathFactory, make: Callable[[Path], Path]) -> Path:
    """One folder per session, whichever test asks first."""
    if name not in _STAGES:
        _STAGES[name] = make(folders.mktemp(name))
    return _STAGES[name]


def _copied(source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = Path(shutil.copytree(source, folder / "shop"))
    monkeypatch.chdir(root)
    return root
