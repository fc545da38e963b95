"""fullcycle.report.families: the order of a family, its overview, and that the page stays one page."""

import re
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from fullcycle.adapters.markdown import markdown_html
from fullcycle.adapters.vega import VegaCharts
from fullcycle.evaluate import Bin, Evaluation, Influence, Measured
from fullcycle.report import Beside, Families, FamilyPart, Story, render, render_beside
from report.test_page import read, words
from report.winback import story

BLANK = Story("demand", "2026-11-21 08:30 UTC")


def judged(number: int, gain: float, *, higher_is_better: bool = False) -> Evaluation:
    """A model whose score lies ``gain`` beyond its baseline's, give or take 0.5."""
    rng = np.random.default_rng(number)
    influences = [
        Influence(
            feature=name,
            mean_abs=size * (1 + number / 100),
            effects=rng.normal(0, size, 200).tolist(),
            levels=np.round(rng.uniform(size=200), 3).tolist(),
        )
        for name, size in (("sold_7d", 0.3), ("weekday", 0.1))
    ]
    return Evaluation(
        score="mae",
        meaning="mean absolute error",
        higher_is_better=higher_is_better,
        model=Measured(8 + gain, 7.5 + gain, 8.5 + gain),
        baseline=Measured(8.0, 7.4, 8.6),
        baseline_name="seasonal",
        difference=Measured(gain, gain - 0.5, gain + 0.5),
        train_rows=8_665,
        test_rows=460,
        bins=[Bin(rows=46, predicted=20.0, observed=21.0, low=19.0, high=23.0)],
        influences=influences,
    )


def family(count: int) -> FamilyPart:
    """Models that gain more and more, from 1.0 worse than their baselines on."""
    gains = np.linspace(1.0, -3.0, count)
    every = {f"{number // 10 + 1}/{number % 10}": judged(number, gain) for number, gain in enumerate(gains)}
    return FamilyPart("demand", every, "demand@1 · score mae")


def page(part: FamilyPart, *, charts: bool = False) -> str:
    told = replace(BLANK, families=(part,))
    return render(told, markdown=markdown_html, svg=VegaCharts().svg if charts else None)


def board(html: str) -> list[str]:
    """The models in the first table of the section, in its order."""
    section = html.partition('id="evaluation"')[2]
    table = section.partition("<tbody>")[2].partition("</tbody>")[0]
    return re.findall(r'<tr><td data-head="model">([^<]*)<', table)


def test_the_best_come_first_and_every_model_is_listed():
    listed = board(page(family(100)))

    assert listed[:2] == ["10/9", "10/8"]
    assert listed[-1] == "1/0"
    assert len(listed) == 100


def test_where_more_is_better_the_order_turns():
    every = {"a": judged(1, -1.0, higher_is_better=True), "b": judged(2, 2.0, higher_is_better=True)}

    assert board(page(FamilyPart("demand", every, "demand@1"))) == ["b", "a"]


def test_the_summary_counts_who_beats_the_baseline():
    text = words(page(family(5)))  # 1, 0, −1, −2 and −3 beyond it, give or take 0.5

    assert "3 of 5 models beat their baselines, 1 are worse, 1 within the noise." in text
    assert "mean difference −1.00 −1.22 to −0.78" in text


def test_the_overview_tells_each_feature_over_all_models():
    text = words(page(family(100))).partition("What drives it")[2]

    assert "sold_7d 0.449 0.374 to 0.523 0.300 to 0.597 1/0 10/9" in text
    assert text.index("sold_7d") < text.index("weekday")


def test_each_model_can_be_unfolded():
    text = words(page(family(100)))

    assert "7/3: mae 6.45, baseline 8.00" in text
    assert text.count("460 rows it had not seen, 8,665 to learn from.") == 100


@pytest.mark.parametrize("charts", [False, True])
def test_a_hundred_models_are_one_sound_page_of_a_size_to_send(charts):
    html = page(family(100), charts=charts)

    read(html)
    assert len(html.encode()) < 3_000_000
    assert html.partition('id="evaluation"')[2].count("<svg") == (4 if charts else 0)


def test_models_that_cannot_explain_themselves_have_no_overview():
    silent = {key: msgspec.structs.replace(one, influences=[]) for key, one in family(3).evaluations.items()}

    text = words(page(FamilyPart("demand", silent, "demand@1")))

    assert "No explanation: no model that has been judged can give one." in text


def test_a_family_stands_beside_a_single_model():
    html = render(replace(story(), families=(family(3),)), markdown=markdown_html)

    text = words(html)
    assert "area between the Qini curve" in text
    assert "2 of 3 models beat their baselines" in text
    assert "Each model is of a part of the rows" not in text


def test_two_runs_side_by_side_show_the_models_that_changed():
    first = family(100).evaluations
    changed = {"1/5": judged(5, -4.0), "2/5": judged(15, 3.0), "11/0": judged(1, -1.0)}
    second = {key: changed.get(key, one) for key, one in first.items()} | {"11/0": changed["11/0"]}

    html = render_beside(
        Beside("demand@1", "demand@2", "2026-11-21", families=(Families("demand", first, second),))
    )

    read(html)
    assert "98 models are the same, 1 are in one of them only." in words(html)
    assert words(html).index("1/5 8.80 4.00") < words(html).index("2/5 8.4 11.0")


def test_two_runs_with_the_same_family_say_so():
    same = family(100).evaluations

    told = Beside("demand@1", "demand@2", "2026-11-21", families=(Families("demand", same, same),))

    assert "100 models are the same, 0 are in one of them only." in words(render_beside(told))
