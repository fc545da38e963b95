"""fullcycle.adapters.clearing: what others stand for goes, and nothing that somebody may still need."""

import os
from pathlib import Path

import pytest

from fullcycle.adapters.compaction import compacted
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import segments
from fullcycle.kernel import uuid7
from fullcycle.record import MemoryLedger, encode_decision
from published_log import DAY, Published, decision, log


@pytest.fixture
def events(tmp_path: Path) -> Published:
    return Published(tmp_path / "events")


def test_a_file_without_its_fact_is_nothing_and_is_removed(events):
    log(events.folder, "a")
    events.publish()
    lost = compacted(events.folder) / "0123.parquet"
    lost.write_bytes(b"written just before the power went")
    aside = compacted(events.folder) / ".0123.parquet.tmp"
    aside.write_bytes(b"half")

    assert events.ids() == ["a"]
    log(events.folder, "b")
    events.publish()
    assert not lost.exists()
    assert not aside.exists()
    assert events.ids() == ["a", "b"]


def test_a_segment_that_was_replaced_is_removed_after_the_grace(events):
    log(events.folder, "a")
    events.publish(clock=lambda: 10 * DAY)
    events.publish(clock=lambda: 10 * DAY + 3_599_999_999)
    assert len(segments(events.folder)) == 1
    events.publish(clock=lambda: 10 * DAY + 3_600_000_000)

    assert segments(events.folder) == []
    assert events.ids() == events.logged() == ["a"]
    log(events.folder, "a", "b")
    events.publish()
    assert events.logged() == ["a", "b"]


def test_a_segment_that_is_still_written_to_stays(events):
    writer = SegmentWriter(events.folder)
    writer.append(encode_decision(decision("a")))
    events.publish(grace_s=0)
    assert len(segments(events.folder)) == 1
    writer.append(encode_decision(decision("b")))
    writer.close()
    events.publish(grace_s=0)

    assert segments(events.folder) == []
    assert events.ids() == ["a", "b"]


def test_a_torn_tail_goes_with_its_segment_and_a_damaged_segment_stays(events):
    log(events.folder, "a", "b")
    (torn,) = segments(events.folder)
    torn.write_bytes(torn.read_bytes()[:-5])
    log(events.folder, "c", "d", "e")
    broken = segments(events.folder)[1]
    broken.write_bytes(broken.read_bytes().replace(b'"id":"d"', b'"id":"X"'))
    events.publish(grace_s=0)

    assert segments(events.folder) == [broken]
    assert events.ids() == ["a", "c", "e"]


def test_a_segment_without_events_goes_once_it_is_old(events):
    log(events.folder, "a")
    blank = events.folder / "01.segment"
    blank.write_bytes(b"fcsegm\x01\n")
    events.publish(grace_s=0)
    assert segments(events.folder) == [blank]
    os.utime(blank, (1, 1))
    events.publish(grace_s=0)

    assert segments(events.folder) == []


def test_a_segment_without_events_may_go_while_others_are_compacted(events):
    class Going(MemoryLedger):
        """One at whose first fact somebody takes away the segment that could not be begun."""

        def append(self, *given, **how):
            blank.unlink(missing_ok=True)
            return super().append(*given, **how)

    log(events.folder, "a", "b")
    blank = events.folder / f"{uuid7()}.segment"
    blank.touch()
    events.ledger = Going()
    events.publish(batch=1)

    assert events.ids() == ["a", "b"]
