"""How differences look in a terminal; each function returns what it found to be the same."""

from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.table import Table

from fullcycle.cli.printing import count, memory, money, scored, seconds, show_table
from fullcycle.code import FileChange
from fullcycle.data import ColumnChange, ColumnSummary, TableChange
from fullcycle.evaluate import Measured
from fullcycle.flow import Effort
from fullcycle.kernel import Change, counted
from fullcycle.release import ReleaseChange
from fullcycle.wiring.comparison import CodeChange, DataChange, EffortChange, ScoreChange

_LETTERS = {"added": "+", "removed": "−", "changed": "~"}
_COLORS = {"+": "green", "-": "red", "@": "cyan"}
_MOST = 8  # categories named in a line


def code(found: CodeChange) -> list[str]:
    """Files, the steps that they reach, and the lines."""
    if not found.files and not found.reached:
        return ["code"]
    _head("code")
    for file in found.files:
        click.echo(f"  {_LETTERS[file.kind]} {file.path}{_lines_of(file)}")
    for step, lines in found.reached.items():
        click.echo(f"  {step} reaches: {'; '.join(lines)}")
    if found.files and found.untouched:
        click.secho(f"  nothing of it reaches {', '.join(found.untouched)}", dim=True)
    for file in found.files:
        click.echo("")
        for line in file.lines:
            bold = line.startswith(("---", "+++"))
            click.secho(line, fg=None if bold else _COLORS.get(line[:1]), bold=bold)
    if any(file.lines for file in found.files):
        click.echo("")
    return []


def listed(title: str, found: Sequence[Change]) -> list[str]:
    """Names with what they were and are."""
    if not found:
        return [title]
    _head(title)
    for change in found:
        click.echo(f"  {_change(change)}")
    return []


def data(found: Sequence[DataChange], same: Sequence[str]) -> list[str]:
    """What steps returned."""
    alike = [f"what {', '.join(same)} returned"] if same else []
    if not found:
        return alike
    _head("data")
    for change in found:
        _data(change)
    return alike


def scores(found: Sequence[ScoreChange]) -> list[str]:
    """Scores with their intervals, and the difference."""
    other = [one for one in found if one.was != one.now or one.difference is not None]
    if other:
        _head("scores")
    for one in other:
        click.echo(f"  {one.step:<12}{one.score}: {_score(one.was)} → {_score(one.now)}")
        click.echo(f"  {'':<12}{_verdict(one)}")
    alike = [one.step for one in found if one not in other]
    return [f"the score of {', '.join(alike)}"] if alike else []


def timings(found: Sequence[EffortChange]) -> list[str]:
    """What each step took, side by side."""
    if all(one.was == one.now for one in found):
        return ["timings"]
    _head("timings")
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("  step", "wall", "CPU", "memory", "size", "cost"):
        table.add_column(column)
    for one in found:
        table.add_row(f"  {one.step}", *_efforts(one.was, one.now))
    show_table(table)
    return []


def release(found: ReleaseChange) -> list[str]:
    """What only releases have."""
    alike = listed("gates", found.gates) + listed("what is pinned", found.pinned)
    golden = found.golden
    if not (golden.different or golden.only_first or golden.only_second):
        return [*alike, f"the answers to {counted(golden.shared, 'golden row')}"]
    _head("golden rows")
    click.echo(f"  other answers to {count(golden.different)} of {counted(golden.shared, 'shared request')}")
    if golden.example:
        click.echo(f"  such as {golden.example}")
    if golden.only_first or golden.only_second:
        click.echo(
            f"  {count(golden.only_first)} only in the first, {count(golden.only_second)} in the second"
        )
    return alike


def _head(title: str) -> None:
    click.secho(title, bold=True)


def _lines_of(file: FileChange) -> str:
    return f"  +{file.added} −{file.removed}" if file.lines else "  not text"


def _change(change: Change) -> str:
    match change.kind:
        case "added":
            return f"+ {change.name} {change.now}"
        case "removed":
            return f"− {change.name} {change.was}"
        case _:
            return f"~ {change.name} {change.was} → {change.now}"


def _data(change: DataChange) -> None:
    sign = _LETTERS[change.kind]
    if change.kind != "changed":
        click.echo(f"  {sign} {change.step} ({change.role}){f': {change.note}' if change.note else ''}")
        return
    for part in change.tables:
        name = f"{change.step} ({part})" if part else change.step
        click.echo(f"  {sign} {name}: {_rows(change.tables[part])}")
        for line in _table_lines(change.tables[part]):
            click.echo(f"      {line}")
    if change.tables and change.note:
        click.echo(f"  {sign} {change.step} ({change.role}): {change.note}")
    if not change.tables:
        told = f"{change.value[0]} → {change.value[1]}" if change.value is not None else "other content"
        click.echo(f"  {sign} {change.step} ({change.role}): {change.note or told}")
    for field in change.contract:
        click.echo(f"      contract: {_change(field)}")


def _rows(found: TableChange) -> str:
    rows = found.rows
    changed = f", {count(rows.changed)} changed" if rows.key else ""
    by = f" (by {', '.join(rows.key)})" if rows.key else ""
    moved = f"+{count(rows.added)} −{count(rows.removed)}{changed}{by}"
    return f"{count(rows.was)} → {counted(rows.now, 'row')}, {moved}"


def _table_lines(found: TableChange) -> Iterable[str]:
    for change in found.schema:
        yield f"column {_change(change)}"
    for column in found.columns:
        yield f"{column.column}: {', '.join(_column(column))}"


def _column(change: ColumnChange) -> Iterable[str]:
    was, now = change.was, change.now
    if was.nulls != now.nulls:
        yield f"nulls {count(was.nulls)} → {count(now.nulls)}"
    if was.mean != now.mean:
        yield f"mean {_number(was.mean)} → {_number(now.mean)}"
    if was.quartiles != now.quartiles:
        yield f"quartiles {_quartiles(was)} → {_quartiles(now)}"
    if (was.low, was.high) != (now.low, now.high):
        yield f"{was.low} – {was.high} → {now.low} – {now.high}"
    if change.new_categories:
        yield f"new {_some(change.new_categories)}"
    if change.gone_categories:
        yield f"gone {_some(change.gone_categories)}"


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _MOST
    return ", ".join(names[:_MOST]) + (f" and {rest} more" if rest > 0 else "")


def _quartiles(summary: ColumnSummary) -> str:
    return " / ".join(f"{value:.6g}" for value in summary.quartiles) if summary.quartiles else "none"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"


def _score(value: Measured | None) -> str:
    return scored(value.value, value.low, value.high) if value is not None else "not judged"


def _verdict(one: ScoreChange) -> str:
    difference = one.difference
    if difference is None:
        if one.was is None or one.now is None:
            return one.note or "nothing to compare with"
        overlap = "the intervals overlap" if one.overlap else "the intervals do not overlap"
        return f"{one.now.value - one.was.value:+.4f}, {overlap}{f'; {one.note}' if one.note else ''}"
    told = f"{difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}] on the same rows"
    told += f" {one.note}" if one.note else ""
    if difference.low <= 0 <= difference.high:
        return f"{told}: may be chance"
    better = (difference.value > 0) == one.higher_is_better
    return f"{told}: {'better' if better else 'worse'}"


def _efforts(was: Effort | None, now: Effort | None) -> list[str]:
    def both(tell: Any) -> str:
        told = ["–" if one is None else tell(one) for one in (was, now)]
        return told[0] if told[0] == told[1] else " → ".join(told)

    return [
        both(lambda one: "reused" if one.reused else seconds(one.wall)),
        both(lambda one: seconds(one.cpu)),
        both(lambda one: memory(one.peak_memory)),
        both(lambda one: memory(one.size)),
        both(lambda one: money(one.cost) if one.cost is not None else ""),
    ]
