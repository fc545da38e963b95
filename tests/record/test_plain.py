"""The contract of plain data and bundles: what is decoded equals what was encoded."""

import dataclasses
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from math import copysign, isnan
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.kernel import Damaged
from fullcycle.record import (
    BundleCodec,
    PickleCodec,
    PlainCodec,
    Secret,
)
from kept_values import Offer, Plan, Table, artifacts, back, codecs, content

zones = st.sampled_from([None, UTC, timezone(timedelta(hours=5, minutes=45)), ZoneInfo("Europe/Berlin")])
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.dates(),
    st.datetimes(timezones=zones),
    st.times(),
    st.timedeltas(),
    st.decimals(allow_nan=False),
)
keys = st.one_of(
    st.text(), st.just("$"), st.integers(), st.dates(), st.tuples(st.integers(), st.text()), st.booleans()
)
plain = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(keys, inner, max_size=4),
        st.tuples(inner),
        st.tuples(inner, inner),
    ),
    max_leaves=12,
)
tables = st.builds(Table, st.integers(0, 255))
bundles = st.one_of(
    st.dictionaries(keys, st.one_of(tables, plain), max_size=4),
    st.lists(st.one_of(tables, plain, st.lists(tables)), max_size=4),
    st.tuples(tables, plain),
)


def same(a: object, b: object) -> bool:
    """Equal in type and value all the way down, in the order of a dict's keys too."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a), list(b)) and same(list(a.values()), list(b.values()))
    if isinstance(a, float):
        return a == b and copysign(1, a) == copysign(1, b)
    return bool(a == b)


@given(plain)
def test_plain_data_comes_back_as_it_was(value):
    assert same(back(value), value)


@given(bundles)
def test_a_bundle_comes_back_as_it_was(value):
    assert same(back(value), value)


@given(st.binary())
def test_bytes_come_back_as_they_were(value):
    assert back(value) == value
    assert artifacts().keep(value).codec == "bytes@1"


@settings(max_examples=300)
@given(plain, plain)
def test_digests_of_plain_data_differ_where_the_values_do(one, other):
    if content(one) == content(other):
        assert same(one, other)


@given(bundles, bundles)
def test_digests_of_bundles_differ_where_the_values_do(one, other):
    if content(one) == content(other):
        assert same(one, other)


@given(bundles)
def test_equal_values_have_equal_digests(value):
    assert content(back(value)) == content(value)


def test_numbers_that_compare_equal_are_told_apart():
    values = [
        1,
        1.0,
        "1",
        True,
        b"1",
        [1],
        (1,),
        {"1": 1},
        {1: 1},
        {1.0: 1},
        {True: 1},
        Decimal(1),
        0.0,
        -0.0,
        None,
    ]

    assert len({content(value) for value in values}) == len(values)


def test_bundles_of_the_same_parts_are_told_apart():
    one = Table(1)
    values = [[one], (one,), {"a": one}, {"b": one}, {0: one}, [one, one], [[one]], [one, None], {"a": [one]}]

    assert len({content(value) for value in values}) == len(values)


def test_floats_keep_their_bits():
    value = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -0.0, float("inf"), -float("inf")]

    assert same(back(value), value)
    assert isnan(back({"x": [float("nan")]})["x"][0])


def test_a_dict_keeps_its_order_and_the_order_counts():
    assert list(back({"b": 1, "a": 2})) == ["b", "a"]
    assert content({"b": 1, "a": 2}) != content({"a": 2, "b": 1})
    assert content({"b": Table(1), "a": Table(2)}) != content({"a": Table(2), "b": Table(1)})


def test_a_dict_that_looks_like_our_own_marks_is_only_a_dict():
    for value in ({"$": "struct", "v": 1}, {"$": "float", "v": "nan"}, {"$": None}, {"v": {"$": []}}):
        assert same(back(value), value)
        assert same(back(value, dict), value)


def test_a_time_keeps_its_zone():
    summer = datetime(2026, 10, 25, 2, 30, fold=0, tzinfo=ZoneInfo("Europe/Berlin"))
    winter = summer.replace(fold=1)

    assert back(summer).tzinfo.key == "Europe/Berlin"
    assert back(summer).utcoffset() == timedelta(hours=2)
    assert back(winter).utcoffset() == timedelta(hours=1)
    assert back(time(1, 2, 3, tzinfo=UTC)) == time(1, 2, 3, tzinfo=UTC)


def test_a_time_that_the_clocks_skip_stays_what_it_says():
    skipped = datetime(2002, 3, 31, 2, 0, tzinfo=ZoneInfo("Europe/Berlin"))

    assert back(skipped).hour == 2
    assert content(back(skipped)) == content(skipped)


PLAN = Plan(Offer("Mens", 0.1, date(2026, 1, 2)), {7: (Offer("Womens", 0.25),)}, timedelta(hours=1))


def test_structs_and_dataclasses_come_back_as_the_type_that_is_asked_for():
    assert back(PLAN, Plan) == PLAN
    assert back([PLAN, PLAN], list[Plan]) == [PLAN, PLAN]
    assert back({"a": Offer("Mens", float("inf"))}, dict[str, Offer]) == {"a": Offer("Mens", float("inf"))}


def test_and_as_dicts_where_no_type_is():
    assert back(Offer("Mens", 0.1)) == {"campaign": "Mens", "discount": 0.1, "until": None}
    assert list(back(PLAN)) == ["type", "firstOffer", "byClient", "length"]


def test_a_type_changes_nothing_where_no_struct_is():
    assert back([1, 2], list[float]) == [1, 2]
    assert back((1, Table(2)), tuple[int, Table]) == (1, Table(2))


def test_a_struct_is_not_the_dict_of_its_fields():
    @dataclasses.dataclass
    class Other:
        campaign: str
        discount: float
        until: date | None = None

    digests = {content(Offer("a", 1.0)), content({"campaign": "a", "discount": 1.0, "until": None})}
    assert content(Other("a", 1.0)) not in digests
    assert len(digests) == 2


def test_the_digest_of_a_struct_does_not_depend_on_where_its_class_is_loaded():
    def loaded(module: str) -> Any:
        return dataclasses.make_dataclass("Offer", [("campaign", str)], namespace={"__module__": module})(
            "Mens"
        )

    assert content(loaded("archive_1.winback.rows")) == content(loaded("archive_2.winback.rows"))


def test_a_secret_is_kept_by_its_name(monkeypatch):
    monkeypatch.setenv("SHOP_TOKEN", "hunter2")
    shelf = artifacts()
    artifact = shelf.keep({"token": Secret("SHOP_TOKEN")})

    assert b"hunter2" not in shelf.objects.get(artifact.object)
    assert shelf.load(artifact, dict[str, Secret]) == {"token": Secret("SHOP_TOKEN")}


def test_numbers_of_numpy_are_kept_as_pythons():
    value = {"auc": np.float64(0.75), "n": np.int32(7), "ok": np.bool_(True), "x": np.float32(0.1)}

    assert same(back(value), {"auc": 0.75, "n": 7, "ok": True, "x": float(np.float32(0.1))})
    assert content(np.float64(0.75)) == content(0.75)


def test_a_bundle_in_one_object_comes_back_as_it_was():
    bundle = BundleCodec(codecs())
    value = {"a": Table(1, 2), 3: [Table(3)], "c": {"plain": 1}}

    assert bundle.matches(value)
    assert bundle.decode(bundle.encode(value)) == value
    assert bundle.content(value, bundle.encode(value)) != bundle.content([], bundle.encode([]))


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[:-1], lambda data: b"nonsense" + data]
)
@pytest.mark.parametrize("codec", [PlainCodec(), BundleCodec(codecs()), PickleCodec()], ids=lambda c: c.name)
def test_damaged_bytes_are_told(codec, damage):
    with pytest.raises(Damaged, match="run the step again"):
        codec.decode(damage(codec.encode([1, "two"])))


@pytest.mark.parametrize("data", [b'{"$":"date","v":"x"}', b'{"$":"new","v":1}', b'{"$":"decimal","v":"x"}'])
def test_plain_data_with_a_mark_that_it_cannot_read_is_damaged(data):
    with pytest.raises(Damaged, match="not readable as plain data"):
        PlainCodec().decode(data)
