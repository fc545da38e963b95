"""fullcycle.report.beside: two runs on one page."""

import pytest

from fullcycle.adapters.vega import VegaCharts
from fullcycle.kernel import Change
from fullcycle.report import Beside, ChangedData, ChangedScore, Judgements, render_beside
from report.test_page import read
from report.winback import evaluation

EMPTY = Beside("winback@1", "winback@2", "2026-11-21 08:30 UTC")
FULL = Beside(
    "winback@1",
    "winback@prod (winback@v2, winback@2)",
    "2026-11-21 08:30 UTC",
    scores=(ChangedScore("visit", "auc", "0.61", "0.64", "+0.03 on the same rows"),),
    models=(Judgements("visit", evaluation(), evaluation()), Judgements("spend", evaluation(), None)),
    parameters=(Change("leaves", "changed", 31, 63), Change("<b>", "added", None, "<script>")),
    files=(("winback/flow.py", 3, 1),),
    data=(ChangedData("mailings", "10 → 12 rows"),),
    notes=("the flow of winback@1 cannot be read again",),
)


@pytest.fixture(scope="module")
def drawn():
    return render_beside(FULL, svg=VegaCharts().svg)


def test_the_page_is_sound_and_fetches_and_runs_nothing(drawn):
    sound = read(drawn)

    assert len(sound.ids) == len(set(sound.ids))
    assert "<script" not in drawn
    assert "http:" not in drawn
    assert "https:" not in drawn


def test_charts_of_both_stand_in_pairs(drawn):
    assert drawn.count("<svg") == 2 * len(
        [1 for part in ("bins", "curve", "influences", "slices") if getattr(evaluation(), part)]
    )
    for title in ("Do predictions come true? winback@1", "Who should be treated? winback@prod"):
        assert title in drawn


def test_it_tells_what_changed_and_how_to_read_the_lines(drawn):
    for words in (
        "+0.03 on the same rows",
        "leaves",
        "10 → 12 rows",
        "winback/flow.py",
        "cannot be read again",
    ):
        assert words in drawn
    assert "fullcycle diff winback@1 winback@prod --only code" in drawn


def test_a_model_that_one_run_judged_says_so(drawn):
    assert "Only winback@1 judged it, or the other is lost." in drawn


def test_what_is_the_same_is_said_in_one_line():
    page = render_beside(EMPTY)

    read(page)
    assert page.count("The same in both.") == 3
    assert "Every step returned the same." in page
    assert "No model was judged in either run." in page


def test_without_charts_the_numbers_stand_there():
    page = render_beside(FULL)

    read(page)
    assert "<svg" not in page
    assert "mean |SHAP|" in page
