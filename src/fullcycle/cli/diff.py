"""``fullcycle diff``: what two runs, releases or deployments have in common, and what not."""

from typing import get_args

import click
import msgspec

from fullcycle.cli import differing
from fullcycle.cli.progress import waiting
from fullcycle.wiring import open_project
from fullcycle.wiring.comparing import compare
from fullcycle.wiring.comparison import PARTS, Comparison, Part


@click.command(name="diff")
@click.argument("first")
@click.argument("second")
@click.option("--only", type=click.Choice(get_args(Part)), multiple=True, help="Tell this part alone.")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
def command(first: str, second: str, only: tuple[Part, ...], *, as_json: bool) -> None:
    """Compare two runs, releases or deployments of a capability.

    Told are their code and which steps it reaches, parameters, data, scores, timings, and
    what was installed. Of two releases also their gates, what they pin and golden answers.

    \b
    Example:
        fullcycle diff winback@41 winback@42
        fullcycle diff winback@prod winback@v8 --only data
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    with waiting("comparing"):
        found = compare(project, first, second, only or PARTS)
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        _print(found)


def _print(found: Comparison) -> None:
    click.secho(f"{found.first} → {found.second}", bold=True)
    equal: list[str] = []
    if found.code is not None:
        equal += differing.code(found.code)
    if found.parameters is not None:
        equal += differing.listed("parameters", found.parameters)
    if found.data is not None:
        equal += differing.data(found.data, found.same)
    if found.scores is not None:
        equal += differing.scores(found.scores)
    if found.release is not None:
        equal += differing.release(found.release)
    if found.timings is not None:
        equal += differing.timings(found.timings)
    equal += differing.listed("surroundings", found.surroundings)
    if found.lock is not None:
        equal += differing.listed("lock", found.lock)
    if equal:
        click.echo(f"the same: {', '.join(equal)}")
    for note in found.notes:
        click.secho(f"note: {note}", fg="yellow", err=True)
