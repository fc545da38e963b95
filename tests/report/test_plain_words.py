"""fullcycle.report.plain_words and write_up: a verdict for people who open nothing else."""

import re
from html import unescape

import msgspec
import pytest

from fullcycle.kernel import Interval, Money
from fullcycle.report import Concluded, write_up_html, write_up_markdown, written_up
from fullcycle.value import Effect, Found, Launch, TrackRecord, realised, value_row
from made_up_experiment import spec
from measured_winback import BRIEF, measured
from report.winback_experiment import simple

AT = 1_793_000_000_000_000  # 2026-10-26
ARMS = {"today": "The women's e-mail to everybody.", "chosen": "What makes a visit most likely."}
JARGON = (
    "guardrail", "propensity", "always-valid", "p =", "p value", "standard error", "sample ratio", "SRM",
    " arm ", "interval", "confidence", "Bonferroni", "covariate",
)  # fmt: skip


def concluded(verdict="ship", *, readout=None, row=None, **more):
    told = readout or simple()
    found = next(one for one in told.effects if one.metric == "visited")
    effect = Effect(value=found.difference, low=found.low, high=found.high, stderr=found.stderr)
    mine = measured(
        found=Found(effect=effect, arm="chosen", expected=Interval(3000.0, 9000.0)), verdict=verdict
    )
    given = {
        "capability": "winback", "measured": mine, "brief": BRIEF, "spec": spec(), "readout": told,
        "arms": ARMS, "made": AT, "closed": AT, "closed_by": "ada",
        "row": row or value_row("winback", mine, at=AT, by="ada", cost=Money(12.3, "USD")),
    }  # fmt: skip
    return Concluded(**(given | more))


def both(told):
    """What the two forms of a page say, as plain text."""
    page = written_up(told)
    html = re.sub(r"<style.*?</style>|<[^>]+>", " ", write_up_html(page), flags=re.DOTALL)
    forms = [unescape(html), write_up_markdown(page).replace("\\", "")]
    return [re.sub(r"[*#|]|\s+", " ", form).replace("  ", " ") for form in forms]


def test_nobody_is_said_to_be_split_where_nobody_was():
    nobody = msgspec.structs.replace(
        simple(), arms=[msgspec.structs.replace(arm, assigned=0, known=0) for arm in simple().arms]
    )
    for said in both(concluded("unknown", readout=nobody)):
        assert "None of the clients were split in the phase by which it was concluded." in said
        assert "split by lot" not in said


def test_what_works_is_told_in_one_sentence_with_its_range_and_in_money():
    for said in both(concluded()):
        assert "It works." in said
        assert re.search(
            r"Visits per client rose from [\d.]+ to [\d.]+ in every hundred clients, [\d.]+ more", said
        )
        assert "with chance allowed for, by anything from" in said
        assert "6,800 to 16,000" in said
        assert "3,000 to 9,000" in said
        assert re.search(r"it has cost 12\sUSD in machines", said)
        assert "“chosen” is to answer everybody; that is not done yet." in said
        assert "“today” (as before, 50% of them): The women's e-mail to everybody." in said


@pytest.mark.parametrize("verdict", ["ship", "stop", "unknown"])
def test_no_word_of_the_trade_is_needed(verdict):
    for said in both(concluded(verdict)):
        assert [word for word in JARGON if word in said] == []


def test_what_was_launched_says_what_it_has_brought_and_what_not_to_add_it_to():
    launch = Launch(function="winback.service:choose", release=2, since=AT)
    mine = concluded().measured
    row = value_row(
        "winback", mine, at=AT, by="ada", cost=Money(12.3, "USD"),
        realised=realised(launch, 5000, mine, mine.measured, "experiment"), standing="v2 since 2026-10-26",
    )  # fmt: skip

    for said in both(concluded(row=row, together=("winback launched 2 times",))):
        assert "It has answered 5,000 clients since 26 October 2026" in said
        assert "“chosen” has answered since 26 October 2026, and goes on." in said
        assert "Do not add this up with others: winback launched 2 times." in said


def test_a_launch_that_has_ended_says_so():
    launch = Launch(function="winback.service:choose", release=2, since=AT, until=AT + 86_400_000_000)
    mine = concluded().measured
    ended = realised(launch, 5, mine, mine.measured, "experiment")
    row = value_row("winback", mine, at=AT, by="ada", cost=Money(1.0, "USD"), realised=ended, standing="v2")

    for said in both(concluded(row=row)):
        assert "“chosen” answered from 26 October 2026 to 27 October 2026, and does so no more." in said


def test_a_test_that_went_wrong_tells_no_number_first():
    checks = simple().checks
    broken = [msgspec.structs.replace(checks[0], standing="blocks", said="the units do not have the ratio")]
    told = msgspec.structs.replace(simple(), checks=[*broken, *checks[1:]])
    mine = measured(found=Found(effect=None, arm="chosen", distrusted="the ratio"), verdict="unknown")
    row = value_row("winback", mine, at=AT, by="ada", cost=Money(1.0, "USD"))

    page = written_up(concluded("unknown", readout=told, row=row))

    assert page.lead == "The test went wrong, so its numbers say nothing: see what was checked."
    for said in both(concluded("unknown", readout=told, row=row)):
        assert (
            "✗ This spoils the test: The groups do not have the sizes that the lot should have given them"
            in said
        )
        assert "finding what went wrong in the test, and then a new one" in said


def test_what_does_not_work_leaves_things_as_they_are():
    for said in both(concluded("stop")):
        assert "It does not work." in said
        assert "Things stay as they were: “today” goes on." in said
        assert "another idea and a new test" in said


def test_a_team_with_a_record_has_it_told():
    track = TrackRecord(
        team="growth@example.com", measured=9, inside=6, share=6 / 9, share_interval=Interval(0.3, 0.9)
    )

    for said in both(concluded(track=track)):
        assert "Of 9 estimates of this team that were measured, 6 held what was found." in said


def test_a_mean_is_told_in_its_own_numbers():
    told = simple()
    effects = [msgspec.structs.replace(one, kind="mean") for one in told.effects]

    page = written_up(concluded(readout=msgspec.structs.replace(told, effects=effects)))

    assert "hundred" not in page.lead
    assert re.search(r"rose from 0\.\d+ to 0\.\d+, 0\.\d+ more", page.lead)


def test_whatever_people_wrote_stays_text():
    evil = "<script>alert(1)</script> | [x](https://example.com) `a` *b* _c_"
    brief = msgspec.structs.replace(BRIEF, problem=evil, prose=f"# {evil}")

    page = written_up(concluded(brief=brief, arms={"today": evil}))
    html, markdown = write_up_html(page), write_up_markdown(page)

    assert "<script" not in html
    assert "\n# \\<script\\>" in f"\n{markdown}"
    assert "[x](" not in markdown
    assert not re.search(r"(src|href)=|url\(|@import", html)


def test_one_page_is_short():
    assert len(write_up_markdown(written_up(concluded())).split()) < 500


@pytest.mark.parametrize(
    ("would_change", "said"),
    [
        ("about 25 days more of such traffic", "about 25 more days like these, if nothing else changes."),
        (
            "a larger effect: at the present one, …",
            "a larger effect: as it is, even a year more would not settle it.",
        ),
    ],
)
def test_what_is_not_known_yet_says_what_would_settle_it(would_change, said):
    told = simple({"visited": {"today": 0.15, "chosen": 0.151}, "converted": {"today": 0.1, "chosen": 0.1}})
    verdict = msgspec.structs.replace(told.verdict, would_change=would_change)

    page = written_up(concluded("unknown", readout=msgspec.structs.replace(told, verdict=verdict)))

    (after,) = [one for one in page.passages if one.heading == "What happens next"]
    assert after.sentences[-1] == f"What would change that: {said}"


def test_a_guardrail_that_is_unclear_is_what_more_time_is_for():
    told = simple({"visited": {"today": 0.15, "chosen": 0.19}, "converted": {"today": 0.1, "chosen": 0.1}})
    rails = [msgspec.structs.replace(one, standing="unclear") for one in told.guardrails]

    for said in both(concluded("unknown", readout=msgspec.structs.replace(told, guardrails=rails))):
        assert "more clients, until it is seen whether converted suffers." in said
        assert "“converted” had to stay within 20% of what it was; that is not shown yet" in said
