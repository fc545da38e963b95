"""Trying a release before it goes out: its own tests, and its speed in a process of its own."""

import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from importlib.util import find_spec
from pathlib import Path

import msgspec

from fullcycle.code import Archive, unpack
from fullcycle.kernel import Digest, Misconfigured, Refused
from fullcycle.release import Assessment, Imported, TestResult
from fullcycle.wiring.project import Project

_TAIL = 2_000  # characters of pytest's output that are kept
_TESTS_S = 600
_ASSESS_S = 120

_IMPORT = """
import importlib, sys, time
from fullcycle.kernel import peak_memory
before, began = peak_memory(), time.perf_counter()
importlib.import_module(sys.argv[1])
print([time.perf_counter() - began, peak_memory() - before])
"""


def run_tests(archive: Archive, capability: str) -> TestResult:
    """Run a capability's tests on the files of the archive, in a process and folder of their own.

    Raises:
        Misconfigured: where pytest is not installed, or the tests do not come to an end.
    """
    if find_spec("pytest") is None:
        raise Misconfigured("pytest is not installed", "the gate tests", "python -m pip install pytest")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as folder:
        unpack(archive, Path(folder))
        report = Path(folder) / "report.xml"
        options = ["-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
        command = [sys.executable, "-m", "pytest", *options, f"{archive.package}/{capability}"]
        try:
            ran = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=_TESTS_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise Misconfigured(
                f"the tests of {capability} take longer than {_TESTS_S} s", capability, "make them shorter"
            ) from error
        counts = _counts(report)
    failed = counts["failures"] + counts["errors"]
    return TestResult(
        passed=counts["tests"] - failed - counts["skipped"],
        failed=max(failed, 1) if ran.returncode not in (0, 5) else failed,
        skipped=counts["skipped"],
        seconds=time.perf_counter() - began,
        tail=(ran.stdout + ran.stderr)[-_TAIL:],
    )


def _counts(report: Path) -> dict[str, int]:
    counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    if report.exists():
        for suite in ET.parse(report).iter("testsuite"):
            for name in counts:
                counts[name] += int(suite.get(name, 0))
    return counts


def assess(project: Project, environment: str, manifest: Digest) -> Assessment:
    """Measure a release in a process of its own.

    Raises:
        Refused: where it does not reproduce its golden rows there, or cannot be loaded.
    """
    project.ledger.append_all([])  # the process reads what is only attached so far
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as log:
        command = [sys.executable, "-m", "fullcycle.wiring", "assess"]
        arguments = [str(project.root), environment, manifest, log, repr(time.time())]
        ran = subprocess.run(
            [*command, *arguments], capture_output=True, text=True, timeout=_ASSESS_S, check=False
        )
    if ran.returncode:
        raise Refused(
            ran.stderr.strip()[-_TAIL:], "the release, started in a process of its own", "see above"
        )
    found = msgspec.json.decode(ran.stdout, type=Assessment)
    if found.imports is None or not found.imports.heavy:
        return found
    told = msgspec.structs.replace(found.imports, heavy=tuple(map(_costed, found.imports.heavy)))
    return msgspec.structs.replace(found, imports=told)


def _costed(one: Imported) -> Imported:
    """With what importing it costs a process that has imported nothing else."""
    ran = subprocess.run(
        [sys.executable, "-c", _IMPORT, one.module],
        capture_output=True,
        text=True,
        timeout=_ASSESS_S,
        check=False,
    )
    if ran.returncode:
        return one
    seconds, size = msgspec.json.decode(ran.stdout, type=tuple[float, int])
    return msgspec.structs.replace(one, seconds=seconds, memory_bytes=size)
