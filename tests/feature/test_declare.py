"""fullcycle.feature, on one row: examples, then laws, then refusals."""

import math
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fullcycle as fc
from fullcycle.feature import FeatureSet
from fullcycle.kernel import Invalid

Campaign = Literal["mens", "womens", "none"]


class Client(fc.Row):
    history: float
    newbie: bool


class Taste(fc.Row):
    vector: Annotated[list[float], fc.length(2)]


class Traits(fc.Row):
    log_history: float
    newbie: bool
    campaign: Campaign
    match: float | None
    vector: Annotated[list[float], fc.length(2)]


@fc.features
def traits(client: Client, campaign: Campaign, taste: Taste | None) -> Traits:
    """What the model sees."""
    return Traits(
        log_history=math.log1p(client.history),
        newbie=client.newbie,
        campaign=campaign,
        match=None if taste is None else fc.dot(taste.vector, [1.0, 2.0]),
        vector=taste.vector if taste is not None else [0.0, 0.0],
    )


def test_on_one_row_a_feature_set_is_its_function():
    assert traits(Client(0.0, True), "womens", None) == Traits(0.0, True, "womens", None, [0.0, 0.0])
    assert traits.__doc__ == "What the model sees."


def test_names_types_and_categories_follow_from_the_annotations():
    assert traits.names == ("log_history", "newbie", "campaign", "match", "vector_0", "vector_1")
    assert traits.categories == ("campaign",)
    assert traits.inputs == {"client": Client, "campaign": Campaign, "taste": Taste | None}
    assert traits.row is Traits


def test_a_model_sees_numbers():
    seen = traits(Client(0.0, True), "womens", Taste([3.0, 4.0]))

    assert traits.encode(seen) == [0.0, 1.0, 1.0, 11.0, 3.0, 4.0]


def test_what_is_missing_is_nan():
    numbers = traits.encode(traits(Client(0.0, False), "none", None))

    assert math.isnan(numbers.pop(3))
    assert numbers == [0.0, 0.0, 2.0, 0.0, 0.0]


@given(st.lists(st.tuples(st.floats(allow_nan=False), st.floats(allow_nan=False))))
def test_dot_adds_from_left_to_right(pairs):
    total = 0.0
    for x, y in pairs:
        total = total + x * y

    assert fc.dot([x for x, _ in pairs], [y for _, y in pairs]).hex() == total.hex()


def test_dot_of_vectors_of_different_lengths_is_refused():
    with pytest.raises(ValueError, match="shorter"):
        fc.dot([1.0, 2.0], [1.0])


def test_a_value_that_is_no_choice_is_refused_without_repeating_it():
    with pytest.raises(Invalid, match="'campaign' is none of its 3 choices") as refused:
        traits.encode(Traits(0.0, True, "s3cr3t", None, [0.0, 0.0]))  # type: ignore[arg-type]
    assert "s3cr3t" not in str(refused.value)


def test_a_vector_of_another_length_is_refused():
    with pytest.raises(Invalid, match="'vector' has 3 values, not 2"):
        traits.encode(Traits(0.0, True, "none", None, [0.0, 0.0, 0.0]))


def test_text_is_no_number():
    class Said(fc.Row):
        words: str

    @fc.features
    def said(client: Client) -> Said:
        return Said("")

    with pytest.raises(Invalid, match=r"cannot see a str as a number(.|\n)*Said.words(.|\n)*Literal"):
        said.encode(Said(""))


def test_a_function_that_returns_no_row_is_refused():
    @fc.features
    def number(client: Client) -> float:  # type: ignore[type-var]
        return 1.0

    with pytest.raises(Invalid, match=r"returns a Row(.|\n)*test_declare.py:\d+"):
        number.row


def test_a_parameter_without_a_type_is_refused():
    @fc.features
    def bare(client) -> Traits:  # type: ignore[no-untyped-def]
        raise NotImplementedError

    with pytest.raises(Invalid, match="'client' has no type"):
        bare.inputs


def test_only_functions_are_decorated():
    with pytest.raises(Invalid, match="decorate a plain function"):
        fc.features(Client)


def test_the_type_of_a_feature_set_is_public():
    assert isinstance(traits, FeatureSet)
