"""fullcycle.record.unwritten: a record that is read as it is, and never written."""

import polars as pl

from facts_for_tests import Noted
from fullcycle.adapters.files import FileObjects
from fullcycle.adapters.sqlite import SqliteLedger
from fullcycle.adapters.tiered import TieredObjects
from fullcycle.data import FrameCodec
from fullcycle.kernel import digest_bytes
from fullcycle.record import Artifacts, Codecs, MemoryLedger, UnwrittenLedger, UnwrittenObjects


def test_facts_that_are_there_are_told_and_new_ones_taken_by_nobody():
    ledger = MemoryLedger()
    ledger.append("notes", 0, Noted("first"))
    unwritten = UnwrittenLedger(ledger)

    told = unwritten.append("notes", 1, Noted("second"), by="ada", at=7)

    assert (told.position, told.by, told.at, told.body) == (2, "ada", 7, Noted("second"))
    assert [fact.body for fact in unwritten.read("notes")] == [Noted("first")]
    assert unwritten.heads() == ledger.heads() == {"notes": 1}
    assert unwritten.latest(["notes"])["notes"].position == 1


def test_bytes_are_attached_to_nothing():
    ledger = MemoryLedger()
    there = ledger.attach(b"there")
    unwritten = UnwrittenLedger(ledger)

    assert unwritten.attach(b"new") == digest_bytes(b"new")
    unwritten.detach([there])

    assert unwritten.attached(there) == b"there"
    assert unwritten.attached(digest_bytes(b"new")) is None
    assert [one.digest for one in unwritten.attachments()] == [there]


def test_values_have_the_content_that_they_would_have_and_leave_no_file(tmp_path):
    codecs = Codecs()
    codecs.register(FrameCodec())
    kept = TieredObjects(SqliteLedger(tmp_path / "ledger.db"), FileObjects(tmp_path / "objects"))
    small, large = {"a": 1}, pl.DataFrame({"n": range(200_000)})
    before = sorted(path for path in tmp_path.rglob("*") if path.is_file())

    unwritten = Artifacts(UnwrittenObjects(kept), codecs)
    told = [unwritten.keep(small), unwritten.keep(large)]

    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == before
    assert unwritten.load(told[0]) == small
    written = Artifacts(kept, codecs)
    assert [one.content for one in told] == [written.keep(small).content, written.keep(large).content]


def test_what_is_there_is_read_and_not_given_up(tmp_path):
    codecs = Codecs()
    codecs.register(FrameCodec())
    kept = FileObjects(tmp_path)
    artifact = Artifacts(kept, codecs).keep(pl.DataFrame({"n": range(200_000)}))
    objects = UnwrittenObjects(kept)

    objects.remove(artifact.object)

    assert Artifacts(objects, codecs).load(artifact).height == 200_000
    assert Artifacts(objects, codecs).keep(pl.DataFrame({"n": range(200_000)})) == artifact
    assert list(objects.stored()) == list(kept.stored())
