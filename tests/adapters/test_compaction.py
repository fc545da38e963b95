"""fullcycle.adapters.compaction: each decision once, whatever happened to who compacted."""

import contextlib
import json
import math
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.adapters.compaction import compacted, decisions
from fullcycle.adapters.event_columns import DECISIONS
from fullcycle.adapters.event_log import found, snapshot
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import read_decisions, segments
from fullcycle.kernel import Damaged, Invalid, Missing, digest_bytes
from fullcycle.record import (
    LogTerms,
    MemoryLedger,
    Span,
    Unlogged,
    compacted_of,
    encode_decision,
    encode_unlogged,
    read_body,
)
from published_log import DAY, Published, decision, log, rows_of


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
