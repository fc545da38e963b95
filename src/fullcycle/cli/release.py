"""``fullcycle release``: a run frozen, if every gate passes."""

import json

import click
import msgspec

from fullcycle.cli.judged import figures_as_json, show_judgement
from fullcycle.flow import last_run, run_record
from fullcycle.kernel import Invalid, Reference
from fullcycle.release import Judgement
from fullcycle.wiring import Project, open_project
from fullcycle.wiring.overlapping import told_now
from fullcycle.wiring.released import judgement_of, released
from fullcycle.wiring.releasing import Pinned, pin, release, try_out
from fullcycle.wiring.unlearnt import unlearnt
from fullcycle.wiring.valuing import prices


@click.command(name="release")
@click.argument("ref")
@click.option("-m", "--message", default="", help="What is new in this release.")
@click.option(
    "--for", "environment", default="prod", show_default=True, help="The environment it is made for."
)
@click.option("--dry-run", is_flag=True, help="Only show the evidence, and what the gates say of it.")
@click.option("--override", metavar="REASON", help="Release although gates say no; the reason is recorded.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the evidence and what the gates say as one JSON object."
)
def command(
    ref: str, message: str, environment: str, *, dry_run: bool, override: str | None, as_json: bool
) -> int:
    """Freeze a run into a release, if every gate passes.

    REF is a run, such as winback@42; winback alone is its last run that is done.

    \b
    Example:
        fullcycle release winback@42 -m "fewer leaves"
    """  # noqa: D301 - click reads a real backspace
    if override is not None and not override.strip():
        raise Invalid(
            "an override without a reason", "--override", "say why these gates do not count this time"
        )
    project = open_project()
    project.environment(environment)
    capability, number = _run_of(project, ref)
    tell = _silently if as_json else _aloud
    if not as_json:
        _warn_of_edits(project, capability, number)
    tell("pinning code, models, contracts and golden rows")
    pinned = pin(project, capability, number)
    if pinned.number is not None and not dry_run:
        made, _ = released(project, capability, pinned.number)
        _end(
            project,
            pinned,
            judgement_of(project, made),
            pinned.number,
            environment,
            as_json=as_json,
            said="already holds",
        )
        return 0
    if not as_json:
        for line in unlearnt(pinned.making):
            click.secho(f"  {line}", fg="yellow")
    judgement = try_out(project, pinned, environment, tell=tell)
    if not as_json:
        show_judgement(judgement, prices(project), cures=dry_run or override is not None, slices=dry_run)
        for told in told_now(project, pinned.manifest.experiment, environment):
            click.secho(f"  {told}", fg="yellow")
    if dry_run:
        passed = all(verdict.passed for verdict in judgement.verdicts)
        if as_json:
            click.echo(_json(project, pinned, judgement, None))
        else:
            click.echo("every gate passes" if passed else "it would not be released")
        return 0 if passed else 1
    position = release(project, pinned, judgement, message=message, override=override)
    _end(project, pinned, judgement, position, environment, as_json=as_json, said="holds")
    return 0


def _warn_of_edits(project: Project, capability: str, number: int) -> None:
    """A release is made of a run's files: say so where those here are others."""
    run = run_record(project.ledger, capability, number)
    if run.started.archive != project.archive().digest:
        click.secho(
            f"  the files here differ from those of {run.ref}, which is what is released; "
            f"to release them, run them first: fullcycle run {capability}",
            fg="yellow",
        )


def _aloud(what: str) -> None:
    click.secho(f"  {what} …", dim=True)


def _silently(_: str) -> None:
    """Say nothing: what is printed is to be read by a program."""


def _end(
    project: Project,
    pinned: Pinned,
    judgement: Judgement | None,
    number: int,
    environment: str,
    *,
    as_json: bool,
    said: str,
) -> None:
    if as_json:
        click.echo(_json(project, pinned, judgement, number))
        return
    ref = f"{pinned.manifest.capability}@v{number}"
    click.secho(ref, bold=True, nl=False)
    click.echo(f" {said} {pinned.run.ref} ({pinned.digest[:12]})")
    click.echo(f"next: fullcycle deploy {ref} --to {environment}")


def _run_of(project: Project, text: str) -> tuple[str, int]:
    ref = Reference.parse(text)
    project.require_capability(ref.capability)
    if ref.run is not None:
        return ref.capability, ref.run
    if ref.release is not None or ref.environment is not None:
        raise Invalid(
            f"{text!r} is not a run", "what is to be released", f"name a run: fullcycle runs {ref.capability}"
        )
    last = last_run(project.ledger, ref.capability, status="done")
    if last is None:
        raise Invalid(
            f"{ref.capability} has no run that is done", "the record", f"fullcycle run {ref.capability}"
        )
    return ref.capability, last.number


def _json(project: Project, pinned: Pinned, judgement: Judgement | None, number: int | None) -> str:
    told = {"run": pinned.run.ref, "release": number, "manifest": pinned.digest}
    if judgement is not None:
        told |= {**msgspec.to_builtins(judgement), **figures_as_json(judgement, prices(project))}
    return json.dumps(told)
