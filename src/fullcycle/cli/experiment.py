"""``fullcycle experiment``: design, read and close."""

import json

import click
import msgspec

from fullcycle.cli.assigning import assign_command
from fullcycle.cli.designing import design_command
from fullcycle.cli.off_policy import off_policy_command
from fullcycle.cli.printing import when
from fullcycle.cli.progress import waiting
from fullcycle.cli.publishing import publish_command
from fullcycle.cli.reading import show_verdict
from fullcycle.cli.reading_experiments import read_command
from fullcycle.wiring import open_project
from fullcycle.wiring.experiments import conclude, read
from fullcycle.wiring.valuing import append_measurement


@click.group(name="experiment")
def command() -> None:
    """Design, read and close an experiment."""


command.add_command(design_command)
command.add_command(off_policy_command)
command.add_command(publish_command)
command.add_command(assign_command)
command.add_command(read_command)


@command.command(name="close")
@click.argument("capability")
@click.option("--name", help="Which experiment, where there are several.")
@click.option("--phase", type=int, help="By which phase it is concluded; the last one unless told.")
@click.option("--early", is_flag=True, help="End it although the verdict is to keep going.")
@click.option("-m", "--message", default="", help="Why it is ended early.")
@click.option("--json", "as_json", is_flag=True, help="Print the conclusion as one JSON object.")
def close_command(
    capability: str, name: str | None, phase: int | None, message: str, *, early: bool, as_json: bool
) -> None:
    """Close an experiment: its verdict goes into the value ledger.

    All of it ends, and it is concluded by one phase: phases are not pooled.

    \b
    Example:
        fullcycle experiment close winback
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    project.require_capability(capability)
    with waiting("reading the experiment"):
        found = read(project, capability, name, phase=phase)
    fact = found.record.closed
    body = fact.body if fact is not None else conclude(project, found, early=early, why=message)
    new = append_measurement(project, found, body)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(body)))
        return
    state = f"was closed {when(fact.at)} by {fact.by}" if fact is not None else "is closed"
    click.echo(f"experiment {found.spec.name} of {capability} {state}")
    show_verdict(body.decision, body.reason)
    if new:
        click.echo(f"appended to the value ledger: fullcycle value {capability}")
