"""``fullcycle serve``: answer requests with the release that is deployed."""

import click

from fullcycle.kernel import Invalid, Reference
from fullcycle.wiring import open_project
from fullcycle.wiring.hosting import serve
from fullcycle.wiring.released import require_served


@click.command(name="serve")
@click.argument("ref")
@click.option("--port", type=int, help="8765 unless told; 0 takes any that is free.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Any other than a loopback address demands a token.",
)
@click.option("--workers", help="How many processes answer: 2, or 1-4 by load.  [default: 1]")
@click.option("--host-name", help="Of this host among those of the environment; the machine's unless told.")
def command(ref: str, port: int | None, host: str, workers: str | None, host_name: str | None) -> None:
    """Answer requests with the release that is deployed, and follow the deployment.

    What is started here keeps workers answering, and may be killed and started again while
    they answer: it takes over those that run.

    \b
    Example:
        fullcycle serve winback@prod --port 8765
        fullcycle serve winback@prod --workers 1-4
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
    require_served(project, asked.capability, asked.environment)
    serve(
        project,
        asked.capability,
        asked.environment,
        host=host,
        port=port,
        workers=workers,
        name=host_name,
        tell=click.echo,
    )
