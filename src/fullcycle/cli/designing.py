"""``fullcycle experiment design``: what an experiment takes, from its past in the warehouse."""

import json
from pathlib import Path

import click
import msgspec

from fullcycle import report
from fullcycle.adapters.vega import VegaCharts
from fullcycle.brief import Brief, number
from fullcycle.cli.off_policy import show_report
from fullcycle.cli.pages import write_page
from fullcycle.cli.printing import count, in_column, money
from fullcycle.cli.progress import waiting
from fullcycle.experiment import Design, Found, Rehearsed, Wanted
from fullcycle.flow import run_record
from fullcycle.kernel import Invalid, Misconfigured, Money, counted, duration
from fullcycle.wiring import open_project
from fullcycle.wiring.design_page import about, design_page
from fullcycle.wiring.design_report import Asked, DesignReport
from fullcycle.wiring.designing import design
from fullcycle.wiring.runs import brief_of

_INDENT = " " * 4
_BAR = 30  # columns of a chance of 1
_MOST_BARS = 8
_WIDTH = 100  # columns of what is said under a design


def _effect(context: click.Context, parameter: click.Parameter, text: str | None) -> float | Money | None:
    """An effect of the metric, or what it is to be worth in a year."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return Money.parse(text, where="--effect")
    if not 0 < abs(value) < float("inf"):
        raise Invalid(f"--effect {text}", "what was typed", 'write 0.01 of the metric, or "20000 USD" a year')
    return value


@click.command(name="design")
@click.argument("capability")
@click.option("--days", type=click.IntRange(1), help="Days of exposure, instead of the experiment's own.")
@click.option(
    "--effect", metavar="EFFECT", callback=_effect, help='Say what it takes to find it: 0.01, or "20000 USD".'
)
@click.option(
    "--units-per-day",
    type=click.FloatRange(0, min_open=True),
    help="Units that count, instead of the past's.",
)
@click.option("--baseline", type=float, help="The metric by hand, where there is no past.")
@click.option("--sd", type=float, help="How far a mean spreads from unit to unit, by hand.")
@click.option(
    "--history",
    default="28d",
    show_default=True,
    help="How far to go back in the capability's own decisions.",
)
@click.option("--in", "environment", default="prod", show_default=True, help="Where those were made.")
@click.option(
    "--splits",
    type=click.IntRange(100, 100_000),
    default=1_000,
    show_default=True,
    help="Made-up experiments.",
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A page (.html) or chart (.svg)."
)
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
def design_command(
    capability: str, output: Path | None, history: str, *, as_json: bool, **told: float | int | str | None
) -> None:
    """Say what an experiment takes, and what the past says its arms are worth.

    The past is the capability's own decisions, or else the rows that its outcomes are of. From it
    come the baseline, its spread with and without covariates, and the traffic; by them, the
    smallest effect that the days show and what it is worth, the units, days and cost of an effect
    that is asked for, and the chance to find it by each day. An A/A check splits the past at
    random and analyses it: where nothing was done, the analysis may ring as often as promised.

    \b
    Example:
        fullcycle experiment design winback
        fullcycle experiment design winback --effect 0.01
        fullcycle experiment design winback --days 14 -o design.html
    """  # noqa: D301 - click reads a real backspace
    if output is not None and output.suffix not in (".html", ".svg"):
        raise Invalid(f"{output.name} is no page and no chart", "-o", "name it design.html or design.svg")
    asked = Asked(history=duration(history, where="--history"), **told)  # type: ignore[arg-type]
    project = open_project()
    project.require_capability(capability)
    with waiting("splitting the past at random"):
        found = design(project, capability, asked)
    brief = brief_of(project, run_record(project.ledger, capability, found.run))
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found)))
    else:
        _show(found, capability, brief)
    if output is not None:
        _write(output, found, capability, quiet=as_json)


def _show(found: DesignReport, capability: str, brief: Brief | None) -> None:
    click.secho(
        f"{capability}, experiment {found.experiment}, from the past of {capability}@{found.run}", bold=True
    )
    click.echo(f"  {about(found)}")
    _show_baseline(found)
    for one in found.designs:
        _show_design(one, brief)
    if found.worth:
        click.secho(f"  worth: {found.worth}", dim=True)
    _show_chances(found)
    _show_alarms(found)
    _show_margins(found)
    for note in found.notes:
        click.secho(f"  {note}", fg="yellow")
    if found.units is not None:
        click.echo(f"  planned for {count(found.units)} units, which the deployment that begins it records")
    if found.off_policy is None:
        click.echo(f"  no off-policy estimate: {found.left_out}")
    else:
        show_report(found.off_policy, "before launch, ")


def _show_baseline(found: DesignReport) -> None:
    one = found.baseline
    if one is None:
        return
    told = f"  {one.metric} {number(one.mean)}, spread {number(one.variance**0.5)} from unit to unit"
    if one.adjusted is not None and one.reduction is not None:
        by = ", ".join(found.covariates)
        told += f", {number(one.adjusted**0.5)} with {by} (variance −{one.reduction:.0%})"
    click.echo(f"{told}: {found.baseline_of}")
    if found.known_after_s:
        click.secho(
            f"  each value is known {found.known_after_s / 86400:.3g} days after its exposure", dim=True
        )


def _show_design(one: Design, brief: Brief | None) -> None:
    relative = f" ({one.relative:.1%} of it)" if one.relative is not None else ""
    click.echo(
        f"  {one.analysis:<16} {counted(one.days, 'day')} × {counted(round(one.units_per_day), 'unit')} "
        f"show an effect of {one.effect:.4f} on {one.metric} of {one.baseline:.4f}{relative}, "
        f"with chance {one.power:.0%}"
    )
    details = []
    if one.unadjusted is not None:
        details.append(f"{one.unadjusted:.4f} without covariates")
    if one.per_year is not None:
        details.append(f"worth {number(one.per_year.amount)} {one.per_year.currency} per year")
    if brief is not None and brief.metric == one.metric:
        details.append(_against(one.effect, brief))
    if one.cost is not None:
        details.append(f"decisions {_cost(one.cost)}")
    for line in in_column("; ".join(details), _WIDTH) if details else []:
        click.echo(f"{'':<19}{line}")
    if one.wanted is not None:
        _show_wanted(one.wanted)


def _against(effect: float, brief: Brief) -> str:
    """Where an effect stands to what the brief expects."""
    expected = brief.estimate.effect
    side = (
        "inside" if effect in expected else "smaller than all" if effect < expected.low else "larger than all"
    )
    return f"{side} of the brief's estimate {expected.low} to {expected.high}"


def _show_wanted(aim: Wanted) -> None:
    without = f" ({count(aim.unadjusted)} without covariates)" if aim.unadjusted is not None else ""
    per_year = (
        f", worth {number(aim.per_year.amount)} {aim.per_year.currency} per year" if aim.per_year else ""
    )
    cost = f", decisions {_cost(aim.cost)}" if aim.cost is not None else ""
    click.echo(
        f"{'':<19}to find {number(aim.effect)}{per_year}: {count(aim.units)} units{without}, "
        f"{counted(aim.days, 'day')}{cost}"
    )


def _show_chances(found: DesignReport) -> None:
    told = [one for one in found.designs if one.found]
    if not told or told[0].sought is None:
        return
    click.echo(
        f"  the chance that an effect of {number(told[0].sought)} is found by a day of exposure, "
        f"in {count(found.splits)} experiments made up on the past:"
    )
    for one in told:
        click.secho(f"{_INDENT}{one.analysis}", dim=True)
        for step in _some(one):
            bar = "█" * round(step.share * _BAR)
            click.echo(f"{_INDENT}  day {step.day:>3} {step.share:>5.0%} ", nl=False)
            click.secho(bar, fg="blue" if one is told[0] else "yellow")


def _some(one: Design) -> list[Found]:
    """The last day of each week, or of each of fewer stretches, and the last of all."""
    if all(step.share == 0 for step in one.found[:-1]):
        return one.found[-1:]
    every = 7 * max(-(-one.days // (7 * _MOST_BARS)), 1)
    return [step for step in one.found if step.day % every == 0 or step.day == one.days]


def _show_alarms(found: DesignReport) -> None:
    if not found.rehearsed:
        return
    click.echo(
        f"  A/A check, {count(found.splits)} random splits of the past with nothing done to either half:"
    )
    for one in found.rehearsed:
        _show_rehearsed(one)


def _show_rehearsed(one: Rehearsed) -> None:
    alarms = one.alarms
    mark, colour = ("✓", "green") if alarms.kept else ("✗", "red")
    if not one.promised:
        mark, colour = "·", "yellow"
    told = report.told_alarms(one)
    if one.promised:
        told = f"promised at most {alarms.alpha:.1%}: {told}"
    if one.looks == 1:
        told = f"chance alone leaves {alarms.low:.1%} to {alarms.high:.1%}: {report.told_alarms(one)}"
    click.secho(f"{_INDENT}{mark} ", fg=colour, nl=False)
    click.echo(f"{report.looked(one):<28} {alarms.rate:>6.1%} false alarms; {told}")


def _show_margins(found: DesignReport) -> None:
    """Say beforehand which guardrail will most likely stay unclear: the plan may still be changed."""
    for name, (margin, smallest) in found.margins.items():
        if smallest > margin:
            click.secho(
                f"  guardrail {name}: so many units can only show that it keeps within {smallest:.0%}; "
                f"the margin of {100 * margin:.4g}% will most likely stay unclear, and then nothing is "
                "shipped",
                fg="yellow",
            )


def _cost(amount: Money) -> str:
    """An amount, where it is one that anybody would count."""
    return money(amount) if amount.amount >= 0.005 else f"under 0.01 {amount.currency}"


def _write(target: Path, found: DesignReport, capability: str, *, quiet: bool) -> None:
    """Write the page, or the chart of the chance by day.

    Raises:
        NotEnoughData, Misconfigured: for a chart that there is nothing for, or nothing to draw with.
    """
    if target.suffix == ".svg":
        spec = report.chance_chart(found.designs)
        if spec is None:
            raise Invalid(
                "the chance by day was not simulated, so there is nothing to draw",
                "-o",
                "write a page instead: -o design.html",
            )
        text = VegaCharts().file(spec)
    else:
        text = _page(found, capability)
    write_page(target, text)
    if not quiet:
        click.echo(f"{target} ({len(text) // 1000:,} kB)")


def _page(found: DesignReport, capability: str) -> str:
    told = design_page(found, capability)
    draw: report.Draw | None = None
    try:
        draw = VegaCharts().svg
    except Misconfigured as missing:
        click.secho(
            f"{missing.what}: the page shows tables instead of charts ({missing.mend})", fg="yellow", err=True
        )
    return report.render_design(told, svg=draw)
