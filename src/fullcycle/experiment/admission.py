"""Where a unit stands to an experiment: in an arm, or why not. The one rule for a row, a table, an audit.

In this order: a unit that is forced gets its arm; one that is held out, the control; one whose
arm is kept, that arm; then the layer, the condition and the coverage must let it in.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec

from fullcycle.experiment.assign import Assignment, stepping
from fullcycle.experiment.condition import asking, roots
from fullcycle.experiment.layer import holdout_place, layer_place
from fullcycle.experiment.spec import ExperimentSpec, Holdout, Layer
from fullcycle.experiment.sticky import Bucket, StickyStore

Standing = Literal[
    "assigned", "kept", "forced", "holdout", "earlier", "layer", "condition", "coverage", "no unit"
]
"""``assigned`` and ``kept`` count. ``forced``, ``holdout`` and ``earlier``, which is kept from when the
weights were others, get an arm that does not; the rest get none."""

COUNTED: tuple[Standing, ...] = ("assigned", "kept")

Ask = Callable[[str], Any]


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """Where one unit stands, with the numbers that say so; None where nothing was asked of it."""

    unit: str
    standing: Standing
    arm: str | None  # whose policy answers; None for the service
    place: float  # of its hash, in [0, 1)
    range: tuple[float, float] | None  # of the arm that owns the place
    layer_place: float | None = None
    holdout_place: float | None = None
    condition: bool | None = None

    @property
    def counted(self) -> bool:
        """Whether a decision for it is an exposure of the experiment."""
        return self.standing in COUNTED


@dataclass(frozen=True, slots=True)
class Kept:
    """The arm that a unit has from before; ``earlier`` where it got it by other weights."""

    arm: str
    earlier: bool = False

    @classmethod
    def found(cls, spec: ExperimentSpec, store: StickyStore, unit: str) -> "Kept | None":
        """What a store keeps of a unit; None where that is nothing.

        Raises:
            FullcycleError: where the store cannot be asked.
        """
        bucket, kept = Bucket.of(spec), store.find(spec.unit, unit)
        return cls.of(bucket, kept, spec.order)

    @classmethod
    def of(cls, bucket: Bucket, kept: Mapping[str, str], arms: tuple[str, ...]) -> "Kept | None":
        """What of a unit's arms is of an experiment."""
        arm = bucket.arm(kept, arms)
        if arm is not None:
            return cls(arm)
        arm = bucket.earlier(kept, arms)
        return None if arm is None else cls(arm, earlier=True)


@dataclass(frozen=True, slots=True)
class Admission:
    """The rule of one experiment, ready to be asked; build it once, ask it per request."""

    assignment: Assignment
    control: str
    forced: Mapping[str, str]
    holdout: Holdout | None
    layer: Layer | None
    condition: Callable[[Ask], bool] | None
    fields: tuple[str, ...]  # that the condition asks
    held: str = ""  # the arm whose function answers who is held out; the control unless told
    _steps: Callable[[str], tuple[int, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "held", self.held or self.control)
        asked = [(self.assignment.seed, self.assignment.hash_version)]
        asked += [] if self.holdout is None else [(self.holdout.name, 2)]
        asked += [] if self.layer is None else [(f"__{self.layer.namespace}", 1)]
        object.__setattr__(self, "_steps", stepping(*asked))

    @classmethod
    def of(cls, spec: ExperimentSpec) -> "Admission":
        """The rule that a specification tells."""
        condition = None if spec.condition is None else json.loads(spec.condition)
        return cls(
            spec.assignment(),
            spec.control,
            spec.forced,
            spec.holdout,
            spec.layer,
            None if condition is None else asking(condition),
            () if condition is None else roots(condition),
            spec.held,
        )

    @property
    def open(self) -> bool:
        """Whether nothing but the coverage stands between a unit and an arm."""
        return not self.forced and self.condition is None and self.holdout is None and self.layer is None

    @property
    def keeps(self) -> bool:
        """Whether arms that are kept still hold: nobody has one where nobody takes part."""
        return any(start < end for start, end in self.assignment.ranges)

    def standing(self, unit: str, ask: Ask, kept: Kept | None = None) -> tuple[Standing, str | None]:
        """Where a unit stands, and the arm whose policy answers it; None for the service.

        Args:
            unit: as a text; an empty one is none.
            ask: gives the request's field of a name.
            kept: the arm that it has from before, where arms are kept.
        """
        if not unit:
            return "no unit", None
        if unit in self.forced:
            return "forced", self.forced[unit]
        steps = self._steps(unit)
        if self.holdout is not None and steps[1] / 10_000 < self.holdout.share:
            return "holdout", self.held
        if kept is not None and self.keeps:
            return ("earlier" if kept.earlier else "kept"), kept.arm
        if self.layer is not None and not self.layer.low <= steps[-1] / 1_000 < self.layer.high:
            return "layer", None
        if self.condition is not None and not self.meets(ask):
            return "condition", None
        arm = self.assignment.owners[steps[0]]
        return ("coverage", None) if arm is None else ("assigned", arm)

    def meets(self, ask: Ask) -> bool:
        """Whether a request meets the condition; True where there is none."""
        if self.condition is None:
            return True
        return self.condition(lambda name: _plain(ask(name)))

    def placed(self, unit: str, ask: Ask | None = None, kept: Kept | None = None) -> Placed:
        """Where a unit stands, and why; without ``ask``, as if it met the condition."""
        meets = None if self.condition is None or ask is None else self.meets(ask)
        rule = self if meets is not None or self.condition is None else _unconditional(self)
        standing, arm = rule.standing(unit, ask or _nothing, kept)
        place = self.assignment.place(unit)
        owners = [ends for ends in self.assignment.ranges if ends[0] <= place < ends[1]]
        return Placed(
            unit=unit,
            standing=standing,
            arm=arm,
            place=place,
            range=owners[0] if owners else None,
            layer_place=None if self.layer is None else layer_place(unit, self.layer),
            holdout_place=None if self.holdout is None else holdout_place(unit, self.holdout),
            condition=meets,
        )


def _unconditional(rule: Admission) -> Admission:
    return replace(rule, condition=None)


def _plain(value: Any) -> Any:
    """A field as JSON would hold it: a date is a text."""
    return value if type(value) in _PLAIN else msgspec.to_builtins(value)


_PLAIN = frozenset((str, int, float, bool, type(None)))


def _nothing(name: str) -> None:
    """What is known of a request that nobody gave."""
