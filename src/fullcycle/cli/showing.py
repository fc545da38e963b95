"""How a run, and what a step of it returned, look in a terminal and as JSON."""

from typing import Any

import click
import msgspec
from rich.table import Table

from fullcycle.cli.printing import count, memory, money, scored, seconds, show_table, when
from fullcycle.flow import RunRecord, StepFinished
from fullcycle.kernel import counted
from fullcycle.wiring.details import RunDetails, TableDetails, ValueDetails

_SIGNS = {"changed": "~", "added": "+", "removed": "−"}
_MOST = 12  # uncommitted files named


def head(text: str) -> None:
    """A heading."""
    click.secho(text.rstrip(), bold=True)


def line(name: str, text: str) -> None:
    """A name and what it is."""
    click.secho(f"  {name:<11}", dim=True, nl=False)
    click.echo(text)


def run_as_json(run: RunRecord, details: RunDetails) -> dict[str, Any]:
    """A run in full as plain data."""
    told = _as_plain(run)
    for name, effort in details.efforts.items():
        told["steps"][name] |= {
            "peak_memory_bytes": effort.peak_memory,
            "size_bytes": effort.size,
            "cost": msgspec.to_builtins(effort.cost),
            "inputs": run.steps[name].inputs,
            "parameters": run.steps[name].parameters,
        }
    started = run.started
    return {
        **told,
        "settings": {name: msgspec.to_builtins(one) for name, one in details.settings.items()},
        "uncommitted": details.uncommitted,
        "environment": started.environment,
        "machine": started.machine,
        "python": started.python,
        "error": run.finished.error if run.finished is not None else "",
        "failures": msgspec.to_builtins(run.finished.failures if run.finished is not None else []),
        "lock": details.lock,
        "only": started.only,
        "force": started.force,
        "sources_of": started.sources_of,
        "grid": started.grid,
        "saved_s": run.finished.saved if run.finished is not None else None,
        "audited": {one.name: {"same": one.same, "wall_s": one.wall} for one in run.audited},
    }


def show_run(run: RunRecord, details: RunDetails, *, lock: bool = False) -> None:
    """Print all that is known of a run."""
    started, done = run.started, run.finished
    head(f"{run.ref}  {started.message}")
    line("status", run.told)
    line(
        "when",
        f"{when(run.at)} by {run.by}, {started.environment}, {started.machine}, Python {started.python}",
    )
    line("code", f"archive {started.archive[:12]}, {_commit(run, details)}")
    for path, kind in list((details.uncommitted or {}).items())[:_MOST]:
        line("", f"{_SIGNS[kind]} {path}")
    if len(details.uncommitted or {}) > _MOST:
        line("", f"and {len(details.uncommitted or {}) - _MOST} more")
    for at, (name, setting) in enumerate(details.settings.items()):
        line("parameters" if at == 0 else "", f"{name}={setting.value} ({setting.origin})")
    wishes = [f"--only {name}" for name in started.only] + [f"--force {name}" for name in started.force]
    wishes += [f"--sources {started.sources_of}"] if started.sources_of else []
    if wishes:
        line("asked", " ".join(wishes))
    if started.grid is not None:
        others = f"fullcycle runs {started.capability} --grid {started.grid}"
        line("grid", f"a trial of grid {started.grid}: {others}")
    if done is not None:
        peak = memory(done.peak_memory)
        line("took", f"{seconds(done.wall)}, {seconds(done.cpu)} of CPU, {peak}, {money(done.cost)}")
    _lock(run, details, every=lock)
    if run.steps:
        show_table(_steps(run, details))
    for step in run.steps.values():
        if step.note:
            line(step.step, step.note)
    for one in run.audited:
        line("audited", f"{one.name}: {'the same' if one.same else 'another result'}")
    _scores(run)


def show_step(run: RunRecord, name: str, details: RunDetails, value: ValueDetails | str) -> None:
    """Print how a step ended and what it returned; ``value`` is why that cannot be shown."""
    step, effort = run.steps[name], details.efforts[name]
    head(f"{run.ref}/{name}  {step.role}")
    line("why", _why(step))
    line("content", f"{step.artifact.content[:12]}, {memory(effort.size)}")
    cost = f", {money(effort.cost)}" if effort.cost is not None else ""
    peak = memory(effort.peak_memory)
    line("took", f"{seconds(effort.wall)}, {seconds(effort.cpu)} of CPU, {peak}{cost}")
    for parameter, given in step.parameters.items():
        line("parameter", f"{parameter}={given}")
    for source, digest in step.inputs.items():
        line("input", f"{source} {digest[:12]}")
    if step.note:
        line("note", step.note)
    _scores(run, only=name)
    show_value(value)


def show_value(value: ValueDetails | str) -> None:
    """Print what is kept as a value; or why it cannot be shown."""
    if isinstance(value, str):
        line("returned", value)
        return
    line("returned", value.kind)
    for fact, told in value.facts.items():
        line("", f"{fact}: {told}")
    for part, table in value.tables.items():
        _table(part, table)


def _as_plain(run: RunRecord) -> dict[str, Any]:
    """What a run's own facts tell."""
    done = run.finished
    return {
        "run": run.ref,
        "message": run.started.message,
        "status": run.status,
        "at": run.at,
        "by": run.by,
        "archive": run.started.archive,
        "commit": run.started.commit,
        "dirty": run.started.dirty,
        "parameters": run.started.parameters,
        "steps": {
            name: {
                "role": step.role,
                "reused": step.reused,
                "reason": step.reason,
                "rows": step.rows,
                "content": step.artifact.content,
                "wall_s": step.wall,
                "cpu_s": step.cpu,
                "note": step.note,
            }
            for name, step in run.steps.items()
        },
        "scores": {
            step: {"score": e.score, "value": e.value, "low": e.low, "high": e.high, "baseline": e.baseline}
            for step, e in run.evaluations.items()
        },
        "wall_s": done.wall if done else None,
        "cpu_s": done.cpu if done else None,
        "peak_memory_bytes": done.peak_memory if done else None,
        "cost": {"amount": done.cost.amount, "currency": done.cost.currency} if done else None,
    }


def _commit(run: RunRecord, details: RunDetails) -> str:
    started = run.started
    if started.commit is None:
        return "not in git"
    commit = f"commit {started.commit[:12]}"
    if details.uncommitted is None:
        return f"{commit}, which is not here{' (it was changed since)' if started.dirty else ''}"
    if not details.uncommitted:
        return f"{commit}, as committed"
    many = len(details.uncommitted)
    return f"{commit} with {counted(many, 'file')} not as committed"


def _lock(run: RunRecord, details: RunDetails, *, every: bool) -> None:
    if details.lock is None:
        line("lock", "is gone from the store")
        return
    hint = "" if every else f" (fullcycle show {run.ref} --lock)"
    line("lock", f"{count(len(details.lock))} distributions{hint}")
    if every:
        for name, version in details.lock.items():
            line("", f"{name} {version}")


def _steps(run: RunRecord, details: RunDetails) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("  step", "kind", "rows", "wall", "CPU", "memory", "size", "cost", "content", "why"):
        table.add_column(column)
    for name, step in run.steps.items():
        effort = details.efforts[name]
        table.add_row(
            f"  {name}",
            step.role,
            counted(step.rows, "row") if step.rows is not None else "",
            seconds(effort.wall),
            seconds(effort.cpu),
            memory(effort.peak_memory),
            memory(effort.size),
            money(effort.cost) if effort.cost is not None else "",
            step.artifact.content[:12],
            _why(step),
        )
    return table


def _why(step: StepFinished) -> str:
    return f"{'reused' if step.reused else 'ran'}: {step.reason}"


def _scores(run: RunRecord, *, only: str | None = None) -> None:
    for name, judged in run.evaluations.items():
        if only in (None, name):
            beside = f", baseline {judged.baseline:.4f}" if judged.baseline is not None else ""
            line("score", f"{name}: {judged.score} {scored(judged.value, judged.low, judged.high)}{beside}")


def _table(part: str, table: TableDetails) -> None:
    line(part or "table", f"{counted(table.rows, 'row')} × {counted(len(table.schema), 'column')}")
    shown = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name, dtype in table.schema.items():
        shown.add_column(f"{name}\n{dtype}")
    for row in table.first:
        shown.add_row(*(str(value) for value in row.values()))
    show_table(shown)
