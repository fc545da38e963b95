"""fullcycle.adapters.compaction: each decision once, whatever happened to who compacted."""

import contextlib
import json
import math
import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.adapters.compaction import EventLog, compacted, decisions, parquet_files, publish
from fullcycle.adapters.event_columns import DECISIONS
from fullcycle.adapters.event_log import found, ids_that_begin, logged, snapshot
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import read_decisions, segments
from fullcycle.kernel import Damaged, Invalid, Missing, digest_bytes, uuid7
from fullcycle.record import (
    Decision,
    LogTerms,
    MemoryLedger,
    Span,
    Unlogged,
    compacted_of,
    encode_decision,
    encode_unlogged,
    read_body,
)

DAY = 86_400_000_000  # microseconds


def decision(id: str, **changes: object) -> Decision:
    given = {"at": 1_700_000_000_000_001, "capability": "winback", "environment": "prod", "release": 3}
    return Decision(
        **{"id": id, **given, "request": {"recency": 3}, "answer": {"campaign": "Mens"}, **changes}
    )


def log(folder: Path, *ids: str) -> None:
    writer = SegmentWriter(folder)
    for id in ids:
        writer.append(encode_decision(decision(id)))
    writer.close()


class Published:
    """One folder and its ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = MemoryLedger()
        self.log = EventLog(self.ledger, folder, "events/winback/prod")

    def publish(self, **options):
        return publish(self.ledger, self.folder, "winback", "prod", **options)

    def ids(self) -> list[str]:
        return decisions(self.ledger, self.folder, "winback", "prod")["decision_id"].to_list()

    def logged(self) -> list[str]:
        return [one.id for one in logged(self.log, "winback")]

    def files(self) -> list[Path]:
        return parquet_files(self.ledger, self.folder, "winback", "prod")


def rows_of(fact) -> int:
    return sum(file.rows for file in fact.body.files)


@pytest.fixture
def events(tmp_path: Path) -> Published:
    return Published(tmp_path / "events")


def test_a_decision_comes_back_column_by_column(events):
    writer = SegmentWriter(events.folder)
    full = decision(
        "d1",
        request={"zip": "Ä", "history": 1.5},
        answer=[{"n": 1}, {"n": None}],
        experiment="trial",
        unit="c7",
        arm="chosen",
        arm_probability=0.5,
        propensity=0.1 + 0.2,
        fallback=True,
        micros=120,
        live={"history": "ab12"},
        features={"phone": True},
        chances=(0.5, 0.25),
        weights={"a": 0.5, "b": 0.5},
    )
    writer.append(encode_decision(full))
    writer.append(encode_decision(decision("d2")))
    writer.close()
    events.publish()

    frame = decisions(events.ledger, events.folder, "winback", "prod")
    assert frame.schema == DECISIONS.schema
    assert frame.row(0, named=True) == {
        "decision_id": "d1",
        "at": datetime(2023, 11, 14, 22, 13, 20, 1, tzinfo=UTC),
        "release": 3,
        "environment": "prod",
        "experiment": "trial",
        "arm": "chosen",
        "arm_probability": 0.5,
        "unit": "c7",
        "propensity": 0.1 + 0.2,
        "fallback": True,
        "micros": 120,
        "request": '{"zip":"Ä","history":1.5}',
        "answer": '[{"n":1},{"n":null}]',
        "live": '{"history":"ab12"}',
        "capability": "winback",
        "features": '{"phone":true}',
        "chances": [0.5, 0.25],
        "weights": '{"a":0.5,"b":0.5}',
    }
    assert frame.row(1)[4:11] == (None, None, None, None, None, False, 0)


def test_the_fact_names_the_file_and_what_it_replaces(events):
    log(events.folder, "a", "b")
    (path,) = segments(events.folder)
    (fact,) = events.publish(clock=lambda: 77, by="ana")

    (file,) = events.files()
    assert (fact.stream, fact.kind, fact.by, fact.at) == (
        "events/winback/prod",
        "events.compacted",
        "ana",
        77,
    )
    (told,) = fact.body.files
    assert (told.file, told.day, told.rows) == (f"2023-11-14/{file.name}", "2023-11-14", 2)
    assert (told.digest, fact.body.watermark) == (digest_bytes(file.read_bytes()), 77)
    assert fact.body.replaces == {path.name: Span(8, path.stat().st_size)}
    assert fact.body.damaged == {}


def test_only_what_is_new_is_compacted(events):
    writer = SegmentWriter(events.folder)
    writer.append(encode_decision(decision("a")))
    events.publish()
    assert events.publish() == []
    writer.append(encode_decision(decision("b")))
    log(events.folder, "c")
    (fact,) = events.publish()
    writer.close()

    assert rows_of(fact) == 2
    assert sorted(events.ids()) == ["a", "b", "c"]
    assert len(fact.body.replaces) == 2


def test_an_id_is_published_once_however_often_it_was_logged(events):
    log(events.folder, "a", "b", "a")
    events.publish()
    log(events.folder, "b", "c")
    (fact,) = events.publish()

    assert events.ids() == ["a", "b", "c"]
    assert (rows_of(fact), fact.body.repeated) == (1, 1)


def test_without_segments_there_is_nothing(events):
    assert events.publish() == []
    assert events.files() == []
    assert decisions(events.ledger, events.folder, "winback", "prod").schema == DECISIONS.schema
    assert not events.folder.exists()


def test_a_large_backlog_becomes_several_files_and_the_last_brings_the_watermark(events):
    log(events.folder, *"abcdefg")
    facts = events.publish(batch=300, clock=lambda: 55)

    assert len(facts) > 2
    assert [fact.body.watermark for fact in facts] == [0] * (len(facts) - 1) + [55]
    assert events.ids() == list("abcdefg")


def test_a_hole_is_named_in_the_fact_and_what_lies_behind_is_kept(events):
    log(events.folder, "a", "b", "c")
    (path,) = segments(events.folder)
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"id":"b"', b'"id":"X"'))
    (fact,) = events.publish()

    assert events.ids() == ["a", "c"]
    size = (len(content) - 8) // 3
    assert fact.body.damaged == {path.name: [Span(8 + size, 8 + 2 * size)]}


def test_a_torn_tail_is_left_for_when_it_is_whole(events):
    log(events.folder, "a", "b")
    (path,) = segments(events.folder)
    content = path.read_bytes()
    path.write_bytes(content[:-5])
    events.publish()
    assert events.ids() == ["a"]

    path.write_bytes(content)
    events.publish()
    assert events.ids() == ["a", "b"]


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


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.just("publish"),
            st.just("begin"),
            st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=5),
        ),
        max_size=12,
    ),
    batch=st.sampled_from([1, 300, 1 << 20]),
)
def test_every_id_is_published_once_in_whatever_order_things_happen(tmp_path_factory, steps, batch):
    events = Published(tmp_path_factory.mktemp("law"))
    writer, wanted = SegmentWriter(events.folder), set()
    for step in steps:
        if step == "publish":
            events.publish(batch=batch)
        elif step == "begin":
            writer.close()
        else:
            for id in step:
                writer.append(encode_decision(decision(id)))
            wanted.update(step)
    writer.close()
    events.publish(batch=batch)

    assert sorted(events.ids()) == sorted(wanted)
    told = pl.read_parquet(events.files()).height if events.files() else 0
    facts = [f for f in events.ledger.read("events/winback/prod") if f.kind == "events.compacted"]
    assert sum(map(rows_of, facts)) == told == len(wanted)


def test_an_event_that_is_no_decision_is_refused(events):
    writer = SegmentWriter(events.folder)
    writer.append(b'{"id": 7}')
    writer.close()

    with pytest.raises(Invalid, match="an event is no decision"):
        events.publish()


def test_a_published_file_that_is_gone_is_missed(events):
    log(events.folder, "a")
    events.publish()
    events.files()[0].unlink()

    with pytest.raises(Missing, match="a file of published decisions is gone"):
        events.ids()
    with pytest.raises(Missing):
        events.publish()


def test_a_published_file_that_is_broken_is_damaged(events):
    log(events.folder, "a")
    events.publish()
    events.files()[0].chmod(0o644)
    events.files()[0].write_bytes(b"not parquet")
    log(events.folder, "b")

    for read in (events.ids, events.logged, lambda: snapshot(events.log)):
        with pytest.raises(Damaged, match="cannot be read"):
            read()
    with pytest.raises(Damaged, match="cannot be read"):
        found(events.log, "winback", "a")
    with pytest.raises(Damaged, match="cannot be read"):
        events.publish()


def test_events_lie_in_a_file_per_day_of_their_own(events):
    writer = SegmentWriter(events.folder)
    for n, at in enumerate([0, DAY - 1, DAY, -1]):
        writer.append(encode_decision(decision(str(n), at=at)))
    writer.close()
    (fact,) = events.publish()

    assert {file.day: file.rows for file in fact.body.files} == {
        "1969-12-31": 1,
        "1970-01-01": 2,
        "1970-01-02": 1,
    }
    for file in fact.body.files:
        days = pl.read_parquet(compacted(events.folder) / file.file)["at"].dt.date().unique()
        assert [day.isoformat() for day in days] == [file.day]


def test_the_many_files_of_a_day_become_one_and_only_then_are_replaced(events):
    for n in range(4):
        log(events.folder, f"a{n}", "a0")
        facts = events.publish(grace_s=3600)
    merged = facts[-1].body

    assert [fact.kind for fact in facts] == ["events.compacted", "events.merged"]
    assert (merged.file.rows, merged.file.day, len(merged.instead_of)) == (4, "2023-11-14", 4)
    assert [str(path) for path in events.files()] == [str(compacted(events.folder) / merged.file.file)]
    assert all((compacted(events.folder) / name).exists() for name in merged.instead_of)
    events.publish(grace_s=0)
    assert not any((compacted(events.folder) / name).exists() for name in merged.instead_of)
    assert events.ids() == ["a0", "a1", "a2", "a3"]


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


def test_what_was_answered_besides_is_told_and_no_decision(events):
    note = Unlogged(unlogged=3, since=5, until=9, release=7, why="no room")
    writer = SegmentWriter(events.folder)
    for payload in (encode_decision(decision("a")), encode_unlogged(note), encode_decision(decision("b"))):
        writer.append(payload)
    writer.close()
    assert [one.id for one in read_decisions(events.folder)] == events.logged() == ["a", "b"]
    (fact,) = events.publish()

    assert fact.body.unlogged == compacted_of([fact]).unlogged == [note]
    assert events.ids() == events.logged() == ["a", "b"]


def test_a_segment_without_events_may_go_while_the_log_is_read(events):
    log(events.folder, "a")
    blank = events.folder / f"{uuid7()}.segment"
    blank.touch()
    reading = logged(events.log, "winback")

    first = next(reading).id
    blank.unlink()

    assert [first, *(one.id for one in reading)] == ["a"]


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


def test_a_file_of_before_there_were_days_is_read_and_merged(events):
    frame = DECISIONS.frame([DECISIONS.row(encode_decision(decision("old")), "")])
    compacted(events.folder).mkdir(parents=True)
    frame.drop("live", "capability").write_parquet(compacted(events.folder) / "old.parquet")
    told = {"file": "old.parquet", "digest": "ab", "rows": 1, "replaces": {}, "watermark": 5}
    before = read_body("events.compacted", json.dumps({"v": 1, **told}))
    events.ledger.append("events/winback/prod", 0, before)

    assert events.ids() == ["old"]
    for id in ("old", "new"):
        log(events.folder, id)
        events.publish()
    assert sorted(events.ids()) == sorted(events.logged()) == ["new", "old"]
    assert found(events.log, "winback", "old") == decision("old")


class Killed(BaseException):
    """What stands for SIGKILL in this process."""


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("compact"), st.none() | st.integers(0, 12)),
            st.tuples(st.just("begin"), st.none()),
            st.tuples(st.just("log"), st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=5)),
        ),
        max_size=14,
    ),
    batch=st.sampled_from([1, 300, 1 << 20]),
)
def test_whatever_is_killed_wherever_each_acknowledged_id_is_read_once(tmp_path_factory, steps, batch):
    events = Published(tmp_path_factory.mktemp("law"))
    writer, wanted = SegmentWriter(events.folder, LogTerms(segment_bytes=400)), set()
    for what, how in steps:
        if what == "compact":
            with killed_after(how), contextlib.suppress(Killed):
                events.publish(batch=batch, grace_s=0)
        elif what == "begin":
            writer.close()
        else:
            for id in how:
                writer.append(encode_decision(decision(id, at=ord(id) * DAY // 2)))
            wanted.update(how)
        assert sorted(events.logged()) == sorted(wanted)
    writer.close()
    events.publish(batch=batch, grace_s=0)

    assert sorted(events.ids()) == sorted(events.logged()) == sorted(wanted)
    assert segments(events.folder) == []


@contextlib.contextmanager
def killed_after(calls: int | None):
    """Let this process end, as it were, at the call of that number which changes a disk or the ledger."""
    left = [math.inf if calls is None else calls]

    def counted(real):
        def call(*given, **more):
            left[0] -= threading.current_thread() is threading.main_thread()
            if left[0] < 0:
                raise Killed
            return real(*given, **more)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for home, name in [(Path, "unlink"), (Path, "rename"), (Path, "mkdir"), (MemoryLedger, "append")]:
            patch.setattr(home, name, counted(getattr(home, name)))
        patch.setattr(os, "fsync", counted(os.fsync))
        yield


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
