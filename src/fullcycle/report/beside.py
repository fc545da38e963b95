"""Two runs on one page: what changed between them, and their models' charts side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fullcycle.evaluate import Evaluation
from fullcycle.kernel import Change, Markup, joined, tag
from fullcycle.report import charts
from fullcycle.report.page import document
from fullcycle.report.parts import Draw, Pen, Table, figure, missing, section, source
from fullcycle.report.scales import on_one_scale
from fullcycle.report.style import Spec
from fullcycle.report.wording import aligned, number

_DRIVERS = 8  # features shown
_ENDS = 5  # models of a family shown from either end


@dataclass(frozen=True, slots=True)
class Judgements:
    """One model as both runs judged it; None where a run did not, or where that is lost."""

    step: str
    first: Evaluation | None
    second: Evaluation | None


@dataclass(frozen=True, slots=True)
class Families:
    """The models of one step as both runs judged them, by their keys."""

    step: str
    first: Mapping[str, Evaluation]
    second: Mapping[str, Evaluation]


@dataclass(frozen=True, slots=True)
class ChangedScore:
    """A score on both sides and what is said of the difference, as text."""

    step: str
    score: str
    first: str
    second: str
    difference: str


@dataclass(frozen=True, slots=True)
class ChangedData:
    """What a step returned, where it is other, in a few words."""

    step: str
    told: str


@dataclass(frozen=True, slots=True)
class Beside:
    """Two runs; ``made`` is when the page was, ``YYYY-MM-DD HH:MM UTC``."""

    first: str
    second: str
    made: str
    scores: tuple[ChangedScore, ...] = ()
    models: tuple[Judgements, ...] = ()
    families: tuple[Families, ...] = ()
    parameters: tuple[Change, ...] = ()
    files: tuple[tuple[str, int, int], ...] = ()  # path, lines added and removed
    data: tuple[ChangedData, ...] = ()
    lock: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()


def render_beside(told: Beside, *, svg: Draw | None = None) -> str:
    """The comparison as one HTML document; without ``svg`` it shows tables instead of charts."""
    pen = Pen(lambda text: text, svg)
    title = f"{told.first} → {told.second}"
    notes = [tag("p", note, class_="sub") for note in told.notes]
    body = joined(
        tag("header", tag("h1", title), tag("p", "Two runs, side by side", class_="sub"), *notes),
        tag(
            "main",
            _scores(told),
            *(_model(one, told, pen) for one in told.models),
            *(_family(one, told) for one in told.families),
            _changes("parameters", "Parameters", told.parameters),
            _files(told),
            _data(told),
            _changes("lock", "What was installed", told.lock),
        ),
        tag("footer", source(f"Made by fullcycle from the record, {told.made}.")),
    )
    return document(title, body)


def _scores(told: Beside) -> Markup:
    if not told.scores:
        return section("scores", "Scores", missing("No model was judged in either run."))
    rows = [(one.step, one.score, one.first, one.second, one.difference) for one in told.scores]
    table = Table(("model", "score", told.first, told.second, "difference"), rows)
    lead = "A difference on the same rows is over the same resamples: what both models miss alike cancels."
    return section("scores", "Scores", table.html(), source(lead))


def _model(one: Judgements, told: Beside, pen: Pen) -> Markup:
    """The charts of a model that both runs have, each pair on one scale."""
    first, second = one.first, one.second
    if first is None or second is None:
        where = told.second if first is None else told.first
        return section(one.step, one.step, missing(f"Only {where} judged it, or the other is lost."))
    binary = "calibration" in (first.bins_kind, second.bins_kind)
    heads = (told.first, told.second)
    pairs = [
        _pair(pen, heads, "Do predictions come true?", (first, second), _Kind(_calibration(binary), _bins)),
        _pair(pen, heads, "Who should be treated?", (first, second), _Kind(_qini(binary), _points)),
        _pair(pen, heads, "What it rests on", (first, second), _Kind(_influences, _drivers)),
        _pair(pen, heads, "For whom it works", (first, second), _Kind(_forest, _slices)),
    ]
    return section(one.step, one.step, *(pair for pair in pairs if pair is not None))


def _family(one: Families, told: Beside) -> Markup:
    """The models of a family that both runs have, those first whose scores improved most."""
    both = [key for key in one.second if key in one.first]
    other = [key for key in both if one.second[key] != one.first[key]]
    alone = len(one.first) + len(one.second) - 2 * len(both)
    note = f"{len(both) - len(other):,} models are the same, {alone:,} are in one of them only."
    if not other:
        return section(one.step, one.step, missing(note))
    change = {key: one.second[key].model.value - one.first[key].model.value for key in other}
    sign = -1 if one.second[other[0]].higher_is_better else 1
    ordered = sorted(other, key=lambda key: sign * change[key])
    rows = [
        (
            key,
            *aligned(one.first[key].model.value, one.second[key].model.value),
            *aligned(change[key], plus=True),
        )
        for key in ordered
    ]
    head = ("model", told.first, told.second, "difference")
    shown = rows if len(rows) <= 2 * _ENDS else [*rows[:_ENDS], *rows[-_ENDS:]]
    every = tag("details", tag("summary", f"all {len(rows):,}"), Table(head, rows, (1, 2, 3)).html())
    lead = f"The most and the least improved of {len(rows):,}; {note}"
    table = Table(head, shown, (1, 2, 3)).html()
    return section(one.step, one.step, table, source(lead), every if len(shown) < len(rows) else None)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A chart of an evaluation, None where it has none, and the numbers behind it."""

    draw: Callable[[Evaluation], Spec | None]
    table: Callable[[Evaluation], Table]


def _pair(
    pen: Pen, heads: tuple[str, str], title: str, both: tuple[Evaluation, Evaluation], kind: _Kind
) -> Markup | None:
    specs = [kind.draw(one) for one in both]
    drawn = on_one_scale([spec for spec in specs if spec is not None])
    if len(drawn) < len(both):
        return None
    figures = (
        figure(pen, f"{title} {head}", spec, kind.table(one), told=f"{head} · {one.test_rows:,} unseen rows")
        for head, spec, one in zip(heads, drawn, both, strict=True)
    )
    return tag("div", *figures, class_="pair after")


def _calibration(binary: bool) -> Callable[[Evaluation], Spec | None]:
    return lambda found: charts.calibration(found.bins, binary=binary) if found.bins else None


def _qini(share: bool) -> Callable[[Evaluation], Spec | None]:
    return lambda found: charts.qini_curve(found.curve, share=share) if found.curve else None


def _influences(found: Evaluation) -> Spec | None:
    return charts.influence_bars(found.influences[:_DRIVERS]) if found.influences else None


def _forest(found: Evaluation) -> Spec | None:
    if not any(one.score for one in found.slices):
        return None
    return charts.forest(found.slices, found.model, title=found.score)


def _bins(found: Evaluation) -> Table:
    rows = [(number(one.predicted), number(one.observed), f"{one.rows:,}") for one in found.bins]
    return Table(("predicted", "came true", "rows"), rows, (0, 1, 2))


def _points(found: Evaluation) -> Table:
    every = max(len(found.curve) // 10, 1)
    rows = [(f"{one.share:.0%}", number(one.gain)) for one in found.curve[::every]]
    return Table(("treated", "gain per row"), rows, (1,))


def _drivers(found: Evaluation) -> Table:
    rows = [(one.feature, number(one.mean_abs)) for one in found.influences[:_DRIVERS]]
    return Table(("feature", "mean |SHAP|"), rows, (1,))


def _slices(found: Evaluation) -> Table:
    rows = [
        (f"{one.column}: {one.value}", *aligned(one.score.value, one.score.low, one.score.high))
        for one in found.slices
        if one.score is not None
    ]
    return Table(("slice", found.score, "low", "high"), rows, (1, 2, 3))


def _changes(name: str, title: str, found: Sequence[Change]) -> Markup:
    if not found:
        return section(name, title, missing("The same in both."))
    rows = [
        (one.name, "" if one.was is None else one.was, "" if one.now is None else one.now) for one in found
    ]
    return section(name, title, Table(("", "was", "is"), rows).html())


def _files(told: Beside) -> Markup:
    if not told.files:
        return section("code", "Code", missing("The same in both."))
    rows = [(tag("code", path), f"+{added}", f"−{removed}") for path, added, removed in told.files]
    lines = tag("p", "The lines: ", tag("code", _command(told)), class_="source")
    return section("code", "Code", Table(("file", "added", "removed"), rows, (1, 2)).html(), lines)


def _data(told: Beside) -> Markup:
    if not told.data:
        return section("data", "Data", missing("Every step returned the same."))
    return section(
        "data", "Data", Table(("step", "what changed"), [(d.step, d.told) for d in told.data]).html()
    )


def _command(told: Beside) -> str:
    first, second = (one.partition(" ")[0] for one in (told.first, told.second))
    return f"fullcycle diff {first} {second} --only code"
