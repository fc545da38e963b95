"""fc.testing.round_trip: it passes what keeps the contract, and catches each way of breaking it."""

from fractions import Fraction

import pytest

import fullcycle as fc
from fullcycle.kernel import Invalid, Refused
from fullcycle.record import DeclaredCodec

HALF, THIRD = Fraction(1, 2), Fraction(1, 3)


def write(value: Fraction) -> bytes:
    return f"{value.numerator}/{value.denominator}".encode()


def read(data: bytes) -> Fraction:
    return Fraction(data.decode())


def codec(**changed) -> DeclaredCodec:
    return fc.codec(Fraction, **{"suffix": ".ratio", "write": write, "read": read, **changed})


def test_what_keeps_the_contract_passes():
    fc.testing.round_trip(codec(), HALF, THIRD)


def test_a_value_of_another_type_is_told():
    with pytest.raises(Refused, match=r"0.5 is not known to it(.|\n)*the codec declared@0"):
        fc.testing.round_trip(codec(), 0.5)


def test_what_comes_back_as_another_is_told():
    with pytest.raises(Refused, match=r"Fraction\(1, 2\) comes back as Fraction\(3, 2\)"):
        fc.testing.round_trip(codec(read=lambda data: read(data) + 1), HALF)


def test_what_is_written_differently_each_time_is_told():
    turns = iter(range(9))

    with pytest.raises(Refused, match="written differently the second time"):
        fc.testing.round_trip(codec(write=lambda value: write(value) + b" " * next(turns)), HALF)


def test_two_values_of_one_content_are_told():
    with pytest.raises(Refused, match=r"has the content of Fraction\(1, 2\), which is another"):
        fc.testing.round_trip(codec(write=lambda value: b"1/2"), HALF, THIRD, equal=lambda one, other: True)


def test_a_content_that_reading_changes_is_told():
    def closest(data: bytes) -> Fraction:
        return read(data).limit_denominator(2)

    with pytest.raises(Refused, match="another content once it was written and read"):
        fc.testing.round_trip(codec(read=closest), THIRD, equal=lambda one, other: True)


def test_damage_that_goes_unnoticed_is_told_where_it_has_to_be_noticed():
    silent = codec(read=lambda data: read(data) if b"/" in data else HALF)

    fc.testing.round_trip(silent, HALF)
    with pytest.raises(Refused, match="is not told as damaged where it is empty"):
        fc.testing.round_trip(silent, HALF, told=True)


def test_a_codec_of_ones_own_class_that_raises_something_else_is_told():
    class Own:
        name, suffix = "own@1", ".own"
        matches, encode = codec().matches, codec().encode
        content = codec().content

        def decode(self, data: bytes) -> Fraction:
            return read(data)

    with pytest.raises(Refused, match="is not told as damaged"):
        fc.testing.round_trip(Own(), HALF)


def test_what_it_cannot_write_is_its_own_refusal():
    with pytest.raises(Invalid, match="writes a str"):
        fc.testing.round_trip(codec(write=str), HALF)
