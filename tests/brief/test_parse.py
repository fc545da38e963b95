"""fullcycle.brief.parse: examples first, then laws, then refusals."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fullcycle.example as example_package
from fullcycle.brief import Brief, Budget, Estimate, Margin, Reach, parse_brief
from fullcycle.kernel import Interval, Invalid, Money, UnknownName

WHOLE = """\
---
problem: Everybody gets the same e-mail.
owner: growth@example.com
tier: low
metric: visited              # a metric of flow.py
estimate:
  effect: 0.01 to 0.03 visits per client
  reach: 500_000 clients per year
  worth: 0.80 USD per visit
budget: {p99: 20ms, memory: 200MB, wall: 10min}
---
# Why

Because.
"""


def test_a_brief_says_what_was_written():
    assert parse_brief(WHOLE) == Brief(
        problem="Everybody gets the same e-mail.",
        owner="growth@example.com",
        tier="low",
        metric="visited",
        estimate=Estimate(
            effect=Interval(0.01, 0.03),
            effect_unit="visits per client",
            reach=Reach(count=500_000, period="year", unit="clients"),
            worth=Money(0.8, "USD"),
            worth_per="visit",
        ),
        budget=Budget(p99_s=0.02, memory_bytes=200_000_000, wall_s=600),
        prose="# Why\n\nBecause.",
    )


def test_the_brief_of_the_example_is_one():
    path = Path(example_package.__path__[0]) / "shop" / "winback" / "brief.md"

    brief = parse_brief(path.read_text(), path=str(path))

    assert brief.metric == "visited"
    assert brief.budget.p99_s == 0.02
    assert "## The estimate" in brief.prose


@pytest.mark.parametrize(
    ("told", "margin"),
    [("0.002", Margin(value=0.002)), ("10 %", Margin(value=0.1, share=True)), ("0", Margin(value=0))],
)
def test_a_margin_is_a_number_or_a_share(told, margin):
    text = WHOLE.replace("budget: {", f"margin: {told}\nbudget: {{start: 2s, ")
    brief = parse_brief(text)

    assert brief.margin == margin
    assert brief.budget.start_s == 2
    assert Brief.from_bytes(brief.to_bytes()) == brief


def test_what_a_brief_does_not_say_is_not_kept():
    kept = msgspec.json.decode(parse_brief(WHOLE).to_bytes())

    assert not {"margin", "good"} & kept.keys()
    assert "start_s" not in kept["budget"]


def test_units_and_a_budget_may_be_left_out():
    bare = WHOLE.replace(" visits per client", "").replace(" clients", "").replace(" per visit", "")
    bare = "\n".join(line for line in bare.splitlines() if not line.startswith("budget"))

    brief = parse_brief(bare)

    assert brief.estimate.effect_unit == brief.estimate.reach.unit == brief.estimate.worth_per == ""
    assert brief.budget == Budget()


def test_an_effect_may_be_money_and_may_be_a_fall():
    assert parse_brief(WHOLE.replace("visits per client", "USD")).estimate.effect_unit == "USD"
    fall = parse_brief(WHOLE.replace("0.01 to 0.03", "-0.30 to −0.05"))
    assert fall.estimate.effect == Interval(-0.30, -0.05)


def test_a_value_that_runs_over_lines_is_one_value():
    folded = WHOLE.replace("problem: Everybody gets", "problem: >\n  Everybody\n  gets")

    assert parse_brief(folded).problem == "Everybody gets the same e-mail."


def test_layout_does_not_change_the_digest_and_a_word_does():
    laid_out = (
        WHOLE.replace("500_000", "500000").replace("tier: low\n", "tier:   'low'\n\n").replace("\n", "\r\n")
    )

    assert parse_brief(laid_out).digest == parse_brief(WHOLE).digest
    assert parse_brief(WHOLE.replace("Because.", "Because!")).digest != parse_brief(WHOLE).digest
    assert parse_brief(WHOLE.replace("0.80", "0.81")).digest != parse_brief(WHOLE).digest


# laws


@given(
    low=st.integers(-1000, 1000),
    width=st.integers(0, 1000),
    count=st.integers(1, 10**9),
    period=st.sampled_from(["year", "month", "week", "day"]),
)
def test_numbers_survive_being_written_and_read(low, width, count, period):
    text = WHOLE.replace("0.01 to 0.03", f"{low / 1000:.3f} to {(low + width) / 1000:.3f}")
    text = text.replace("500_000 clients per year", f"{count:_} clients per {period}")

    estimate = parse_brief(text).estimate

    assert estimate.effect == Interval(low / 1000, (low + width) / 1000)
    assert (estimate.reach.count, estimate.reach.period) == (count, period)


@given(st.text(max_size=200))
def test_any_prose_is_kept_and_survives_the_record(prose):
    brief = parse_brief(WHOLE.split("# Why")[0] + prose.replace("\r", ""))

    assert brief.prose == prose.replace("\r", "").strip()
    assert Brief.from_bytes(brief.to_bytes()) == brief


# refusals


@pytest.mark.parametrize(
    ("wrong", "right", "what", "line", "mend"),
    [
        ("tier: lwo", "tier: low", "there is no 'lwo'", 4, "did you mean 'low'?"),
        ("metrics: visited", "metric: visited ", "there is no 'metrics'", 5, "did you mean 'metric'?"),
        ("  efect: 1 to 2", "  effect: 0.01 to 0.03 visits per client", "no 'efect'", 7, "'effect'?"),
        (
            "  effect: 0.02",
            "  effect: 0.01 to 0.03 visits per client",
            "is not an interval",
            7,
            "0.01 to 0.03",
        ),
        ("0.03 to 0.01", "0.01 to 0.03", "larger end first", 7, "write 0.01 to 0.03"),
        (
            "reach: many per year",
            "reach: 500_000 clients per year",
            "is not a number",
            8,
            "500_000 clients per",
        ),
        ("reach: 0 per year", "reach: 500_000 clients per year", "reaches nobody", 8, "500_000 clients"),
        ("clients per yaer", "clients per year", "there is no 'yaer'", 8, "did you mean 'year'?"),
        ("worth: 0.80 dollars", "worth: 0.80 USD per visit", "is not an amount of money", 9, "0.80 USD"),
        ("p99: fast", "p99: 20ms", "'fast' is not a duration", 10, "20ms"),
        ("memory: 200Mb", "memory: 200MB", "there is no 'Mb'", 10, "MB, MiB"),
        ("memory: lots", "memory: 200MB", "is not an amount of memory", 10, "memory: 200MB"),
        ("p9: 20ms", "p99: 20ms", "there is no 'p9'", 10, "did you mean 'p99'?"),
        ("owner:", "owner: growth@example.com", "owner has no text", 3, "owner: growth@example.com"),
        (
            "margin: 110 %\nbudget: {",
            "budget: {",
            "margin '110 %' is more than all of what the deployed model gains",
            10,
            "write it like 'margin: 10 %'",
        ),
        ("margin: a bit\nbudget: {", "budget: {", "is not a number, nor a share", 10, "'margin: 10 %'"),
        ("tier: [low]", "tier: low", "tier is a list", 4, "write one value"),
        (
            "owner: x\nowner: y",
            "owner: growth@example.com",
            "owner is said twice",
            4,
            "the first is at brief.md:3",
        ),
        ("problem: this: that", "problem: Everybody", "is not YAML", 2, "in quotes"),
        (
            "",
            "metric: visited              # a metric of flow.py",
            "the brief has no metric",
            1,
            "metric: visited",
        ),
        ("", "  worth: 0.80 USD per visit\n", "estimate has no worth", 7, "worth: 0.80 USD per visit"),
        (
            "budget: 20ms",
            "budget: {p99: 20ms, memory: 200MB, wall: 10min}",
            "is no section",
            10,
            "budget: {p99",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line_and_its_cure(wrong, right, what, line, mend):
    text = WHOLE.replace(right, wrong)
    assert text != WHOLE

    with pytest.raises((Invalid, UnknownName)) as caught:
        parse_brief(text)

    assert what in caught.value.what
    assert caught.value.where.split(",")[0] == f"brief.md:{line}"
    assert mend in caught.value.mend


def test_a_metric_of_another_name_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'visits'") as caught:
        parse_brief(WHOLE, path="winback/brief.md", metrics=["visits", "spent"])

    assert caught.value.where == "winback/brief.md:5, metric"


@pytest.mark.parametrize("text", ["", "# Just prose\n", "---\nproblem: no end\n"])
def test_a_file_without_front_matter_is_told_how_to_begin(text):
    with pytest.raises(Invalid, match="begin the file with a line '---'"):
        parse_brief(text)


def test_an_empty_front_matter_is_told_how_to_begin():
    with pytest.raises(Invalid, match="begin with 'problem"):
        parse_brief("---\n---\n")
