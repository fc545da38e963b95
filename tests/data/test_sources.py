"""fullcycle.data.sources and .query: examples, then refusals."""

from datetime import datetime, timedelta
from typing import Annotated

import pytest

import fullcycle as fc
from fullcycle.kernel import Invalid


class Visit(fc.Row):
    client_id: Annotated[int, fc.key]
    at: Annotated[datetime, fc.time]


class Shop:
    def sql(self, query: str, /, **values: object) -> fc.Query:
        return fc.Query(query, values, lambda text, bound: (text, dict(bound)))  # type: ignore[arg-type,return-value]


@fc.source(Visit, fresh_within="24h", late_by="2h")
def visits(warehouse: fc.Warehouse) -> fc.Query:
    """Who came."""
    return warehouse.sql("select * from shop.visits where at >= $since", since=3)


def test_a_source_keeps_what_was_declared():
    assert visits.contract is Visit
    assert visits.fresh_within == timedelta(hours=24)
    assert visits.late_by == timedelta(hours=2)
    assert visits.version is None
    assert visits.name == ""
    assert visits.__doc__ == "Who came."


def test_a_source_is_called_with_its_resources_and_fetched_when_asked():
    query = visits(Shop())

    assert query.values == {"since": 3}
    assert query.frame() == ("select * from shop.visits where at >= $since", {"since": 3})


def test_freshness_needs_a_time():
    class Timeless(fc.Row):
        a: int

    with pytest.raises(Invalid, match=r"needs to know when .*\n.*\n.*fc\.time"):
        fc.source(Timeless, fresh_within="1d")


def test_a_duration_that_is_none_is_refused():
    with pytest.raises(Invalid, match="'soon' is not a duration"):
        fc.source(Visit, fresh_within="soon")


def test_a_source_without_a_query_says_so():
    with pytest.raises(Invalid, match="has no query of its own"):
        fc.Source(None, Visit)()
