"""Kinds of facts that only tests write, and programs that several test modules start."""

import msgspec

from fullcycle.record import fact


@fact("test.noted")
class Noted(msgspec.Struct, frozen=True):
    """Something small was noted."""

    text: str = ""
    number: int = 0


@fact(
    "test.moved",
    version=3,
    upcasts={1: lambda b: {"km": b["miles"] * 1.609344}, 2: lambda b: {"way": b}},
)
class Moved(msgspec.Struct, frozen=True):
    """Version 1 told miles; version 2 kilometres; version 3 nests them."""

    way: dict[str, float]
