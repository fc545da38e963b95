"""fullcycle.record.codecs: which codec keeps a value, and what is refused."""

import dataclasses

import numpy as np
import pytest

from fullcycle.kernel import Invalid, Misconfigured, UnknownName
from fullcycle.record import (
    Artifacts,
    BytesCodec,
    Codec,
    Codecs,
    PlainCodec,
    Vendor,
)
from kept_values import Offer, Table, TableCodec, artifacts, back, codecs


def test_a_codec_registered_later_goes_first():
    class Upper(BytesCodec):
        name = "upper@1"

    known = Codecs()
    known.register(Upper())
    assert known.of(b"x").name == "upper@1"
    assert known.named("bytes@1").decode(b"x") == b"x"


@pytest.mark.parametrize("codec", [PlainCodec(), BytesCodec(), TableCodec()])
def test_a_name_has_its_version(codec: Codec):
    name, _, version = codec.name.partition("@")
    assert name
    assert version.isdigit()
    assert codec.suffix.startswith(".")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (object(), "what was returned is a builtins.object"),
        ({"a": [1, {"b": {1, 2}}]}, "what was returned['a'][1]['b'] is a builtins.set"),
        ({"a": Table(1), "b": (Table(2), iter([]))}, "what was returned['b'][1] is a builtins.list_iterator"),
        ([Offer("a", complex(1))], "what was returned[0].discount is a "),
        ({"a": np.zeros(3)}, "what was returned['a'] is a numpy.ndarray"),
    ],
)
def test_what_cannot_be_stored_is_pointed_at(value, words):
    with pytest.raises(Invalid) as caught:
        artifacts().keep(value)
    assert str(caught.value).startswith(words)
    assert "nothing here knows how to store" in caught.value.what
    assert "fc.codec(Type, suffix=…, write=…, read=…)" in caught.value.mend
    assert "return numbers, text, dates, tables, arrays, models" in caught.value.mend
    assert "fc.Pickled[Type], which no service loads" in caught.value.mend


def test_a_table_in_a_struct_is_told_where_it_may_be():
    with pytest.raises(
        Invalid, match=r"returned.discount is a .*Table, and a struct or dataclass holds plain"
    ) as caught:
        artifacts().keep(Offer("a", Table(1)))  # type: ignore[arg-type]
    assert caught.value.mend.startswith("return it beside the rest, as a dict or a tuple; or teach the store")


def test_a_value_that_holds_itself_is_refused():
    loop: list[object] = []
    loop.append(loop)

    with pytest.raises(Invalid, match="holds itself"):
        artifacts().keep(loop)


def test_a_codec_that_is_not_installed_is_named():
    shelf = artifacts()
    artifact = shelf.keep(Table(1))

    with pytest.raises(UnknownName, match=r"there is no 'table@1'\n.*the codecs that are installed"):
        Artifacts(shelf.objects, Codecs()).load(artifact)


def test_two_codecs_of_one_name_are_refused():
    known = codecs()
    with pytest.raises(Invalid, match=r"a codec 'table@1' already\n(.|\n)*raise its version"):
        known.register(TableCodec())


def test_a_value_of_another_type_is_refused():
    with pytest.raises(Invalid, match=r"missing required field `campaign`(.|\n)*the type it was stored as"):
        back(dataclasses.make_dataclass("Cart", [("items", int)])(3), Offer)


def offered(load) -> Codecs:
    known = Codecs()
    package = Table.__module__.partition(".")[0]
    known.offer(Vendor(package, ("table@1",), load, 'python -m pip install "fullcycle[tables]"'))
    return known


def test_a_library_is_not_imported_until_one_of_its_values_is_met():
    loaded = []

    def load():
        loaded.append("tables")
        return [TableCodec()]

    known = offered(load)
    assert known.of([1, {"a": 2.5}]).name == "json@1"
    assert known.knows("table@1")
    assert not loaded

    assert known.of({"a": Table(1)}).name == "bundle@1"
    assert known.of(Table(1)).name == known.named("table@1").name == "table@1"
    assert loaded == ["tables"]


def test_nor_until_something_that_it_stored_is_read():
    assert offered(lambda: [TableCodec()]).named("table@1").decode(b"\1") == Table(1)


def test_what_a_project_declares_itself_goes_before_a_librarys_codec():
    class Own(TableCodec):
        name = "own@1"

    known = offered(lambda: [TableCodec()])
    known.register(Own())

    assert known.of(Table(1)).name == "own@1"
    assert known.named("table@1").name == "table@1"
    assert known.of(Table(1)).name == "own@1"


def test_a_library_that_is_not_installed_is_named_with_the_command_that_brings_it():
    def load():
        raise ModuleNotFoundError("No module named 'tables'", name="tables")

    known = offered(load)
    for ask in (lambda: known.named("table@1"), lambda: known.of(Table(1))):
        with pytest.raises(
            Misconfigured, match=r"need tables, which is not installed(.|\n)*fullcycle\[tables\]"
        ):
            ask()


def test_a_pickle_is_not_loaded_where_none_was_asked_for():
    with pytest.raises(
        Invalid, match=r"stored as a pickle, which runs whatever code(.|\n)*a service loads none"
    ):
        Codecs().named("pickle@1")
