"""fullcycle.code.stamps: a large file is read again wherever it may be another one."""

import os
import time

import pytest

from fullcycle.code import stamps
from fullcycle.code.stamps import Stamps
from fullcycle.kernel import digest_bytes

OLD = 1_600_000_000


@pytest.fixture
def reads(monkeypatch):
    """The names of files that were really read."""
    names = []
    real = stamps._digested
    monkeypatch.setattr(stamps, "_digested", lambda name: names.append(name) or real(name))
    return names


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "rates.parquet"
    path.write_bytes(b"1234")
    return path


def calm(monkeypatch) -> None:
    """Let the clock stand a minute later, as if the file had been left alone for that long."""
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 60_000_000_000)


def test_a_file_left_alone_is_read_once(file, reads, monkeypatch, tmp_path):
    calm(monkeypatch)

    first = Stamps(tmp_path / "cache").digest(file)

    assert Stamps(tmp_path / "cache").digest(file) == first == digest_bytes(b"1234")
    assert len(reads) == 1


def test_without_a_folder_it_is_read_once_per_process(file, reads, monkeypatch):
    calm(monkeypatch)
    kept = Stamps(None)

    assert kept.digest(file) == kept.digest(file)
    assert len(reads) == 1


def test_a_file_written_just_now_is_read_every_time(file, reads):
    kept = Stamps(None)
    kept.digest(file)
    kept.digest(file)

    assert len(reads) == 2


def test_an_edit_of_the_same_size_within_the_same_second_is_seen(file, tmp_path):
    kept = Stamps(tmp_path / "cache")
    before = kept.digest(file)
    times = os.stat(file)
    file.write_bytes(b"4321")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert kept.digest(file) == digest_bytes(b"4321") != before


def test_a_time_set_back_is_seen(file, monkeypatch, tmp_path):
    os.utime(file, (OLD, OLD))
    calm(monkeypatch)
    before = Stamps(tmp_path / "cache").digest(file)
    file.write_bytes(b"4321")
    os.utime(file, (OLD, OLD))

    assert Stamps(tmp_path / "cache").digest(file) != before


def test_another_file_put_in_its_place_is_seen(file, monkeypatch, tmp_path):
    os.utime(file, (OLD, OLD))
    calm(monkeypatch)
    before = Stamps(tmp_path / "cache").digest(file)
    other = file.with_name("other")
    other.write_bytes(b"4321")
    os.utime(other, (OLD, OLD))
    os.replace(other, file)

    assert Stamps(tmp_path / "cache").digest(file) != before


def test_a_file_from_a_clock_that_is_ahead_is_read_every_time(file, reads, monkeypatch):
    calm(monkeypatch)
    ahead = time.time() + 3600
    os.utime(file, (ahead, ahead))
    kept = Stamps(None)
    kept.digest(file)
    kept.digest(file)

    assert len(reads) == 2


def test_a_file_that_changes_while_it_is_read_does_not_count_as_known(file, reads, monkeypatch, tmp_path):
    calm(monkeypatch)
    real = stamps.blake3

    class Slow:
        def __init__(self):
            self.hasher = real()

        def update(self, data):
            self.hasher.update(data)
            file.write_bytes(b"56789")

        def hexdigest(self):
            return self.hasher.hexdigest()

    monkeypatch.setattr(stamps, "blake3", Slow)
    Stamps(tmp_path / "cache").digest(file)
    monkeypatch.setattr(stamps, "blake3", real)

    assert Stamps(tmp_path / "cache").digest(file) == digest_bytes(b"56789")


@pytest.mark.parametrize("broken", [b"", b"{", b'["x", []]', b"null", b"\xff\xfe"])
def test_a_broken_entry_is_ignored(file, monkeypatch, tmp_path, broken):
    calm(monkeypatch)
    Stamps(tmp_path / "cache").digest(file)
    (entry,) = (tmp_path / "cache").iterdir()
    entry.write_bytes(broken)

    assert Stamps(tmp_path / "cache").digest(file) == digest_bytes(b"1234")


def test_an_entry_with_a_flipped_digit_is_ignored(file, monkeypatch, tmp_path):
    calm(monkeypatch)
    right = Stamps(tmp_path / "cache").digest(file)
    (entry,) = (tmp_path / "cache").iterdir()
    text = entry.read_text()
    at = text.index(right)
    entry.write_text(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :])

    assert Stamps(tmp_path / "cache").digest(file) == right


def test_a_folder_that_cannot_be_written_only_costs_time(file, tmp_path):
    (tmp_path / "cache").write_text("in the way")

    assert Stamps(tmp_path / "cache").digest(file) == digest_bytes(b"1234")
