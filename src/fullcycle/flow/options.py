"""How a run differs from the plain one: what it computes anyway, what it takes from elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fullcycle.flow.facts import StepFinished


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Wishes of one run.

    ``only`` leaves out the steps that these do not stand on; ``force`` computes these
    whatever is remembered; ``sources`` are taken as an earlier run read them; ``audit`` is the
    share of the time saved that is spent on computing again what could be reused, to see
    that it is the same; ``keep_going`` goes on with other elements and steps after a failure;
    ``threads`` holds a step's libraries to the number they had in the run that is replayed;
    ``afresh`` remembers nothing: every step is computed.
    """

    only: frozenset[str] = frozenset()
    force: frozenset[str] = frozenset()
    sources: Mapping[str, StepFinished] = field(default_factory=dict)
    sources_of: str = ""  # the run that they are taken from, such as winback@42
    audit: float = 0.0
    keep_going: bool = False
    threads: Mapping[str, int] = field(default_factory=dict)
    afresh: bool = False
