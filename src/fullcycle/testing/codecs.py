"""The contract of a codec, for those that fullcycle brings and those that a project declares."""

import operator
from collections.abc import Callable
from typing import Any

from fullcycle.kernel import Damaged, Digest, Refused
from fullcycle.record import Codec


def round_trip(
    codec: Codec, *values: Any, equal: Callable[[Any, Any], bool] = operator.eq, told: bool = False
) -> None:
    """Hold a codec to its contract with some values, of which no two should be equal.

    Each is known to it, is written the same twice, comes back ``equal``, and has a content of
    its own that writing and reading do not change. Bytes that are cut or overwritten raise
    ``Damaged``; where any bytes stand for some value they may be read as another, unless
    they have to be ``told``.

    Raises:
        Refused: naming the value, and what of this is not so.

    >>> from fractions import Fraction
    >>> import fullcycle as fc
    >>> ratios = fc.codec(
    ...     Fraction, suffix=".ratio", write=lambda r: str(r).encode(), read=lambda b: Fraction(b.decode())
    ... )
    >>> fc.testing.round_trip(ratios, Fraction(1, 3), Fraction(-2))
    """
    contents: dict[Digest, Any] = {}
    for value in values:
        _require(codec.matches(value), "is not known to it: matches says no", value, codec)
        data = codec.encode(value)
        _require(codec.encode(value) == data, "is written differently the second time", value, codec)
        content = codec.content(value, data)
        back = codec.decode(data)
        _require(equal(back, value), f"comes back as {_shown(back)}", value, codec)
        again = codec.content(back, codec.encode(back))
        _require(again == content, "has another content once it was written and read", value, codec)
        for place, damaged in _damages(data).items():
            _require(_is_told(codec, damaged, told=told), f"is not told as damaged {place}", value, codec)
        twin = contents.setdefault(content, value)
        _require(twin is value, f"has the content of {_shown(twin)}, which is another", value, codec)


def _damages(data: bytes) -> dict[str, bytes]:
    every = {
        "where it is empty": b"",
        "where its end is cut off": data[: len(data) // 2],
        "where it is something else": b"\0 nonsense",
    }
    return {place: damaged for place, damaged in every.items() if damaged != data}


def _is_told(codec: Codec, damaged: bytes, *, told: bool) -> bool:
    try:
        codec.decode(damaged)
    except Damaged:
        return True
    except Exception:  # noqa: BLE001 - any other is what this looks for
        return False
    return not told


def _require(kept: bool, what: str, value: object, codec: Codec) -> None:
    if not kept:
        raise Refused(
            f"{_shown(value)} {what}", f"the codec {codec.name}", "mend its write or its read, and try again"
        )


def _shown(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:79]}…"
