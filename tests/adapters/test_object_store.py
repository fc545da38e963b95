"""The contract of an object store, kept by files and by the one in memory."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fullcycle.adapters.files import FileObjects
from fullcycle.kernel import Damaged, Invalid, Misconfigured, Missing, digest_bytes
from fullcycle.record import MemoryObjects, ObjectStore


@pytest.fixture(params=["memory", "files"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return MemoryObjects() if request.param == "memory" else FileObjects(tmp_path / "objects")


def test_bytes_come_back_under_the_digest_of_their_content(objects):
    digest = objects.put(b"hello")

    assert digest == digest_bytes(b"hello")
    assert objects.get(digest) == b"hello"
    assert objects.has(digest)


def test_what_was_never_put_is_missing(objects):
    digest = digest_bytes(b"never")

    assert not objects.has(digest)
    assert objects.path(digest) is None
    with pytest.raises(Missing, match=f"{digest[:12]}… is not there|there is no object {digest[:12]}…"):
        objects.get(digest)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=3000))
def test_putting_again_changes_nothing(objects, data):
    first = objects.put(data)

    assert objects.put(data) == first
    assert objects.get(first) == data


# Files


@pytest.fixture
def files(tmp_path: Path) -> FileObjects:
    return FileObjects(tmp_path / "objects")


def test_a_path_can_be_mapped_and_not_written(files):
    path = files.path(files.put(b"hello"))

    assert path is not None
    assert path.read_bytes() == b"hello"
    assert path.stat().st_mode & 0o222 == 0


def test_nothing_lies_beside_the_objects(files, tmp_path):
    digests = [files.put(bytes([n])) for n in range(20)]

    found = [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]
    assert sorted(path.parent.name + path.name for path in found) == sorted(digests)


@pytest.mark.parametrize("damage", [b"hellp", b"hell", b"hello ", b""])
def test_damage_is_found_on_reading_and_the_cure_works(files, damage):
    digest = files.put(b"hello")
    path = files.path(digest)
    path.chmod(0o644)
    path.write_bytes(damage)

    with pytest.raises(Damaged, match="is not what was stored") as caught:
        files.get(digest)
    command = caught.value.mend.partition("(")[2].partition(")")[0]
    subprocess.run(command, shell=True, check=True)
    assert not files.has(digest)
    files.put(b"hello")
    assert files.get(digest) == b"hello"


def test_half_a_file_of_a_killed_writer_is_never_read(files):
    digest = files.put(b"hello")
    path = files.path(digest)
    path.rename(path.with_name(f".{path.name}.0123.tmp"))

    assert not files.has(digest)
    with pytest.raises(Missing):
        files.get(digest)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "objects").write_bytes(b"a file where the folder should be")

    with pytest.raises(Misconfigured, match="nothing can be written there") as caught:
        FileObjects(tmp_path / "objects").put(b"hello")
    assert str(tmp_path / "objects") in caught.value.where


def test_a_full_disk_leaves_no_half_file(tmp_path):
    program = (
        "import resource, sys; from fullcycle.adapters.files import FileObjects\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: FileObjects(sys.argv[1]).put(b'x' * 5000)\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "o"], capture_output=True, text=True)

    assert done.stdout.startswith("Misconfigured nothing can be written there"), done.stderr
    assert [path for path in (tmp_path / "o").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "a" * 63])
def test_a_digest_that_is_none_reaches_no_file(files, digest):
    with pytest.raises(Invalid, match="is no digest"):
        files.get(digest)
    with pytest.raises(Invalid, match="64 hexadecimal characters"):
        files.has(digest)


def test_processes_that_store_the_same_bytes_store_them_once(files, tmp_path):
    program = (
        "import sys; from fullcycle.adapters.files import FileObjects\n"
        "for n in range(50): FileObjects(sys.argv[1]).put(bytes([n]) * 1000)\n"
    )
    command = [sys.executable, "-c", program, tmp_path / "objects"]
    children = [subprocess.Popen(command) for _ in range(2)]
    assert [child.wait(30) for child in children] == [0, 0]

    assert len([path for path in (tmp_path / "objects").rglob("*") if path.is_file()]) == 50
    assert all(files.get(digest_bytes(bytes([n]) * 1000)) == bytes([n]) * 1000 for n in range(50))
