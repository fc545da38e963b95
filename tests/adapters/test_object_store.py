"""The contract of an object store, kept by files and by the one in memory."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fullcycle.adapters.files import FileObjects
from fullcycle.kernel import Damaged, Invalid, Misconfigured, Missing, digest_bytes, now
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


# Files that are too big to be verified whenever they are read

NAME = "ab" + "0123456789abcdef" * 3 + "0123456789abcd"
NOON = 1_800_000_000 * 10**6


def placed(files, data=b"hello"):
    assert files.write(NAME, lambda path: path.write_bytes(data)) == len(data)
    return files.path(NAME)


def test_what_is_written_to_a_path_is_an_object_under_the_name_given(files, tmp_path):
    path = placed(files)

    assert path.read_bytes() == b"hello"
    assert path.stat().st_mode & 0o222 == 0
    assert [found for found in (tmp_path / "objects").rglob("*") if found.is_file()] == [path]


def test_what_is_there_is_not_written_again(files):
    placed(files)

    assert files.write(NAME, lambda path: pytest.fail("it is there")) == 5


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("no such form")])
def test_a_writer_that_fails_leaves_nothing(files, tmp_path, error):
    def write(path):
        path.write_bytes(b"half")
        raise error

    with pytest.raises(type(error)):
        files.write(NAME, write)
    assert [path for path in (tmp_path / "objects").rglob("*") if path.is_file()] == []


def test_a_file_is_sealed_until_something_writes_to_it(files):
    path = placed(files)
    assert files.is_sealed(NAME)

    path.chmod(0o644)
    path.write_bytes(b"hellp")

    assert not files.is_sealed(NAME)
    files.seal(NAME)
    assert files.is_sealed(NAME)


def watched(monkeypatch, name):
    """What is to be put on the disk from here on, in place of putting it there."""
    synced = []
    for module in ("durable", "files"):
        monkeypatch.setattr(f"fullcycle.adapters.{module}.{name}", synced.append)
    return synced


def test_a_file_that_need_not_last_is_verified_once_after_the_machine_was_started_anew(files, monkeypatch):
    synced = watched(monkeypatch, "sync_file")
    files.write(NAME, lambda path: path.write_bytes(b"hello"), lasting=False)
    assert synced == []
    assert files.is_sealed(NAME)

    monkeypatch.setattr("fullcycle.adapters.seals._machine_start", lambda: b"another start")
    assert not files.is_sealed(NAME)
    files.seal(NAME)  # it was verified
    assert files.is_sealed(NAME)
    monkeypatch.setattr("fullcycle.adapters.seals._machine_start", lambda: b"a third start")
    assert files.is_sealed(NAME)


def test_a_file_that_is_there_is_put_on_the_disk_once_it_has_to_last(files, monkeypatch):
    synced = watched(monkeypatch, "sync_file")
    files.write(NAME, lambda path: path.write_bytes(b"hello"), lasting=False)
    placed(files)
    assert synced == [files.path(NAME)]
    placed(files)
    assert synced == [files.path(NAME)]

    monkeypatch.setattr("fullcycle.adapters.seals._machine_start", lambda: b"another start")
    assert files.is_sealed(NAME)


def test_what_is_placed_is_on_the_disk_once_it_is_made_lasting_by_whomever(files, monkeypatch, tmp_path):
    synced = watched(monkeypatch, "sync_file")
    digest = files.place(b"hello")
    assert (files.get(digest), synced) == (b"hello", [])

    FileObjects(tmp_path / "objects").make_lasting([digest])
    assert synced == [files.path(digest)]


def test_what_was_placed_is_put_on_the_disk_where_it_is_stored_again(files, monkeypatch):
    digest = files.place(b"hello")
    synced = watched(monkeypatch, "sync_file")
    files.put(b"hello")
    assert synced == [files.path(digest)]


def test_what_is_gone_again_is_made_lasting_by_doing_nothing(files):
    digest = files.place(b"hello")
    files.remove(digest)
    files.make_lasting([digest])
    assert not files.has(digest)


def test_folders_are_made_together_with_one_wait_for_the_disk(files, monkeypatch, tmp_path):
    synced = watched(monkeypatch, "sync_folder")
    files.make_folders()
    assert len(list((tmp_path / "objects").iterdir())) == 256
    assert synced == [tmp_path, tmp_path / "objects"]  # the folder's own name, then those in it

    files.place(b"hello")
    assert len(synced) == 2


def test_where_no_start_can_be_told_from_another_every_file_is_put_on_the_disk(files, monkeypatch):
    synced = watched(monkeypatch, "sync_file")
    monkeypatch.setattr("fullcycle.adapters.seals._machine_start", lambda: b"")
    files.write(NAME, lambda path: path.write_bytes(b"hello"), lasting=False)

    assert len(synced) == 1
    assert files.is_sealed(NAME)


def test_a_copy_in_whole_seconds_is_not_sealed_and_an_absent_file_neither(files):
    path = placed(files)
    os.utime(path, ns=(0, path.stat().st_mtime_ns // 10**9 * 10**9))

    assert not files.is_sealed(NAME)
    assert not files.is_sealed(digest_bytes(b"never"))
    files.seal(digest_bytes(b"never"))


def test_every_object_is_listed_with_its_size_and_the_time_it_was_last_stored(files):
    path = placed(files)
    put = files.put(b"123")
    for one in (path, files.path(put)):
        os.utime(one, ns=(0, NOON * 1000 + one.stat().st_mtime_ns % 10**9))

    assert {(one.digest, one.size, one.at // 10**6) for one in files.stored()} == {
        (NAME, 5, NOON // 10**6),
        (put, 3, NOON // 10**6),
    }


def test_what_is_stored_again_counts_as_stored_now_and_keeps_its_seal(files):
    path = placed(files)
    long_ago = 10**9
    os.utime(path, ns=(0, long_ago * 10**9 + path.stat().st_mtime_ns % 10**9))

    placed(files)

    (stored,) = files.stored()
    assert abs(stored.at - now()) < 60 * 10**6
    assert files.is_sealed(NAME)


def test_an_object_that_is_removed_is_gone_and_may_be_removed_again(files):
    placed(files)

    files.remove(NAME)
    files.remove(NAME)

    assert not files.has(NAME)
    assert list(files.stored()) == []


def test_an_object_stored_again_meanwhile_is_not_removed(files):
    old, again = files.put(b"old"), files.put(b"again")
    for digest in (old, again):
        os.utime(files.path(digest), (1, 1))
    files.put(b"again")

    files.remove_all([old, again, digest_bytes(b"never")], before=1_000_000_000)
    assert (files.has(old), files.get(again)) == (False, b"again")


def test_storing_again_what_was_damaged_mends_it(files):
    digest = files.put(b"precious")
    path = files.path(digest)
    path.chmod(0o644)
    path.write_bytes(b"PRECIOUS")

    assert files.put(b"precious") == digest
    assert files.get(digest) == b"precious"


def test_only_what_killed_writers_left_long_ago_is_swept(files):
    path = placed(files)
    old, young = (path.with_name(f".{path.name}.{n}.tmp") for n in range(2))
    for leftover in (old, young):
        leftover.write_bytes(b"half")
    os.utime(old, (0, 10**9))

    assert files.leftovers(before=10**15 + 1) == [(old, 4)]
    assert files.sweep(before=10**15 + 1) == 4
    assert (old.exists(), young.exists(), files.has(NAME)) == (False, True, True)
    assert [stored.digest for stored in files.stored()] == [NAME]


@pytest.mark.parametrize("role", ["put", "write"])
def test_a_table_on_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path, role):
    program = (
        "import resource, sys, polars as pl; from functools import partial\n"
        "from fullcycle.adapters.files import FileObjects; from fullcycle.data import FrameCodec\n"
        "frame, codec, files = pl.DataFrame({'a': range(9_000)}), FrameCodec(), FileObjects(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))\n"
        "try:\n"
        "    if sys.argv[2] == 'put': files.put(codec.encode(frame))\n"
        "    else: files.write('a' * 64, partial(codec.write, frame))\n"
        "except Exception as error: print(type(error).__name__, error.what)\n"
    )
    command = [sys.executable, "-c", program, tmp_path / "o", role]
    done = subprocess.run(command, capture_output=True, text=True)

    assert done.stdout == "Misconfigured nothing can be written there: File too large\n", done.stderr
    assert [path for path in (tmp_path / "o").rglob("*") if path.is_file()] == []


def test_a_writer_whose_disk_fills_up_says_so_once(files, tmp_path):
    def write(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(Misconfigured, match="No space left on device") as caught:
        files.write(NAME, write)
    assert "room" in caught.value.mend
    assert str(tmp_path / "objects") in caught.value.where
    assert files.write(NAME, lambda path: path.write_bytes(b"hello")) == 5
