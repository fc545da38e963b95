"""``fullcycle serve``: answer requests with the release that is deployed."""

import click

from fullcycle.cli.asking import asked_service
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
    capability, environment = asked_service(project, ref, "what is to be served")
    require_served(project, capability, environment)
    serve(
        project,
        capability,
        environment,
        host=host,
        port=port,
        workers=workers,
        name=host_name,
        tell=click.echo,
    )
