"""``fullcycle deploy``: which release answers in an environment, decided by one fact."""

import click

from fullcycle.kernel import Invalid, Reference
from fullcycle.wiring import open_project
from fullcycle.wiring.deploying import put_to_work


@click.command(name="deploy")
@click.argument("ref")
@click.option("--to", "environment", required=True, help="Where it answers from now on.")
@click.option("-m", "--message", default="", help="Why it is deployed.")
def command(ref: str, environment: str, message: str) -> None:
    """Let a release answer in an environment.

    \b
    Example:
        fullcycle deploy winback@v7 --to prod -m "fewer leaves"
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    asked = Reference.parse(ref)
    project.require_capability(asked.capability)
    if asked.release is None:
        raise Invalid(
            f"{ref!r} is not a release",
            "what is to be deployed",
            f"name a release, such as {asked.capability}@v1: fullcycle releases {asked.capability}",
        )
    done = put_to_work(project, asked.capability, asked.release, environment, why=message)
    for line in done:
        click.echo(line)
