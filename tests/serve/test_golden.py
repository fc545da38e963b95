"""fullcycle.serve.golden: only a release that answers as it did may answer anybody."""

import msgspec
import pytest

import served_shop
from fullcycle.kernel import Refused
from fullcycle.record import MemoryObjects
from fullcycle.release import golden_rows, keep_golden, keep_manifest, load_release
from fullcycle.serve import golden_answers, require_golden


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    objects = MemoryObjects()
    shop = served_shop.write_shop(tmp_path_factory.mktemp("golden"))
    return objects, served_shop.manifest(objects, shop)


def load(stored):
    objects, manifest = stored
    return load_release(objects, keep_manifest(objects, manifest), served_shop.serving_codecs())


def test_golden_rows_hold_what_every_function_answers(stored):
    rows = golden_rows(*stored)

    assert [row.request for row in rows] == served_shop.REQUESTS
    for row in rows:
        assert set(row.answers) == {"winback.service:choose", "winback.service:today"}
        assert row.answers["winback.service:today"] == {"campaign": "Womens E-Mail"}


def test_a_release_reproduces_its_own_golden_rows(stored):
    assert require_golden(load(stored), golden_rows(*stored)) == 3


def test_a_draw_is_reproduced_too(tmp_path):
    objects = MemoryObjects()
    manifest = served_shop.manifest(objects, served_shop.write_shop(tmp_path), **served_shop.alone("drawn"))
    release = load((objects, manifest))
    rows = golden_answers(release, served_shop.REQUESTS * 20)

    assert len({row.answers["winback.service:drawn"]["campaign"] for row in rows}) == 2
    assert require_golden(release, rows) == 60


@pytest.mark.parametrize("function", ["winback.service:choose", "winback.service:today"])
def test_one_other_answer_of_any_function_is_refused(stored, function):
    rows = golden_rows(*stored)
    other = {**rows[1].answers, function: {"campaign": "No such"}}
    rows[1] = msgspec.structs.replace(rows[1], answers=other)

    with pytest.raises(
        Refused, match=f"does not reproduce golden row golden-2: {function} answers otherwise"
    ):
        require_golden(load(stored), rows)


def test_a_golden_row_without_an_arms_answer_is_refused(stored):
    choose = "winback.service:choose"
    rows = [
        msgspec.structs.replace(row, answers={choose: row.answers[choose]}) for row in golden_rows(*stored)
    ]

    with pytest.raises(Refused, match="today answers otherwise"):
        require_golden(load(stored), rows)


def test_a_golden_row_that_is_no_longer_a_request_is_refused(stored):
    rows = [msgspec.structs.replace(row, request={"client_id": 1}) for row in golden_rows(*stored)]

    with pytest.raises(Refused, match="raises Unfit at golden row golden-1"):
        require_golden(load(stored), rows)


def test_no_golden_rows_prove_nothing(stored):
    objects, manifest = stored
    empty = msgspec.structs.replace(manifest, golden=keep_golden(objects, []))

    for draft in (empty, msgspec.structs.replace(manifest, golden="")):
        with pytest.raises(Refused, match="has no golden rows to reproduce"):
            require_golden(load(stored), golden_rows(objects, draft))
