"""fullcycle.flow.annotation: examples first, then laws."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, Protocol

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.flow.annotation import accepts, covers, type_name


class Offer:
    pass


class Better(Offer):
    pass


class Closes(Protocol):
    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (Any, pl.DataFrame),
        (pl.DataFrame, Any),
        (Offer, Better),
        (float, int),
        (int, Annotated[int, "days"]),
        (int | None, int),
        (int | str | None, str | int),
        (Sequence[Offer], list[Better]),
        (list, list[int]),
        (str, Literal["a", "b"]),
        (Literal["a", "b", "c"], Literal["a", "c"]),
        (dict[str, float], dict[str, int]),
    ],
)
def test_a_step_may_ask_for_less_than_it_is_given(asked, given):
    assert covers(asked, given)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (pl.DataFrame, int),
        (Better, Offer),
        (int, float),
        (int, int | None),
        (list[int], list[str]),
        (list[int], list),
        (list[int], int),
        (dict[str, int], list[int]),
        (tuple[int, int], tuple[int, int, int]),
        (int, Literal["a"]),
        (Literal["a"], Literal["a", "b"]),
        (Literal[1], Literal[True]),
    ],
)
def test_a_step_may_not_ask_for_what_it_is_not_given(asked, given):
    assert not covers(asked, given)


@pytest.mark.parametrize(
    ("kind", "value", "fits"),
    [
        (pl.DataFrame, pl.DataFrame(), True),
        (pl.DataFrame, None, False),
        (float, 1, True),
        (int, 1.0, False),
        (list[int], ["only the outermost class is looked at"], True),
        (int | None, None, True),
        (None, None, True),
        (Literal[1], True, False),
        (Closes, 3, True),  # what a protocol asks is not looked at
        (Any, object(), True),
    ],
)
def test_a_value_fits_its_annotation(kind, value, fits):
    assert accepts(kind, value) is fits


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (pl.DataFrame, "DataFrame"),
        (list[Offer], "list[Offer]"),
        (dict[str, Offer | None], "dict[str, Offer | None]"),
        (Annotated[int, "days"], "int"),
        (Literal["a", 1], "Literal['a', 1]"),
        (Callable[[int, Offer], str], "Callable[[int, Offer], str]"),
        (tuple[int, ...], "tuple[int, ...]"),
        (Any, "Any"),
        (None, "None"),
    ],
)
def test_a_type_is_named_as_a_user_writes_it(kind, name):
    assert type_name(kind) == name


# laws

leaves = st.sampled_from([int, float, str, bool, None, Offer, Better, Literal["a", "b"], Literal["a"]])
kinds = st.recursive(
    leaves,
    lambda inner: (
        st.builds(lambda kind: list[kind], inner)
        | st.builds(lambda kind: dict[str, kind], inner)
        | st.builds(lambda one, other: one | other if one and other else one or other, inner, inner)
    ),
    max_leaves=4,
)


@given(kinds)
def test_every_type_covers_itself(kind):
    assert covers(kind, kind)


@given(kinds, kinds, kinds)
def test_covering_is_passed_on(one, two, three):
    if covers(one, two) and covers(two, three):
        assert covers(one, three)


@given(kinds, kinds)
def test_an_option_more_refuses_nothing(asked, given):
    if asked is not None and covers(asked, given):
        assert covers(asked | str, given)


@given(kinds, st.sampled_from([1, 1.0, "b", True, None, Offer(), Better()]))
def test_a_type_accepts_the_values_of_each_type_that_it_covers(kind, value):
    if covers(kind, type(value)):
        assert accepts(kind, value)
