"""fullcycle.record.facts: a kind never changes; an old body is lifted to today's."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts_for_tests import Moved, Noted
from fullcycle.kernel import Invalid, UnknownName
from fullcycle.record import fact, kinds, read_body, read_fact, write_body


def test_a_body_is_written_beside_its_version():
    assert write_body(Noted("hello", 7))[:2] == ("test.noted", '{"v":1,"text":"hello","number":7}')


def test_a_body_without_fields_is_written_too():
    @fact("test.empty")
    class Empty(msgspec.Struct, frozen=True):
        pass

    assert write_body(Empty())[:2] == ("test.empty", '{"v":1}')
    assert read_body("test.empty", '{"v":1}') == Empty()


def test_an_old_body_is_lifted_through_every_version():
    assert read_body("test.moved", '{"v":1,"miles":10}') == Moved({"km": 16.09344})
    assert read_body("test.moved", '{"v":2,"km":3.5}') == Moved({"km": 3.5})
    assert read_body("test.moved", '{"v":3,"way":{"km":3.5}}') == Moved({"km": 3.5})


def test_a_fact_is_read_from_a_row_of_the_table():
    fact = read_fact("a", 3, "test.noted", 99, "ana", '{"v":1,"text":"x"}')

    assert (fact.stream, fact.position, fact.at, fact.by, fact.body) == ("a", 3, 99, "ana", Noted("x"))


def test_a_field_added_later_has_its_default_in_an_older_body():
    assert read_body("test.noted", '{"v":1}') == Noted("", 0)


def test_a_field_that_is_gone_is_passed_over():
    assert read_body("test.noted", '{"v":1,"text":"x","colour":"red"}') == Noted("x")


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers())
def test_what_is_written_is_read(text, number):
    kind, written, _ = write_body(Noted(text, number))

    assert read_body(kind, written) == Noted(text, number)
    assert json.loads(written) == {"v": 1, "text": text, "number": number}


def test_the_kinds_know_their_types():
    assert kinds()["test.moved"].version == 3
    assert kinds()["test.noted"].type is Noted


def test_a_module_that_is_loaded_again_registers_its_kind_again():
    def module() -> type[msgspec.Struct]:
        @fact("test.reloaded")
        class Reloaded(msgspec.Struct):
            pass

        return Reloaded

    first, second = module(), module()
    assert first is not second
    assert type(read_body("test.reloaded", '{"v":1}')) is second


def test_a_kind_that_is_taken_is_refused():
    with pytest.raises(Invalid, match=r"the kind 'test.noted' is facts_for_tests.Noted"):

        @fact("test.noted")
        class Other(msgspec.Struct):
            pass


@pytest.mark.parametrize(("version", "upcasts"), [(2, {}), (1, {1: dict}), (3, {1: dict}), (3, {2: dict})])
def test_each_version_needs_an_upcast_from_the_one_before(version, upcasts):
    with pytest.raises(Invalid, match="each turns a body into that of the next version"):

        @fact("test.versions", version=version, upcasts=upcasts)
        class Versions(msgspec.Struct):
            pass


@pytest.mark.parametrize("kind", ["noted", "Test.noted", "test.", "test noted", ""])
def test_a_kind_is_written_as_words_and_dots(kind):
    with pytest.raises(Invalid, match="names no kind of fact"):
        fact(kind)(Noted)


def test_a_body_must_leave_room_for_its_version():
    with pytest.raises(Invalid, match="rename the field v"):

        @fact("test.with_v")
        class WithV(msgspec.Struct):
            v: int

    with pytest.raises(Invalid, match="leave out forbid_unknown_fields"):

        @fact("test.strict")
        class Strict(msgspec.Struct, forbid_unknown_fields=True):
            pass


class Measured(msgspec.Struct, frozen=True):
    value: float


def test_a_body_that_would_not_come_back_is_refused_when_it_is_written():
    fact("test.measured")(Measured)

    assert read_body(*write_body(Measured(0.1 + 0.2))[:2]) == Measured(0.1 + 0.2)
    with pytest.raises(Invalid, match=r"could not be read back(.|\n)*keep a NaN out of the record"):
        write_body(Measured(float("nan")))
    with pytest.raises(Invalid, match="could not be read back"):
        write_body(Noted("\ud800"))


def test_a_kind_that_nobody_knows_offers_the_nearest_and_an_upgrade():
    with pytest.raises(UnknownName, match=r"did you mean 'test.noted'\? Or upgrade fullcycle"):
        read_body("test.notted", '{"v":1}')


def test_a_version_from_the_future_asks_for_an_upgrade():
    with pytest.raises(Invalid, match=r"its version is 2, known here is 1\n(.|\n)*upgrade fullcycle"):
        read_body("test.noted", '{"v":2}')


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"v":"x"}', '{"v":1,"text":7}'])
def test_a_body_that_does_not_fit_is_refused(body):
    with pytest.raises(Invalid, match="its body does not fit"):
        read_body("test.noted", body)
