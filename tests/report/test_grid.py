"""fullcycle.report.grid: examples first, then what a page must hold."""

from itertools import product

import pytest

from fullcycle.adapters.vega import VegaCharts
from fullcycle.report import GridPage, TrialRow, grid_chart, render_grid


def rows_of(**axes):
    found = []
    for number, values in enumerate(product(*axes.values()), 1):
        score = 0.5 + number / 100
        given = dict(zip(axes, values, strict=True))
        found.append(TrialRow(f"winback@{number}", "done", given, score, score - 0.02, score + 0.02, "1.0 s"))
    return found[::-1]


LEAVES = rows_of(leaves=[4, 8])
MANY = rows_of(leaves=[4, 8], rate=[0.02, 0.1], kind=["b", "a"])


def marks(spec):
    return [layer["mark"]["type"] for layer in spec["layer"]]


@pytest.mark.parametrize(
    ("rows", "axes", "expected"),
    [
        (LEAVES, ["leaves"], ["line", "rule", "circle"]),
        (rows_of(kind=["a", "b"]), ["kind"], ["rule", "circle"]),  # nothing lies between a and b
        (rows_of(leaves=[4, 8], rate=[0.02, 0.1]), ["leaves", "rate"], ["rect", "rect", "text"]),
        (MANY, ["leaves", "rate", "kind"], ["tick", "circle"]),
    ],
)
def test_the_chart_is_of_the_kind_that_its_parameters_ask_for_and_can_be_drawn(rows, axes, expected):
    spec = grid_chart(rows, axes, score="visit auc")

    assert marks(spec) == expected
    assert VegaCharts().svg(spec).startswith("<svg")


def test_the_best_trial_is_marked_and_drawn_on_top():
    spec = grid_chart(MANY, ["leaves", "rate", "kind"], score="visit auc")

    best = [row["best"] for row in spec["data"]["values"]]
    assert best == [False] * 21 + [True] * 3
    assert [row["name"] for row in spec["data"]["values"][-3:]] == ["leaves 8", "rate 0.1", "kind a"]


def test_in_a_heat_map_numbers_have_their_order_and_lower_is_darker_where_lower_is_better():
    rows = rows_of(leaves=[16, 4], rate=[0.1, 0.02])

    for ordered, reverse in ((rows, False), (rows[::-1], True)):
        cells, best, _ = grid_chart(ordered, ["leaves", "rate"], score="visit auc")["layer"]
        assert cells["encoding"]["x"]["sort"] == ["4", "16"]
        assert cells["encoding"]["color"]["scale"]["reverse"] is reverse
        assert best["transform"] == [{"filter": "datum.best"}]


def test_without_scores_there_is_no_chart_and_the_page_says_so():
    rows = (TrialRow("winback@1", "failed", {"leaves": 4}),)

    assert grid_chart(rows, ["leaves"], score="score") is None
    page = render_grid(GridPage("grid 1 of winback", "", "2026-11-21 10:00 UTC", ("leaves",), "score", rows))
    assert "No model was judged." in page
    assert "winback@1" in page


def test_the_page_without_a_pen_has_its_numbers_in_a_table():
    page = render_grid(
        GridPage(
            "grid 1 of winback", "a <b>", "2026-11-21 10:00 UTC", ("leaves",), "visit auc", tuple(LEAVES)
        )
    )

    assert "<svg" not in page
    assert "a &lt;b&gt;" in page
    assert page.index("winback@2") < page.index("winback@1")
