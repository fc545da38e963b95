"""What has become of a run: an end that it told, or whether its process is still there.

A run that is killed cannot tell of it. So it tells at its beginning in which process it is
and what it goes through, and whoever reads it later looks whether that process lives. Of a
process on another machine only the silence is known.
"""

import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import msgspec

from fullcycle.flow.facts import Role, RunStarted
from fullcycle.kernel import Clock, Process, counted, lives, now

Status = Literal["done", "failed", "interrupted", "running", "died"]
"""What has become of a run; one that died ended without a word: killed, or out of memory, or by a crash."""

SILENCE = timedelta(days=1)
"""A run that nobody can look at counts as running until it was silent for so long."""

_UNITS = (("day", 86_400), ("h", 3_600), ("min", 60))


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen of a run that has told no end: whether it is at work, and what shows that."""

    running: bool
    told: str


def sighted(process: Process | None, at: int, heard: int, *, clock: Clock = now) -> Sighting:
    """Look for a run's process; ``at`` is when the run began, ``heard`` its last sign, in µs since 1970."""
    last = f"last sign {ago(heard, clock)}"
    if process is None:  # recorded before runs told in which process they are
        return Sighting(_is_fresh(heard, clock), last)
    alive = lives(process, heard)
    if alive is None:
        return Sighting(_is_fresh(heard, clock), f"on {process.host}, {last}")
    return Sighting(alive, f"process {process.pid}, started {ago(at, clock)}" if alive else last)


def ago(at: int, clock: Clock = now) -> str:
    """A moment as seen from now, such as ``3 min ago``."""
    seconds = max(0, clock() - at) // 1_000_000
    for unit, size in _UNITS:
        if seconds >= size:
            many = seconds // size
            return f"{many:,} {unit}{'s' if unit == 'day' and many > 1 else ''} ago"
    return f"{seconds} s ago"


def step_at(steps: Collection[str], done: Collection[str]) -> str:
    """The step that a run was at, of its steps in their order; empty after the last, or where none is known.

    Steps that failed in a run that went on are not done: it was at the first after the last
    that is.
    """
    order = list(steps)
    last = max((order.index(name) for name in done if name in order), default=-1)
    return order[last + 1] if last + 1 < len(order) else ""


def place(steps: Collection[str], done: Collection[str]) -> str:
    """Where in its steps a run was; empty where they are not recorded."""
    at = step_at(steps, done)
    return f"during step {at}" if at else "after its last step" if steps else ""


def finished_of(steps: Mapping[str, Role], done: Collection[str]) -> str:
    """How many of a run's steps finished: ``2 of 5 steps``; sources are read anew, and not counted."""
    computed = [name for name, role in steps.items() if role in ("step", "model")]
    there = sum(name in done for name in computed)
    return f"{there} of {counted(len(computed), 'step')}"


def command_of(started: RunStarted) -> str:
    """What to type to run the same again."""
    words = ["fullcycle", "run", started.capability]
    if started.message:
        words += ["-m", started.message]
    for name, value in started.parameters.items():
        if name not in started.from_environment:
            words += ["-p", f"{name}={_spelled(value)}"]
    words += [word for name in started.only for word in ("--only", name)]
    words += [word for name in started.force for word in ("--force", name)]
    if started.sources_of:
        words += ["--sources", f"@{started.sources_of.partition('@')[2]}"]
    if started.environment != "dev":
        words += ["--in", started.environment]
    return shlex.join(words)


def _is_fresh(heard: int, clock: Clock) -> bool:
    return clock() - heard < SILENCE / timedelta(microseconds=1)


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
