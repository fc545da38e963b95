"""fullcycle.adapters.event_log: what is read is the same before, while and after it is compacted."""

import threading
import time
from pathlib import Path

import msgspec
import pytest

from fullcycle.adapters.event_log import found, ids_that_begin, logged, snapshot
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import segments
from fullcycle.kernel import uuid7
from fullcycle.record import LogTerms, Unlogged, encode_decision, encode_unlogged
from published_log import DAY, Published, decision, log


@pytest.fixture
def events(tmp_path: Path) -> Published:
    return Published(tmp_path / "events")


def test_a_segment_without_events_may_go_while_the_log_is_read(events):
    log(events.folder, "a")
    blank = events.folder / f"{uuid7()}.segment"
    blank.touch()
    reading = logged(events.log, "winback")

    first = next(reading).id
    blank.unlink()

    assert [first, *(one.id for one in reading)] == ["a"]


def test_a_snapshot_is_what_compaction_would_give_and_writes_nothing(events):
    log(events.folder, "a", "b")
    events.publish()
    note = Unlogged(unlogged=3, since=5, until=9, release=7, why="no room")
    writer = SegmentWriter(events.folder)
    for payload in (*map(encode_decision, map(decision, "bcd")), encode_unlogged(note)):
        writer.append(payload)
    writer.close()
    last = segments(events.folder)[-1]
    last.write_bytes(last.read_bytes().replace(b'"id":"c"', b'"id":"X"'))
    there = sorted(events.folder.rglob("*"))

    before = snapshot(events.log)
    ids = snapshot(events.log, ["decision_id", "at"]).frame
    assert sorted(events.folder.rglob("*")) == there
    events.publish()
    after = snapshot(events.log)
    told = events.log.told()

    assert before.frame.rows() == after.frame.rows() == events.log.frame().rows()
    assert ids.rows() == before.frame.select("decision_id", "at").rows()
    assert before.unlogged == after.unlogged == told.unlogged == [note]
    assert before.damaged == after.damaged == told.damaged
    assert list(told.damaged) == [last.name]


@pytest.mark.parametrize("publishing", [True, False])
def test_one_decision_is_found_among_those_of_its_days_alone(events, publishing):
    writer = SegmentWriter(events.folder)
    for n in range(5):
        writer.append(encode_decision(decision(f"id-{n}", at=n * DAY)))
    writer.close()
    if publishing:
        events.publish(grace_s=0)
        events.files()[4].unlink()  # who reads it misses it

    for n in range(1, 3):
        assert found(events.log, "winback", f"id-{n}", between=(n * DAY, n * DAY)).at == n * DAY
    assert found(events.log, "winback", "id-7", between=(0, 3 * DAY)) is None
    assert ids_that_begin(events.log, "id-", (0, 3 * DAY))[:4] == [f"id-{n}" for n in range(4)]
    assert ids_that_begin(events.log, 'id"', (0, 3 * DAY)) == []


def test_an_id_that_another_decision_only_mentions_is_not_found(events):
    writer = SegmentWriter(events.folder)
    writer.append(encode_decision(decision("a", request={"id": "b"})))
    writer.close()

    assert found(events.log, "winback", "b") is None
    assert found(events.log, "winback", "a").request == {"id": "b"}


def test_decisions_come_back_as_they_were_logged_before_and_after(events):
    full = decision("d", live={"history": "ab12"}, arm="x", propensity=0.06, answer=[{"n": 1}, {"n": 2}])
    full = msgspec.structs.replace(full, chances=(0.3, 0.2), weights={"a": 0.3, "b": 0.7})
    writer = SegmentWriter(events.folder)
    for one in (full, decision("e")):
        writer.append(encode_decision(one))
    writer.close()
    before = list(logged(events.log, "winback"))
    events.publish(grace_s=0)

    assert before == list(logged(events.log, "winback")) == [full, decision("e")]
    assert found(events.log, "winback", "e") == decision("e")
    assert segments(events.folder) == []


def test_who_reads_while_others_write_and_compact_sees_each_id_once(tmp_path):
    events = Published(tmp_path / "events")
    acknowledged: list[str] = []
    stop = threading.Event()

    def write() -> None:
        writer = SegmentWriter(events.folder, LogTerms(segment_bytes=3000))
        while not stop.is_set():
            id = uuid7()
            writer.append(encode_decision(decision(id)))
            acknowledged.append(id)
            time.sleep(0.001)
        writer.close()

    def tidy() -> None:
        while not stop.is_set():
            events.publish(grace_s=0.1, batch=3000)
            time.sleep(0.01)

    threads = [threading.Thread(target=one) for one in (write, write, tidy)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        known = list(acknowledged)
        found = events.logged()
        assert len(found) == len(set(found))
        assert set(known) <= set(found)
    stop.set()
    for thread in threads:
        thread.join()
    events.publish(grace_s=0)
    assert sorted(events.ids()) == sorted(acknowledged)
    assert segments(events.folder) == []
