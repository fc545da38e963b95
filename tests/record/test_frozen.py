"""Every version reads what earlier versions wrote."""

import json
import shutil

import msgspec
import pytest
from polars.testing import assert_frame_equal

from frozen_record import DECISIONS, TORN, VALUES, codecs, digests, every_kind, frozen_versions
from fullcycle.adapters.files import FileObjects
from fullcycle.adapters.segments import Event, read_decisions, scan_segment
from fullcycle.adapters.sqlite import SqliteLedger
from fullcycle.record import Artifact, Artifacts

pytestmark = pytest.mark.parametrize("frozen", frozen_versions(), ids=lambda folder: folder.name)


def test_the_ledger_is_read(frozen, tmp_path):
    known = every_kind()
    told = json.loads((frozen / "facts.json").read_text())
    shutil.copy(frozen / "ledger.db", tmp_path)  # a ledger is opened for writing
    ledger = SqliteLedger(tmp_path / "ledger.db")
    facts = [fact for stream in ledger.heads() for fact in ledger.read(stream)]
    ledger.close()

    assert len(facts) == len(told)
    for fact, then in zip(facts, sorted(told, key=lambda one: (one["stream"], one["position"])), strict=True):
        now = msgspec.json.decode(msgspec.json.encode(fact))
        version, body, before = then.pop("version"), now.pop("body"), then.pop("body")
        assert now == then
        if version == known[fact.kind].version:  # others are lifted; their own tests say to what
            assert {name: body[name] for name in before} == before


def test_the_event_log_is_read(frozen):
    found = list(scan_segment(frozen / "worker.segment"))

    assert all(isinstance(one, Event) for one in found)
    assert list(read_decisions(frozen)) == DECISIONS
    assert (frozen / "worker.segment").stat().st_size - found[-1].span.end == len(TORN)


@pytest.mark.parametrize("name", VALUES)
def test_artifacts_are_read_and_have_the_digests_they_had(frozen, name):
    told = msgspec.json.decode((frozen / "artifacts.json").read_bytes(), type=dict[str, Artifact])
    if name not in told:
        pytest.skip("added later")
    artifacts = Artifacts(FileObjects(frozen / "artifacts"), codecs())

    _assert_equal(artifacts.load(told[name]), VALUES[name])
    codec = artifacts.codecs.of(VALUES[name])
    if codec.name == told[name].codec:  # else a new version of the codec took over
        assert codec.content(VALUES[name], codec.encode(VALUES[name])) == told[name].content


def test_digests_are_what_they_were(frozen):
    told = json.loads((frozen / "digests.json").read_text())

    assert told
    assert {name: digest for name, digest in digests().items() if name in told} == told


def test_every_kind_of_fact_is_frozen(frozen):
    told = {
        one["kind"] for folder in frozen_versions() for one in json.loads((folder / "facts.json").read_text())
    }

    assert set(every_kind()) == told, "run: python tests/frozen_record.py"


def _assert_equal(found: object, wanted: object) -> None:
    if isinstance(wanted, dict):
        assert list(found) == list(wanted)
        for key in wanted:
            _assert_equal(found[key], wanted[key])
    elif hasattr(wanted, "schema"):
        assert_frame_equal(found, wanted, check_exact=True)
    else:
        assert (found, repr(found)) == (wanted, repr(wanted))
