"""fullcycle.report.page: what it tells, that it is one sound document, and that nothing gets in or out."""

import re
from dataclasses import fields, replace
from html.parser import HTMLParser

import pytest

from fullcycle.adapters.markdown import markdown_html
from fullcycle.adapters.vega import VegaCharts
from fullcycle.kernel import Money
from fullcycle.report import (
    AssessmentPart,
    EvaluationPart,
    ExperimentPart,
    FlowPart,
    FlowStep,
    Story,
    Verdict,
    Worth,
    render,
)
from report.winback import evaluation, story
from report.winback_experiment import simple

EMPTY = Story("winback", "2026-11-21 08:30 UTC")


@pytest.fixture(scope="module")
def drawn():
    return render(story(), markdown=markdown_html, svg=VegaCharts().svg)


@pytest.fixture(scope="module")
def tables():
    return render(story(), markdown=markdown_html)


class Sound(HTMLParser):
    """Follows the tags of a document: each is closed in its place, and no id stands twice."""

    void = frozenset({"meta", "br", "hr", "link", "img", "input"})

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.texts = [], [], []
        self.links = []

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.ids += [told["id"]] if "id" in told else []
        self.links += [told["href"]] if "href" in told else []
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        self.texts.append(data)


def read(html):
    sound = Sound()
    sound.feed(html)
    sound.close()
    assert sound.open == []
    assert len(sound.ids) == len(set(sound.ids))
    return sound


def words(html):
    return " ".join("".join(read(html.replace("</", " </")).texts).split())


@pytest.mark.parametrize("which", ["drawn", "tables"])
def test_the_page_is_one_sound_document(which, request):
    html = request.getfixturevalue(which)
    sound = read(html)

    assert html.startswith("<!doctype html>")
    assert all(link[1:] in sound.ids for link in sound.links)


@pytest.mark.parametrize("which", ["drawn", "tables"])
def test_nothing_leaves_the_page_and_nothing_runs_in_it(which, request):
    html = request.getfixturevalue(which)

    assert not re.search(r"https?:|<script|<img|<link|@import|@font-face|javascript:|\son\w+=", html)
    assert not re.search(r"url\((?!#)", html)


def test_the_verdict_and_the_value_come_first_with_their_sources(tables):
    text = words(tables)

    assert (
        text.index("Ship it.")
        < text.index("Estimated in the brief")
        < text.index("Measured in the experiment")
    )
    assert text.index("Measured in the experiment") < text.index("The problem")
    assert "winback/brief.md · a81f03c2" in text
    assert "winback@3 · self-normalised IPS" in text
    assert "4,000 USD to 12,000 USD a year" in text.replace("\u202f", " ")


def test_every_part_names_the_run_release_or_query_it_came_from(tables):
    text = words(tables)

    for told in (
        "winback@3 · score qini@No E-Mail",
        "winback@v2 · assessed at release",
        "experiment winback/trial · readout of 2026-11-21",
        "the ledger, priced by fullcycle.toml",
    ):
        assert told in text


def test_the_numbers_are_those_of_the_story(tables):
    text = words(tables).replace("\u202f", " ")

    assert "0.0083 0.0021 to 0.0142" in text
    assert "✓ Within the budget: latency and memory." in text
    assert "rows.py:41 traits() changed" in text
    assert "newbie missing 31 – too few rows: fewer than 50" in text


def test_a_page_with_charts_has_them_all_and_keeps_the_numbers_at_hand(drawn):
    assert drawn.count("<svg") == 11 + 1 + 2  # eleven figures, one of them in two widths, the flow in two
    assert drawn.count("<details>") == 11 - 1  # the beeswarm is of rows, not of numbers


def test_a_page_without_charts_says_the_same_in_tables(tables):
    assert tables.count("<svg") == 2  # the flow is drawn without a renderer
    assert "<details>" not in tables


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ("verdict", "No verdict yet: an experiment ends with one. fullcycle experiment close winback"),
        ("value", "No value row yet. fullcycle value winback"),
        ("brief", "No brief yet: write winback/brief.md."),
        ("experiment", "No experiment yet. fullcycle experiment design winback"),
        ("evaluations", "No model has been judged yet. fullcycle run winback"),
        ("assessment", "Not measured yet: a release is. fullcycle release winback"),
        ("flow", "No run yet. fullcycle run winback"),
        ("cost", "No cost yet: every run records what it took. fullcycle run winback"),
        ("provenance", "Nothing recorded yet. fullcycle runs winback"),
    ],
)
def test_a_part_that_is_missing_says_so_in_one_line(part, line, tables):
    empty = {field.name: field.default for field in fields(Story)}[part]

    assert line in words(render(replace(story(), **{part: empty}), markdown=markdown_html))
    assert line not in words(tables)


def test_whatever_is_said_stays_text():
    evil = "<script>alert('&')</script>"
    told = replace(
        story(),
        title=evil,
        verdict=Verdict("stop", evil, evil),
        flow=FlowPart((FlowStep(evil, "step", reason=evil),), evil, evil),
        brief=replace(story().brief, problem=evil, prose=evil + "\n\n![x](https://example.com/x.png)"),
    )
    html = render(told, markdown=markdown_html)

    assert "<script" not in html
    assert "<img" not in html
    assert words(html).count("alert(") >= 8


@pytest.mark.parametrize(
    ("outcome", "headline"),
    [("stop", "Stop it."), ("keep going", "Keep going:"), ("unknown", "Not proven.")],
)
def test_each_verdict_has_its_words(outcome, headline):
    html = render(replace(story(), verdict=Verdict(outcome, "Why.", "x")), markdown=markdown_html)

    assert headline in html
    assert f'class="verdict {outcome.replace(" ", "-")}"' in html


def test_what_is_wrong_is_said_in_words():
    over = AssessmentPart(9.0, 31.0, 142.0, "winback@v3", 20.0, 200.0)
    worse = replace(story(), assessment=over)

    text = words(render(worse, markdown=markdown_html))

    assert "✗ Over the budget: latency." in text


def test_a_story_that_has_only_begun_draws_what_there_is():
    judged = evaluation()
    few = replace(
        story(),
        value=replace(
            story().value, off_policy=None, measured=None, measured_worth=None, cost=Money(0.0, "USD")
        ),
        experiment=ExperimentPart(simple(days=1), "winback/trial"),
        evaluations=(
            EvaluationPart(
                "visit",
                type(judged)(
                    **{
                        name: getattr(judged, name)
                        for name in judged.__struct_fields__
                        if name not in ("slices", "curve", "influences")
                    }
                ),
                "winback@1",
            ),
        ),
        assessment=AssessmentPart(1.0, 2.0, 50.0, "winback@v1"),
    )

    html = render(few, markdown=markdown_html, svg=VegaCharts().svg)

    assert "NaN" not in html
    assert "The brief sets no budget." in words(html)
    assert "not yet" in words(html)


def test_an_empty_story_is_a_page_too():
    assert words(render(EMPTY, markdown=markdown_html)).startswith("winback – fullcycle")


def test_what_it_has_brought_and_what_is_left_of_it_stand_beside_the_cost(tables):
    value = replace(
        story().value,
        realised=Worth(Money(-132.0, "USD"), Money(876.0, "USD")),
        realised_note="v2 since 2026-11-01: 5,000 units at the experiment's rate",
        net=Worth(Money(-169.0, "USD"), Money(839.0, "USD")),
        together=("winback launched 2 times",),
    )

    said = words(render(replace(story(), value=value), markdown=markdown_html))

    assert "Brought so far −132 USD to 876 USD v2 since 2026-11-01" in said
    assert "Net so far −169 USD to 839 USD brought less cost" in said
    assert "Not to be added up: winback launched 2 times." in said
    assert "so far −" not in words(tables)


def test_what_was_not_launched_says_so():
    value = replace(story().value, realised_note="not launched")

    said = words(render(replace(story(), value=value), markdown=markdown_html))

    assert "Brought so far – not launched" in said
