"""``fullcycle experiment publish``: exposures in the warehouse."""

import json
from dataclasses import asdict

import click

from fullcycle.cli.printing import count, when
from fullcycle.cli.progress import waiting
from fullcycle.wiring import open_project
from fullcycle.wiring.experiments import publish_experiment


@click.command(name="publish")
@click.argument("capability")
@click.option("--name", help="Which experiment, where there are several.")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
def publish_command(capability: str, name: str | None, *, as_json: bool) -> None:
    """Publish an experiment's exposures to the warehouse, in the schema fullcycle.

    Every decision of the environment goes there once: again, it adds what is new. To PostgreSQL
    go the events that the experiment reads, too. ``fullcycle experiment read`` does so itself
    where the warehouse is PostgreSQL and names a writer.

    \b
    Example:
        fullcycle experiment publish winback
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    project.require_capability(capability)
    with waiting("publishing exposures"):
        found = publish_experiment(project, capability, name)
    if as_json:
        click.echo(json.dumps(asdict(found)))
        return
    click.echo(
        f"{count(found.new)} new of {count(found.rows)} decisions of {capability} in {found.environment} "
        f"are in fullcycle.exposures, up to {when(found.watermark)}"
    )
    if found.left:
        click.echo(
            f"{count(found.left)} of them are of other logs, and have not got the fields that are published "
            "for the first time"
        )
    for one in found.events:
        click.echo(
            f"{count(one.new)} new of {count(one.rows)} events {one.source} are in fullcycle.events, "
            f"up to {when(one.watermark)}"
        )
