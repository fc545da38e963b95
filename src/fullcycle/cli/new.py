"""``fullcycle new``: a project laid out, empty or as an example."""

from pathlib import Path

import click

from fullcycle.wiring.layout import EXAMPLES, lay_out


@click.command(name="new")
@click.argument("name")
@click.option("--example", type=click.Choice(EXAMPLES), help="Begin with a worked example.")
def command(name: str, example: str | None) -> None:
    """Lay out a new project in the folder NAME.

    \b
    Example:
        fullcycle new shop --example winback
    """  # noqa: D301 - click reads a real backspace
    written = lay_out(Path.cwd(), name, example)
    for path, what in written:
        click.echo(f"  {path!s:<34} {what}")
    if example is not None:
        click.echo(f"next: cd {name} && python load.py && fullcycle run {example} -m 'first model'")
    else:
        click.echo(
            f"next: cd {name}, describe a problem in <capability>/brief.md, then: fullcycle run <capability>"
        )
