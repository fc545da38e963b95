"""How a run looks in a terminal while it goes, and how a plan of one does."""

from contextlib import suppress

import click

from fullcycle.cli.printing import in_column, memory, money, scored, seconds
from fullcycle.flow import Audited, Failure, Planned, RunRecord, StepFinished
from fullcycle.kernel import counted

_PLANNED = {
    "read": ("▸", "would read"),
    "run": ("▸", "would run"),
    "reuse": ("·", "reused"),
    "perhaps": ("?", "may run"),
}
_REASON = 44  # columns


def step_line(step: StepFinished) -> None:
    """Print how a step ended; a reader that has gone, say ``head``, does not stop the run."""
    mark = "·" if step.reused else "▸"
    verb = "reused" if step.reused else "read" if step.role in ("source", "outcomes") else "ran"
    first, *others = in_column(step.reason, _REASON)
    with suppress(BrokenPipeError):
        click.echo(
            f"  {mark} {step.step:<12} {verb:<7} {first:<{_REASON}} {_size(step):>13} {seconds(step.wall):>8}"
        )
        for reason in others:
            click.echo(f"  {'':<22} {reason}")
        if step.note:
            click.secho(f"    {step.note}", dim=True)


def failed_line(failure: Failure, *, err: bool = False) -> None:
    """Print that a step failed, where the run goes on; all that is known of it follows at the end."""
    first = failure.error.partition("\n")[0]
    with suppress(BrokenPipeError):
        click.echo(f"  ✗ {failure.step:<12} failed  {first}", err=err)


def noted(line: str) -> None:
    """Print what a run lacks; beside what it prints for a program to read."""
    click.secho(f"note: {line}", fg="yellow", err=True)


def audited(one: Audited) -> None:
    """Print what computing a result again came to."""
    mark, told = ("✓", "the same") if one.same else ("✗", "another result")
    with suppress(BrokenPipeError):
        click.echo(f"  {mark} {one.name:<12} audited: {told:<43} {'':>13} {seconds(one.wall):>8}")


def planned(one: Planned) -> None:
    """Print what would become of a step."""
    mark, verb = _PLANNED[one.verdict]
    click.echo(f"  {mark} {one.step:<12} {verb:<10} {one.reason}")


def summary(run: RunRecord) -> None:
    """Print what a run came to."""
    for step, judged in run.evaluations.items():
        line = f"{step}: {judged.score} {scored(judged.value, judged.low, judged.high)}"
        if judged.baseline is not None:
            line += f", baseline {judged.baseline:.4f}"
        click.echo(f"  ✓ {line}")
    done = run.finished
    if done is not None:
        what = f"{seconds(done.wall)}, {seconds(done.cpu)} of CPU, {memory(done.peak_memory)}"
        click.secho(f"{run.ref}", bold=True, nl=False)
        click.echo(f" {_steps(run)}; {what}, {money(done.cost)}")


def _steps(run: RunRecord) -> str:
    """How many steps were computed, how many not, and what that saved."""
    steps = [step for step in run.steps.values() if step.role in ("step", "model")]
    reused = sum(step.reused for step in steps)
    saved = run.finished.saved if run.finished is not None else 0.0
    told = f"{len(steps) - reused} of {counted(len(steps), 'step')} ran"
    return f"{told}, reuse saved {seconds(saved)}" if reused or saved else told


def _size(step: StepFinished) -> str:
    if step.elements is not None:
        return counted(step.elements, "element")
    return counted(step.rows, "row") if step.rows is not None else ""
