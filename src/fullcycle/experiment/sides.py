"""Decisions of any release as the exposures of an experiment, by the side that each was on.

So a launch is measured by the one query, too: who was held out of it is one side, who was answered
by it the other, whichever experiments ran meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fullcycle.experiment.dialect import Dialect, text
from fullcycle.experiment.spec import ExperimentSpec

_EVER = 2**62  # µs since 1970, later than any

_SIDED = """(
    select {name} as experiment, fc_side.fc_name as arm, coalesce(fc_all.unit, ({fields})[1]) as unit,
           fc_all."at", fc_all.decision_id, fc_all.request, fc_all.release
    from {log} as fc_all
    join (values {sides}) as fc_side (fc_release, fc_experiment, fc_arm, fc_name)
      on fc_side.fc_release = fc_all.release
     and fc_side.fc_experiment is not distinct from fc_all.experiment
     and fc_side.fc_arm is not distinct from fc_all.arm
    where not coalesce(fc_all.fallback, false) and {at} >= $fc_launched and {at} < $fc_ended
)"""


@dataclass(frozen=True, slots=True)
class Side:
    """The decisions of a release in an arm of an experiment, or in none; ``name`` is the side they are on."""

    name: str
    release: int
    experiment: str | None
    arm: str | None


@dataclass(frozen=True, slots=True)
class Sides:
    """All sides, and when: from ``since`` until before ``until``, in µs since 1970 UTC."""

    every: Sequence[Side]
    since: int
    until: int | None = None

    def relation(self, spec: ExperimentSpec, log: str, dialect: Dialect) -> tuple[str, dict[str, Any]]:
        """The decisions of a log as exposures: SQL, and its values.

        A decision that no experiment made names no unit: it is then the field of its request. One
        of the fallback is on no side.
        """
        rows = [
            f"({one.release}, {_known(one.experiment)}, {_known(one.arm)}, {text(one.name)})"
            for one in self.every
        ]
        nobody = "(-1, null::varchar, null::varchar, '')"  # values cannot be empty
        written = _SIDED.format(
            name=text(spec.name),
            fields=dialect.fields("fc_all.request", [spec.unit]),
            log=log,
            sides=", ".join(rows or [nobody]),
            at=dialect.micros('fc_all."at"'),
        )
        return written, {"fc_launched": self.since, "fc_ended": _EVER if self.until is None else self.until}


def _known(value: str | None) -> str:
    return "null::varchar" if value is None else f"{text(value)}::varchar"
