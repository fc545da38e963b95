"""fullcycle.record.declared: a project teaches the store a type."""

import json
from fractions import Fraction

import pytest

from fullcycle.kernel import Damaged, Invalid, UnknownName
from fullcycle.record import Artifacts, Codecs, MemoryObjects, codec


def write(value: Fraction) -> bytes:
    return json.dumps([value.numerator, value.denominator]).encode()


def read(data: bytes) -> Fraction:
    return Fraction(*json.loads(data))


FRACTIONS = codec(Fraction, suffix=".fraction", write=write, read=read).called("shop.rates:fractions@1")


def artifacts() -> Artifacts:
    known = Codecs()
    known.register(FRACTIONS)
    return Artifacts(MemoryObjects(), known)


def test_a_declared_type_is_stored_and_comes_back_alone_and_in_a_container():
    shelf = artifacts()
    third = Fraction(1, 3)

    assert shelf.load(shelf.keep(third)) == third
    assert shelf.load(shelf.keep({"rate": third, "n": 3})) == {"rate": third, "n": 3}
    assert shelf.keep(third).codec == "shop.rates:fractions@1"


def test_what_a_codec_of_other_code_wrote_is_not_taken_for_there():
    shelf = artifacts()
    artifact = shelf.keep({"rate": Fraction(1, 3)})
    changed = Codecs()
    changed.register(FRACTIONS.called("shop.rates:fractions@2"))
    later = Artifacts(shelf.objects, changed)

    assert shelf.has(artifact)
    assert not later.has(artifact)
    assert not later.knows(artifact)


def test_where_its_codec_is_not_known_it_is_told_how_to_open_it():
    shelf = artifacts()
    artifact = shelf.keep(Fraction(1, 3))

    with pytest.raises(UnknownName, match=r"shop.rates:fractions@1 is not known here(.|\n)*through its run"):
        Artifacts(shelf.objects, Codecs()).load(artifact)


def test_the_content_stays_where_only_the_code_changes():
    data = write(Fraction(1, 3))

    assert FRACTIONS.content(Fraction(1, 3), data) == FRACTIONS.called("shop.rates:fractions@2").content(
        Fraction(1, 3), data
    )
    assert FRACTIONS.content(Fraction(1, 3), data) != FRACTIONS.content(Fraction(2, 3), write(Fraction(2, 3)))


def test_types_below_the_declared_one_are_stored_too():
    class Rate(Fraction):
        pass

    assert FRACTIONS.matches(Rate(1, 2))
    assert not FRACTIONS.matches(0.5)


def test_a_reader_that_raises_tells_what_could_not_be_read():
    with pytest.raises(Damaged, match="not readable as a Fraction: JSONDecodeError"):
        FRACTIONS.decode(b"{")


def test_a_writer_has_to_give_bytes():
    wrong = codec(Fraction, suffix=".fraction", write=str, read=read)  # type: ignore[arg-type]

    with pytest.raises(Invalid, match=r"the codec of Fraction writes a str(.|\n)*let write return bytes"):
        wrong.encode(Fraction(1, 3))


@pytest.mark.parametrize("suffix", ["fraction", ".", ""])
def test_a_suffix_is_that_of_a_file(suffix):
    with pytest.raises(Invalid, match="no suffix of a file"):
        codec(Fraction, suffix=suffix, write=write, read=read)


def test_only_a_class_has_a_codec():
    with pytest.raises(Invalid, match="is no class"):
        codec("Fraction", suffix=".fraction", write=write, read=read)  # type: ignore[arg-type]
