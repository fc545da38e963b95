"""fullcycle.data.row and .contract: examples, then refusals."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
import pytest

import fullcycle as fc
from fullcycle.data import Field, fields, schema
from fullcycle.kernel import Invalid


class Client(fc.Row):
    client_id: Annotated[int, fc.key]
    email: Annotated[str, fc.personal, fc.matching("@")]
    recency: Annotated[int, fc.between(1, 12)]
    zone: Literal["a", "b"] | None
    taste: Annotated[list[float], fc.length(3)]
    since: Annotated[date, fc.time]
    newbie: bool = False


class Mailing(Client):
    campaign: Literal["x", "y"] = "x"


def test_a_row_is_frozen_without_saying_so():
    client = Client(1, "a@b", 3, None, [1.0, 2.0, 3.0], date(2026, 1, 1))

    with pytest.raises(AttributeError):
        client.recency = 4  # type: ignore[misc]


def test_a_contract_tells_all_that_its_annotations_say():
    by_name = {field.name: field for field in fields(Client)}

    assert by_name["client_id"] == Field("client_id", int, key=True)
    assert by_name["email"] == Field("email", str, personal=True, pattern="@")
    assert by_name["recency"] == Field("recency", int, low=1, high=12)
    assert by_name["zone"] == Field("zone", str, choices=("a", "b"), optional=True)
    assert by_name["taste"] == Field("taste", list, item=float, length=3)
    assert by_name["since"] == Field("since", date, time=True)
    assert by_name["newbie"] == Field("newbie", bool, required=False, default=False)


def test_a_row_inherits_the_fields_of_the_row_it_extends():
    assert [f.name for f in fields(Mailing)] == [*(f.name for f in fields(Client)), "campaign"]


def test_markers_and_bounds_stand_in_any_order_and_on_either_side_of_none():
    class Loose(fc.Row):
        a: Annotated[int, fc.between(0, 9), fc.key] | None
        b: Annotated[int | None, fc.key, fc.between(0, 9)]

    a, b = fields(Loose)

    assert (a.low, a.high, a.key, a.optional) == (b.low, b.high, b.key, b.optional) == (0, 9, True, True)


def test_a_schema_is_plain_json():
    described = schema(Mailing)

    assert msgspec.json.decode(msgspec.json.encode(described)) == described
    assert described["fields"][-1] == {
        "name": "campaign",
        "type": "str",
        "choices": ["x", "y"],
        "default": "x",
    }


def test_two_contracts_that_differ_in_a_bound_differ_in_their_schema():
    class One(fc.Row):
        a: Annotated[float, fc.at_least(0)]

    One.__name__, other = "Same", One

    class One(fc.Row):  # type: ignore[no-redef]
        a: Annotated[float, fc.at_least(1)]

    One.__name__ = "Same"
    assert schema(One) != schema(other)


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (dict[str, int], "cannot hold"),
        (int | str, "cannot hold"),
        (list[int | None], "cannot hold"),
        (Annotated[str, fc.time], "str is no time"),
        (Annotated[str, fc.at_least(3)], "a str has no low"),
        (Annotated[int, fc.at_least(0.5)], "0.5 cannot bound an int"),
        (Annotated[float, fc.length(3)], "a float has no length"),
        (Annotated[float, msgspec.Meta(gt=3)], "says more than a contract can check"),
        (Literal["a", 1], "cannot hold"),
    ],
)
def test_a_type_that_no_row_can_hold_is_refused_by_name(annotation, words):
    odd = type(fc.Row)("Odd", (fc.Row,), {"__annotations__": {"a": annotation}, "__module__": __name__})

    with pytest.raises(Invalid, match=words) as refused:
        fields(odd)
    assert "Odd.a" in refused.value.where


def test_what_is_no_row_is_no_contract():
    with pytest.raises(Invalid, match="is not a contract"):
        fields(dict)  # type: ignore[arg-type]


def test_a_datetime_may_be_the_time():
    class Visit(fc.Row):
        at: Annotated[datetime, fc.time]

    assert fields(Visit) == (Field("at", datetime, time=True),)
