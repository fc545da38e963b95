"""What tells the phases of an experiment apart, and what of one lasts into the next."""

from collections.abc import Sequence

import polars as pl

from fullcycle.code import reach
from fullcycle.experiment import Check, ExperimentPhase, ExperimentRecord, ExperimentSpec, Phase
from fullcycle.kernel import FullcycleError, counted
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released

_MANY = 0.01  # of a phase's units: fewer that were there before change nothing


def told_phase(record: ExperimentRecord, phase: Phase, left_out: int) -> str:
    """Which phase is read, what began it, and what is left out."""
    by = ", ".join(f"v{release}" for release in phase.releases)
    return (
        f"this is phase {phase.number} of {len(record.phases)}, decided by {by}: {_began(record, phase)}; "
        f"the {left_out:,} decisions of other phases are left out (--phase reads another)"
    )


def _began(record: ExperimentRecord, phase: Phase) -> str:
    """What has changed when a phase began; of the first, what has changed after it."""
    number = max(phase.number, 2)
    before, after = (record.phases[n].body for n in (number - 2, number - 1))
    when = "it began when" if phase.number > 1 else "it ended when"
    return f"{when} {_changed(before, after)} changed, by v{after.release}"


def _changed(before: ExperimentPhase, after: ExperimentPhase) -> str:
    arms = [arm for arm, digest in after.code.items() if before.code.get(arm) not in (None, digest)]
    code = f"the code of {', '.join(arms)}" if arms else ""
    judged = "what is compared, or how," if before.spec != after.spec else ""
    return " and ".join(filter(None, [code, judged])) or "an arm"


def lasting(
    decisions: pl.DataFrame,
    spec: ExperimentSpec,
    record: ExperimentRecord,
    phases: Sequence[Phase],
    phase: Phase,
) -> list[Check]:
    """Whether units of a phase had been decided for by other code: what they do may be the work of that.

    Args:
        decisions: the decision log.
        spec: the experiment.
        record: what is known of it.
        phases: all of it.
        phase: the one that is read.
    """
    mine = decisions.filter((pl.col("experiment") == spec.name) & pl.col("unit").is_not_null())
    now = mine.filter(_of(phase))["unit"].unique()
    code = [fact.body.code for fact in record.phases]
    earlier = [one for one in phases[: phase.number - 1] if code[one.number - 1] != code[phase.number - 1]]
    if not earlier or now.is_empty():
        return []
    before = mine.filter(pl.any_horizontal([_of(one) for one in earlier]))["unit"].unique()
    again = int(now.is_in(before.implode()).sum())
    if again <= _MANY * len(now):
        return []
    said = (
        f"{again:,} of the {counted(len(now), 'unit')} that were decided for in this phase had been in an "
        "earlier one, by other code of an arm: what they do may still be the work of that"
    )
    return [Check(name="earlier phases", standing="qualifies", said=said)]


def deciding(decisions: pl.DataFrame, phase: Phase, *, as_of: int) -> tuple[int, ...]:
    """The releases that decided in a phase until a moment (µs since 1970 UTC), in order."""
    until = pl.col("at").dt.epoch("us") <= as_of
    return tuple(sorted(decisions.filter(_of(phase) & until)["release"].unique().to_list()))


def _of(phase: Phase) -> pl.Expr:
    at = pl.col("at").dt.epoch("us")
    within = pl.lit(True) if phase.until is None else at < phase.until
    shared = pl.col("release").is_in(list(phase.shared))
    return pl.col("release").is_in(list(phase.releases)) & (~shared | ((at >= phase.since) & within))


def moved(project: Project, spec: ExperimentSpec, *, began: int, now: int) -> list[str]:
    """Sources that say something else in a later release than in the one that a phase began with.

    A phase is read as it was specified when it began; so what they say now counts nowhere in it.

    Args:
        project: the project.
        spec: the experiment, as the phase began.
        began: the release that the phase began with.
        now: the one that is deployed.
    """
    told = []
    for source in spec.sources if now != began else ():
        before, after = (_code(project, spec.capability, number, source) for number in (began, now))
        if before is None or after is None:
            continue
        parts = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
        if parts:
            told.append(
                f"since this phase began, by v{began}, the source {source} has changed ({', '.join(parts)}): "
                f"what v{now} asks is not read here. To count by it, close this experiment and begin another"
            )
    return told


def _code(project: Project, capability: str, number: int, source: str) -> dict[str, str] | None:
    """The code of the project that a source reaches, by file and name; None where it cannot be told."""
    _, manifest = released(project, capability, number)
    try:
        symbols = reach(project.archived(manifest.archive), f"{capability}.flow", source).symbols
    except FullcycleError:
        return None
    return {key: symbol.digest for key, symbol in symbols.items() if symbol.path}
