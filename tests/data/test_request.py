"""fullcycle.data.request: examples, then laws, then refusals."""

import pickle
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fullcycle as fc
from fullcycle.data import Malformed, Unfit, decode, problems


class Client(fc.Row):
    client_id: Annotated[int, fc.key]
    email: Annotated[str, fc.personal, fc.matching("@")]
    recency: Annotated[int, fc.between(1, 12)]
    zone: Literal["Urban", "Rural"]
    taste: Annotated[list[float], fc.length(2)]
    seen: datetime | None = None


GOOD = {"client_id": 7, "email": "a@b", "recency": 3, "zone": "Rural", "taste": [1, 2.5]}


def test_a_good_request_becomes_a_row():
    assert decode(Client, msgspec.json.encode(GOOD)) == Client(7, "a@b", 3, "Rural", [1.0, 2.5])
    assert problems(Client, GOOD) == []


@pytest.mark.parametrize(
    "written", ["2026-03-01T10:00:00Z", "2026-03-01T12:00:00+02:00", "2026-03-01T10:00:00"]
)
def test_times_come_out_in_utc(written):
    row = decode(Client, msgspec.json.encode({**GOOD, "seen": written}))

    assert row.seen == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert row.seen.tzinfo is UTC


def test_every_bad_field_is_listed_not_only_the_first():
    bad = {"client_id": "x", "email": "nobody", "recency": 99, "zone": "Mars", "taste": [1, "two"], "sen": 1}

    assert problems(Client, bad) == [
        ("$.sen", "is unknown; did you mean 'seen'?"),
        ("$.client_id", "expected `int`, got `str`"),
        ("$.email", "expected `str` matching regex '@'"),
        ("$.recency", "expected `int` <= 12"),
        ("$.zone", "expected one of 'Urban', 'Rural'"),
        ("$.taste[1]", "expected `float`, got `str`"),
    ]


def test_missing_fields_are_named():
    assert problems(Client, b"{}") == [(f"$.{name}", "is missing") for name in GOOD]


@given(st.dictionaries(st.sampled_from([*GOOD, "seen", "other"]), st.none() | st.booleans() | st.text()))
def test_what_decodes_has_no_problems_and_what_does_not_has_some(changes):
    data = msgspec.json.encode({**GOOD, **changes})
    found = tuple(problems(Client, data))
    if found:
        with pytest.raises(Unfit) as refused:
            decode(Client, data)
        assert refused.value.problems == found
    else:
        assert isinstance(decode(Client, data), Client)


@given(
    st.sampled_from(["client_id", "email", "recency", "zone", "taste", "seen"]), st.integers(10**9, 10**12)
)
def test_no_message_repeats_a_value(name, secret):
    for value in (f"s3cr3t-{secret}", secret, [f"s3cr3t-{secret}"], {"a": secret}):
        told = str(problems(Client, {**GOOD, name: value}))

        assert str(secret) not in told


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"nonsense", b'{"a":NaN}', b"[" * 100_000])
def test_what_is_no_json_is_malformed(data):
    with pytest.raises(Malformed, match="not JSON"):
        decode(Client, data)
    assert len(problems(Client, data)) == 1


@pytest.mark.parametrize("data", [b"[]", b"3", b'"x"', b"null", b"true"])
def test_json_that_is_no_object_is_unfit(data):
    with pytest.raises(Unfit, match="expected an object"):
        decode(Client, data)


def test_the_error_survives_pickling_with_its_problems():
    with pytest.raises(Unfit) as refused:
        decode(Client, b"{}")

    again = pickle.loads(pickle.dumps(refused.value))
    assert again.problems == refused.value.problems
    assert str(again) == str(refused.value)


def test_a_hostile_request_gets_a_short_answer():
    assert len(problems(Client, {f"k{i}" * 100: i for i in range(10_000)})) == 100
    assert max(len(path) for path, _ in problems(Client, {"k" * 5000: 1})) < 100


class Order(fc.Row):
    order_id: int
    items: list[int]
    shelf: int | None = None
    rank: Annotated[int, fc.at_least(0)] = 0


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 0])
def test_a_whole_number_of_64_bits_is_read(number):
    order = {"order_id": number, "items": [number], "shelf": number, "rank": 2**63 - 1}

    assert decode(Order, msgspec.json.encode(order)) == Order(number, [number], number, 2**63 - 1)
    assert problems(Order, order) == []


def test_a_longer_one_is_refused_wherever_it_stands():
    body = b'{"order_id": %d, "items": [1, %d, -%d], "shelf": %d, "rank": %d}' % (2**63, *[2**64] * 3, 10**30)

    with pytest.raises(Unfit) as caught:
        decode(Order, body)

    assert dict(caught.value.problems) == dict.fromkeys(
        ("$.order_id", "$.items[1]", "$.items[2]", "$.shelf", "$.rank"), "expected a number of 64 bits"
    )


@given(st.integers(-(2**70), 2**70), st.lists(st.integers(-(2**70), 2**70), max_size=3))
def test_what_is_refused_as_too_long_is_what_does_not_fit(number, items):
    fits = all(-(2**63) <= one < 2**63 for one in (number, *items))
    body = f'{{"order_id": {number}, "items": {items}}}'.encode()

    assert (problems(Order, body) == []) == fits
    if fits:
        assert decode(Order, body) == Order(number, items)
    else:
        with pytest.raises(Unfit):
            decode(Order, body)
