"""fullcycle.adapters.segments: what was appended is read, what was torn is left out, what broke is told."""

import subprocess
import sys
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import (
    Event,
    Hole,
    is_written,
    read_decisions,
    read_segment,
    scan_segment,
    segments,
)
from fullcycle.kernel import Damaged, Invalid
from fullcycle.record import Decision, Span, encode_decision
from written_segments import payloads, written

HEADER = 8  # bytes of the magic
FRAME = 12  # bytes before a payload


def test_events_come_back_in_order(tmp_path):
    path = written(tmp_path, b"one", b"", b"three")

    assert payloads(path) == [b"one", b"", b"three"]


def test_reading_goes_on_from_an_offset(tmp_path):
    path = written(tmp_path, b"one", b"two", b"three")
    offsets = [end for _, end in read_segment(path)]

    assert offsets == [HEADER + FRAME + 3, HEADER + 2 * FRAME + 6, HEADER + 3 * FRAME + 11]
    assert payloads(path, offsets[0]) == [b"two", b"three"]
    assert payloads(path, offsets[-1]) == []
    assert path.stat().st_size == offsets[-1]


def test_decisions_are_read_once_by_their_id(tmp_path):
    writer = SegmentWriter(tmp_path)
    for id, release in [("a", 1), ("b", 1), ("a", 2)]:
        writer.append(
            encode_decision(
                Decision(
                    id=id,
                    at=5,
                    capability="c",
                    environment="prod",
                    release=release,
                    request={"x": 1.5},
                    answer=[{}],
                )
            )
        )
    writer.close()

    found = list(read_decisions(tmp_path))
    assert [(one.id, one.release) for one in found] == [("a", 1), ("b", 1)]
    assert found[0].request == {"x": 1.5}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(st.binary(max_size=60), min_size=1, max_size=6), data=st.data())
def test_a_tail_torn_anywhere_costs_only_the_event_it_tore(tmp_path_factory, events, data):
    path = written(tmp_path_factory.mktemp("torn"), *events)
    ends = [end for _, end in read_segment(path)]
    cut = data.draw(st.integers(0, path.stat().st_size))
    path.write_bytes(path.read_bytes()[:cut])

    assert payloads(path) == events[: sum(end <= cut for end in ends)]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(st.binary(max_size=60), min_size=2, max_size=6), data=st.data())
def test_a_broken_byte_is_told_and_every_other_event_is_kept(tmp_path_factory, events, data):
    path = written(tmp_path_factory.mktemp("broken"), *events)
    ends = [end for _, end in read_segment(path)]
    at = data.draw(st.integers(HEADER, ends[-2] - 1))  # in any event but the last
    content = bytearray(path.read_bytes())
    content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    hit = sum(end <= at for end in ends)

    found = list(scan_segment(path))
    assert [one.payload for one in found if isinstance(one, Event)] == events[:hit] + events[hit + 1 :]
    assert [one.span for one in found if isinstance(one, Hole)] == [Span([HEADER, *ends][hit], ends[hit])]
    with pytest.raises(Damaged, match="hold no event, and events follow"):
        payloads(path)


def test_the_first_events_are_read_before_the_damage_is_told(tmp_path):
    path = written(tmp_path, b"one", b"two", b"three")
    path.write_bytes(path.read_bytes().replace(b"two", b"twp"))

    reading = read_segment(path)
    assert next(reading)[0] == b"one"
    with pytest.raises(Damaged, match=r"bytes 23 to 38 hold no event") as caught:
        next(reading)
    assert "compaction keeps what can be read" in caught.value.mend


def test_the_frame_is_what_the_format_says(tmp_path):
    content = written(tmp_path, b"payload").read_bytes()
    length = (7).to_bytes(4, "little")
    crc = zlib.crc32(length + b"payload").to_bytes(4, "little")

    assert content == b"fcsegm\x01\n" + b"\xfc\xe5\x9a\xa6" + length + crc + b"payload"


def test_the_mark_cannot_stand_in_text():
    with pytest.raises(UnicodeDecodeError):
        b"\xfc\xe5\x9a\xa6".decode()


def test_what_is_no_segment_is_damaged(tmp_path):
    (tmp_path / "x.segment").write_bytes(b"something else entirely")

    with pytest.raises(Damaged, match="no segment of an event log"):
        payloads(tmp_path / "x.segment")


def test_a_segment_of_a_later_version_asks_for_an_upgrade(tmp_path):
    (tmp_path / "x.segment").write_bytes(b"fcsegm\x02\nwhatever")

    with pytest.raises(Invalid, match=r"of version 2, known here is 1\n(.|\n)*upgrade fullcycle"):
        payloads(tmp_path / "x.segment")


def test_a_segment_is_written_to_until_its_process_is_gone(tmp_path):
    program = (
        "import sys, time; from fullcycle.adapters.segment_writer import SegmentWriter\n"
        "writer = SegmentWriter(sys.argv[1]); writer.append(b'one'); print('kept', flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        (path,) = segments(tmp_path)
        assert is_written(path)
        child.kill()
    assert not is_written(path)
