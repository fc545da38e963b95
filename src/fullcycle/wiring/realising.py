"""Launches met with the event log: who was answered by what was shipped, and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import polars as pl

from fullcycle.adapters.compaction import compact
from fullcycle.experiment import HOLDOUT, ExperimentSpec
from fullcycle.kernel import instant
from fullcycle.release import Manifest, history
from fullcycle.value import Answering, Launch, answering, launch_of
from fullcycle.wiring.logs import decisions_of
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released

_UNIT = "unit"


@dataclass(frozen=True, slots=True)
class Reached:
    """The units that a launch has reached, each once; ``field`` of the request is what they are.

    ``kinds`` are the release, the experiment and the arm of the decisions that reached them.
    """

    capability: str
    field: str
    launch: Launch
    units: pl.Series
    kinds: tuple[tuple[int, str | None, str | None], ...] = ()


def launched(project: Project, spec: ExperimentSpec, arm: str, environment: str, after: int) -> Launch | None:
    """When the function of an arm was launched in an environment; None where that has not happened.

    Args:
        project: whose record is read.
        spec: the experiment that the arm is of.
        arm: the one that was to be shipped.
        environment: where the experiment ran.
        after: when its verdict was told, in µs since 1970 UTC.
    """
    function = spec.arms[arm]
    return launch_of(function, _answering(project, spec.capability, environment, function), after=after)


def _answering(project: Project, capability: str, environment: str, function: str) -> list[Answering]:
    """What each deployment let a function do, oldest first."""
    told = []
    for one in history(project.ledger, capability, environment):
        _, manifest = released(project, capability, one.release)
        told.append(
            answering(function, manifest.service, manifest.experiment, at=one.at, release=one.release)
        )
    return told


def reached(project: Project, spec: ExperimentSpec, environment: str, launch: Launch) -> Reached:
    """The units that were answered by what was launched, by the decision log.

    A decision of the fallback is none of it, nor is one of a unit that was held out.
    """
    rows = decisions_since(project, spec.capability, environment, launch, spec.unit)
    if rows is None:
        return Reached(spec.capability, spec.unit, launch, pl.Series(_UNIT, [], dtype=pl.String))
    rows = rows.filter(~pl.col("fallback"))
    kinds = rows.select("release", "experiment", "arm").unique().collect()
    manifests = {number: released(project, spec.capability, number)[1] for number in set(kinds["release"])}
    mine = [
        kind for kind in kinds.iter_rows() if function_of(manifests[kind[0]], *kind[1:]) == launch.function
    ]
    kept = pl.DataFrame(mine, schema=kinds.schema, orient="row").lazy()
    units = (
        rows.join(kept, on=["release", "experiment", "arm"], how="semi", nulls_equal=True)
        .select(_UNIT)
        .drop_nulls()
        .unique()
        .collect()
    )
    return Reached(spec.capability, spec.unit, launch, units[_UNIT], tuple(mine))


def decisions_since(
    project: Project, capability: str, environment: str, launch: Launch, field: str
) -> pl.LazyFrame | None:
    """The decisions while something was launched, each with its unit; None where none was logged.

    Who takes part in no experiment has no unit in the log: it is then the request's ``field``.
    """
    log = decisions_of(project, capability, environment)
    if not log.folder.is_dir():
        return None
    compact(log, by=project.author)
    files = log.files()
    if not files:
        return None
    asked = pl.col("request").str.json_path_match(f"$['{field}']")
    rows = log.columns.scan(files).filter(pl.col("at") >= instant(launch.since))
    if launch.until is not None:
        rows = rows.filter(pl.col("at") < instant(launch.until))
    return rows.with_columns(pl.coalesce("unit", asked).alias(_UNIT))


def function_of(manifest: Manifest, experiment: str | None, arm: str | None) -> str:
    """The function that answered a decision, by what was logged of it."""
    spec = manifest.experiment
    if spec is None or arm is None:
        return manifest.service
    if arm == HOLDOUT and spec.holdout is not None and experiment == spec.holdout.name:
        return spec.arms[spec.held]
    return spec.arms.get(arm, manifest.service)


def shared_units(every: Sequence[Reached]) -> list[tuple[str, str, int]]:
    """Two capabilities whose launches reached the same units, and how many; each pair once."""
    whole: dict[tuple[str, str], pl.Series] = {}
    for one in every:
        known = whole.get((one.capability, one.field))
        whole[one.capability, one.field] = (
            one.units if known is None else pl.concat([known, one.units]).unique()
        )
    found = []
    for ((name, field), units), ((other, theirs), others) in combinations(whole.items(), 2):
        if name != other and field == theirs:
            both = units.to_frame().join(others.to_frame(), on=_UNIT, how="semi").height
            found.append((name, other, both))
    return found
