"""Codecs that a project declares: two functions that write and read values of one type."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from fullcycle.kernel import Digest, Invalid, digest_parts
from fullcycle.record.framing import unreadable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DeclaredCodec(Generic[T]):
    """A type's codec; ``name`` says where it is declared and which code it is, once that is known."""

    type: type[T]
    suffix: str
    write: Callable[[T], bytes]
    read: Callable[[bytes], T]
    home: str  # the module that declares it
    name: str = "declared@0"

    def called(self, name: str) -> "DeclaredCodec[T]":
        """The codec under the name that artifacts remember."""
        return replace(self, name=name)

    def matches(self, value: object) -> bool:
        """Whether it is of the type, or of one below it."""
        return isinstance(value, self.type)

    def encode(self, value: T) -> bytes:
        """What ``write`` makes of it.

        Raises:
            Invalid: where that is no bytes.
        """
        data: Any = self.write(value)
        if type(data) is not bytes:
            raise Invalid(
                f"the codec of {self.type.__qualname__} writes a {type(data).__name__}",
                "fc.codec(…, write=…)",
                "let write return bytes, say text.encode()",
            )
        return data

    def decode(self, data: bytes) -> T:
        """What ``read`` makes of the bytes.

        Raises:
            Damaged: where it raises.
        """
        try:
            return self.read(data)
        except Exception as error:
            raise unreadable(f"a {self.type.__qualname__}", f"{type(error).__name__}: {error}") from error

    def content(self, value: T, data: bytes) -> Digest:
        """Digest of the type's name and the bytes: the code that wrote them may change, values do not."""
        return digest_parts("codec@1", [self.type.__qualname__.encode(), self.suffix.encode(), data])


def codec(
    type: type[T], /, *, suffix: str, write: Callable[[T], bytes], read: Callable[[bytes], T]
) -> DeclaredCodec[T]:
    """Teach the store a type: ``write`` turns a value into bytes, ``read`` into an equal value.

    Bind it to a name in a module that the flow imports, best where the type is used or
    defined; ``fc.testing.round_trip`` tests it. An artifact remembers which code wrote it:
    where ``write`` or ``read`` change, or what they call, it is computed anew.

    Raises:
        Invalid: where ``type`` is no class, or ``suffix`` is none such as ``".wkb"``.
    """
    if not isinstance(type, _CLASS):
        raise Invalid(
            f"{type!r} is no class", "fc.codec", "pass the class of the values: fc.codec(Polygon, …)"
        )
    if not suffix.startswith(".") or len(suffix) < 2:
        raise Invalid(
            f"{suffix!r} is no suffix of a file", f"fc.codec({type.__qualname__}, …)", 'write suffix=".wkb"'
        )
    # As namedtuple and TypeVar do: other modules may import it, its name is that of its home.
    return DeclaredCodec(type, suffix, write, read, home=sys._getframe(1).f_globals.get("__name__", ""))


_CLASS = type
