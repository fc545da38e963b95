"""``fullcycle new``: a project laid out, empty or as an example; inside a project, a capability."""

from pathlib import Path

import click

from fullcycle.kernel import Invalid, Missing
from fullcycle.wiring.layout import EXAMPLES, lay_out, lay_out_capability
from fullcycle.wiring.project import Project, open_project


@click.command(name="new")
@click.argument("name")
@click.option("--example", type=click.Choice(EXAMPLES), help="Begin with a worked example.")
def command(name: str, example: str | None) -> None:
    """Lay out a new project in the folder NAME; inside a project, a new capability.

    \b
    Example:
        fullcycle new shop --example winback
        fullcycle new shop --example demand
        fullcycle new shop --example banner
        fullcycle new bank && cd bank && fullcycle new churn
    """  # noqa: D301 - click reads a real backspace
    project = _around()
    if project is not None and example is not None:
        raise Invalid(
            f"the example {example} is a project of its own",
            f"inside the project {project.root}",
            f"leave the project first, or lay out a capability: fullcycle new {name}",
        )
    if project is not None:
        _tell(lay_out_capability(project, name))
        back = "" if Path.cwd().resolve() == project.root else f"cd {project.root} && "
        click.echo(f"next: {back}python {name}/made_up.py && fullcycle run {name} -m 'first model'")
    elif example is not None:
        _tell(lay_out(Path.cwd(), name, example))
        click.echo(f"next: cd {name} && python load.py && fullcycle run {example} -m 'first model'")
    else:
        _tell(lay_out(Path.cwd(), name, None))
        click.echo(f"next: cd {name} && fullcycle new <capability>")


def _around() -> Project | None:
    """The project that the current folder is in, if any."""
    try:
        return open_project()
    except Missing:
        return None


def _tell(written: list[tuple[Path, str]]) -> None:
    for path, what in written:
        click.echo(f"  {path!s:<34} {what}")
