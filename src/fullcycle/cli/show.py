"""``fullcycle show``: anything in the record by its reference."""

import json
from typing import Any

import click
import msgspec

from fullcycle.cli.failing import show_element, show_failure, show_failures
from fullcycle.cli.printing import when
from fullcycle.cli.refresh import told
from fullcycle.cli.showing import head, line, run_as_json, show_run, show_step
from fullcycle.experiment import told_part
from fullcycle.flow import RunRecord, last_run, run_record
from fullcycle.kernel import Damaged, Invalid, Missing, Reference, UnknownName, counted
from fullcycle.release import history, releases_stream
from fullcycle.wiring import Project, open_project
from fullcycle.wiring.details import ValueDetails, run_details, value_details
from fullcycle.wiring.element import ElementDetails, element_details, failure_of
from fullcycle.wiring.refreshing import live_now
from fullcycle.wiring.released import answering, judgement_of, released


@click.command(name="show")
@click.argument("ref")
@click.option("--lock", is_flag=True, help="List the distributions that a run had installed.")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
def command(ref: str, *, lock: bool, as_json: bool) -> None:
    """Show a run (winback@42), a release (winback@v7) or what is deployed (winback@prod).

    Of a step of a run (winback@42/visit) it shows what that returned: a table's columns and
    first rows, a model's parameters; or how it failed. Of one element of a step
    (demand@42/demand[1/3]) it shows whether that was made, and what it came to.

    \b
    Example:
        fullcycle show winback@prod
        fullcycle show winback@42/visit
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    asked = Reference.parse(ref)
    project.require_capability(asked.capability)
    if asked.step is not None and (asked.release is not None or asked.environment is not None):
        raise Invalid(
            f"{ref!r}: steps belong to runs", "what was typed", f"write {asked.capability}@1/{asked.step}"
        )
    if asked.release is not None:
        _release(project, asked.capability, asked.release, as_json=as_json)
    elif asked.environment is not None:
        _require_environment(project, asked)
        now = answering(project, asked.capability, asked.environment)
        if not as_json:
            click.echo(
                f"{asked} is {now.ref} since {when(now.at)}, by {now.by}{f': {now.why}' if now.why else ''}"
            )
            if now.override:
                click.echo(f"  without the approval that its tier asks for: {now.override}")
            click.echo(
                f"  deployments there: {len(history(project.ledger, asked.capability, asked.environment))}"
            )
        _release(project, asked.capability, now.release, as_json=as_json, environment=asked.environment)
    else:
        run = _run(project, asked)
        if asked.step is not None and asked.element is not None:
            _element(element_details(project, run, asked.step, asked.element), as_json=as_json)
        else:
            _show(project, run, asked.step, lock=lock, as_json=as_json)


def _require_environment(project: Project, asked: Reference) -> None:
    """Refuse what is no environment with all that can follow the @."""
    capability, known = asked.capability, project.config.environments
    if asked.environment in known:
        return
    near = UnknownName.near(str(asked.environment), known)
    streams = {"run": f"runs/{capability}", "release": releases_stream(capability)}
    last = {name: project.ledger.heads(stream).get(stream, 0) for name, stream in streams.items()}
    offered = [f"a run: {capability}@{last['run']}" if last["run"] else ""]
    offered += [f"a release: {capability}@v{last['release']}" if last["release"] else ""]
    offered += [f"what is deployed: {', '.join(f'{capability}@{name}' for name in sorted(known))}"]
    hint = f"did you mean {near!r}? " if near else ""
    raise UnknownName(
        f"there is no {asked.environment!r}", f"{asked}", f"{hint}name {'; '.join(filter(None, offered))}"
    )


def _element(details: ElementDetails, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(details))
    else:
        show_element(details)


def _show(project: Project, run: RunRecord, step: str | None, *, lock: bool, as_json: bool) -> None:
    """A run, or a step of it."""
    details = run_details(project, run)
    if step is None and as_json:
        click.echo(json.dumps(run_as_json(run, details)))
    elif step is None:
        show_run(run, details, lock=lock)
        show_failures(run)
    elif (failure := failure_of(run, step)) is not None:
        if as_json:
            click.echo(msgspec.json.encode({"step": f"{run.ref}/{step}", "failed": failure}))
        else:
            head(f"{run.ref}/{step}")
            show_failure(run, failure)
    elif step not in run.steps:
        _require_reached(run, step)
        raise UnknownName.among(step, run.steps, where=f"the steps of {run.ref}")
    elif as_json:
        value = _value(project, run, step)
        told = run_as_json(run, details)["steps"][step]
        click.echo(msgspec.json.encode({"step": f"{run.ref}/{step}", **told, "returned": value}))
    else:
        show_step(run, step, details, _value(project, run, step))


def _require_reached(run: RunRecord, step: str) -> None:
    """Refuse a step that was left out with the one that failed."""
    for failure in run.finished.failures if run.finished is not None else ():
        if step in failure.left_out:
            raise Missing(
                f"{step} was left out of {run.ref}: it stands on {failure.step}, which failed",
                f"the steps of {run.ref}",
                f"look at that one: fullcycle show {run.ref}/{failure.step}",
            )


def _value(project: Project, run: RunRecord, step: str) -> ValueDetails | str:
    """What a step returned, or why that is not to be had any more."""
    try:
        return value_details(project, run, step)
    except (Missing, Damaged) as error:
        return f"cannot be shown: {error.what}"


def _run(project: Project, asked: Reference) -> RunRecord:
    if asked.run is not None:
        return run_record(project.ledger, asked.capability, asked.run)
    found = last_run(project.ledger, asked.capability)
    if found is None:
        raise Missing(f"{asked.capability} has no run yet", "the ledger", f"fullcycle run {asked.capability}")
    return found


def _release(
    project: Project, capability: str, number: int, *, as_json: bool, environment: str | None = None
) -> None:
    made, manifest = released(project, capability, number)
    judgement = judgement_of(project, made)
    if as_json:
        found: dict[str, Any] = {
            "release": f"{capability}@v{number}",
            "manifest": msgspec.to_builtins(manifest),
        }
        if environment is not None:
            live = live_now(project, capability, environment, number)
            found["live"] = msgspec.to_builtins(live)
        found["judgement"] = msgspec.to_builtins(judgement) if judgement else None
        click.echo(json.dumps(found))
        return
    head(f"{capability}@v{number}  {made.message}")
    line("from", f"{capability}@{made.run}")
    line("manifest", made.manifest)
    line("service", f"{manifest.service}, fallback {manifest.fallback or 'none'}")
    for name, model in manifest.models.items():
        line(
            "model",
            f"{name}: step {model.step}, seen by {model.features}, content {model.artifact.content[:12]}",
        )
    if environment is not None:
        for name, asked in live_now(project, capability, environment, number).items():
            line("live", f"{name}: {told(asked)}")
    else:
        for name, one in manifest.lookups.items():
            line(
                one.noun,
                f"{name}: step {one.step}, {one.holds}, content {one.artifact.content[:12]}",
            )
    if manifest.experiment is not None:
        spec = manifest.experiment
        arms = ", ".join(f"{arm} ({spec.weights[arm]:.0%}) {spec.arms[arm]}" for arm in spec.order)
        line("experiment", f"{spec.name}: {arms}; judged by {spec.primary} over {counted(spec.days, 'day')}")
        if told_part(spec):
            line("takes part", told_part(spec))
    needs = ", ".join(f"{name} {version}" for name, version in manifest.distributions.items())
    line("needs", f"Python {manifest.python}{f', {needs}' if needs else ''}")
    if judgement is not None:
        for verdict in judgement.verdicts:
            line("gate", f"{'✓' if verdict.passed else '✗'} {verdict.gate}: {verdict.found}")
        if judgement.override is not None:
            line("override", f"{', '.join(judgement.override.gates)}: {judgement.override.reason}")
