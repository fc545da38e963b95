"""fullcycle.experiment.condition; GrowthBook's own vectors are in tests/golden/test_growthbook.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.experiment import checked_condition, holds, roots
from fullcycle.experiment.condition import _OPERATORS, asking
from fullcycle.kernel import Invalid, UnknownName

plain = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3)
records = st.dictionaries(st.sampled_from(["a", "b", "c"]), plain)


def test_every_field_must_meet_what_stands_beside_it():
    condition = {"country": {"$in": ["NL", "BE"]}, "orders": {"$gte": 3, "$lt": 9}}

    assert holds(condition, {"country": "NL", "orders": 3})
    assert not holds(condition, {"country": "NL", "orders": 9})
    assert not holds(condition, {"country": "DE", "orders": 3})


def test_values_are_compared_with_their_types():
    assert holds({"n": 1}, {"n": 1.0})
    assert not any((holds({"n": 1}, {"n": "1"}), holds({"n": 1}, {"n": True}), holds({"n": None}, {"n": 0})))
    assert not holds({"n": {"$in": [1, 2]}}, {"n": True})


def test_texts_are_ordered_by_their_utf_16_code_units():
    assert holds({"s": {"$lt": "\uffff"}}, {"s": "🙂"})  # d83d before ffff, though its code point is higher


@pytest.mark.parametrize("order", ["$lt", "$lte", "$gt", "$gte"])
def test_what_is_no_number_is_in_no_order_with_one(order):
    assert not any(holds({"n": {order: 3}}, {"n": value}) for value in ("x", [1], {"a": 1}))


def test_the_fields_that_a_condition_asks_are_known():
    condition = {
        "a.b": 1,
        "$or": [{"c": 1}, {"$not": {"d.e.f": {"$gt": 1}}}],
        "a.c": {"$elemMatch": {"inner": 1}},
        "$and": [],
    }

    assert roots(condition) == ("a", "c", "d")


@given(one=records, other=records, fields=records)
def test_conditions_keep_the_laws_of_logic(one, other, fields):
    a, b = holds(one, fields), holds(other, fields)

    assert holds({"$not": one}, fields) is not a
    assert holds({"$and": [one, other]}, fields) is (a and b)
    assert holds({"$or": [one, other]}, fields) is (a or b)
    assert holds({"$nor": [one, other]}, fields) is not (a or b)


quick = st.sampled_from(
    ["NL", "", 1, 0, -1.5, 2**53 + 1, float(2**53), True, None, ["NL", 1], {"x": 1}, "3", " 3.0 ", "1_0"]
)
operators = st.sampled_from(["$eq", "$ne", "$lt", "$lte", "$gt", "$gte"])


@given(operator=operators, given_=quick, value=quick)
def test_what_is_told_without_a_detour_is_what_the_operator_says(operator, given_, value):
    assert holds({"a": {operator: given_}}, {"a": value}) is _OPERATORS[operator](given_, value, {})


@given(operator=st.sampled_from(["$in", "$nin"]), members=st.lists(quick, max_size=3), value=quick)
def test_membership_is_told_alike_without_a_detour(operator, members, value):
    assert holds({"a": {operator: members}}, {"a": value}) is _OPERATORS[operator](members, value, {})


@given(one=records, fields=records)
def test_a_condition_that_asks_for_fields_says_what_it_says_of_a_record(one, fields):
    for condition in (one, {"$or": [one, {"a.b": 1}]}, {"a": {"$not": {"$in": [1, "x"]}}, **one}):
        assert asking(condition)(fields.get) is holds(condition, fields)


def test_a_field_is_asked_only_when_it_is_needed():
    asked = []

    met = asking({"a": 1, "b": 2})(lambda name: asked.append(name))

    assert (met, asked) == (False, ["a"])


@pytest.mark.parametrize(
    ("value", "less"), [("1_0", False), ("0x1", False), ("\u0663", False), (" ", True), (" 1e0 ", True)]
)
def test_a_text_is_a_number_where_it_is_written_as_a_decimal(value, less):
    assert holds({"n": {"$lt": 3}}, {"n": value}) is less


@pytest.mark.parametrize("value", [[1], {"a": 1}, True, None])
def test_what_is_neither_text_nor_number_counts_as_version_0(value):
    assert holds({"v": {"$veq": "0"}}, {"v": value})


@given(record=records)
def test_a_record_meets_itself(record):
    assert holds(record, record)


@given(value=plain, members=st.lists(plain))
def test_among_and_not_among_are_opposites(value, members):
    inside = holds({"a": {"$in": members}}, {"a": value})

    assert holds({"a": {"$nin": members}}, {"a": value}) is not inside
    assert inside is any(holds({"a": {"$eq": one}}, {"a": value}) for one in members)


@given(value=st.integers(-5, 5), bound=st.integers(-5, 5))
def test_orders_are_those_of_numbers(value, bound):
    found = [holds({"a": {order: bound}}, {"a": value}) for order in ("$lt", "$lte", "$gt", "$gte", "$eq")]

    assert found == [value < bound, value <= bound, value > bound, value >= bound, value == bound]


@pytest.mark.parametrize(
    ("condition", "error", "said", "cure"),
    [
        ({}, Invalid, "condition={}", "which fields are targeted"),
        ("country", Invalid, "condition='country'", "which fields are targeted"),
        ({"a": {"$gtt": 1}}, UnknownName, "no '$gtt'", "did you mean '$gt"),
        ({"a": {"$not": {"$sise": 1}}}, UnknownName, "no '$sise'", "'$size'"),
        ({"$xor": []}, UnknownName, "no '$xor'", "'$or'"),
        ({"$or": {"a": 1}}, Invalid, "$or stands before", "a list of conditions"),
        ({"a": {"$in": "NL"}}, Invalid, "$in stands before 'NL'", "give $in a list"),
        ({"a": {"$regex": "("}}, Invalid, "'(' is no regular expression", "re reads"),
        ({"a": {"$inGroup": "staff"}}, Invalid, "names a saved group", "write its members"),
        ({"$and": [{"a": {"$elemMatch": {"b": {"$x": 1}}}}]}, UnknownName, "no '$x'", "use one of"),
        ({1: 2}, Invalid, "1 is no name of a field", "by text"),
    ],
)
def test_what_no_request_could_meet_is_refused(condition, error, said, cure):
    with pytest.raises(error) as caught:
        checked_condition(condition)

    assert said in caught.value.what
    assert cure in caught.value.mend
