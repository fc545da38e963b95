"""fullcycle.record.family: containers whose parts are artifacts of their own."""

from dataclasses import dataclass

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.adapters.files import FileObjects
from fullcycle.adapters.tiered import SMALL, TieredObjects
from fullcycle.data import FrameCodec
from fullcycle.kernel import Missing
from fullcycle.record import Artifacts, Codecs, MemoryLedger, MemoryObjects

FRAME = pl.DataFrame({"a": [1, 2]})


@dataclass
class Offer:
    name: str


def shelf(objects=None) -> Artifacts:
    codecs = Codecs()
    codecs.register(FrameCodec())
    return Artifacts(objects or MemoryObjects(), codecs)


@pytest.mark.parametrize(
    "value",
    [
        {"north": FRAME, "south": 3},
        {3: FRAME, (1, 2): FRAME},
        [FRAME, "a", None],
        (FRAME, [FRAME, {"deep": FRAME}]),
    ],
    ids=str,
)
def test_a_container_comes_back_with_its_shape_and_order(value):
    artifacts = shelf()
    back = artifacts.load(artifacts.keep(value))

    assert str(back) == str(value)
    assert type(back) is type(value)


def test_a_part_that_others_hold_too_is_stored_once():
    artifacts = shelf()
    alone = artifacts.keep(FRAME)
    family = artifacts.parts(artifacts.keep({"north": FRAME, "south": FRAME}))

    assert family.items() == [("north", alone), ("south", alone)]
    assert artifacts.keep({"north": FRAME}).content != artifacts.keep({"south": FRAME}).content
    assert artifacts.keep([FRAME]).content != artifacts.keep((FRAME,)).content
    assert artifacts.keep({"a": FRAME, "b": 1}).content != artifacts.keep({"b": 1, "a": FRAME}).content


def test_parts_come_back_as_the_types_asked_for():
    artifacts = shelf()
    kept = artifacts.keep({"offer": Offer("mail"), "table": FRAME})
    assert artifacts.load(kept, dict[str, Offer])["offer"] == Offer("mail")

    mixed = artifacts.keep((Offer("mail"), FRAME, [Offer("push"), FRAME]))
    back = artifacts.load(mixed, tuple[Offer, pl.DataFrame, list[Offer]])
    assert (back[0], back[2][0]) == (Offer("mail"), Offer("push"))


@given(st.dictionaries(st.text(max_size=5), st.integers(), max_size=5))
def test_the_parts_of_plain_data_are_artifacts_too(value):
    artifacts = shelf()
    family = artifacts.parts(artifacts.keep(value))

    assert {key: artifacts.load(part) for key, part in family.items()} == value


def test_a_family_is_there_only_with_all_its_parts():
    artifacts = shelf()
    kept = artifacts.keep({"a": FRAME, "b": 1})
    parts = dict(artifacts.parts(kept).items())
    assert artifacts.has(kept)
    assert set(artifacts.each_object(kept)) == {kept.object, parts["a"].object, parts["b"].object}

    artifacts.objects.remove(parts["a"].object)
    assert not artifacts.has(kept)
    with pytest.raises(Missing):
        artifacts.load(kept)


def test_giving_up_removes_only_what_cannot_be_read(tmp_path):
    artifacts = shelf(TieredObjects(MemoryLedger(), FileObjects(tmp_path)))
    large = {"text": "x" * SMALL}
    kept = artifacts.keep([large, FRAME])
    parts = [part for _, part in artifacts.parts(kept).items()]
    path = artifacts.objects.path(parts[0].object)
    path.chmod(0o644)
    path.write_bytes(b"half")

    artifacts.give_up(kept)
    assert [artifacts.has(part) for part in parts] == [False, True]
    assert artifacts.keep([large, FRAME]) == kept
    assert artifacts.load(kept)[0] == large
