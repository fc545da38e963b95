"""fullcycle.kernel.digest: BLAKE3 over a canonical form, framed and named."""

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel import Pieces, digest_bytes, digest_parts, digest_value

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    ),
    max_leaves=10,
)


def test_the_digest_of_bytes_is_plain_blake3():
    # The empty input of the test vectors published with BLAKE3.
    assert digest_bytes(b"") == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    assert digest_bytes(memoryview(b"abc")) == digest_bytes(b"abc") == blake3(b"abc").hexdigest()


def test_parts_are_framed_by_their_length():
    assert digest_parts("d", [b"ab", b"c"]) != digest_parts("d", [b"a", b"bc"]) != digest_parts("d", [b"abc"])
    assert digest_parts("d", []) != digest_parts("d", [b""])
    assert digest_parts("da", [b"b"]) != digest_parts("d", [b"ab"])


def test_a_view_counts_by_its_bytes():
    view = memoryview(bytearray(b"12345678")).cast("I")

    assert digest_parts("d", [view]) == digest_parts("d", [b"12345678"])
    assert digest_bytes(view) == digest_bytes(b"12345678")
    assert digest_parts("d", [view[:0]]) == digest_parts("d", [b""])


def test_the_same_bytes_in_two_uses_differ():
    assert digest_value("code@1", [1]) != digest_value("memo@1", [1]) != digest_bytes(b"[1]")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, "1"),
        (1, True),
        (0.0, -0.0),
        (None, "null"),
        ([], {}),
        (None, float("nan")),
        (None, float("inf")),
        (float("inf"), -float("inf")),
        ("NaN", float("nan")),
    ],
)
def test_values_that_look_alike_are_told_apart(one, other):
    assert digest_value("d", one) != digest_value("d", other)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), values))
def test_the_order_of_keys_does_not_count(value):
    backwards = dict(reversed(value.items()))

    assert digest_value("d", value) == digest_value("d", backwards)


@given(values, values)
def test_equal_digests_mean_equal_values(one, other):
    if digest_value("d", one) == digest_value("d", other):
        assert one == other


@given(st.lists(st.binary(max_size=5), max_size=4), st.lists(st.binary(max_size=5), max_size=4))
def test_equal_digests_mean_equal_parts(one, other):
    assert (digest_parts("d", one) == digest_parts("d", other)) == (one == other)


def test_a_value_is_written_in_its_canonical_form():
    value = {"b": [1.5, None], "a": "é", "c": True}

    assert digest_value("d", value) == digest_parts("d", ['{"a":"é","b":[1.5,null],"c":true}'.encode()])


@given(st.lists(st.binary(max_size=4), max_size=4), st.binary(max_size=3))
def test_where_a_part_is_cut_into_pieces_changes_nothing(pieces, after):
    whole = b"".join(pieces)

    assert digest_parts("d", [Pieces(len(whole), pieces), after]) == digest_parts("d", [whole, after])


@pytest.mark.parametrize("size", [0, 2, 4])
def test_pieces_that_are_not_as_long_as_they_say_are_refused(size):
    with pytest.raises(ValueError, match=f"the pieces hold 3 bytes, and said {size}"):
        digest_parts("d", [Pieces(size, [b"a", b"bc"])])
