"""``fullcycle value``: what was estimated beside what was measured."""

import json

import click
import msgspec
from rich.table import Table

from fullcycle.cli.printing import show_table, when
from fullcycle.value import calibration, lay_out, measurements
from fullcycle.wiring import open_project


@click.command(name="value")
@click.argument("capability", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per measurement.")
def command(capability: str | None, *, as_json: bool) -> None:
    """Show what was estimated beside what was measured, of one capability or of all.

    \b
    Example:
        fullcycle value winback
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    names = [project.require_capability(capability)] if capability else project.capabilities()
    facts = [(name, fact) for name in names for fact in measurements(project.ledger, name)]
    if as_json:
        for name, fact in facts:
            row = {"capability": name, "at": fact.at, "by": fact.by, "calibration": calibration(fact.body)}
            click.echo(json.dumps({**row, **msgspec.to_builtins(fact.body)}))
        return
    if not facts:
        click.echo("nothing is measured yet; close an experiment: fullcycle experiment close <capability>")
    for name, fact in facts:
        told = lay_out(fact.body)
        click.secho(f"{name}: {told.title}", bold=True, nl=False)
        click.echo(f" ({when(fact.at)}, {fact.by})")
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in told.header:
            table.add_column(column, overflow="fold")
        for line in told.rows:
            table.add_row(*line)
        show_table(table)
        for note in told.notes:
            click.echo(f"  {note}")
