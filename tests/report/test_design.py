"""fullcycle.report.design: a design on one page, drawn and as tables."""

import pytest

from fullcycle.adapters.vega import VegaCharts
from fullcycle.experiment import Design, FalseAlarms, Found, Rehearsed, Wanted
from fullcycle.kernel import Money
from fullcycle.report import DesignPage, chance_chart, looked, render_design, told_alarms


def planned(analysis, **options):
    given = {"effect": 0.0179, "relative": 0.109, "units": 25_770, **options}
    return Design(
        metric="visited",
        analysis=analysis,
        alpha=0.05,
        power=0.8,
        baseline=0.165,
        sd=0.372,
        units_per_day=920.4,
        days=28,
        by_days=[(7, 0.036), (14, 0.025), (28, 0.0179)],
        sought=0.01,
        **given,
    )


def alarmed(analysis, rate, looks, *, promised=True):
    found = FalseAlarms(
        splits=1_000, alarms=round(1_000 * rate), rate=rate, alpha=0.05, low=0.027, high=0.078
    )
    return Rehearsed(analysis=analysis, looks=looks, promised=promised, alarms=found)


SOON = [Found(day, min(day / 40, 1.0)) for day in range(1, 29)]
PAGE = DesignPage(
    title="Design of winback, experiment <trial>",
    made="2026-11-21 20:00 UTC",
    about="25,770 units of the rows of mailings",
    share=True,
    designs=[
        planned(
            "always-valid",
            found=SOON,
            per_year=Money(7_179.0, "USD"),
            cost=Money(0.4, "USD"),
            wanted=Wanted(
                effect=0.01, units=83_009, days=91, unadjusted=99_000, per_year=Money(4_000, "USD")
            ),
        ),
        planned("fixed", effect=0.013, found=[Found(day, 0.0) for day in range(1, 28)] + [Found(28, 0.62)]),
    ],
    rehearsed=[
        alarmed("always-valid", 0.007, 28),
        alarmed("fixed", 0.11, 1),
        alarmed("fixed", 0.285, 28, promised=False),
    ],
    margins=[("converted", 0.05, 0.45)],
    worth="500,000 clients per year × 0.80 USD",
    notes=["the past does not tell & nobody knows"],
)


def test_the_page_tells_what_it_takes_how_soon_and_whether_it_rings():
    page = render_design(PAGE)

    for told in (
        "1.79 points",
        "83,009",
        "99,000",
        "7,180",
        "28.5",
        "0.7",
        "1.00 points",
        "the past does not tell &amp;",
    ):
        assert told in page
    assert "<trial>" not in page
    assert "<svg" not in page
    assert "rings too often" in page
    assert "what peeking would cost" in page
    assert "45" in page


def test_the_page_is_drawn_where_there_is_something_to_draw_with():
    page = render_design(PAGE, svg=VegaCharts().svg)

    assert page.count("<svg") == 5  # wide and narrow of two, and the alarms
    assert "<script" not in page


def test_without_simulation_or_check_the_page_says_so():
    bare = DesignPage("t", "now", "by hand", share=False, designs=[planned("fixed")])

    page = render_design(bare, svg=VegaCharts().svg)

    assert "The chance by day was not simulated." in page
    assert "There was no A/A check." in page
    assert "0.0179" in page
    assert chance_chart(bare.designs) is None


@pytest.mark.parametrize(("at", "words"), [(0, "keeps its promise"), (1, "rings too often"), (2, "peeking")])
def test_an_a_a_check_is_told_in_a_few_words(at, words):
    assert words in told_alarms(PAGE.rehearsed[at])


def test_looks_are_counted():
    assert [looked(one) for one in PAGE.rehearsed] == [
        "always-valid, 28 looks",
        "fixed, one look",
        "fixed, 28 looks",
    ]


def test_a_chart_of_its_own_is_an_svg_document():
    chart = VegaCharts().file(chance_chart(PAGE.designs))

    assert chart.startswith("<svg")
    assert 'xmlns="http://www.w3.org/2000/svg"' in chart
