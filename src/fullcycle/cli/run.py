"""``fullcycle run``: every step computed or reused, and why."""

import json
import sys
from contextlib import suppress

import click

from fullcycle.cli.printing import count, money, seconds
from fullcycle.cli.showing import run_as_json
from fullcycle.flow import RunRecord, StepFinished
from fullcycle.kernel import Invalid
from fullcycle.wiring import open_project
from fullcycle.wiring.details import run_details
from fullcycle.wiring.runs import start_run


@click.command(name="run")
@click.argument("capability")
@click.option("-m", "--message", help="What this run tries, in a few words.")
@click.option("-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="Set a parameter.")
@click.option(
    "--in", "environment", default="dev", show_default=True, help="The environment whose data it reads."
)
@click.option("--json", "as_json", is_flag=True, help="Print the run as one JSON object.")
def command(
    capability: str, message: str | None, parameters: tuple[str, ...], environment: str, as_json: bool
) -> None:
    """Run a capability's flow: data, features, models, evaluation.

    \b
    Example:
        fullcycle run winback -m "fewer leaves" -p leaves=7
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    project.require_capability(capability)
    given = dict(_parameter(text) for text in parameters)
    if message is None and sys.stdin.isatty():
        message = click.prompt("What does this run try?", default="", show_default=False)
    tell = (lambda _: None) if as_json else _tell
    run = start_run(project, capability, message or "", given, environment, tell=tell)
    if as_json:
        click.echo(json.dumps(run_as_json(run, run_details(project, run))))
    else:
        _summary(run)


def _parameter(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise Invalid(f"{text!r} is not NAME=VALUE", "-p", "write it like -p leaves=31")
    return name, value


def _tell(step: StepFinished) -> None:
    """Print a line; a reader that has gone, say ``head``, does not stop the run."""
    with suppress(BrokenPipeError):
        _print(step)


def _print(step: StepFinished) -> None:
    mark = "·" if step.reused else "▸"
    verb = "reused" if step.reused else "read" if step.role in ("source", "outcomes") else "ran"
    rows = f"{count(step.rows)} rows" if step.rows is not None else ""
    click.echo(f"  {mark} {step.step:<12} {verb:<7} {step.reason:<44} {rows:>13} {seconds(step.wall):>8}")
    if step.note:
        click.secho(f"    {step.note}", dim=True)


def _summary(run: RunRecord) -> None:
    for step, judged in run.evaluations.items():
        line = f"{step}: {judged.score} {judged.value:.4f} [{judged.low:.4f}, {judged.high:.4f}]"
        if judged.baseline is not None:
            line += f", baseline {judged.baseline:.4f}"
        click.echo(f"  ✓ {line}")
    done = run.finished
    if done is not None:
        what = f"{seconds(done.wall)}, {seconds(done.cpu)} of CPU, {count(done.peak_memory // 10**6)} MB"
        click.secho(f"{run.ref}", bold=True, nl=False)
        click.echo(f" {what}, {money(done.cost)}")
