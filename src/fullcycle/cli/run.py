"""``fullcycle run``: every step computed or reused, and why."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace

import click

from fullcycle.cli.grid import one_trial, read_parameters, run_grid
from fullcycle.cli.progress import ElementsLine
from fullcycle.cli.running import audited, failed_line, noted, planned, step_line, summary
from fullcycle.cli.showing import run_as_json
from fullcycle.cli.unheard import tell_crashes, tell_unheard
from fullcycle.code import commit_subject
from fullcycle.flow import Audited, Failure, StepFinished, read_share
from fullcycle.kernel import Invalid
from fullcycle.wiring import Project, open_project
from fullcycle.wiring.details import run_details
from fullcycle.wiring.grids import open_grid
from fullcycle.wiring.runs import Watcher, plan_run, start_run
from fullcycle.wiring.wishes import Wishes


@click.command(name="run")
@click.argument("capability")
@click.option("-m", "--message", help="What this run tries, in a few words.")
@click.option(
    "-p",
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a parameter; of several values, with commas, each is tried.",
)
@click.option("--only", multiple=True, metavar="STEP", help="Run this step and what it stands on.")
@click.option("--force", multiple=True, metavar="STEP", help="Compute this step whatever is remembered.")
@click.option("--sources", metavar="@RUN", help="Take the rows that an earlier run read.")
@click.option("--keep-going", is_flag=True, help="After a failure, go on with what does not stand on it.")
@click.option("--audit", metavar="SHARE", help="Compute so much of what was reused again, say 10%.")
@click.option("--dry-run", is_flag=True, help="Tell what would run, and why; record nothing.")
@click.option(
    "--in", "environment", default="dev", show_default=True, help="The environment whose data it reads."
)
@click.option("--yes", "sure", is_flag=True, help="Do not ask whether so many trials are meant.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as one JSON object.")
def command(
    capability: str,
    message: str | None,
    parameters: tuple[str, ...],
    only: tuple[str, ...],
    force: tuple[str, ...],
    sources: str | None,
    *,
    keep_going: bool,
    audit: str | None,
    dry_run: bool,
    environment: str,
    sure: bool,
    as_json: bool,
) -> int:
    """Run a capability's flow: data, features, models, evaluation.

    Several values of a parameter, as in leaves=15,31,63, make a grid: every combination is a
    run, on the same rows. The same command goes on with a grid that was interrupted. A list
    is written as JSON, a text with a comma in double quotes.

    \b
    Example:
        fullcycle run winback -m "fewer leaves" -p leaves=7
        fullcycle run winback -m "how deep" -p leaves=15,31,63 -p rate=0.02,0.1
        fullcycle run winback --only training --sources @42
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    project.require_capability(capability)
    given, axes = read_parameters(parameters)
    share = read_share(audit) if audit is not None else 0.0
    wishes = Wishes(only, force, sources or "", share, keep_going)
    tell_unheard(project, capability)
    tell_crashes()
    if dry_run:
        if axes:
            trial = one_trial(capability, given, axes)
            raise Invalid(
                "a grid cannot be told beforehand", "--dry-run", f"tell one of its trials: {trial} --dry-run"
            )
        _plan(project, capability, given, environment, wishes, as_json=as_json)
        return 0
    said = message if message is not None else _message(project)
    if axes:
        grid = open_grid(project, capability, said, given, axes, environment, wishes=wishes)
        return run_grid(grid, as_json=as_json, sure=sure)
    _run(project, capability, said, given, environment, wishes, as_json=as_json)
    return 0


def _run(
    project: Project,
    capability: str,
    message: str,
    given: Mapping[str, str],
    environment: str,
    wishes: Wishes,
    *,
    as_json: bool,
) -> None:
    live = ElementsLine()

    def tell(step: StepFinished) -> None:
        live.end()
        step_line(step)

    def tell_audited(one: Audited) -> None:
        live.end()
        audited(one)

    def tell_failed(failure: Failure) -> None:
        live.end()
        failed_line(failure, err=as_json)

    watch = Watcher(noted=noted) if as_json else Watcher(tell, live, tell_audited, noted)
    watch = replace(watch, failed=tell_failed)
    try:
        run = start_run(project, capability, message, given, environment, wishes=wishes, watch=watch)
    finally:
        live.end()
    if as_json:
        click.echo(json.dumps(run_as_json(run, run_details(project, run))))
    else:
        summary(run)


def _plan(
    project: Project,
    capability: str,
    given: Mapping[str, str],
    environment: str,
    wishes: Wishes,
    *,
    as_json: bool,
) -> None:
    if wishes.audit:
        raise Invalid("a dry run computes nothing that could be audited", "--audit", "leave --dry-run out")
    steps = plan_run(project, capability, given, environment, wishes=wishes, watch=Watcher(noted=noted))
    if as_json:
        click.echo(json.dumps({"capability": capability, "steps": [asdict(one) for one in steps]}))
        return
    for one in steps:
        planned(one)


def _message(project: Project) -> str:
    """What a run that says nothing tries: somebody at a terminal is asked, else git is."""
    if sys.stdin.isatty() and os.environ.get("CI", "").lower() not in ("true", "1"):
        told: str = click.prompt("What does this run try?", default="", show_default=False, err=True)
        return told
    return commit_subject(project.root)
