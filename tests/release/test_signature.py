"""fullcycle.release.signature: what a service asks for is what its annotations say."""

from typing import Annotated

import pytest

from fullcycle.data import Lookup, Row, key
from fullcycle.feature import Draw, Model
from fullcycle.kernel import Invalid
from fullcycle.release import read_signature, together
from fullcycle.serve import service


class Ask(Row):
    n: int


class Seen(Row):
    n: int


class Known(Row):
    n: Annotated[int, key]


class Offer(Row):
    n: int


@service
def everything(
    ask: Ask,
    one: Model[Seen],
    many: dict[str, Model[Seen]],
    top: list[int],
    known: Lookup[Known],
    draw: Draw,
    *,
    k: int,
    rate: float = 0.5,
) -> list[Offer]:
    return []


def test_each_parameter_is_read_by_its_annotation():
    signature = read_signature(everything, "shop.service:everything")

    assert signature.row is Ask
    assert signature.answer == list[Offer]
    assert dict(signature.models) == {"one": Seen}
    assert dict(signature.families) == {"many": Seen}
    assert signature.draws == ("draw",)
    assert dict(signature.lookups) == {"known": Known}
    assert dict(signature.values) == {"top": list[int]}
    assert dict(signature.parameters) == {"k": int, "rate": float}
    assert dict(signature.defaults) == {"rate": 0.5}
    assert signature.steps == ("one", "many", "known", "top")


def test_a_plain_function_is_read_like_a_service():
    def today(ask: Ask) -> Offer:
        return Offer(ask.n)

    signature = read_signature(today, "s:today")

    assert (signature.row, signature.answer, signature.steps) == (Ask, Offer, ())


def no_request() -> Offer: ...
def request_is_no_row(n: int) -> Offer: ...
def answer_is_no_row(ask: Ask) -> int: ...
def answer_is_a_list_of_numbers(ask: Ask) -> list[int]: ...
def no_answer(ask: Ask): ...
def unannotated(ask: Ask, model) -> Offer: ...
def star(ask: Ask, *more: Model[Seen]) -> Offer: ...
def positional_only(ask: Ask, /) -> Offer: ...
def lookup_of_nothing(ask: Ask, known: Lookup) -> Offer: ...
def lookup_of_numbers(ask: Ask, known: Lookup[int]) -> Offer: ...
def unknown_name(ask: Ask, model: "Nowhere") -> Offer: ...  # noqa: F821 - that is the point


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (no_request, "its first parameter is not a Row"),
        (request_is_no_row, "its first parameter is not a Row"),
        (answer_is_no_row, "it returns int"),
        (answer_is_a_list_of_numbers, r"it returns list\[int\]"),
        (no_answer, "it returns None"),
        (unannotated, "its parameter 'model' has no annotation"),
        (star, r"its parameter \*more: .* cannot be wired by name"),
        (positional_only, "its parameter ask: .* cannot be wired by name"),
        (lookup_of_nothing, "its parameter 'known' says not of which rows it is"),
        (lookup_of_numbers, "its parameter 'known' says not of which rows it is"),
        (unknown_name, "an annotation of it cannot be read: name 'Nowhere' is not defined"),
    ],
)
def test_what_cannot_be_wired_is_refused_in_words(function, words):
    with pytest.raises(Invalid, match=f"s:f cannot be released: {words}"):
        read_signature(function, "s:f")


def today(ask: Ask, others: Lookup[Known], *, rate: float = 0.5, most: int = 3) -> list[Offer]:
    return []


def everyone():
    return {"shop.service:everything": read_signature(everything, "shop.service:everything")}


def test_what_any_function_asks_for_goes_out_with_the_release():
    both = together({**everyone(), "shop.service:today": read_signature(today, "shop.service:today")})

    assert both.steps == ("one", "many", "known", "others", "top")
    assert dict(both.lookups) == {"known": Known, "others": Known}
    assert dict(both.defaults) == {"rate": 0.5, "most": 3}
    assert (both.row, both.answer, both.draws) == (Ask, list[Offer], ("draw",))


def other_rows(ask: Ask, known: Lookup[Ask]) -> list[Offer]:
    return []


def as_a_model(ask: Ask, known: Model[Seen]) -> list[Offer]:
    return []


def as_a_value(ask: Ask, top: list[str]) -> list[Offer]:
    return []


def other_default(ask: Ask, *, rate: float = 0.25) -> list[Offer]:
    return []


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (other_rows, "asks for known as a lookup of Ask, and shop.service:everything as a lookup of Known"),
        (as_a_model, "asks for known as a model by Seen, and shop.service:everything as a lookup of Known"),
        (as_a_value, r"asks for top as a value of list\[str\], and .* as a value of list\[int\]"),
        (other_default, "its parameter rate is 0.25, and 0.5 in shop.service:everything"),
    ],
)
def test_one_name_that_stands_for_two_things_is_refused_with_the_way_out(function, words):
    other = {"shop.service:today": read_signature(function, "shop.service:today")}

    with pytest.raises(Invalid, match=f"today cannot be released: .*{words}(.|\n)*another name"):
        together({**everyone(), **other})
