"""A readout in a terminal: one sentence first, then what it rests on."""

import click
from rich.table import Table

from fullcycle.cli.printing import count, show_table, when
from fullcycle.experiment import (
    UNSHRUNKEN,
    Effect,
    Readout,
    amount,
    change,
    headline,
    level,
    rounded,
    told_guardrail,
    told_p,
)
from fullcycle.kernel import counted

_STEPS = 8  # of the path that are shown
_SMALL = 8  # segments of too few units that are named
_WIDE = 41  # columns of a bar; odd, so that zero may stand in the middle
_RAIL = {"holds": ("✓", "green"), "unclear": ("?", "yellow"), "broken": ("✗", "red")}
_SIGN = {"ok": ("✓", "green"), "qualifies": ("!", "yellow"), "blocks": ("✗", "red")}


def show_readout(told: Readout, title: str) -> None:
    """Print a readout for people, under the name of what was read."""
    _show_head(told, title)
    click.echo()
    click.secho(headline(told), bold=True, fg=_colour(told.verdict.decision))
    for note in told.notes:
        click.secho(f"  {note}", dim=True)
    click.echo()
    _show_effects(told)
    _show_worth(told)
    _show_arms(told)
    _show_path(told)
    _show_looks(told)
    _show_segments(told)
    _show_checks(told)
    show_verdict(told.verdict.decision, told.verdict.reason)
    if told.verdict.qualified:
        click.echo(f"  qualified by: {', '.join(told.verdict.qualified)} (marked ! above)")
    if told.verdict.would_change:
        click.echo(f"  what would change it: {told.verdict.would_change}")


def show_verdict(decision: str, reason: str) -> None:
    """Print what is concluded, and why."""
    click.secho(f"  verdict: {decision}", fg=_colour(decision), bold=True, nl=False)
    click.echo(f": {reason}")


def _colour(decision: str) -> str:
    return {"ship": "green", "stop": "red"}.get(decision, "yellow")


def _show_head(told: Readout, title: str) -> None:
    click.secho(title, bold=True, nl=False)
    click.echo(f" ({told.analysis}), as of {when(told.as_of)}: {_span(told)}")
    if told.analysis == "group-sequential" and (told.looks or told.next_look):
        done = f"{counted(len(told.looks), 'look')} over"
        click.echo(
            f"  {done}, the next on {told.next_look}" if told.next_look else f"  {done}, the last one too"
        )


def _span(told: Readout) -> str:
    """The days of exposure of which something is known."""
    if told.first_day is not None:
        return f"exposed {told.first_day} to {told.last_day}" if told.first_day else "all units of the table"
    return "nothing is known yet" if sum(arm.counted for arm in told.arms) else "nobody was exposed yet"


def _show_effects(told: Readout) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "", told.control, "with", "", "difference", "interval", "relative"):
        table.add_column(column)
    for one in told.effects:
        table.add_row(one.metric, one.role, *_values(one), *_difference(one))
        if one.raw_difference is not None and one.raw_low is not None and one.raw_high is not None:
            table.add_row(
                "",
                "as measured",
                "",
                "",
                "",
                amount(one, one.raw_difference),
                f"{_bare(one, one.raw_low)} to {_bare(one, one.raw_high)}",
                f"covariates took away {one.reduction or 0:.0%} of the variance",
            )
    show_table(table)
    for rail in told.guardrails:
        sign, colour = _RAIL[rail.standing]
        click.secho(f"  {sign} ", fg=colour, nl=False)
        click.echo(f"guardrail {rail.standing}: {told_guardrail(rail)}")


def _values(one: Effect) -> tuple[str, str, str]:
    control = level(one, one.control_mean) if one.control_units else "–"
    return control, one.arm, level(one, one.arm_mean) if one.arm_units else "–"


def _difference(one: Effect) -> tuple[str, str, str]:
    if one.difference is None or one.low is None or one.high is None:
        return ("no spread" if min(one.control_units, one.arm_units) > 1 else "not known yet"), "", ""
    relative = ""
    if one.relative is not None:
        relative = change(one.relative)
        if one.relative_low is not None and one.relative_high is not None:
            relative += f" ({change(one.relative_low)} to {change(one.relative_high)})"
    doubt = "" if one.reliable else " (too few units to trust)"
    return amount(one, one.difference), f"{_bare(one, one.low)} to {_bare(one, one.high)}{doubt}", relative


def _bare(one: Effect, value: float) -> str:
    return amount(one, value).removesuffix(" points")


def _show_worth(told: Readout) -> None:
    for worth in told.worth:
        span = f"{rounded(worth.low)} to {rounded(worth.high)}"
        click.echo(
            f"  {worth.arm} is worth {rounded(worth.measured)} {worth.currency} a year ({span}): "
            f"{worth.arithmetic}"
        )
        if worth.measured <= 0:
            continue
        if worth.expected is not None and worth.expected_low is not None and worth.expected_high is not None:
            span = f"{rounded(worth.expected_low)} to {rounded(worth.expected_high)}"
            click.echo(
                f"    if it is shipped, expect {rounded(worth.expected)} {worth.currency} ({span}): a winner "
                f"looks better than it is. {worth.weight or 0:.0%} of what was measured is believed, by "
                f"{worth.prior}"
            )
        else:
            click.echo(f"    {UNSHRUNKEN}")


def _show_arms(told: Readout) -> None:
    click.echo()
    width = max([len(arm.arm) for arm in told.arms] + [10])
    for arm in told.arms:
        click.echo(
            f"  {arm.arm:<{width}} {arm.weight:.0%}: {count(arm.assigned)} assigned, "
            f"{count(arm.counted)} counted, {count(arm.known)} known"
        )
    waiting: dict[int, list[str]] = {}
    for name, units in told.immature.items():
        waiting.setdefault(units, []).append(name)
    for units, names in waiting.items():
        if units:
            lacks = "wait for the end of their window" if told.days else "have no value"
            said = f"  {counted(units, 'unit')} {lacks} of {', '.join(names)}"
            click.secho(said, dim=True)
    if told.after_plan:
        said = f"  {counted(told.after_plan, 'unit')} came after the planned days, and are in nothing"
        click.secho(said, dim=True)
    by_day: dict[str, int] = {}
    for one in told.units_by_day:
        if one.day:  # a table of units need not tell it
            by_day[one.day] = by_day.get(one.day, 0) + one.units
    if by_day:
        days = sorted(by_day)
        click.secho(
            f"  {count(sum(by_day.values()) // len(days))} units a day on average, "
            f"{count(min(by_day.values()))} to {count(max(by_day.values()))}",
            dim=True,
        )
    if told.watermark is not None:
        click.secho(f"  holds what was logged until {when(told.watermark)}", dim=True)


def _show_path(told: Readout) -> None:
    """The primary metric's interval over time, as far as a terminal can draw it."""
    arms = list(dict.fromkeys(step.arm for step in told.path))
    for arm in arms:
        path = [step for step in told.path if step.arm == arm]
        if len(path) < 2:
            continue
        shown = [path[round(n * (len(path) - 1) / (_STEPS - 1))] for n in range(_STEPS)]
        shown = list(dict.fromkeys(shown if len(path) > _STEPS else path))
        effect = next(one for one in told.primary if one.arm == arm)
        ends = [0.0, *(end for step in shown[1:] for end in (step.low, step.high))]
        low, high = min(ends), max(ends)
        click.echo()
        click.echo(
            f"  {effect.metric}, {arm} − {effect.control}, after so many days of exposure ('|' is zero):"
        )
        for step in shown:
            bar = _bar(step.low, step.difference, step.high, low, high)
            click.echo(
                f"    {step.day}  {count(step.units):>10} units  {bar}  {amount(effect, step.difference)}"
            )


def _show_looks(told: Readout) -> None:
    """A group-sequential plan: how far from zero an effect has to be at each look, and how far it is."""
    if not told.looks and not told.looks_ahead:
        return
    click.echo()
    click.echo("  looks: how many standard errors from zero are needed, and how many there are")
    steps = {(step.day, step.arm): step for step in told.path if step.stderr > 0}
    arms = [arm.arm for arm in told.arms if arm.arm != told.control]
    for look in told.looks:
        found = [(arm, steps[look.day, arm]) for arm in arms if (look.day, arm) in steps]
        there = ", ".join(f"{arm} {step.difference / step.stderr:+.2f}" for arm, step in found)
        needed = f"±{look.bound:.2f} needed" if look.bound is not None else ""
        click.echo(f"    {look.day}  {look.fraction:>5.0%} of the plan  {needed}  {there}")
    for look in told.looks_ahead:
        needed = f"±{look.bound:.2f} needed" if look.bound is not None else ""
        click.secho(f"    {look.day}  {look.fraction:>5.0%} of the plan  {needed}  to come", dim=True)


def _bar(start: float, middle: float, end: float, low: float, high: float) -> str:
    """An interval drawn on a line from ``low`` to ``high``; what reaches beyond it is cut off."""

    def place(value: float) -> int:
        share = (value - low) / (high - low) if high > low else 0.5
        return min(max(round(share * (_WIDE - 1)), 0), _WIDE - 1)

    line = [" "] * _WIDE
    for at in range(place(start), place(end) + 1):
        line[at] = "─"
    line[place(0.0)] = "|"
    line[place(middle)] = "●"
    return "".join(line)


def _show_segments(told: Readout) -> None:
    if not told.segments and not told.small_segments:
        return
    primary = told.primary[0]
    findings = [one for one in told.segments if one.finding]
    click.echo()
    click.echo(
        f"  by segment: {counted(len(findings), 'finding')} among {len(told.segments)} comparisons "
        f"(false-discovery rate {told.alpha:.0%})"
    )
    table = Table(box=None, pad_edge=False, show_header=False)
    for one in sorted(told.segments, key=lambda one: (one.segment, one.level, one.arm)):
        cells = [
            "   →" if one.finding else "    ",
            f"{one.segment} = {one.level}",
            f"{count(one.units)} units",
            amount(primary, one.difference),
            f"{_bare(primary, one.low)} to {_bare(primary, one.high)}",
        ]
        table.add_row(*cells, *([one.arm] if len(told.arms) > 2 else []))
    small = sorted(told.small_segments, key=lambda one: (one.segment, one.level))
    for small_one in small[:_SMALL]:
        name = f"{small_one.segment} = {small_one.level}"
        table.add_row("    ", name, f"{count(small_one.units)} units", "–", "too few to compare")
    show_table(table)
    if len(small) > _SMALL:
        units = sum(one.units for one in small[_SMALL:])
        rest = f"{counted(len(small) - _SMALL, 'more level')} of {count(units)} units in all"
        click.echo(f"      {rest}: too few to compare in each")


def _show_checks(told: Readout) -> None:
    click.echo()
    for check in told.checks:
        sign, colour = _SIGN[check.standing]
        click.secho(f"  {sign} ", fg=colour, nl=False)
        tested = f" ({told_p(check.p)})" if check.p is not None and told_p(check.p) not in check.said else ""
        click.echo(f"{check.name}: {check.said}{tested}")
