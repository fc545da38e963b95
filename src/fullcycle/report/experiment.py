"""What the experiment says: one sentence, whether it can be trusted, and what it rests on."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from fullcycle.experiment import (
    amount,
    change,
    headline,
    level,
    rounded,
    told_guardrail,
    told_p,
)
from fullcycle.kernel import Markup, counted, joined, tag
from fullcycle.report import experiment_charts as charts
from fullcycle.report.experiment_charts import PERCENT, POINTS, Line, Measure
from fullcycle.report.parts import Pen, Table, figure, missing, section, source
from fullcycle.report.story import ExperimentPart, Story
from fullcycle.report.style import WIDE
from fullcycle.report.wording import percent

if TYPE_CHECKING:
    from fullcycle.experiment import ArmWorth, Check, Effect, Guardrail, Readout

_STANDING = {"blocks": ("✗", "bad"), "qualifies": ("!", "so"), "ok": ("✓", "good")}
_RAIL = {"broken": ("✗", "bad"), "unclear": ("?", "so"), "holds": ("✓", "good")}
_DAYS = 3  # below so many there is nothing to draw over time
_MINUS = "\u2212"


def experiment(story: Story, pen: Pen) -> Markup:
    """The readout, or how to come to one."""
    part = story.experiment
    title = "What it caused"
    if part is None:
        what = missing("No experiment yet.", f"fullcycle experiment design {story.capability}")
        return section("experiment", title, what)
    told = part.readout
    return section(
        "experiment",
        title,
        tag("p", _typeset(headline(told)), class_="headline"),
        tag("p", _status(part)),
        _checks(told.checks),
        _guardrails(told.guardrails),
        _over_time(part, pen),
        _numbers(told),
        _worth(told.worth),
        tag("div", *_halves(part, pen), class_="pair"),
        _arms(told),
        source(part.source),
    )


def _status(part: ExperimentPart) -> str:
    told = part.readout
    days = f", {told.first_day} to {told.last_day}" if told.first_day else ""
    closed = f"; closed {part.closed}" if part.closed else ""
    plan = f"{counted(told.days, 'day')} planned, {told.analysis} intervals at {1 - told.alpha:.0%}"
    notes = [f"{note[:1].upper()}{note[1:]}." for note in told.notes]
    return " ".join([f"Experiment {told.experiment}{days}{closed}; {plan}.", *notes])


def _checks(checks: Iterable["Check"]) -> Markup | None:
    lines = []
    for check in checks:
        p = f" ({told_p(check.p)})" if check.p is not None and told_p(check.p) not in check.said else ""
        lines.append(_line(*_STANDING[check.standing], check.name, f"{check.said}{p}"))
    return tag("ul", *lines, class_="checks") if lines else None


def _guardrails(rails: Iterable["Guardrail"]) -> Markup | None:
    lines = [
        _line(*_RAIL[rail.standing], f"guardrail {rail.standing}", told_guardrail(rail)) for rail in rails
    ]
    return tag("ul", *lines, class_="checks") if lines else None


def _line(sign: str, class_: str, name: str, said: str) -> Markup:
    return tag("li", tag("span", f"{sign} {name}", class_=f"check {class_}"), f": {_typeset(said)}")


def _best(told: "Readout") -> "Effect | None":
    """The primary metric's effect of the arm that the verdict is about, else of the first."""
    return next((one for one in told.primary if one.arm == told.verdict.arm), next(iter(told.primary), None))


def _measure(one: "Effect") -> Measure:
    return POINTS if one.kind == "proportion" else Measure()


def _over_time(part: ExperimentPart, pen: Pen) -> Markup | None:
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
            _typeset(amount(effects[step.arm], step.difference)),
            _ends(effects[step.arm], step.low, step.high),
            f"{step.units:,}",
        )
        for step in told.path
    ]
    head = ("until", *(["arm"] if several else []), "effect", "interval", "units")
    last = _typeset(amount(best, path[-1].difference))
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


def _halves(part: ExperimentPart, pen: Pen) -> list[Markup]:
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
        return name, _typeset(change(one.relative)), ""
    ends = f"{change(one.relative_low)} to {change(one.relative_high)}"
    return name, _typeset(change(one.relative)), _typeset(ends)


def _numbers(told: "Readout") -> Markup | None:
    if not told.effects:
        return None
    rows: list[tuple[object, ...]] = []
    for one in told.effects:
        rows.append(_row(one))
        if one.raw_difference is not None and one.raw_low is not None and one.raw_high is not None:
            rows.append(
                (
                    "as measured",
                    "",
                    "",
                    "",
                    _typeset(amount(one, one.raw_difference)),
                    _ends(one, one.raw_low, one.raw_high),
                    "",
                )
            )
    head = ("metric", "role", told.control, "with", "difference", "interval", "relative")
    taken = {one.metric: one.reduction for one in told.effects if one.reduction is not None}
    less = ", ".join(f"{reduction:.0%} of that of {metric}" for metric, reduction in taken.items())
    note = tag("p", f"Of the variance, covariates took away {less}.", class_="source") if less else None
    return joined(Table(head, rows, (2, 3, 4, 5, 6)).html(), note)


def _row(one: "Effect") -> tuple[object, ...]:
    control = _typeset(level(one, one.control_mean)) if one.control_units else "–"
    arm = f"{one.arm}: {level(one, one.arm_mean)}" if one.arm_units else f"{one.arm}: –"
    if one.difference is None or one.low is None or one.high is None:
        known = "no spread" if min(one.control_units, one.arm_units) > 1 else "not known yet"
        return one.metric, one.role, control, _typeset(arm), known, "", ""
    ends = _ends(one, one.low, one.high)
    return (
        one.metric,
        one.role,
        control,
        _typeset(arm),
        _typeset(amount(one, one.difference)),
        ends if one.reliable else f"{ends} (too few units to trust)",
        "–" if one.relative is None else _typeset(change(one.relative)),
    )


def _worth(worth: Sequence["ArmWorth"]) -> Markup | None:
    """What each arm is worth, and what of it is to be expected."""
    if not worth:
        return None
    rows = [
        (
            one.arm,
            _money(one.measured),
            f"{_money(one.low)} to {_money(one.high)}",
            _money(one.expected),
            f"{_money(one.expected_low)} to {_money(one.expected_high)}" if one.expected is not None else "",
        )
        for one in worth
    ]
    currency = worth[0].currency
    said = [f"{worth[0].arithmetic}."]
    if worth[0].weight is not None:
        said.append(
            "A winner looks better than it is, for it was picked by its looks: "
            f"{worth[0].weight:.0%} of what was measured is believed, by {worth[0].prior}."
        )
    return joined(
        tag("h3", "In money"),
        Table(
            ("arm", f"measured, {currency} a year", "interval", "to be expected", "interval"),
            rows,
            (1, 2, 3, 4),
        ).html(),
        tag("p", " ".join(said), class_="source"),
    )


def _money(value: float | None) -> str:
    return "–" if value is None else _typeset(rounded(value))


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
        rows.append((one.day, percent(one.fraction), needed, _typeset(", ".join(z)) or "to come"))
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
            _typeset(amount(best, one.difference)),
            _ends(best, one.low, one.high),
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
        lead=f"{whole} (false-discovery rate {told.alpha:.0%}): those in blue; grey ones may be chance.",
    )


def _by_age(part: ExperimentPart, pen: Pen) -> Markup | None:
    """The best arm's effect by days since the exposure."""
    told = part.readout
    best = _best(told)
    ages = [one for one in told.ages if best is not None and one.arm == best.arm]
    if best is None or len(ages) < _DAYS:
        return None
    rows = [
        (one.arm, f"{one.age + 1}", _typeset(amount(best, one.difference)), f"{one.stderr:.2g}")
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


def _arms(told: "Readout") -> Markup:
    """Who took part, and who was left out."""
    best = next(iter(told.primary), None)
    means = {} if best is None else {best.control: (best, best.control_mean)}
    means |= {one.arm: (one, one.arm_mean) for one in told.primary}
    rows = [
        (
            arm.arm,
            percent(arm.weight),
            f"{arm.assigned:,}",
            f"{arm.counted:,}",
            f"{arm.known:,}",
            _typeset(level(*means[arm.arm])) if arm.arm in means and arm.known else "–",
        )
        for arm in told.arms
    ]
    primary = best.metric if best is not None else "primary metric"
    head = ("arm", "weight", "assigned", "counted", "known", primary)
    return joined(
        tag("h3", "Who took part"),
        Table(head, rows, (1, 2, 3, 4, 5)).html(),
        tag("p", _left_out(told, primary)),
    )


def _left_out(told: "Readout", primary: str) -> str:
    counts = [
        ("were decided for and never exposed", told.untriggered),
        ("were seen in two arms", told.crossed),
        (f"wait for the end of their window of {primary}", told.immature.get(primary, 0)),
    ]
    said = ", ".join(f"{many:,} {what}" for what, many in counts if many)
    return f"Left out: {said}." if said else "Nobody was left out."


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


def _ends(one: "Effect", low: float, high: float) -> str:
    told = (amount(one, end).removesuffix(" points") for end in (low, high))
    return _typeset(" to ".join(told))


def _typeset(text: str) -> str:
    """True minus signs before numbers, and spaces before a per cent that do not break."""
    return re.sub(r"(?<![\w-])-(?=\d)", _MINUS, text).replace(" %", "\u202f%")
