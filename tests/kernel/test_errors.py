"""fullcycle.kernel.errors: what, where, how to mend it."""

import copy
import pickle

import pytest

from fullcycle import kernel
from fullcycle.kernel import FullcycleError, Refused, UnknownName

ERRORS = [one for one in vars(kernel).values() if isinstance(one, type) and issubclass(one, FullcycleError)]


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_reads_well_and_survives_pickling(kind):
    error = kind("it broke", "here", "mend it so")

    assert str(error) == "it broke\n  where: here\n  mend:  mend it so"
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is kind
        assert (again.what, again.where, again.mend) == ("it broke", "here", "mend it so")


def test_only_an_answer_of_no_ends_with_one():
    assert {kind.exit_code for kind in ERRORS if kind is not Refused} == {2}
    assert Refused.exit_code == 1


def test_an_unknown_name_offers_the_nearest():
    error = UnknownName.among("revenu", ["visits", "revenue"], where="table 'shop'")

    assert str(error) == "there is no 'revenu'\n  where: table 'shop'\n  mend:  did you mean 'revenue'?"


def test_without_a_near_one_it_offers_some_in_order():
    assert UnknownName.among("x", ["bb", "aa", "bb"], where="here").mend == "use one of: aa, bb"
    assert UnknownName.among("x", [f"name{n}" for n in range(9)], where="here").mend.endswith("name7, …")
    assert UnknownName.among("x", [], where="here").mend == "nothing is defined there yet"


def test_where_nothing_is_defined_it_shows_what_to_write_below_the_cure():
    error = UnknownName.among("x", [], where="here", example="first\nsecond")

    assert str(error).endswith(
        "  mend:  nothing is defined there yet; write, say:\n         first\n         second"
    )
    assert UnknownName.among("x", ["y"], where="here", example="first").mend == "use one of: y"
