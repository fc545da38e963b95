"""What every stage stands on: errors, digests, time, money."""

from fullcycle.kernel.card import Card
from fullcycle.kernel.change import Change, changes
from fullcycle.kernel.clock import Clock, duration, instant, micros, now, uuid7
from fullcycle.kernel.counting import counted
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
from fullcycle.kernel.modules import public
from fullcycle.kernel.money import Interval, Money
from fullcycle.kernel.process import Process, lives, this_process
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
    "Process",
    "Reference",
    "Refused",
    "UnknownName",
    "changes",
    "counted",
    "digest_bytes",
    "digest_parts",
    "digest_value",
    "duration",
    "indented",
    "instant",
    "joined",
    "later",
    "lazily",
    "lives",
    "micros",
    "now",
    "peak_memory",
    "public",
    "tag",
    "this_process",
    "uuid7",
]
