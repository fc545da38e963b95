"""``fullcycle experiments``: which are designed, which run, and what came of those that are closed."""

import json
from dataclasses import asdict

import click
from rich.table import Table

from fullcycle.cli.printing import show_table, when
from fullcycle.wiring import open_project
from fullcycle.wiring.experimented import Experimented, experimented


@click.command(name="experiments")
@click.argument("capability", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per experiment.")
def command(capability: str | None, *, as_json: bool) -> None:
    """List the experiments of a capability, or of all: designed, running and closed.

    \b
    Example:
        fullcycle experiments
        fullcycle experiments winback
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    if capability is not None:
        project.require_capability(capability)
    found = experimented(project, [capability] if capability is not None else project.capabilities())
    if as_json:
        for one in found:
            click.echo(json.dumps(asdict(one)))
        return
    if not found:
        of = f" of {capability}" if capability is not None else ""
        click.echo(f"no experiment{of} yet; fullcycle experiment design {capability or 'CAPABILITY'}")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("capability", "experiment", "state", "since", "phase", "verdict"):
        table.add_column(column)
    for one in found:
        table.add_row(one.capability, one.experiment, *_state(one), _verdict(one))
    show_table(table)


def _state(one: Experimented) -> tuple[str, str, str]:
    day = f", day {one.day} of {one.days}" if one.state == "running" and one.day is not None else ""
    where = f" in {one.environment}" if one.environment is not None else ""
    return f"{one.state}{where}{day}", when(one.since), str(one.phase) if one.phase else ""


def _verdict(one: Experimented) -> str:
    if one.state == "closed":
        return f"{one.verdict}: {one.reason}"
    if one.state == "running":
        return f"fullcycle experiment read {one.capability} --name {one.experiment}"
    return ""
