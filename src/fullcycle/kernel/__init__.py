"""What every stage stands on: errors, digests, time, money."""

from fullcycle.kernel.card import Card
from fullcycle.kernel.change import Change, changes
from fullcycle.kernel.clock import Clock, duration, instant, micros, now, uuid7
from fullcycle.kernel.digest import Digest, Pieces, digest_bytes, digest_parts, digest_value
from fullcycle.kernel.errors import (
    Conflict,
    Damaged,
    FullcycleError,
    Invalid,
    Misconfigured,
    Missing,
    NotEnoughData,
    Refused,
    UnknownName,
    indented,
)
from fullcycle.kernel.lazy import later, lazily
from fullcycle.kernel.markup import Markup, joined, tag
from fullcycle.kernel.memory import peak_memory
from fullcycle.kernel.money import Interval, Money
from fullcycle.kernel.reference import Reference

__all__ = [
    "Card",
    "Change",
    "Clock",
    "Conflict",
    "Damaged",
    "Digest",
    "FullcycleError",
    "Interval",
    "Invalid",
    "Markup",
    "Misconfigured",
    "Missing",
    "Money",
    "NotEnoughData",
    "Pieces",
    "Reference",
    "Refused",
    "UnknownName",
    "changes",
    "digest_bytes",
    "digest_parts",
    "digest_value",
    "duration",
    "indented",
    "instant",
    "joined",
    "later",
    "lazily",
    "micros",
    "now",
    "peak_memory",
    "tag",
    "uuid7",
]
