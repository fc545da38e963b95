"""fullcycle.data.commented: what stands beside a field, and nothing else."""

import pytest

from fullcycle.code import Archive, load
from fullcycle.data import Row, comments

ROWS = '''
from typing import Annotated
import fullcycle as fc


class Client(fc.Row):  # the request
    client_id: Annotated[int, fc.key]
    recency: Annotated[int, fc.between(1, 12)]  # months since the last purchase
    # dollars spent
    # in the past year
    history: Annotated[
        float,  # not this
        fc.at_least(0),
    ]
    zip_code: str  # noqa: E501
    newbie: bool = False  # a client for less than a year

    # not of any field


class Mailing(Client):
    """A past decision."""

    sent: str = ""  # when # it went out
'''


@pytest.fixture(scope="module")
def rows():
    return load(Archive("shop", {"__init__.py": b"", "rows.py": ROWS.encode()})).module("rows")


def test_a_comment_behind_or_right_above_a_field_is_the_fields(rows):
    assert comments(rows.Client) == {
        "": "the request",
        "recency": "months since the last purchase",
        "history": "dollars spent in the past year",
        "newbie": "a client for less than a year",
    }


def test_an_inherited_field_keeps_its_comment_and_a_class_its_own_words(rows):
    said = comments(rows.Mailing)

    assert said[""] == "A past decision."
    assert said["recency"] == "months since the last purchase"
    assert said["sent"] == "when # it went out"


def test_a_contract_without_source_has_no_comments():
    made = type("Made", (Row,), {"__annotations__": {"a": int}})

    assert comments(made) == {}
