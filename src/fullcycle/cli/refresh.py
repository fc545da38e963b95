"""``fullcycle refresh``: the lookups and bandits that a service asks, made anew without a release."""

import click

from fullcycle.cli.asking import asked_service
from fullcycle.cli.printing import memory, when
from fullcycle.cli.progress import ElementsLine
from fullcycle.cli.running import audited, noted, step_line
from fullcycle.flow import StepFinished
from fullcycle.kernel import Invalid, Reference, Refused
from fullcycle.release import Live
from fullcycle.wiring import open_project
from fullcycle.wiring.meeting import Patience
from fullcycle.wiring.refreshing import Refreshed, refresh
from fullcycle.wiring.runs import Watcher


@click.command(name="refresh")
@click.argument("ref")
@click.option("-m", "--message", default="", help="Why they are made anew.")
@click.option("--from", "made_by", metavar="RUN", help="Publish those that this run has made.")
@click.option("--wait", default=30.0, show_default=True, help="Seconds to wait for a host.")
def command(ref: str, message: str, made_by: str | None, wait: float) -> None:
    """Make the lookups and bandits anew that a service asks, and publish them without a release.

    They are made by the code that was released, on today's rows: only the steps that they need
    run. Every host that serves there asks them when this returns; a host that does not is named,
    and the exit status is 1. Where a contract has changed, a release is needed.

    \b
    Example:
        fullcycle refresh recommend@prod
        fullcycle refresh recommend@prod --from recommend@57 -m "a longer history"
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    capability, environment = asked_service(project, ref, "what is to be refreshed")
    number = _run_of(capability, made_by) if made_by is not None else None
    live = ElementsLine()

    def tell(step: StepFinished) -> None:
        live.end()
        step_line(step)

    try:
        done = refresh(
            project,
            capability,
            environment,
            why=message,
            number=number,
            watch=Watcher(tell, live, audited, noted),
            patience=Patience(wait),
        )
    finally:
        live.end()
    _tell(ref, done)


def told(one: Live) -> str:
    """A lookup, or a bandit, that is asked: how much it holds, by which run, since when."""
    keys = f"{one.lookup.holds} of run {one.run}, content {one.lookup.artifact.content[:12]}"
    if one.at is None:
        return f"{keys}, as it was released"
    return f"{keys}, since {when(one.at)} by {one.by}{f': {one.why}' if one.why else ''}"


def _run_of(capability: str, text: str) -> int:
    run = Reference.parse(capability + text if text.startswith("@") else text)
    if run.run is None or run.step is not None or run.capability != capability:
        raise Invalid(
            f"{text!r} is no run of {capability}",
            "--from",
            f"write {capability}@42: fullcycle runs {capability}",
        )
    return run.run


def _tell(ref: str, done: Refreshed) -> None:
    if not done.changed:
        click.echo(f"{done.run} made what {ref} asks already: nothing is published")
        return
    click.echo(f"{ref} asks anew what {done.run} made; {done.release} goes on answering")
    for name, one in done.now.items():
        size, was = memory(one.lookup.size), done.before[name].lookup.holds
        anew = f"{one.lookup.holds}, {size}; {was} before"
        if done.left_out.get(name):
            anew += f"; {done.left_out[name]:,} left out: what was seen is not known"
        click.echo(f"  {name}: {anew if name in done.changed else 'the same as before'}")
    for line in done.heard.told("asks it", "ask it"):
        click.echo(line)
    if done.heard.late:
        whys = "; ".join(f"{host}: {why}" for host, why in sorted(done.heard.late.items()))
        raise Refused(
            f"it is published, but not every host asks it ({whys})",
            ref,
            "a host that comes back follows by itself; see what it says meanwhile: /readyz, or its own lines",
        )
