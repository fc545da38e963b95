"""fullcycle.release.manifest: everything that goes out together, under one digest."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.bandit import BanditCodec
from fullcycle.experiment import ExperimentSpec
from fullcycle.kernel import Damaged, Invalid, digest_bytes
from fullcycle.metric import MetricSpec
from fullcycle.record import Artifact, MemoryObjects
from fullcycle.release import (
    GoldenRow,
    Manifest,
    PinnedLookup,
    PinnedModel,
    golden_rows,
    keep_golden,
    keep_manifest,
)
from fullcycle.release.manifest import BANDIT

DIGEST = "ab" * 32
ARTIFACT = Artifact(DIGEST, DIGEST, "lightgbm-text@1", 12)
TRIAL = ExperimentSpec(
    name="trial",
    capability="winback",
    order=("today", "chosen"),
    arms={"today": "winback.service:today", "chosen": "winback.service:choose"},
    weights={"today": 0.5, "chosen": 0.5},
    seed="trial",
    unit="client_id",
    metrics={
        "visited": MetricSpec(
            name="visited", kind="proportion", source="visits", unit="client_id", time="at", within_s=1209600
        )
    },
    primary="visited",
)
LOOKUP = PinnedLookup(artifact=ARTIFACT, index=DIGEST, size=100, rows=2, contract=DIGEST, step="tastes")
MANIFEST = Manifest(
    capability="winback",
    package="shop",
    run=42,
    archive=DIGEST,
    python="3.11",
    lock=DIGEST,
    distributions={"lightgbm": "4.7.0"},
    service="winback.service:choose",
    fallback="winback.service:today",
    models={"visit": PinnedModel(artifact=ARTIFACT, features="winback.rows:traits", step="visit")},
    values={"top": ARTIFACT},
    parameters={"k": 3},
    golden=DIGEST,
    brief=DIGEST,
    experiment=TRIAL,
)


def test_a_manifest_comes_back_as_it_was_stored():
    objects = MemoryObjects()

    digest = keep_manifest(objects, MANIFEST)

    assert Manifest.from_bytes(objects.get(digest)) == MANIFEST
    assert digest == digest_bytes(MANIFEST.to_bytes())


def test_a_minimal_manifest_comes_back_too():
    plain = Manifest(
        capability="c",
        package="p",
        run=1,
        archive=DIGEST,
        python="3.12",
        lock=DIGEST,
        distributions={},
        service="c.s:f",
    )

    assert Manifest.from_bytes(plain.to_bytes()) == plain
    assert golden_rows(MemoryObjects(), plain) == []


def test_the_order_in_which_things_were_told_does_not_change_a_release():
    turned = msgspec.structs.replace(
        MANIFEST, distributions={"b": "1", "a": "2"}, parameters={"z": 1, "y": {"b": 1, "a": 2}}
    )
    other = msgspec.structs.replace(
        MANIFEST, distributions={"a": "2", "b": "1"}, parameters={"y": {"a": 2, "b": 1}, "z": 1}
    )

    assert turned.to_bytes() == other.to_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"archive": "cd" * 32},
        {"run": 43},
        {"python": "3.12"},
        {"distributions": {"lightgbm": "4.6.0"}},
        {"service": "winback.service:today"},
        {"fallback": None},
        {"models": {}},
        {"parameters": {"k": 4}},
        {"lookups": {"tastes": LOOKUP}},
        {"golden": "cd" * 32},
        {"contracts": {"winback.rows:Client": DIGEST}},
        {"features": {"winback.rows:traits": DIGEST}},
        {"configuration": DIGEST},
        {"experiment": None},
        {"experiment": msgspec.structs.replace(TRIAL, weights={"today": 0.4, "chosen": 0.6})},
    ],
)
def test_whatever_is_pinned_is_in_the_digest(change):
    assert msgspec.structs.replace(MANIFEST, **change).to_bytes() != MANIFEST.to_bytes()


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(request=st.dictionaries(st.text(), plain, max_size=4), answer=plain)
def test_golden_rows_come_back_to_the_bit(request, answer):
    objects = MemoryObjects()
    rows = [GoldenRow(id="golden-1", request=request, answers={"s:f": answer})]

    kept = msgspec.structs.replace(MANIFEST, golden=keep_golden(objects, rows))

    assert msgspec.json.encode(golden_rows(objects, kept), order="sorted") == msgspec.json.encode(
        rows, order="sorted"
    )


def test_a_manifest_is_written_again_in_the_format_it_had():
    old = msgspec.structs.replace(MANIFEST, format=1)

    assert (
        not {"lookups", "contracts", "features", "configuration"} & msgspec.json.decode(old.to_bytes()).keys()
    )
    assert Manifest.from_bytes(old.to_bytes()) == old
    assert "lookups" in msgspec.json.decode(MANIFEST.to_bytes())


def test_a_manifest_of_a_later_format_asks_for_an_upgrade():
    later = MANIFEST.to_bytes().replace(b'"format":2', b'"format":3')

    with pytest.raises(Invalid, match="has format 3, this version reads up to 2"):
        Manifest.from_bytes(later)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"{}", b'{"format": 1}', b"\xff", MANIFEST.to_bytes()[:-9]]
)
def test_what_is_no_manifest_is_damage(data):
    with pytest.raises(Damaged, match="not readable as a manifest"):
        Manifest.from_bytes(data)


def test_a_bandit_is_known_by_the_name_of_its_codec():
    assert BanditCodec.name == BANDIT
