"""fullcycle.serve.assessment: what a release takes, measured in a process of its own."""

import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

import served_shop
from fullcycle.adapters.files import FileObjects
from fullcycle.adapters.segments import read_decisions
from fullcycle.kernel import Refused
from fullcycle.release import Assessment, keep_golden, keep_manifest
from fullcycle.serve import assess_here

CHILD = """
import sys
from pathlib import Path
from served_process import HEAVY, stager
from fullcycle.serve import assess_here
import msgspec
found = assess_here(stager(Path(sys.argv[1])), sys.argv[2], began=float(sys.argv[3]), requests=600)
print(msgspec.json.encode([found, [name for name in HEAVY if name in sys.modules]]).decode())
"""


@pytest.fixture
def record(tmp_path):
    objects = FileObjects(tmp_path / "artifacts")
    return tmp_path, objects, served_shop.manifest(objects, served_shop.write_shop(tmp_path))


def test_a_release_is_measured_in_a_fresh_process_without_any_table_library(record):
    folder, objects, manifest = record
    digest = keep_manifest(objects, manifest)

    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder), digest, str(time.time())],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )

    found, heavy = msgspec.json.decode(done.stdout, type=tuple[Assessment, list[str]])
    assert heavy == []
    assert found.requests == 600
    assert 0 < found.p50_s <= found.p99_s < 0.1
    assert found.cpu_s is not None
    assert 0 < found.cpu_s < 0.01
    assert 0.01 < found.start_s < 10
    assert 15e6 < found.memory_bytes < 150e6
    assert len(list(read_decisions(folder / "events"))) == 600 + 200 + 1  # each was logged: warm-up, first


def test_a_release_that_does_not_reproduce_its_golden_rows_is_not_measured(record):
    from served_process import stager

    folder, objects, manifest = record
    unproven = msgspec.structs.replace(manifest, golden=keep_golden(objects, []))

    with pytest.raises(Refused, match="has no golden rows"):
        assess_here(stager(folder), keep_manifest(objects, unproven), began=time.time(), requests=10)
