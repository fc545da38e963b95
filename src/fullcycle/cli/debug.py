"""``fullcycle debug``: a step's inputs in Python, as that run had them."""

import sys
import traceback
from typing import Any

import click

from fullcycle.adapters.console import converse, execute, stop_where_it_fails, without_ours
from fullcycle.flow.failure import shape
from fullcycle.kernel import public
from fullcycle.wiring import open_project
from fullcycle.wiring.debugging import QUERY, Scene, scene


@click.command(name="debug")
@click.argument("ref")
@click.option("--run", "call", is_flag=True, help="Call the step; stop in a debugger where it fails.")
def command(ref: str, *, call: bool) -> int:
    """Open what a step of a run was given in Python, under the names that its code uses.

    Code, inputs and parameters are those of the run, whatever the files say by now. At a
    terminal a console opens, IPython where it is installed; what is piped in is executed.
    Of a source there is the query, which asks the warehouse as it is now.

    \b
    Example:
        fullcycle debug winback@42/visit
        echo "print(training.train.frame)" | fullcycle debug winback@42/training
        fullcycle debug "demand@3/model[1/3]" --run
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    found = scene(project, ref)
    _introduce(found)
    names = dict(found.names)
    if call:
        try:
            names["returned"] = _called(found)
        except Exception as error:  # noqa: BLE001 - the step's own, told as Python would
            _tell(error)
            return 1
    if sys.stdin.isatty():
        converse(names)
        return 0
    try:
        execute(sys.stdin.read(), names)
    except Exception as error:  # noqa: BLE001 - what was typed is wrong: its own traceback says how
        _tell(error)
        return 1
    return 0


def _called(found: Scene) -> Any:
    package = found.module.partition(".")[0]
    returned = stop_where_it_fails(found.call, package)
    click.echo(f"  returned: {shape(returned)}", err=True)
    return returned


def _introduce(found: Scene) -> None:
    """Say what is there, aside from what the user's own code prints."""
    click.secho(found.ref, bold=True, nl=False, err=True)
    click.echo(f"  {found.line}", err=True)
    for note in found.notes:
        click.secho(f"  note: {note}", fg="yellow", err=True)
    for name, told in found.shapes.items():
        click.echo(f"  {name}: {told}", err=True)
    for name, value in found.parameters.items():
        click.echo(f"  {name} = {value!r}", err=True)
    if found.reads:
        click.secho(f"  ask it: {QUERY}.frame()", dim=True, err=True)
        return
    given = ", ".join([*found.inputs, *(f"{name}={name}" for name in found.parameters)])
    click.secho(f"  call it: {found.node.name}({given})", dim=True, err=True)


def _tell(error: Exception) -> None:
    """Print a traceback that begins at the user's own line, with modules as the user knows them."""
    own = without_ours(error.__traceback__)
    click.echo(public("".join(traceback.format_exception(type(error), error, own))), err=True, nl=False)
