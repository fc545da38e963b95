"""Two runs for one page, filled from the record."""

from fullcycle.evaluate import Evaluation, Measured
from fullcycle.kernel import Damaged, Missing, counted, instant, now
from fullcycle.report import Beside, ChangedData, ChangedScore, Families, Judgements
from fullcycle.wiring.comparing import compare
from fullcycle.wiring.comparison import DataChange, ScoreChange
from fullcycle.wiring.judge import load_evaluations
from fullcycle.wiring.project import Project
from fullcycle.wiring.sides import Side, side


def beside(project: Project, first: str, second: str) -> Beside:
    """What two runs, releases or deployments differ in, and how each judged its models.

    Raises:
        Invalid, Missing, UnknownName: see ``compare``.
    """
    found = compare(project, first, second)
    sides = side(project, first), side(project, second)
    judged = {step: made for one in sides for step, made in one.run.evaluations.items()}
    families = [step for step, made in judged.items() if made.elements is not None]
    steps = [step for step in judged if step not in families]
    return Beside(
        first=found.first,
        second=found.second,
        made=f"{instant(now()):%Y-%m-%d %H:%M} UTC",
        scores=tuple(_score(one) for one in found.scores or ()),
        models=tuple(Judgements(step, *(_evaluation(project, one, step) for one in sides)) for step in steps),
        families=tuple(Families(step, *(_family(project, one, step) for one in sides)) for step in families),
        parameters=found.parameters or (),
        files=tuple((one.path, one.added, one.removed) for one in (found.code.files if found.code else ())),
        data=tuple(ChangedData(one.step, _told(one)) for one in found.data or ()),
        lock=found.lock or (),
        notes=found.notes,
    )


def _evaluation(project: Project, one: Side, step: str) -> Evaluation | None:
    return _family(project, one, step).get("")


def _family(project: Project, one: Side, step: str) -> dict[str, Evaluation]:
    """How a side judged the models of a step; empty where it did not, or where that is lost."""
    judged = one.run.evaluations.get(step)
    if judged is None:
        return {}
    try:
        return load_evaluations(project.artifacts, judged.evaluation)
    except (Missing, Damaged):
        return {}


def _score(one: ScoreChange) -> ChangedScore:
    if one.difference is not None:
        difference = f"{_interval(one.difference, sign='+')} on the same rows {one.note}".rstrip()
    elif one.was is not None and one.now is not None:
        overlap = "the intervals overlap" if one.overlap else "the intervals do not overlap"
        difference = f"{one.now.value - one.was.value:+.4f}, {overlap}"
    else:
        difference = "not judged in both"
    return ChangedScore(one.step, one.score, _interval(one.was), _interval(one.now), difference)


def _interval(value: Measured | None, *, sign: str = "") -> str:
    if value is None:
        return "–"
    return f"{value.value:{sign}.4f} [{value.low:{sign}.4f}, {value.high:{sign}.4f}]"


def _told(one: DataChange) -> str:
    if one.kind != "changed":
        return f"only in {'the second' if one.kind == 'added' else 'the first'}"
    parts = []
    for part, table in one.tables.items():
        rows = table.rows
        changed = f", {rows.changed:,} changed" if rows.key else ""
        columns = ", ".join(change.column for change in table.columns)
        named = f"{part}: " if part else ""
        other = f"; other in {columns}" if columns else ""
        moved = f"+{rows.added:,} −{rows.removed:,}{changed}{other}"
        parts.append(f"{named}{rows.was:,} → {counted(rows.now, 'row')}, {moved}")
    return "; ".join(parts) or one.note or "other content"
