"""``fullcycle serve``: answer requests with the release that is deployed."""

import click

from fullcycle.kernel import Invalid, Reference
from fullcycle.wiring import open_project
from fullcycle.wiring.serving import serve


@click.command(name="serve")
@click.argument("ref")
@click.option("--port", default=8765, show_default=True, help="0 takes any that is free.")
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
def command(ref: str, port: int, host: str) -> None:
    """Answer requests with the release that is deployed, and follow the deployment.

    \b
    Example:
        fullcycle serve winback@prod --port 8765
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    asked = Reference.parse(ref)
    project.require_capability(asked.capability)
    if asked.environment is None:
        raise Invalid(
            f"{ref!r} names no environment",
            "what is to be served",
            f"write {asked.capability}@prod: what is deployed there answers",
        )
    project.environment(asked.environment)
    serve(project, asked.capability, asked.environment, host=host, port=port, tell=click.echo)
