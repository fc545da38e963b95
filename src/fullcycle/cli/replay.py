"""``fullcycle replay``: a run computed again from the record alone, and each artifact compared."""

from pathlib import Path

import click
import msgspec

from fullcycle.cli.printing import seconds
from fullcycle.cli.progress import waiting
from fullcycle.flow import ScoreReplayed, StepReplayed
from fullcycle.kernel import Change
from fullcycle.wiring import open_project
from fullcycle.wiring.replaying import Replay, replay

_MARKS = {"taken": "·", "identical": "=", "differs": "✗", "varies": "~", "follows": "↳", "not computed": "✗"}
_TOLD = {
    "taken": "taken from the record",
    "identical": "identical",
    "differs": "differs",
    "varies": "differs, as it may",
    "follows": "differs: it was given something else",
    "not computed": "was not computed",
}
_MOST = 12  # differing distributions that are listed


@click.command(name="replay")
@click.argument("ref")
@click.option(
    "--in-folder",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Compute it there, and keep that folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was found as one JSON object.")
def command(ref: str, folder: Path | None, *, as_json: bool) -> int:
    """Compute a run again from the record alone, and compare each artifact.

    The project's files and warehouses are not read: code, parameters and the rows of the
    sources are the recorded ones, and so is the number of threads. Ends with 1 where a step
    returns something else, unless it is volatile or was found to be not deterministic.

    \b
    Example:
        fullcycle replay winback@42
        fullcycle replay winback@prod --in-folder /tmp/again
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    with waiting(f"replaying {ref}"):
        found = replay(project, ref, folder)
    if as_json:
        click.echo(msgspec.json.encode(_as_plain(found)))
    else:
        _print(found)
    return 0 if found.found.same else 1


def _as_plain(replay: Replay) -> dict[str, object]:
    return {
        "run": replay.run.ref,
        "same": replay.found.same,
        "steps": replay.found.steps,
        "scores": replay.found.scores,
        "failure": replay.found.failure,
        "surroundings": replay.surroundings,
        "notes": replay.notes,
        "wall_s": replay.found.wall,
    }


def _print(replay: Replay) -> None:
    asked = f"{replay.ref} ({replay.run.ref})" if replay.ref != replay.run.ref else replay.ref
    click.secho(f"{asked} {replay.run.started.message}".rstrip(), bold=True)
    _suspects(replay.surroundings)
    for note in replay.notes:
        click.secho(f"note: {note}", fg="yellow", err=True)
    scores = {one.step: one for one in replay.found.scores}
    for step in replay.found.steps:
        _step(step, scores.get(step.step))
    _end(replay)


def _suspects(changes: tuple[Change, ...]) -> None:
    """What is not as it was then: no error, but the first suspect of what differs."""
    if not changes:
        return
    click.echo("not as it was then:")
    for change in changes[:_MOST]:
        was, now = ("none" if value is None else value for value in (change.was, change.now))
        click.echo(f"  {change.name} {was} → {now}")
    if len(changes) > _MOST:
        click.echo(f"  and {len(changes) - _MOST} more")


def _step(step: StepReplayed, score: ScoreReplayed | None) -> None:
    color = "red" if step.verdict in ("differs", "not computed") else None
    click.secho(f"  {_MARKS[step.verdict]} {step.step:<12} {_TOLD[step.verdict]}", fg=color)
    for line in (step.where, *(f"suspect: {one}" for one in step.suspects)):
        if line:
            click.echo(f"      {line}")
    if score is not None and score.was != score.now:
        again = "not judged" if score.now is None else f"{score.now:.6g}"
        click.secho(f"      {score.score} {score.was:.6g} → {again}", fg=color)


def _end(replay: Replay) -> None:
    found = replay.found
    if found.failure:
        click.secho(f"  ✗ {found.failure}", fg="red")
    elif replay.run.status == "failed" and replay.run.finished is not None:
        click.echo(f"  = it fails as it did then: {replay.run.finished.error}")
    elif replay.run.status in ("interrupted", "running", "died"):
        click.echo(f"  {replay.run.ref} {replay.run.said}: replayed is what it had finished")
    computed = [one for one in found.steps if one.verdict != "taken"]
    same = sum(one.verdict == "identical" for one in computed)
    click.secho(f"{same} of {len(computed)} identical", bold=True, nl=False)
    click.echo(f", {seconds(found.wall)}" + (f", kept in {replay.folder}" if replay.folder else ""))
