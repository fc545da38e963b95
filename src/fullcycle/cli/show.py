"""``fullcycle show``: anything in the record by its reference."""

import json
from typing import Any

import click
import msgspec

from fullcycle.cli.printing import count, money, seconds, when
from fullcycle.cli.run import as_plain
from fullcycle.flow import RunRecord, last_run, run_record
from fullcycle.kernel import Invalid, Missing, Reference, UnknownName
from fullcycle.release import deployed, history
from fullcycle.wiring import Project, open_project
from fullcycle.wiring.released import judgement_of, released


@click.command(name="show")
@click.argument("ref")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
def command(ref: str, *, as_json: bool) -> None:
    """Show a run (winback@42), a release (winback@v7) or what is deployed (winback@prod).

    \b
    Example:
        fullcycle show winback@prod
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
        project.environment(asked.environment)
        now = deployed(project.ledger, asked.capability, asked.environment)
        if now is None:
            raise Missing(
                f"nothing is deployed to {asked}",
                "the ledger",
                f"fullcycle deploy {asked.capability}@v1 --to {asked.environment}",
            )
        if not as_json:
            click.echo(
                f"{asked} is {now.ref} since {when(now.at)}, by {now.by}{f': {now.why}' if now.why else ''}"
            )
            click.echo(
                f"  deployments there: {len(history(project.ledger, asked.capability, asked.environment))}"
            )
        _release(project, asked.capability, now.release, as_json=as_json)
    else:
        run = _run(project, asked)
        if asked.step is not None and asked.step not in run.steps:
            raise UnknownName.among(asked.step, run.steps, where=f"the steps of {run.ref}")
        if as_json:
            click.echo(json.dumps(as_plain(run)))
        else:
            _show_run(run, asked.step)


def _run(project: Project, asked: Reference) -> RunRecord:
    if asked.run is not None:
        return run_record(project.ledger, asked.capability, asked.run)
    found = last_run(project.ledger, asked.capability)
    if found is None:
        raise Missing(f"{asked.capability} has no run yet", "the ledger", f"fullcycle run {asked.capability}")
    return found


def _show_run(run: RunRecord, only: str | None) -> None:
    started, done = run.started, run.finished
    _head(f"{run.ref}  {started.message}")
    _line("status", run.status + (f": {done.error}" if done and done.error else ""))
    _line(
        "when",
        f"{when(run.at)} by {run.by}, {started.environment}, {started.machine}, Python {started.python}",
    )
    commit = (
        f"commit {started.commit[:12]}{' with uncommitted changes' if started.dirty else ''}"
        if started.commit
        else "not in git"
    )
    _line("code", f"archive {started.archive[:12]}, {commit}")
    if started.parameters:
        _line("parameters", ", ".join(f"{k}={v}" for k, v in started.parameters.items()))
    if done is not None:
        _line(
            "took",
            f"{seconds(done.wall)}, {seconds(done.cpu)} of CPU, "
            f"{count(done.peak_memory // 10**6)} MB, {money(done.cost)}",
        )
    for name, step in run.steps.items():
        if only in (None, name):
            rows = f", {count(step.rows)} rows" if step.rows is not None else ""
            _line(
                name,
                f"{step.role}, {'reused' if step.reused else 'ran'}: {step.reason}{rows}, "
                f"content {step.artifact.content[:12]}",
            )
            if step.note:
                _line("", step.note)
    for name, judged in run.evaluations.items():
        if only in (None, name):
            beside = f", baseline {judged.baseline:.4f}" if judged.baseline is not None else ""
            _line(
                "score",
                f"{name}: {judged.score} {judged.value:.4f} [{judged.low:.4f}, {judged.high:.4f}]{beside}",
            )


def _release(project: Project, capability: str, number: int, *, as_json: bool) -> None:
    made, manifest = released(project, capability, number)
    judgement = judgement_of(project, made)
    if as_json:
        found: dict[str, Any] = {
            "release": f"{capability}@v{number}",
            "manifest": msgspec.to_builtins(manifest),
        }
        found["judgement"] = msgspec.to_builtins(judgement) if judgement else None
        click.echo(json.dumps(found))
        return
    _head(f"{capability}@v{number}  {made.message}")
    _line("from", f"{capability}@{made.run}")
    _line("manifest", made.manifest)
    _line("service", f"{manifest.service}, fallback {manifest.fallback or 'none'}")
    for name, model in manifest.models.items():
        _line(
            "model",
            f"{name}: step {model.step}, seen by {model.features}, content {model.artifact.content[:12]}",
        )
    if manifest.experiment is not None:
        spec = manifest.experiment
        arms = ", ".join(f"{arm} ({spec.weights[arm]:.0%}) {spec.arms[arm]}" for arm in spec.order)
        _line("experiment", f"{spec.name}: {arms}; judged by {spec.primary} over {spec.days} days")
    needs = ", ".join(f"{name} {version}" for name, version in manifest.distributions.items())
    _line("needs", f"Python {manifest.python}{f', {needs}' if needs else ''}")
    if judgement is not None:
        for verdict in judgement.verdicts:
            _line("gate", f"{'✓' if verdict.passed else '✗'} {verdict.gate}: {verdict.found}")
        if judgement.override is not None:
            _line("override", f"{', '.join(judgement.override.gates)}: {judgement.override.reason}")


def _head(text: str) -> None:
    click.secho(text.rstrip(), bold=True)


def _line(name: str, text: str) -> None:
    click.secho(f"  {name:<11}", dim=True, nl=False)
    click.echo(text)
