"""A grid on one page: what was tried, the best first, and how the score goes with the parameters."""

from dataclasses import dataclass

from fullcycle.kernel import Markup, joined, tag
from fullcycle.report.grid_charts import TrialRow, grid_chart, wider
from fullcycle.report.page import document
from fullcycle.report.parts import Draw, Pen, Table, figure, missing, section, source
from fullcycle.report.wording import aligned

_LEAD = "The best trial is orange. Where intervals overlap, the difference may be chance."


@dataclass(frozen=True, slots=True)
class GridPage:
    """A grid as its page tells it; ``rows`` best first, ``made`` is ``YYYY-MM-DD HH:MM UTC``."""

    title: str
    message: str
    made: str
    axes: tuple[str, ...]
    score: str  # of the model that the grid is ranked by, such as "visit auc"
    rows: tuple[TrialRow, ...]


def render_grid(page: GridPage, *, svg: Draw | None = None) -> str:
    """The page as one HTML document; without ``svg`` it shows the table alone."""
    pen = Pen(lambda text: text, svg)
    told = f"{len(page.rows):,} trials of {', '.join(page.axes)}"
    body = joined(
        tag("header", tag("h1", page.title), tag("p", page.message or told, class_="sub")),
        tag("main", _chart(page, pen, told), section("trials", "Trials", _table(page).html())),
        tag("footer", source(f"Made by fullcycle from the record, {page.made}.")),
    )
    return document(page.title, body)


def _chart(page: GridPage, pen: Pen, told: str) -> Markup:
    spec = grid_chart(page.rows, page.axes, score=page.score)
    if spec is None:
        return section("scores", "Scores", missing("No model was judged."))
    drawn = figure(pen, page.score, spec, _table(page), told=told, lead=_LEAD, wide=wider(spec))
    return section("scores", "Scores", drawn)


def _table(page: GridPage) -> Table:
    others = list(dict.fromkeys(name for row in page.rows for name in row.others))
    head = ("run", *page.axes, page.score, "low", "high", *others, "took", "status")
    numbers = tuple(range(1, len(head) - 1))
    return Table(head, [_cells(row, page, others) for row in page.rows], numbers)


def _cells(row: TrialRow, page: GridPage, others: list[str]) -> list[object]:
    scores = ["", "", ""]
    if row.score is not None and row.low is not None and row.high is not None:
        scores = aligned(row.score, row.low, row.high)
    values = [str(row.values.get(name, "")) for name in page.axes]
    return [row.run, *values, *scores, *(row.others.get(name, "") for name in others), row.took, row.status]
