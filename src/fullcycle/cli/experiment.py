"""``fullcycle experiment``: design, read and close."""

import json
from datetime import datetime

import click
import msgspec

from fullcycle.brief import Brief, number, worth_per_year
from fullcycle.cli.assigning import assign_command
from fullcycle.cli.off_policy import off_policy_command, show_report
from fullcycle.cli.printing import when
from fullcycle.cli.progress import waiting
from fullcycle.cli.publishing import publish_command
from fullcycle.cli.reading import show_readout, show_verdict
from fullcycle.experiment import Design
from fullcycle.flow import run_record
from fullcycle.kernel import Interval, counted, micros
from fullcycle.wiring import open_project
from fullcycle.wiring.designing import DesignReport, design
from fullcycle.wiring.experiments import conclude, read
from fullcycle.wiring.runs import brief_of
from fullcycle.wiring.valuing import append_measurement


@click.group(name="experiment")
def command() -> None:
    """Design, read and close an experiment."""


command.add_command(off_policy_command)
command.add_command(publish_command)
command.add_command(assign_command)


@command.command(name="design")
@click.argument("capability")
@click.option("--units-per-day", type=float, help="Traffic to plan with, instead of the past's.")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
def design_command(capability: str, units_per_day: float | None, *, as_json: bool) -> None:
    """Say what an experiment takes, and what the past says its arms are worth.

    \b
    Example:
        fullcycle experiment design winback
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    project.require_capability(capability)
    with waiting("valuing each arm on the past"):
        found = design(project, capability, units_per_day=units_per_day)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found)))
        return
    brief = brief_of(project, run_record(project.ledger, capability, found.run))
    click.secho(
        f"{capability}, experiment {found.experiment}, from the past of {capability}@{found.run}", bold=True
    )
    for one in found.designs:
        _show_design(one, brief)
    _show_margins(found)
    _show_off_policy(found)


@command.command(name="read")
@click.argument("capability")
@click.option("--name", help="Which experiment, where there are several.")
@click.option("--as-of", type=click.DateTime(), help="Read it as it stood then (local time).")
@click.option("--phase", type=int, help="Which phase; the last one unless told.")
@click.option("--json", "as_json", is_flag=True, help="Print the readout as one JSON object.")
def read_command(
    capability: str, name: str | None, as_of: datetime | None, phase: int | None, *, as_json: bool
) -> None:
    """Read what an experiment caused so far.

    Where a deployment changed the code of an arm, another phase of it began. Phases are not
    pooled: one is read, and it is said what is left out.

    \b
    Example:
        fullcycle experiment read winback
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    project.require_capability(capability)
    moment = micros(as_of.astimezone()) if as_of is not None else None
    with waiting("reading the experiment"):
        found = read(project, capability, name, as_of=moment, phase=phase)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found.readout)))
    else:
        show_readout(found.readout, f"{capability}@{found.environment}, experiment {found.spec.name}")


@command.command(name="close")
@click.argument("capability")
@click.option("--name", help="Which experiment, where there are several.")
@click.option("--early", is_flag=True, help="End it although the verdict is to keep going.")
@click.option("--json", "as_json", is_flag=True, help="Print the conclusion as one JSON object.")
def close_command(capability: str, name: str | None, *, early: bool, as_json: bool) -> None:
    """Close an experiment: its verdict goes into the value ledger.

    \b
    Example:
        fullcycle experiment close winback
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    project.require_capability(capability)
    with waiting("reading the experiment"):
        found = read(project, capability, name)
    fact = found.record.closed
    body = fact.body if fact is not None else conclude(project, found, early=early)
    new = append_measurement(project, found, body)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(body)))
        return
    state = f"was closed {when(fact.at)} by {fact.by}" if fact is not None else "is closed"
    click.echo(f"experiment {found.spec.name} of {capability} {state}")
    show_verdict(body.decision, body.reason)
    if new:
        click.echo(f"appended to the value ledger: fullcycle value {capability}")


def _show_design(found: Design, brief: Brief | None) -> None:
    relative = f" ({found.relative:.1%} of it)" if found.relative is not None else ""
    click.echo(
        f"  {found.analysis:<13} {counted(found.days, 'day')} × "
        f"{counted(round(found.units_per_day), 'unit')} show an effect of {found.effect:.4f} "
        f"on {found.metric} of {found.baseline:.4f}{relative}, "
        f"with chance {found.power:.0%}"
    )
    if brief is not None and brief.metric == found.metric:
        money = worth_per_year(Interval(found.effect, found.effect), brief.estimate).low
        expected = brief.estimate.effect
        sees = (
            "smaller than all"
            if found.effect < expected.low
            else "inside"
            if found.effect <= expected.high
            else "larger than all"
        )
        click.echo(
            f"                worth {number(money)} {brief.estimate.worth.currency} per year; "
            f"{sees} of the brief's estimate {expected.low} to {expected.high}"
        )


def _show_margins(found: DesignReport) -> None:
    """Say beforehand which guardrail will most likely stay unclear: the plan may still be changed."""
    for name, (margin, smallest) in found.margins.items():
        if smallest > margin:
            click.secho(
                f"  guardrail {name}: so many units can only show that it keeps within {smallest:.0%}; "
                f"the margin of {margin:.0%} will most likely stay unclear, and then nothing is shipped",
                fg="yellow",
            )


def _show_off_policy(found: DesignReport) -> None:
    if found.off_policy is None:
        click.echo(f"  no off-policy estimate: {found.left_out}")
        return
    show_report(found.off_policy, "before launch, ")
