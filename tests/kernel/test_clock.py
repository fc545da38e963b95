"""fullcycle.kernel.clock: microseconds, durations, UUIDs that sort."""

import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel import Invalid, duration, instant, micros, now, uuid7


def test_now_is_now():
    assert abs(now() - time.time() * 1e6) < 1e6


def test_an_instant_is_in_utc():
    assert instant(1_700_000_000_000_001) == datetime(2023, 11, 14, 22, 13, 20, 1, tzinfo=UTC)
    assert instant(0).utcoffset() == timedelta(0)


def test_a_naive_time_is_taken_as_utc():
    assert micros(datetime(1970, 1, 1, 0, 0, 1)) == 1_000_000
    assert micros(datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))) == 0


@given(st.integers(-(10**16), 10**17))
def test_there_and_back_is_exact(at):
    assert micros(instant(at)) == at


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("14d", 14 * 86400),
        ("24h", 86400),
        ("20ms", 0.02),
        ("1h 30min", 5400),
        ("1h30m", 5400),
        ("2w", 1209600),
        ("90s", 90),
        ("0s", 0),
        ("1.5h", 5400),
        ("250us", 0.00025),
    ],
)
def test_durations_are_read_as_people_write_them(text, seconds):
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "14", "d", "14 days ago", "-3d", "1h and 2", "∞"])
def test_anything_else_is_no_duration(text):
    with pytest.raises(Invalid, match="such as 20ms, 10min, 24h or 14d"):
        duration(text)


def test_no_two_uuids_are_the_same_whatever_the_thread_or_the_fork():
    script = """
import os, threading
from fullcycle.kernel import uuid7

made = [uuid7(0)]  # so that a child which went on with its parent's random numbers would show
child = os.fork()
threads = [threading.Thread(target=lambda: made.extend(uuid7(0) for _ in range(2000))) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
if child: os.waitpid(child, 0)
os.write(1, "".join(one + "\\n" for one in made[1:]).encode())
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    assert len(told.split()) == len(set(told.split())) == 2 * 8000


def test_a_uuid_is_of_version_seven_and_tells_its_time():
    at = 1_700_000_000_123_456
    made = uuid.UUID(uuid7(at))

    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == at // 1000  # RFC 9562, section 5.7: milliseconds in the first 48 bits


@given(st.lists(st.integers(0, 2**47 * 1000), min_size=2, unique=True))
def test_uuids_sort_by_their_time(times):
    """To the microsecond: the fraction has 4,096 steps, more than the 1,000 there are."""
    made = sorted(uuid7(at) for at in times)

    assert made == [uuid for _, uuid in sorted((uuid_to_micros(one), one) for one in made)]
    assert len(set(map(uuid_to_micros, made))) == len(times)


def uuid_to_micros(text: str) -> int:
    number = uuid.UUID(text).int
    return (number >> 80) * 1000 + -(-((number >> 64 & 0xFFF) * 1000) // 4096)


@given(st.integers(0, 2**47 * 1000))
def test_a_uuid_gives_its_microsecond_back(at):
    assert uuid_to_micros(uuid7(at)) == at


def test_no_two_are_alike():
    assert len({uuid7(5) for _ in range(10_000)}) == 10_000
