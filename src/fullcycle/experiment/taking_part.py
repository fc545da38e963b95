"""Which units take part in an experiment, as a user declares it: checked, and told as plain data."""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from fullcycle.experiment.assign import HashVersion
from fullcycle.experiment.condition import checked_condition
from fullcycle.experiment.layer import holdout_of, layer_of
from fullcycle.experiment.spec import HOLDOUT, ExperimentSpec, Holdout, Layer
from fullcycle.kernel import Invalid, UnknownName, counted

_WHERE = "fc.Experiment"


@dataclass(frozen=True, slots=True)
class TakingPart:
    """The options of an experiment that say who takes part; each as it was declared, and right."""

    coverage: float = 1.0
    layer: str | None = None
    holdout: str | None = None
    condition: Mapping[str, Any] | None = None
    sticky: str | None = None
    forced: Mapping[object, str] = field(default_factory=dict)
    seed: str | None = None
    hash_version: HashVersion = 2
    held_out: Callable[..., Any] | None = None

    def check(self, arms: Iterable[str]) -> None:
        """Hold them against each other and the arms.

        Raises:
            Invalid: for one that cannot be meant.
            UnknownName: for an arm, or an operator of a condition, that there is none of.
        """
        if not (isinstance(self.coverage, (int, float)) and 0 <= self.coverage <= 1):
            raise Invalid(
                f"coverage={self.coverage!r}",
                _WHERE,
                "write the share of units that takes part, above 0 and at most 1: coverage=0.2",
            )
        if self.coverage == 0 and self.holdout is None:
            raise Invalid(
                "coverage=0, so nobody takes part, and nobody is held out either",
                _WHERE,
                'write coverage=0.2, say; coverage=0 lets a holdout go on alone: holdout="5%"',
            )
        if self.coverage and math.isclose(round(self.coverage * 10_000), 0):
            raise Invalid(
                f"coverage={self.coverage!r} is less than a unit in ten thousand",
                _WHERE,
                "write 0.0001 or more",
            )
        if self.layer is not None:
            layer_of(self.layer)
        if self.holdout is not None:
            holdout_of(self.holdout, name="holdout")
        if self.condition is not None:
            checked_condition(self.condition)
            _check_plain(self.condition)
        self._check_held_out(known := tuple(arms))
        _check_forced(self.forced, known)
        if self.seed is not None and not (isinstance(self.seed, str) and self.seed):
            raise Invalid(
                f"seed={self.seed!r}", _WHERE, "write a text, or leave seed out: each experiment has its own"
            )
        if self.hash_version not in get_args(HashVersion):
            raise Invalid(
                f"hash_version={self.hash_version!r}", _WHERE, "use 2, or 1 to take over an old experiment"
            )

    def _check_held_out(self, arms: Sequence[str]) -> None:
        if self.held_out is None:
            return
        if self.holdout is None:
            raise Invalid(
                "held_out= says what answers who is held out, and nobody is",
                _WHERE,
                'say how many are: holdout="5%"',
            )
        if not callable(self.held_out):
            raise Invalid(
                f"held_out={self.held_out!r}", _WHERE, "pass a function of the service, such as today"
            )
        if HOLDOUT in arms:
            raise Invalid(
                f"an arm is called {HOLDOUT!r}, as who is held out is in the log",
                _WHERE,
                "give the arm another name",
            )

    def as_spec(self, *, capability: str, unit: str) -> dict[str, Any]:
        """The fields of an ``ExperimentSpec`` that they fill.

        Raises:
            Invalid: where arms would be kept by another field than the one that is randomised.
        """
        if self.sticky is not None and self.sticky != unit:
            raise Invalid(
                f"sticky={self.sticky!r}, but {unit} is what is randomised",
                _WHERE,
                f"keep arms by what is randomised: sticky={unit!r}, or randomise it with by={self.sticky!r}",
            )
        layer: Layer | None = None if self.layer is None else layer_of(self.layer)
        held: Holdout | None = (
            None if self.holdout is None else holdout_of(self.holdout, name=f"{capability}/holdout")
        )
        asked = (
            None if self.condition is None else json.dumps(self.condition, sort_keys=True, ensure_ascii=False)
        )
        return {
            "coverage": float(self.coverage),
            "layer": layer,
            "holdout": held,
            "condition": asked,
            "sticky": self.sticky,
            "forced": {str(one): arm for one, arm in self.forced.items()},
        }


def told_part(spec: ExperimentSpec) -> str:
    """Who takes part in an experiment, in a few words; empty where everybody does."""
    said = []
    if spec.coverage == 0:
        said.append("nobody takes part")
    elif spec.coverage < 1:
        said.append(f"{spec.coverage:.4g} of the units")
    if spec.layer is not None:
        said.append(f"layer {spec.layer.namespace} from {spec.layer.low:g} to {spec.layer.high:g}")
    if spec.holdout is not None:
        apart = f", answered by {spec.arms[spec.held]}" if spec.held != spec.control else ""
        said.append(f"{spec.holdout.share:.4g} held out by {spec.holdout.name}{apart}")
    if spec.condition is not None:
        said.append(f"where {spec.condition}")
    if spec.sticky is not None:
        said.append(f"arms kept by {spec.sticky}")
    if spec.forced:
        said.append(f"{counted(len(spec.forced), 'unit')} forced")
    return "; ".join(said)


def _check_plain(condition: Mapping[str, Any]) -> None:
    try:
        json.dumps(condition, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise Invalid(
            f"the condition cannot be written as JSON: {error}",
            _WHERE,
            "use texts, numbers, True, False, None, lists and mappings; a date is the text 2026-11-21",
        ) from None


def _check_forced(forced: Mapping[object, str], arms: Iterable[str]) -> None:
    known = tuple(arms)
    for unit, arm in forced.items():
        if arm not in known:
            raise UnknownName.among(arm, known, where=f"the forced arms of {_WHERE}")
        if not str(unit):
            raise Invalid(
                "an empty unit is forced into an arm", _WHERE, "name the unit: forced={'42': 'chosen'}"
            )
