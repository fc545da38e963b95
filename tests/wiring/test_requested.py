"""fullcycle.wiring.requested: what golden rows are asked by, before and after there are decisions."""

from typing import Annotated

import polars as pl
import pytest

import fullcycle as fc
from fullcycle.kernel import Invalid
from fullcycle.wiring.requested import asked_before, made_up


class Visit(fc.Row):
    visitor_id: Annotated[str, fc.key]
    hour: Annotated[int, fc.between(0, 23)]


def logged(*requests):
    return pl.DataFrame({"request": list(requests)}, schema={"request": pl.String})


def test_requests_are_those_that_were_decided_on_spread_evenly():
    many = [f'{{"visitor_id":"v{n}","hour":{n % 24}}}' for n in range(100)]

    found = asked_before(logged(*many), Visit, 4)

    assert [one["visitor_id"] for one in found] == ["v0", "v25", "v50", "v75"]


def test_what_no_longer_keeps_the_contract_is_left_out():
    old = '{"visitor_id":"v1","hour":99}'

    assert asked_before(logged(old, '{"visitor_id":"v2","hour":1}', "{}"), Visit, 20) == [
        {"visitor_id": "v2", "hour": 1}
    ]
    assert asked_before(logged(), Visit, 20) == []


def test_before_anybody_has_asked_they_are_made_up_and_keep_the_contract():
    found = made_up(Visit, 20)

    assert len({one["visitor_id"] for one in found}) == 20
    assert all(0 <= one["hour"] <= 23 for one in found)


def test_a_pattern_alone_makes_up_nothing():
    class Coded(fc.Row):
        code: Annotated[str, fc.matching("[A-Z]{3}")]

    with pytest.raises(Invalid, match="none can be made up") as caught:
        made_up(Coded, 3)
    assert "let one source's contract hold all fields of Coded" in caught.value.mend
