"""What the experiment says: one sentence, whether it can be trusted, and what it rests on."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from fullcycle.experiment import UNSHRUNKEN, amount, change, headline, level, rounded, told_guardrail, told_p
from fullcycle.kernel import Markup, counted, joined, tag
from fullcycle.report.experiment_figures import ends, halves, over_time
from fullcycle.report.parts import Pen, Table, missing, section, source
from fullcycle.report.story import ExperimentPart, Story
from fullcycle.report.wording import percent, typeset

if TYPE_CHECKING:
    from fullcycle.experiment import ArmWorth, Check, Effect, Guardrail, Readout

_STANDING = {"blocks": ("✗", "bad"), "qualifies": ("!", "so"), "ok": ("✓", "good")}
_RAIL = {"broken": ("✗", "bad"), "unclear": ("?", "so"), "holds": ("✓", "good")}


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
        tag("p", typeset(_headline(part)), class_="headline"),
        tag("p", _status(part)),
        _checks(told.checks),
        _guardrails(told.guardrails),
        over_time(part, pen),
        _numbers(told),
        _worth(told.worth),
        tag("div", *halves(part, pen), class_="pair"),
        _arms(told),
        source(part.source),
    )


def _headline(part: ExperimentPart) -> str:
    """The readout's own sentence, unless somebody has ended early what it would keep going."""
    if part.decision and part.readout.verdict.decision == "keep going":
        return f"Closed early as {part.decision}: {part.readout.verdict.told}"
    return headline(part.readout)


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
    return tag("li", tag("span", f"{sign} {name}", class_=f"check {class_}"), f": {typeset(said)}")


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
                    typeset(amount(one, one.raw_difference)),
                    ends(one, one.raw_low, one.raw_high),
                    "",
                )
            )
    head = ("metric", "role", told.control, "with", "difference", "interval", "relative")
    taken = {one.metric: one.reduction for one in told.effects if one.reduction is not None}
    less = ", ".join(f"{reduction:.0%} of that of {metric}" for metric, reduction in taken.items())
    note = tag("p", f"Of the variance, covariates took away {less}.", class_="source") if less else None
    return joined(Table(head, rows, (2, 3, 4, 5, 6)).html(), note)


def _row(one: "Effect") -> tuple[object, ...]:
    control = typeset(level(one, one.control_mean)) if one.control_units else "–"
    arm = f"{one.arm}: {level(one, one.arm_mean)}" if one.arm_units else f"{one.arm}: –"
    if one.difference is None or one.low is None or one.high is None:
        known = "no spread" if min(one.control_units, one.arm_units) > 1 else "not known yet"
        return one.metric, one.role, control, typeset(arm), known, "", ""
    interval = ends(one, one.low, one.high)
    return (
        one.metric,
        one.role,
        control,
        typeset(arm),
        typeset(amount(one, one.difference)),
        interval if one.reliable else f"{interval} (too few units to trust)",
        "–" if one.relative is None else typeset(change(one.relative)),
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
    elif any(one.measured > 0 for one in worth):
        said.append(f"{UNSHRUNKEN[:1].upper()}{UNSHRUNKEN[1:]}.")
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
    return "–" if value is None else typeset(rounded(value))


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
            typeset(level(*means[arm.arm])) if arm.arm in means and arm.known else "–",
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
        ("came after the planned days", told.after_plan),
        ("decisions for requests that name no unit", told.unitless),
    ]
    said = ", ".join(f"{many:,} {what}" for what, many in counts if many)
    return f"Left out: {said}." if said else "Nobody was left out."
