"""What two runs have in common and what not, as plain data: what ``fullcycle diff`` prints."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fullcycle.code import FileChange
from fullcycle.data import TableChange
from fullcycle.evaluate import Measured
from fullcycle.flow import Effort
from fullcycle.kernel import Change
from fullcycle.release import ReleaseChange

Part = Literal["code", "parameters", "data", "scores", "timings", "lock"]
PARTS: tuple[Part, ...] = ("code", "parameters", "data", "scores", "timings", "lock")


@dataclass(frozen=True, slots=True)
class CodeChange:
    """Files that differ; what of it each step reaches, and the steps that reach none of it."""

    files: tuple[FileChange, ...]
    reached: Mapping[str, tuple[str, ...]]
    untouched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DataChange:
    """What a step returned, where its content differs; ``tables`` by part, ``""`` for the whole.

    ``contract`` tells fields of a source's contract. ``value`` tells plain values.
    """

    step: str
    role: str
    kind: Literal["added", "removed", "changed"]
    tables: Mapping[str, TableChange] = field(default_factory=dict)
    contract: tuple[Change, ...] = ()
    value: tuple[Any, Any] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """A model's score on both sides; None where that side did not judge it.

    ``difference`` is second minus first, over the same resamples of the same rows, and None
    where they were not judged on the same ones; ``overlap`` tells of the two intervals.
    """

    step: str
    score: str
    higher_is_better: bool
    was: Measured | None
    now: Measured | None
    difference: Measured | None = None
    overlap: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class EffortChange:
    """What a step took on both sides; None where it did not run."""

    step: str
    was: Effort | None
    now: Effort | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides; a part that was not asked for, or cannot be told, is None.

    ``same`` names the steps whose results are equal; ``notes`` say what is gone from the store.
    """

    first: str
    second: str
    code: CodeChange | None = None
    parameters: tuple[Change, ...] | None = None
    data: tuple[DataChange, ...] | None = None
    same: tuple[str, ...] = ()
    scores: tuple[ScoreChange, ...] | None = None
    timings: tuple[EffortChange, ...] | None = None
    lock: tuple[Change, ...] | None = None
    surroundings: tuple[Change, ...] = ()
    release: ReleaseChange | None = None
    notes: tuple[str, ...] = ()
