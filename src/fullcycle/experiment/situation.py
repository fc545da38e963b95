"""What checks look at, and what one of them comes to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from fullcycle.experiment.effect import Effect
from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.experiment.statistics import Statistics

Standing = Literal["ok", "qualifies", "blocks"]

UNLIKELY = 0.01
"""A check that only qualifies rings at most once in a hundred readouts by chance."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check: what was found, in a sentence, and its p value where it is a test.

    ``short`` is the same in a few words, where a verdict says it in its own sentence.
    """

    name: str
    standing: Standing
    said: str
    p: float | None = None
    short: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """What checks look at beside the statistics."""

    spec: ExperimentSpec
    statistics: Statistics
    primary: Sequence[Effect]
    days_left: int

    @property
    def ended(self) -> bool:
        """Whether a plan that is read once is at its end: no other look has been, nor will be."""
        return self.spec.analysis == "fixed" and self.days_left <= 0
