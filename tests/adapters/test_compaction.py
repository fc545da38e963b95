"""fullcycle.adapters.compaction: each decision once, whatever happened to who compacted."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.adapters.compaction import SCHEMA, compacted, decisions, parquet_files, publish
from fullcycle.adapters.segments import SegmentWriter, segments
from fullcycle.kernel import Damaged, Invalid, Missing, digest_bytes
from fullcycle.record import Decision, MemoryLedger, Span, encode_decision


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

    def publish(self, **options):
        return publish(self.ledger, self.folder, "winback", "prod", **options)

    def ids(self) -> list[str]:
        return decisions(self.ledger, self.folder, "winback", "prod")["decision_id"].to_list()

    def files(self) -> list[Path]:
        return parquet_files(self.ledger, self.folder, "winback", "prod")


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
    )
    writer.append(encode_decision(full))
    writer.append(encode_decision(decision("d2")))
    writer.close()
    events.publish()

    frame = decisions(events.ledger, events.folder, "winback", "prod")
    assert frame.schema == SCHEMA
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
    assert (fact.body.file, fact.body.rows, fact.body.watermark) == (file.name, 2, 77)
    assert fact.body.digest == digest_bytes(file.read_bytes())
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

    assert fact.body.rows == 2
    assert sorted(events.ids()) == ["a", "b", "c"]
    assert len(fact.body.replaces) == 2


def test_an_id_is_published_once_however_often_it_was_logged(events):
    log(events.folder, "a", "b", "a")
    events.publish()
    log(events.folder, "b", "c")
    (fact,) = events.publish()

    assert events.ids() == ["a", "b", "c"]
    assert (fact.body.rows, fact.body.repeated) == (1, 1)


def test_without_segments_there_is_nothing(events):
    assert events.publish() == []
    assert events.files() == []
    assert decisions(events.ledger, events.folder, "winback", "prod").schema == SCHEMA
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
    assert sum(f.body.rows for f in events.ledger.read("events/winback/prod")) == told == len(wanted)


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

    with pytest.raises(Damaged, match="cannot be read"):
        events.publish()
