"""A readout in a terminal: one sentence first, then what it rests on."""

import click
from rich.table import Table

from fullcycle.cli.printing import count, show_table, when
from fullcycle.experiment import ArmWorth, Effect, Readout, amount, headline, level
from fullcycle.kernel import counted
from fullcycle.wiring.experiments import Reading

_STEPS = 8  # of the path that are shown
_WIDE = 41  # columns of a bar; odd, so that zero may stand in the middle
_SIGN = {"ok": ("✓", "green"), "qualifies": ("!", "yellow"), "blocks": ("✗", "red")}


def show_readout(found: Reading) -> None:
    """Print a readout for people."""
    told = found.readout
    _show_head(found)
    click.echo()
    click.secho(headline(told), bold=True, fg=_colour(told.verdict.decision))
    for note in told.notes:
        click.secho(f"  {note}", dim=True)
    click.echo()
    _show_effects(told)
    _show_worth(told)
    _show_arms(told)
    _show_path(told)
    _show_segments(told)
    _show_checks(told)
    show_verdict(told.verdict.decision, told.verdict.reason)
    click.echo(f"  what would change it: {told.verdict.would_change}")


def show_verdict(decision: str, reason: str) -> None:
    """Print what is concluded, and why."""
    click.secho(f"  verdict: {decision}", fg=_colour(decision), bold=True, nl=False)
    click.echo(f": {reason}")


def _colour(decision: str) -> str:
    return {"ship": "green", "stop": "red"}.get(decision, "yellow")


def _show_head(found: Reading) -> None:
    told = found.readout
    days = f"{told.first_day} to {told.last_day}" if told.first_day is not None else "no decision counts yet"
    click.secho(f"{told.capability}@{found.environment}, experiment {told.experiment}", bold=True, nl=False)
    click.echo(f" ({told.analysis}), as of {when(told.as_of)}: {days}")
    if told.analysis == "group-sequential":
        done = f"{counted(len(told.looks), 'look')} over"
        click.echo(
            f"  {done}, the next on {told.next_look}" if told.next_look else f"  {done}, the last one too"
        )


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
        left = f"{-rail.margin:+.0%}" if rail.margin else ""
        click.echo(f"  guardrail {rail.metric} of {rail.arm}: {rail.standing} within {left.lstrip('-')}")


def _values(one: Effect) -> tuple[str, str, str]:
    return level(one, one.control_mean), one.arm, level(one, one.arm_mean)


def _difference(one: Effect) -> tuple[str, str, str]:
    if one.difference is None or one.low is None or one.high is None:
        return "cannot be compared yet", "", ""
    relative = ""
    if one.relative is not None:
        relative = f"{one.relative:+.1%}"
        if one.relative_low is not None and one.relative_high is not None:
            relative += f" ({one.relative_low:+.1%} to {one.relative_high:+.1%})"
    doubt = "" if one.reliable else " (too few units to trust)"
    return amount(one, one.difference), f"{_bare(one, one.low)} to {_bare(one, one.high)}{doubt}", relative


def _bare(one: Effect, value: float) -> str:
    return amount(one, value).removesuffix(" points")


def _show_worth(told: Readout) -> None:
    for worth in told.worth:
        click.echo(f"  {worth.arm} is worth {_money(worth)} a year: {worth.arithmetic}")
        if worth.expected is not None and worth.expected_low is not None and worth.expected_high is not None:
            click.echo(
                f"    if it is shipped, expect {worth.expected:,.0f} {worth.currency} "
                f"({worth.expected_low:,.0f} to {worth.expected_high:,.0f}): a winner looks better than it "
                f"is; {worth.weight or 0:.0%} of it is left, by {worth.prior}"
            )


def _money(worth: ArmWorth) -> str:
    return f"{worth.measured:,.0f} {worth.currency} ({worth.low:,.0f} to {worth.high:,.0f})"


def _show_arms(told: Readout) -> None:
    click.echo()
    for arm in told.arms:
        click.echo(
            f"  {arm.arm:<10} {arm.weight:.0%}: {count(arm.assigned)} assigned, "
            f"{count(arm.counted)} counted, {count(arm.known)} known"
        )
    for name, units in told.immature.items():
        if units:
            click.secho(f"  {counted(units, 'unit')} wait for the end of their window of {name}", dim=True)
    by_day: dict[str, int] = {}
    for one in told.units_by_day:
        by_day[one.day] = by_day.get(one.day, 0) + one.units
    if by_day:
        days = sorted(by_day)
        click.secho(
            f"  {count(sum(by_day.values()) // len(days))} units a day on average, "
            f"{count(min(by_day.values()))} to {count(max(by_day.values()))}",
            dim=True,
        )


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
    if not told.segments:
        return
    primary = told.primary[0]
    findings = [one for one in told.segments if one.finding]
    click.echo()
    click.echo(
        f"  by segment: {counted(len(findings), 'finding')} among {len(told.segments)} comparisons "
        f"(false-discovery rate {told.alpha:.0%})"
    )
    for one in sorted(told.segments, key=lambda one: (one.segment, one.level, one.arm)):
        mark = "→" if one.finding else " "
        click.echo(
            f"   {mark} {one.segment} = {one.level:<14} {count(one.units):>10} units  "
            f"{amount(primary, one.difference)} ({_bare(primary, one.low)} to {_bare(primary, one.high)})"
            + (f"  {one.arm}" if len(told.arms) > 2 else "")
        )


def _show_checks(told: Readout) -> None:
    click.echo()
    for check in told.checks:
        sign, colour = _SIGN[check.standing]
        click.secho(f"  {sign} ", fg=colour, nl=False)
        tested = f" (p = {check.p:.2g})" if check.p is not None and "p = " not in check.said else ""
        click.echo(f"{check.name}: {check.said}{tested}")
