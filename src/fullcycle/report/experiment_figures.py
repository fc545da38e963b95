"""The figures of an experiment: its effect over time, by metric, segment and day, its looks, its units."""

from typing import TYPE_CHECKING

from fullcycle.experiment import amount, change
from fullcycle.kernel import Markup, counted
from fullcycle.report import experiment_charts as charts
from fullcycle.report.experiment_charts import PERCENT, POINTS, Line, Measure
from fullcycle.report.parts import Pen, Table, figure
from fullcycle.report.story import ExperimentPart
from fullcycle.report.style import WIDE
from fullcycle.report.wording import percent, typeset

if TYPE_CHECKING:
    from fullcycle.experiment import Effect, Guardrail, Readout

_NAMED = 4  # segments that are too small and named
_DAYS = 3  # below so many there is nothing to draw over time


def over_time(part: ExperimentPart, pen: Pen) -> Markup | None:
    """The best arm's interval over time; the numbers are those of all arms."""
    told = part.readout
    best = _best(told)
    path = [step for step in told.path if best is not None and step.arm == best.arm]
    if best is None or len(path) < _DAYS or told.analysis == "group-sequential":
        return None
    several = len(told.primary) > 1
    effects = {one.arm: one for one in told.primary}
    rows = [
        (
            step.day,
            *([step.arm] if several else []),
            typeset(amount(effects[step.arm], step.difference)),
            ends(effects[step.arm], step.low, step.high),
            f"{step.units:,}",
        )
        for step in told.path
    ]
    head = ("until", *(["arm"] if several else []), "effect", "interval", "units")
    last = typeset(amount(best, path[-1].difference))
    lead = (
        "The band may be looked at every day; once it is clear of zero, there is an effect."
        if told.analysis == "always-valid"
        else "This plan is read once, at its end; what the band says before is no conclusion."
    )
    return figure(
        pen,
        f"{best.metric}: {best.arm} against {best.control}, as it became known",
        charts.over_time(path, last, _measure(best)),
        Table(head, rows, tuple(range(len(head) - 3, len(head)))),
        told=f"{part.source} · {told.analysis} {1 - told.alpha:.0%} interval",
        lead=lead,
        wide=charts.over_time(path, last, _measure(best), width=WIDE),
    )


def halves(part: ExperimentPart, pen: Pen) -> list[Markup]:
    """The charts that stand two beside each other."""
    drawn = (_effects, _looks, _by_segment, _by_age, _units)
    return [found for found in (draw(part, pen) for draw in drawn) if found is not None]


def _effects(part: ExperimentPart, pen: Pen) -> Markup | None:
    """Every metric as a relative change."""
    told = part.readout
    rails = {(rail.metric, rail.arm): rail for rail in told.guardrails}
    lines = [line for one in told.effects if (line := _relative(one, told, rails)) is not None]
    if not lines:
        return None
    raw = any(one.raw_difference is not None for one in told.effects)
    lead = [f"Relative to {told.control}, with intervals; zero is no effect."]
    if raw:
        lead.append("Thin and grey: as measured, before the covariates.")
    if any(line.limit is not None for line in lines):
        lead.append("The orange mark is what a guardrail may lose.")
    missed = dict.fromkeys(
        one.metric for one in told.effects if one.relative is not None and one.relative_low is None
    )
    if missed:
        lead.append(f"Not drawn: {', '.join(missed)}, of which {told.control} may be as low as zero.")
    return figure(
        pen,
        "Every metric",
        charts.forest(lines, PERCENT, title="change"),
        Table(("metric", "change", "interval"), [_line_told(one, told) for one in told.effects], (1, 2)),
        told=part.source,
        lead=" ".join(lead),
    )


def _relative(one: "Effect", told: "Readout", rails: dict[tuple[str, str], "Guardrail"]) -> Line | None:
    if one.relative is None or one.relative_low is None or one.relative_high is None:
        return None
    base, rail = abs(one.control_mean), rails.get((one.metric, one.arm))
    beside = None
    if one.raw_difference is not None and one.raw_low is not None and one.raw_high is not None and base:
        beside = (one.raw_difference / base, one.raw_low / base, one.raw_high / base)
    limit = None
    if rail is not None:
        limit = -rail.margin if one.good == "up" else rail.margin
    name = f"{one.metric}, {one.arm}" if len(told.primary) > 1 else one.metric
    strong = one.relative_low > 0 or one.relative_high < 0
    return Line(name, one.relative, one.relative_low, one.relative_high, strong, beside, limit)


def _line_told(one: "Effect", told: "Readout") -> tuple[str, str, str]:
    name = f"{one.metric}, {one.arm}" if len(told.primary) > 1 else one.metric
    if one.relative is None:
        return name, "–", ""
    if one.relative_low is None or one.relative_high is None:
        return name, typeset(change(one.relative)), ""
    interval = f"{change(one.relative_low)} to {change(one.relative_high)}"
    return name, typeset(change(one.relative)), typeset(interval)


def _looks(part: ExperimentPart, pen: Pen) -> Markup | None:
    """A group-sequential plan with its bounds."""
    told = part.readout
    every = [*told.looks, *told.looks_ahead]
    best = _best(told)
    if not every or best is None:
        return None
    steps = {(step.day, step.arm): step.difference / step.stderr for step in told.path if step.stderr > 0}
    found = [(one.fraction, steps[one.day, best.arm]) for one in told.looks if (one.day, best.arm) in steps]
    rows = []
    for one in every:
        z = [
            f"{arm.arm} {steps[one.day, arm.arm]:+.2f}" for arm in told.primary if (one.day, arm.arm) in steps
        ]
        needed = f"±{one.bound:.2f}" if one.bound is not None else "–"
        rows.append((one.day, percent(one.fraction), needed, typeset(", ".join(z)) or "to come"))
    return figure(
        pen,
        f"The looks: {best.metric}, {best.arm} against {best.control}",
        charts.looks(every, found),
        Table(("exposed until", "of the plan", "needed", "found"), rows, (1, 2, 3)),
        told=part.source,
        lead="Beyond the dashed bound at a look, there is an effect. Between two looks nothing is read.",
    )


def _by_segment(part: ExperimentPart, pen: Pen) -> Markup | None:
    """The effects by segment, findings standing out."""
    told = part.readout
    best = _best(told)
    if not told.segments or best is None:
        return None
    order = sorted(told.segments, key=lambda one: (one.segment, one.level, one.arm))
    several = len(told.primary) > 1
    lines = [
        Line(f"{one.segment}: {one.level}", one.difference, one.low, one.high, one.finding)
        for one in order
        if one.arm == best.arm
    ]
    rows = [
        (
            f"{one.segment}: {one.level}",
            *([one.arm] if several else []),
            typeset(amount(best, one.difference)),
            ends(best, one.low, one.high),
            f"{one.units:,}",
            "finding" if one.finding else "",
        )
        for one in order
    ]
    head = ("segment", *(["arm"] if several else []), "effect", "interval", "units", "")
    found = sum(one.finding for one in told.segments)
    whole = f"{counted(found, 'finding')} among {counted(len(told.segments), 'comparison')}"
    return figure(
        pen,
        f"By segment: {best.metric}, {best.arm} against {best.control}",
        charts.forest(lines, _measure(best), title="effect"),
        Table(head, rows, tuple(range(len(head) - 4, len(head) - 1))),
        told=part.source,
        lead=f"{whole} (false-discovery rate {told.alpha:.0%}): those in blue; grey ones may be chance."
        + _too_small(told),
    )


def _too_small(told: "Readout") -> str:
    """The segments that cannot be drawn; the largest are named."""
    small = sorted(told.small_segments, key=lambda one: -one.units)
    if not small:
        return ""
    named = ", ".join(f"{one.segment}: {one.level} ({one.units:,})" for one in small[:_NAMED])
    more = f" and {len(small) - _NAMED:,} more" if len(small) > _NAMED else ""
    return f" Too few units to compare: {named}{more}."


def _by_age(part: ExperimentPart, pen: Pen) -> Markup | None:
    """The best arm's effect by days since the exposure."""
    told = part.readout
    best = _best(told)
    ages = [one for one in told.ages if best is not None and one.arm == best.arm]
    if best is None or len(ages) < _DAYS:
        return None
    rows = [
        (one.arm, f"{one.age + 1}", typeset(amount(best, one.difference)), f"{one.stderr:.2g}")
        for one in told.ages
    ]
    return figure(
        pen,
        f"By day since the exposure: {best.metric}",
        charts.by_age(ages, _measure(best)),
        Table(("arm", "day", "effect of that day", "standard error"), rows, (1, 2, 3)),
        told=part.source,
        lead="Does it wear off? What units did on each day after theirs; bars are 95 % of each day alone.",
    )


def _units(part: ExperimentPart, pen: Pen) -> Markup | None:
    """Units per arm and day."""
    told = part.readout
    by_arm: dict[str, dict[str, int]] = {arm.arm: {} for arm in told.arms}
    for one in told.units_by_day:
        if one.day and one.arm in by_arm:
            by_arm[one.arm][one.day] = by_arm[one.arm].get(one.day, 0) + one.units
    days = sorted({day for arm in by_arm.values() for day in arm})
    if len(days) < _DAYS:
        return None
    rows = [(day, *(f"{by_arm[arm].get(day, 0):,}" for arm in by_arm)) for day in days]
    return figure(
        pen,
        "Units a day",
        charts.units_by_day({arm: {day: found.get(day, 0) for day in days} for arm, found in by_arm.items()}),
        Table(("day", *by_arm), rows, tuple(range(1, len(by_arm) + 1))),
        told=part.source,
        lead="Counted units by the day of their first exposure.",
    )


def _best(told: "Readout") -> "Effect | None":
    """The primary metric's effect of the arm that the verdict is about, else of the first."""
    return next((one for one in told.primary if one.arm == told.verdict.arm), next(iter(told.primary), None))


def _measure(one: "Effect") -> Measure:
    return POINTS if one.kind == "proportion" else Measure()


def ends(one: "Effect", low: float, high: float) -> str:
    """An interval of a difference."""
    told = (amount(one, end).removesuffix(" points") for end in (low, high))
    return typeset(" to ".join(told))
