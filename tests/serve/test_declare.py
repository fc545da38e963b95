"""fullcycle.serve.declare: declaring a service only registers what was said."""

import pytest

import fullcycle as fc
from fullcycle.data import Row
from fullcycle.kernel import Invalid
from fullcycle.serve import Service, service


class Ask(Row):
    n: int


def today(ask: Ask) -> Ask:
    """What was always done."""
    return ask


def test_a_service_is_called_like_the_function_it_holds():
    @service
    def same(ask: Ask) -> Ask:
        """Give back what was asked."""
        return ask

    assert isinstance(same, Service)
    assert same(Ask(1)) == Ask(1)
    assert (same.__name__, same.__doc__) == ("same", "Give back what was asked.")
    assert same.fallback is None


def test_a_service_names_what_answers_when_it_fails():
    @service(fallback=today)
    def more(ask: Ask, *, step: int = 1) -> Ask:
        return Ask(ask.n + step)

    assert more(Ask(1), step=3) == Ask(4)
    assert more.fallback is today


def test_what_is_no_function_is_refused():
    with pytest.raises(Invalid, match="fallback 'today' is not a function"):
        service(fallback="today")
    with pytest.raises(Invalid, match="3 is not a function"):
        service(3)


def tomorrow() -> None: ...


def test_what_is_scored_says_over_which_step_and_into_which_table():
    step = fc.step(tomorrow)

    declared = fc.service(over=step, into="inventory.orders")(lambda row: row)

    assert (declared.over, declared.into) == ("tomorrow", "inventory.orders")
    assert (fc.service(lambda row: row).over, fc.service(lambda row: row).into) == ("", "")


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ({"over": fc.step(tomorrow)}, 'into="inventory.orders"'),
        ({"into": "inventory.orders"}, "over=tomorrow"),
        ({"over": tomorrow, "into": "inventory.orders"}, "pass a step of flow.py"),
        ({"over": fc.step(tomorrow), "into": "orders"}, "schema and table"),
        ({"over": fc.step(tomorrow), "into": "a.b; drop table c"}, "schema and table"),
    ],
)
def test_what_cannot_be_scored_is_refused_where_it_is_declared(said, mend):
    with pytest.raises(Invalid, match=mend):
        fc.service(**said)
