"""Codecs: how what a step returns becomes bytes, and comes back equal.

Two digests tell two things apart: an object's digest is of its bytes; a content digest is
of what the value means, and differs wherever the values do.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fullcycle.kernel import Digest, Invalid, Misconfigured, UnknownName, digest_parts
from fullcycle.record.bundle import BundleCodec as BundleCodec
from fullcycle.record.bundle import taken_apart
from fullcycle.record.pickled import PickleCodec
from fullcycle.record.plain import foreign_field, is_plain, read_plain, write_plain
from fullcycle.record.ports import Codec

WAYS_OUT = (
    "teach the store its type in ten lines: fc.codec(Type, suffix=…, write=…, read=…); "
    "or return numbers, text, dates, tables, arrays, models, plain dataclasses, or lists and dicts of these; "
    "or annotate the step -> fc.Pickled[Type], which no service loads"
)


class PlainCodec:
    """Numbers, text, dates, lists, dicts, structs and dataclasses of such: exact JSON."""

    name = "json@1"
    suffix = ".json"

    def matches(self, value: object) -> bool:
        """Whether it is plain data all through."""
        return is_plain(value)

    def encode(self, value: Any) -> bytes:
        """The value as JSON."""
        return write_plain(value)

    def decode(self, data: bytes, kind: Any = Any) -> Any:
        """The value again; structs and dataclasses as ``kind`` says, as dicts where it says nothing.

        Raises:
            Damaged: where the bytes are not what ``encode`` writes.
            msgspec.ValidationError: where the value is not of ``kind``.
        """
        return read_plain(data, kind)

    def content(self, value: Any, data: bytes) -> Digest:
        """Digest of the JSON; the order of a dict's keys counts, since a loop would see it."""
        return digest_parts(self.name, [data])


class BytesCodec:
    """Bytes, as they are."""

    name = "bytes@1"
    suffix = ".bin"

    def matches(self, value: object) -> bool:
        """Whether it is bytes."""
        return type(value) is bytes

    def encode(self, value: bytes) -> bytes:
        """The bytes."""
        return value

    def decode(self, data: bytes) -> bytes:
        """The bytes."""
        return data

    def content(self, value: bytes, data: bytes) -> Digest:
        """Digest of the bytes."""
        return digest_parts(self.name, [data])


@dataclass(frozen=True, slots=True)
class Vendor:
    """A library whose values have codecs; it is imported when one of them is met, not before."""

    package: str  # where its classes live, such as "pandas"
    names: tuple[str, ...]  # of its codecs, such as "pandas-frame@1"
    load: Callable[[], Sequence[Codec]]  # imports the adapter
    install: str  # the command that brings all it needs

    def codecs(self) -> Sequence[Codec]:
        """Its codecs.

        Raises:
            Misconfigured: where what they need is not installed.
        """
        try:
            return self.load()
        except ModuleNotFoundError as error:
            raise Misconfigured(
                f"values of {self.package} need {error.name}, which is not installed",
                f"storing and reading {', '.join(self.names)}",
                self.install,
            ) from error


class Codecs:
    """The codecs that are known: those built in, and those registered later, which go first."""

    def __init__(self) -> None:
        self._codecs: list[Codec] = [BytesCodec(), PlainCodec(), BundleCodec(self)]
        self._vendors: dict[str, Vendor] = {}  # not loaded yet, by package
        self._opened: list[str] = []  # names of codecs that a vendor brought

    def register(self, codec: Codec) -> None:
        """Add a codec; it is asked before those already known.

        Raises:
            Invalid: where its name is taken.
        """
        if self.knows(codec.name):
            raise Invalid(
                f"there is a codec {codec.name!r} already", "registering a codec", "raise its version"
            )
        self._codecs.insert(0, codec)

    def offer(self, vendor: Vendor) -> None:
        """Know of a library's codecs without importing it."""
        self._vendors[vendor.package] = vendor

    def knows(self, name: str) -> bool:
        """Whether what was stored by the codec of this name can be read here."""
        return any(codec.name == name for codec in self._codecs) or any(
            name in vendor.names for vendor in self._vendors.values()
        )

    def find(self, value: object) -> Codec | None:
        """The codec that stores a value, if one does."""
        if self._vendors:
            for kind in type(value).__mro__:
                self._open(kind.__module__.partition(".")[0])
        return next((codec for codec in self._codecs if codec.matches(value)), None)

    def of(self, value: object) -> Codec:
        """The codec that stores a value.

        Raises:
            Invalid: where none does; says which part of the value stands in the way.
            Misconfigured: where its codec needs what is not installed.
        """
        try:
            codec = self.find(value)
        except RecursionError as error:
            raise Invalid(
                "what was returned holds itself, or is nested too deeply",
                "storing an artifact",
                "return flat data: a list of rows, a table",
            ) from error
        if codec is None:
            path, culprit = self._culprit(value, "what was returned")
            kind = f"{type(culprit).__module__}.{type(culprit).__qualname__}"
            if self.find(culprit) is not None:
                raise Invalid(
                    f"{path} is a {kind}, and a struct or dataclass holds plain data alone",
                    "storing an artifact",
                    f"return it beside the rest, as a dict or a tuple; or {WAYS_OUT}",
                )
            raise Invalid(
                f"{path} is a {kind}, which nothing here knows how to store", "storing an artifact", WAYS_OUT
            )
        return codec

    def named(self, name: str) -> Codec:
        """The codec of a name.

        Raises:
            UnknownName: where there is none.
            Invalid: for a pickle where none are loaded, as in a service.
            Misconfigured: where it needs what is not installed.
        """
        for vendor in list(self._vendors.values()):
            if name in vendor.names:
                self._open(vendor.package)
        for codec in self._codecs:
            if codec.name == name:
                return codec
        if name == PickleCodec.name:
            raise Invalid(
                "it is stored as a pickle, which runs whatever code it names when it is loaded",
                "an artifact of a step that returns fc.Pickled",
                "a service loads none: return what the store knows, or teach it the type with fc.codec",
            )
        if ":" in name:  # module:name@code
            raise UnknownName(
                f"the project's codec {name} is not known here",
                "an artifact that it stored",
                "open it through its run; where the codec has changed since, run the step again; "
                "a service reads what fullcycle itself knows how to store",
            )
        raise UnknownName.among(name, self._names(), where="the codecs that are installed")

    def _open(self, package: str) -> None:
        vendor = self._vendors.get(package)
        if vendor is not None:
            found = vendor.codecs()
            del self._vendors[package]
            # Before what is built in, after what a project declares itself.
            place = len(self._codecs) - 3 - len(self._opened)
            self._codecs[place:place] = found
            self._opened += [codec.name for codec in found]

    def _names(self) -> list[str]:
        later = [name for vendor in self._vendors.values() for name in vendor.names]
        return [*(codec.name for codec in self._codecs), *later]

    def _culprit(self, value: object, path: str) -> tuple[str, object]:
        """The innermost part of a value that has no codec."""
        for place, part in _places(value, path):
            if self.find(part) is None:
                return self._culprit(part, place)
        return foreign_field(value, path)


def _places(value: object, path: str) -> Iterator[tuple[str, object]]:
    if type(value) is dict:
        yield from ((f"{path}[{key!r}]", part) for key, part in value.items())
    elif type(value) in (list, tuple):
        _, parts = taken_apart(value)
        yield from ((f"{path}[{n}]", part) for n, part in enumerate(parts))
