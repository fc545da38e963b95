"""fullcycle.data.posted: events are a source, with what an event is given when it is received."""

from datetime import timedelta
from typing import Annotated

import pytest

import fullcycle as fc
from fullcycle.data import Events, Source, fields
from fullcycle.kernel import Invalid
from posted_rows import Click


def test_events_are_a_source_of_the_row_with_an_id_and_a_time():
    clicks = fc.events(Click, late_by="1h", fresh_within="2d")
    declared = {field.name: field for field in fields(clicks.contract)}

    assert isinstance(clicks, Source)
    assert clicks.posted is Click
    assert list(declared) == ["decision_id", "item_id", "at", "note", "event_id", "received"]
    assert [name for name, field in declared.items() if field.time] == ["at"]
    assert declared["event_id"].required
    assert (clicks.late_by, clicks.fresh_within) == (timedelta(hours=1), timedelta(days=2))


def test_where_a_row_has_no_time_it_is_when_it_was_received():
    class Refund(fc.Row):
        client_id: Annotated[int, fc.key]

    declared = {field.name: field for field in fields(fc.events(Refund).contract)}

    assert declared["received"].time
    assert declared["client_id"].key


def test_events_may_be_measured_by_a_metric():
    clicked = fc.proportion(fc.events(Click), within="30m")

    assert clicked.source.posted is Click


def test_events_that_name_their_decision_need_not_tell_whose_it_was():
    clicks = fc.events(Click)
    clicks.name = "clicks"
    clicked = fc.proportion(clicks, within="30m")
    clicked.name = "clicked"

    assert clicked.spec(unit="client_id").unit == "client_id"

    class Refund(fc.Row):
        at: Annotated[int, fc.key]

    other = fc.proportion(fc.events(Refund), within="30m")
    other.name = "other"
    with pytest.raises(Invalid, match="do not tell 'client_id'"):
        other.spec(unit="client_id")


def test_a_row_that_holds_what_an_event_is_given_is_refused():
    class Wrong(fc.Row):
        event_id: str

    with pytest.raises(Invalid, match=r"Wrong has a field 'event_id'\n(.|\n)*rename it"):
        fc.events(Wrong)


def test_what_is_no_row_is_refused():
    with pytest.raises(Invalid, match="is not a contract"):
        fc.events(dict)


def test_events_have_no_query_of_their_own():
    clicks = fc.events(Click)
    clicks.name = "clicks"

    assert isinstance(clicks, Events)
    with pytest.raises(Invalid, match="clicks has no query of its own"):
        clicks()
