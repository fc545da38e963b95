"""``fullcycle experiment design``: on the example's past, on its own log, and by hand."""

import pytest

from whole_shop import rewrite

DESIGN = "fullcycle experiment design winback"


_TOLD = []


@pytest.fixture
def told(shop, typed):
    """A design for people and for programs; made once, since every copy of the shop is the same."""
    if not _TOLD:
        _TOLD.append((typed(f"{DESIGN} --effect 0.01"), typed(f"{DESIGN} --effect 0.01 --json").json))
    return _TOLD[0]


def test_the_past_of_the_example_says_what_an_effect_takes_and_costs(told):
    said, data = told

    past, (always, fixed) = data["past"], data["designs"]
    assert (past["units"], past["known"], past["days"]) == (25_770, 25_770, 28)
    assert "25,770 units of the rows of mailings, over 28 days" in said.out
    for one in (always, fixed):
        aim = one["wanted"]
        assert (
            f"to find 0.01, worth 4,000 USD per year: {aim['units']:,} units, {aim['days']} days" in said.out
        )
        assert one["per_year"]["amount"] == pytest.approx(one["effect"] * 400_000)
        assert one["cost"]["currency"] == "USD"
        assert 0 < one["cost"]["amount"] < aim["cost"]["amount"]
    assert always["units"] == int(25_770 / 28 * 28)
    assert always["effect"] > fixed["effect"]
    assert dict(map(tuple, always["by_days"]))[28] == always["effect"]


def test_the_chance_by_day_grows_and_is_drawn_in_the_terminal(told):
    said, data = told

    always, fixed = data["designs"]
    shares = [share for _, share in ((s["day"], s["share"]) for s in always["found"])]
    assert len(shares) == 28
    assert shares == sorted(shares)
    assert 0.15 < shares[-1] < fixed["found"][-1]["share"]
    assert [step["share"] for step in fixed["found"][:-1]] == [0.0] * 27
    assert f"day  28 {shares[-1]:>5.0%} █" in said.out
    assert "the chance that an effect of 0.01 is found by a day of exposure, in 1,000 experiments" in said.out


def test_the_analysis_is_checked_on_splits_of_the_past(told):
    said, data = told

    always, fixed, peeking = data["rehearsed"]
    assert (always["looks"], fixed["looks"], peeking["looks"], peeking["promised"]) == (28, 1, 28, False)
    assert always["alarms"]["rate"] < 0.05
    assert fixed["alarms"]["low"] <= fixed["alarms"]["rate"] <= fixed["alarms"]["high"]
    assert peeking["alarms"]["rate"] > 0.15
    assert f"✓ fixed, one look {fixed['alarms']['rate']:>19.1%} false alarms" in said.out
    assert "what peeking would cost" in said.out


def test_a_guardrail_that_will_stay_unclear_is_named_before_the_start(told):
    said, data = told

    declared, smallest = data["margins"]["converted"]
    assert declared == 0.05
    assert smallest > 0.2
    assert f"guardrail converted: so many units can only show that it keeps within {smallest:.0%}" in said.out


def test_what_is_carried_out_only_in_part_is_not_counted_on(told):
    said, data = told

    assert data["units"] is None
    assert "only what deliveries carries out will count" in said.out


def test_an_effect_may_be_told_in_money_and_a_design_for_other_days(shop, typed):
    by_money = typed(f'{DESIGN} --effect "4000 USD" --days 14 --splits 100 --json').json
    by_effect = typed(f"{DESIGN} --effect 0.01 --days 14 --splits 100 --json").json

    assert by_money["designs"][0]["wanted"] == by_effect["designs"][0]["wanted"]
    assert by_money["designs"][0]["days"] == 14
    assert len(by_money["designs"][0]["found"]) == 14


def test_the_same_past_gives_the_same_design_and_another_number_of_splits_another_band(shop, typed):
    once, again = (typed(f"{DESIGN} --splits 500 --json").json for _ in range(2))
    few = typed(f"{DESIGN} --splits 200 --json").json

    assert once["rehearsed"] == again["rehearsed"]
    assert [one["found"] for one in once["designs"]] == [one["found"] for one in again["designs"]]
    assert few["rehearsed"][1]["alarms"]["splits"] == 200
    assert few["rehearsed"][1]["alarms"]["high"] > once["rehearsed"][1]["alarms"]["high"]


def test_a_page_and_a_chart_hold_what_was_told(shop, typed):
    page, chart = (
        typed(f"{DESIGN} --splits 100 -o plan/design.html"),
        typed(f"{DESIGN} --splits 100 -o design.svg"),
    )

    html, svg = (shop / "plan/design.html").read_text(), (shop / "design.svg").read_text()
    assert "plan/design.html" in page.out
    assert "design.svg" in chart.out
    for part in ("What it takes", "How soon", "An A/A check", "25,770 units", "always-valid", "<svg"):
        assert part in html
    assert "http" not in html.replace("http-equiv", "")
    assert svg.startswith("<svg")
    assert "always-valid" in svg


def test_covariates_make_it_sooner_and_looks_that_were_planned_are_rehearsed(shop, typed):
    rewrite(
        "winback/experiment.py",
        "days=28,",
        'days=28,\n    covariates=["history", "recency"],\n    matters=0.02,\n'
        '    analysis="group-sequential",\n    looks=[0.5, 1],',
    )
    assert typed("fullcycle run winback -m covariates").code == 0

    data = typed(f"{DESIGN} --splits 200 --json").json
    said = typed(f"{DESIGN} --splits 100")

    grouped, fixed = data["designs"]
    assert (grouped["analysis"], fixed["analysis"]) == ("group-sequential", "fixed")
    assert grouped["effect"] < grouped["unadjusted"]
    assert grouped["wanted"]["effect"] == 0.02  # what matters to the experiment, where nobody asks
    assert grouped["wanted"]["units"] < grouped["wanted"]["unadjusted"]
    assert data["covariates"] == ["history", "recency"]
    assert [one["looks"] for one in data["rehearsed"]] == [2, 1, 28]
    assert grouped["found"][12]["share"] == 0.0 < grouped["found"][13]["share"]
    assert "with history, recency (variance −" in said.out
    assert "without covariates" in said.out


def test_ratios_are_designed_by_the_delta_method_and_quantiles_without_made_up_experiments(shop, typed):
    rewrite(
        "winback/flow.py",
        'spent = fc.mean(visits, "spend", within="14d")',
        'spent = fc.mean(visits, "spend", within="14d")\n'
        'per_visit = fc.ratio(spent, fc.mean(visits, within="14d"))\n'
        'median = fc.quantile(visits, "spend", 0.98, within="14d")',
    )
    rewrite("winback/experiment.py", "converted, deliveries", "converted, deliveries, median, per_visit")
    rewrite("winback/experiment.py", "primary=visited", "primary=per_visit")
    assert typed("fullcycle run winback -m ratio").code == 0
    ratio = typed(f"{DESIGN} --splits 200 --json").json
    rewrite("winback/experiment.py", "primary=per_visit", "primary=median")
    assert typed("fullcycle run winback -m quantile").code == 0
    quantile, said = typed(f"{DESIGN} --json").json, typed(DESIGN)

    assert ratio["designs"][0]["metric"] == "per_visit"
    assert ratio["designs"][0]["effect"] > 0
    assert ratio["rehearsed"][1]["alarms"]["rate"] <= ratio["rehearsed"][1]["alarms"]["high"]
    assert quantile["designs"][0]["effect"] > 0
    assert quantile["rehearsed"] == []
    assert quantile["designs"][0]["found"] == []
    assert "a quantile of many units does not follow from those of few" in said.out


def test_its_own_decisions_are_the_past_where_there_are_enough(played, typed, monkeypatch):
    few = typed(f"{DESIGN} --splits 100 --history 60d")
    monkeypatch.setattr("fullcycle.wiring.past_units.FEWEST_LOGGED", 100)
    data = typed(f"{DESIGN} --splits 100 --history 60d --json").json
    readout = typed("fullcycle experiment read winback --json").json

    counted = sum(arm["counted"] for arm in readout["arms"])
    assert f"the log of prod knows {counted:,} units, too few to design on" in few.out
    assert data["past"]["units"] == counted  # only what was carried out counts
    assert data["past"]["origin"].startswith("winback's own decisions in prod")
    assert data["units"] == int(data["past"]["units_per_day"] * 28)
    assert data["rehearsed"]


def test_without_a_past_a_design_is_made_by_hand(shop, typed):
    said = typed(f"{DESIGN} --units-per-day 1000 --baseline 0.1 --effect 0.01")
    data = typed(f"{DESIGN} --units-per-day 1000 --baseline 0.1 --effect 0.01 --json").json

    assert "the baseline was said by hand" in said.out
    assert "by hand: no A/A check, and no simulation" in said.out
    _, fixed = data["designs"]
    assert fixed["wanted"]["units"] == 28_256  # 2 × 14,128: see the docstring of units_needed
    assert data["units"] == 28_000
    assert data["rehearsed"] == []


def test_an_experiment_edited_since_the_run_is_told_of(shop, typed):
    by_hand = f"{DESIGN} --units-per-day 1000 --baseline 0.1"
    before = typed(by_hand)
    rewrite("winback/experiment.py", "days=28", "days=14")
    said = typed(by_hand)

    assert "has changed since" not in before.out
    assert "28 days × 1,000 units" in said.out
    assert "winback/experiment.py has changed since winback@1, whose experiment this is" in said.out
    assert "fullcycle run winback first" in said.out


REFUSED = {
    "--effect 0": ("--effect 0", "0.01 of the metric"),
    "--effect much": ("'much' is not an amount of money", "write it like 0.80 USD"),
    '--effect "20 EUR"': ("nothing says what it is worth in EUR", "name the effect itself"),
    "--baseline 12 --units-per-day 9": ("--baseline 12", "write a share"),
    "--baseline 0.1": ("there is a baseline, and no traffic", "--units-per-day 1000"),
    "--sd 3": ("there is a spread by hand, and no baseline", "--baseline 0.12"),
    "-o design.pdf": ("design.pdf is no page and no chart", "design.html or design.svg"),
    "--history soon": ("'soon' is not a duration", "such as 20ms"),
    "--days 0": ("--days", "0 is not in the range"),
    "--units-per-day 0": ("--units-per-day", "0"),
    "--units-per-day 0.01": ("0 unit(s) show nothing", "plan more days"),
    "--units-per-day 1000 --baseline 0.1 -o design.svg": ("nothing to draw", "-o design.html"),
}


@pytest.mark.parametrize("options", REFUSED)
def test_what_cannot_be_meant_is_refused_with_a_cure(shop, typed, options):
    said = typed(f"{DESIGN} {options}")

    assert said.code != 0
    for word in REFUSED[options]:
        assert word in said.err
