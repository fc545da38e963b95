"""``fullcycle runs``: what was tried, and what it scored."""

import json

import click
from rich.table import Table

from fullcycle.cli.printing import seconds, show_table, when
from fullcycle.cli.run import as_plain
from fullcycle.flow import runs
from fullcycle.wiring import open_project


@click.command(name="runs")
@click.argument("capability")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per run.")
def command(capability: str, *, as_json: bool) -> None:
    """List a capability's runs, newest first.

    \b
    Example:
        fullcycle runs winback
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    found = list(reversed(runs(project.ledger, project.require_capability(capability))))
    if as_json:
        for run in found:
            click.echo(json.dumps(as_plain(run)))
        return
    if not found:
        click.echo(f"no runs yet; start one: fullcycle run {capability}")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("run", "when", "by", "status", "scores", "took", "message"):
        table.add_column(column)
    for run in found:
        scores = ", ".join(f"{step} {e.value:.4f}" for step, e in run.evaluations.items())
        took = seconds(run.finished.wall) if run.finished else ""
        table.add_row(run.ref, when(run.at), run.by, run.status, scores, took, run.started.message)
    show_table(table)
