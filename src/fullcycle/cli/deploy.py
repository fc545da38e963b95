"""``fullcycle deploy``: which release answers in an environment, decided by one fact."""

import click

from fullcycle.cli.asking import asked_release
from fullcycle.kernel import Refused
from fullcycle.wiring import open_project
from fullcycle.wiring.deploying import Deploying, put_to_work
from fullcycle.wiring.meeting import Patience


@click.command(name="deploy")
@click.argument("ref")
@click.option("--to", "environment", required=True, help="Where it answers from now on.")
@click.option("-m", "--message", default="", help="Why it is deployed.")
@click.option("--wait", default=30.0, show_default=True, help="Seconds to wait for a host.")
@click.option("--anyway", is_flag=True, help="Although a host is not ready for it.")
@click.option(
    "--override",
    metavar="REASON",
    help="Without the approval that its tier asks for; the reason is recorded.",
)
def command(
    ref: str, environment: str, message: str, wait: float, *, anyway: bool, override: str | None
) -> None:
    """Let a release answer in an environment.

    Every host that serves there has it ready before it is decided, and answers with it when
    this returns; a host that does not is named, and the exit status is 1.

    \b
    Example:
        fullcycle deploy winback@v7 --to prod -m "fewer leaves"
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    capability, number = asked_release(project, ref, "what is to be deployed")
    patience = Patience(wait, anyway)
    found = put_to_work(
        project,
        capability,
        number,
        environment,
        why=message,
        patience=patience,
        override=override,
    )
    tell(found)


def tell(found: Deploying) -> None:
    """Print what a deployment came to.

    Raises:
        Refused: naming the hosts that do not answer with it.
    """
    for line in found.said:
        click.echo(line)
    if found.late:
        whys = "; ".join(f"{host}: {why}" for host, why in sorted(found.late.items()))
        raise Refused(
            f"it is decided, but not every host answers with it ({whys})",
            f"{found.done.capability}@{found.done.environment}",
            "a host that comes back follows by itself; see what it says meanwhile: /readyz, or its own lines",
        )
