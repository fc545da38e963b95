"""Killed at fifty random moments, the record has lost nothing and holds nothing by halves."""

from pathlib import Path

import pytest

from fullcycle.adapters.compaction import EventLog, compacted, decisions, parquet_files, publish
from fullcycle.adapters.event_log import logged
from fullcycle.adapters.files import FileObjects
from fullcycle.adapters.segments import read_decisions, segments
from fullcycle.kernel import digest_bytes
from fullcycle.record import compacted_of, events_stream
from killing import killed
from postgres_server import running_postgres
from record_children import open_ledger


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_killed_writers_of_facts_and_artifacts(kind, tmp_path):
    if kind == "sqlite":
        _check_facts_and_artifacts(tmp_path, str(tmp_path / "ledger.db"))
    else:
        with running_postgres() as url:
            _check_facts_and_artifacts(tmp_path, url)


def _check_facts_and_artifacts(folder: Path, target: str) -> None:
    (folder / "target").write_text(target)
    told = killed("killed_work:keep_and_append", folder)
    assert len(told) > 20

    ledger, objects = open_ledger(target), FileObjects(folder / "objects")
    facts = ledger.read("kept")
    assert [fact.position for fact in facts] == list(range(1, len(facts) + 1))
    assert set(told) <= {f"{fact.position} {fact.body.text}" for fact in facts}
    for fact in facts:  # acknowledged or not: a fact that is there names an object that is whole
        assert len(objects.get(fact.body.text)) == fact.body.number
    for path in (folder / "objects").glob("??/[!.]*"):
        assert digest_bytes(path.read_bytes()) == path.parent.name + path.name
    ledger.close()


@pytest.mark.slow
def test_killed_writers_of_the_event_log(tmp_path):
    told = killed("killed_work:log_decisions", tmp_path)
    found = [decision.id for decision in read_decisions(tmp_path / "events")]

    assert len(told) > 500
    assert set(told) <= set(found)
    assert len(found) == len(set(found))
    assert len(found) - len(told) <= 50  # each child may have been killed between writing and telling


@pytest.mark.slow
def test_killed_compactions(tmp_path):
    told = killed("killed_work:log_and_publish", tmp_path, longest=0.15)
    ledger, folder = open_ledger(str(tmp_path / "ledger.db")), tmp_path / "events"
    log = EventLog(ledger, folder, events_stream("winback", "prod"))
    found = [decision.id for decision in logged(log, "winback")]
    publish(ledger, folder, "winback", "prod", grace_s=0)
    published = decisions(ledger, folder, "winback", "prod")["decision_id"].to_list()

    assert len(told) > 50
    assert set(told) <= set(found)
    assert len(found) - len(told) <= 50  # each child may have been killed between writing and telling
    assert sorted(published) == sorted(found)
    assert not any(path.stat().st_size > 8 for path in segments(folder))
    facts = ledger.read(events_stream("winback", "prod"))
    assert len(facts) > 10
    told = compacted_of(facts)
    there = {str(path.relative_to(compacted(folder))) for path in compacted(folder).glob("*/*.parquet")}
    assert set(told.files) <= there <= set(told.files) | set(told.replaced)
    assert [digest_bytes(path.read_bytes()) for path in parquet_files(ledger, folder, "winback", "prod")] == [
        file.digest for file in told.files.values()
    ]
    _assert_spans_join([fact for fact in facts if fact.kind == "events.compacted"])
    ledger.close()


def _assert_spans_join(facts) -> None:
    """Each byte of each segment is replaced by one file."""
    ends: dict[str, int] = {}
    for fact in facts:
        for segment, span in fact.body.replaces.items():
            assert span.start == ends.get(segment, 8)
            ends[segment] = span.end
