"""fullcycle.serve.golden: only a release that answers as it did may answer anybody."""

import msgspec
import pytest

import served_shop
from fullcycle.kernel import Invalid, Refused
from fullcycle.record import MemoryObjects
from fullcycle.release import golden_rows, keep_golden, keep_manifest, load_release
from fullcycle.serve import golden_answers, require_golden, with_golden


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


def test_a_difference_is_mended_by_a_like_machine_or_by_being_the_same_twice(stored):
    rows = golden_rows(*stored)
    rows[0] = msgspec.structs.replace(rows[0], answers={})

    with pytest.raises(Refused) as caught:
        require_golden(load(stored), rows)

    assert "release anew on a machine like the one that serves" in caught.value.mend
    assert "not the same twice (randomness, time): use draw.pick for chance" in caught.value.mend


def refusal(folder, name, requests):
    """What is said when a service of the shop cannot answer a golden row."""
    objects = MemoryObjects()
    shop = served_shop.write_shop(folder)
    draft = served_shop.manifest(objects, shop, golden="00" * 32, **served_shop.alone(name))
    with pytest.raises(Invalid) as caught:
        with_golden(draft, requests, objects, served_shop.serving_codecs(), root=shop)
    return caught.value


def test_a_service_that_raises_at_a_golden_row_is_named_with_the_users_own_line(tmp_path):
    last = {**served_shop.REQUESTS[0], "recency": 12}

    error = refusal(tmp_path, "helpless", [*served_shop.REQUESTS, last])

    assert error.what == (
        "winback.service:helpless fails at golden row golden-4: RuntimeError: cannot decide about 12.5"
    )
    lines = served_shop.SERVICE.splitlines()
    last_raise = max(n for n, line in enumerate(lines, start=1) if "raise RuntimeError" in line)
    assert error.where == f"{tmp_path / 'shop' / 'winback' / 'service.py'}:{last_raise}"
    assert error.mend == "let it answer every row of its contract, then release again"
    assert isinstance(error.__cause__, RuntimeError)


def test_an_answer_that_breaks_its_contract_at_a_golden_row_keeps_its_own_cure(tmp_path):
    error = refusal(tmp_path, "helpless", [{**served_shop.REQUESTS[0], "recency": 11}])

    assert "winback.service:helpless fails at golden row golden-1: Invalid: its answer breaks" in error.what
    assert (error.where, error.mend) == ("winback.service:helpless", "return a Offer within its bounds")


def test_a_golden_request_that_is_no_row_is_named(tmp_path):
    error = refusal(tmp_path, "helpless", [served_shop.REQUESTS[0], {"client_id": 1}])

    assert error.what.startswith("golden row golden-2 is no Client: ")
    assert "$.recency" in error.what


def test_a_golden_row_that_a_function_raises_at_is_refused_without_what_it_says(tmp_path):
    objects = MemoryObjects()
    manifest = served_shop.manifest(
        objects, served_shop.write_shop(tmp_path), **served_shop.alone("helpless")
    )
    rows = golden_rows(objects, manifest)
    rows[0] = msgspec.structs.replace(rows[0], request={**rows[0].request, "recency": 12})

    with pytest.raises(Refused, match="raises RuntimeError at golden row golden-1") as caught:
        require_golden(load((objects, manifest)), rows)

    assert "12.5" not in str(caught.value)
    assert isinstance(caught.value.__cause__, RuntimeError)
