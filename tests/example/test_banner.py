"""The example's capability banner: its made-up visitors, and the whole loop over HTTP."""

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from scipy.stats import chi2, chisquare

from banner_shop import banner
from fullcycle.adapters.segments import read_decisions
from fullcycle.wiring import open_project
from fullcycle.wiring.explaining import explain
from shop_scripts import script
from whole_shop import Typed, serving, typed

__all__ = ["banner", "typed"]

VISITS = 3_000


def test_visits_of_a_day_are_the_same_whoever_sends_them_and_keep_their_contract() -> None:
    visitors = script("visitors")
    today = datetime(2026, 11, 21, 9, tzinfo=UTC)
    first, second = (list(visitors.visits(3, 500, today=today)) for _ in range(2))

    assert first == second
    assert len({visit.id for visit in first}) == 500
    assert {visit.at.date() for visit in first} == {datetime(2026, 11, 9).date()}
    assert all(visit.at.hour == visit.request["hour"] for visit in first)
    assert 0.4 < sum(visit.request["device"] == "phone" for visit in first) / 500 < 0.6
    assert 0.3 < sum(visit.request["client_id"] is not None for visit in first) / 500 < 0.5


def test_the_best_banner_is_what_the_table_says() -> None:
    visitors = script("visitors")
    best = {
        (visit.request["device"], visit.request["hour"] >= 18): visit.best
        for visit in visitors.visits(1, 200)
    }

    assert best == {
        ("desktop", False): "sale",
        ("phone", False): "new",
        ("desktop", True): "brand",
        ("phone", True): "brand",
    }


def test_an_experiment_is_designed_and_read_on_a_days_visits_and_no_click_came_too_late(
    banner: Path, typed: Typed
) -> None:
    visitors = script("visitors")
    with serving(banner, "banner@prod") as url:
        day = visitors.live(url, 1, 1_500)

    design = typed("fullcycle experiment design banner")
    assert design.code == 0, design.err
    assert "1,500 units of banner's own decisions in prod" in design.out
    assert f"clicked {day.clicks / day.visits:.3f}" in design.out
    assert "once some are, read them: fullcycle run banner --in prod" in design.out
    readout = typed("fullcycle experiment read banner")
    assert "late rows: no row came after its unit was counted" in readout.out


@pytest.mark.slow
def test_over_days_of_clicks_and_refreshes_regret_falls_and_propensities_are_true(
    banner: Path, typed: Typed
) -> None:
    visitors = script("visitors")
    regrets = []
    with serving(banner, "banner@prod") as url:
        for day in range(1, 5):
            regrets.append(visitors.live(url, day, VISITS).regret / VISITS)
            said = typed(f"fullcycle refresh banner@prod -m 'after day {day}'")
            assert said.code == 0, said.err

    uniform = sum(_uniform(visitors, visit) for visit in visitors.visits(1, VISITS)) / VISITS
    assert regrets[0] == pytest.approx(uniform, rel=0.15)
    assert regrets[-1] < 0.5 * regrets[0]
    _propensities_are_true(banner)
    _a_policy_is_worth_what_the_table_says(typed, visitors)
    decisions = list(read_decisions(open_project().events_folder("banner", "prod")))
    assert all(explain(open_project(), one.id).same for one in decisions[:: len(decisions) // 6])


def _a_policy_is_worth_what_the_table_says(typed: Typed, visitors: ModuleType) -> None:
    """Of the sale for all, what its intervals hold is what it is worth in the world that is made up."""
    assert typed("fullcycle run banner --in prod -m 'so far'").code == 0
    found = typed("fullcycle experiment off-policy banner --method ips --json").json
    every = [visit for day in (3, 4) for visit in visitors.visits(day, VISITS)]
    true = sum(visit.chance("sale") for visit in every) / len(every)
    for value in (found["values"]["sale"], found["modelled"]["sale"], found["methods"]["ips"]["sale"]):
        assert value["low"] <= true <= value["high"]
    assert found["anew"] == {"learnt": ["banners"]}
    best = sum(visit.chance(visit.best) for visit in every) / len(every)
    learnt = found["values"]["learnt"]
    assert learnt["low"] <= best
    assert learnt["high"] >= true


def _uniform(visitors: ModuleType, visit: Any) -> float:
    """What is lost on average where the banner is drawn alike, but for the tenth that sees the sale."""
    alike = visit.chance(visit.best) - sum(visit.chance(banner) for banner in visitors.CHANCES) / 3
    return float(0.9 * alike + 0.1 * (visit.chance(visit.best) - visit.chance("sale")))


def _propensities_are_true(root: Path) -> None:
    """What was logged as propensity is how often it was picked: by bandit and by what was seen."""
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    claimed: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for one in read_decisions(open_project(root).events_folder("banner", "prod")):
        if one.arm == "learnt" and one.propensity is not None:
            seen, banner_ = (one.live["banners"], str(one.features)), one.answer["banner"]
            counts[seen][banner_] += 1
            claimed[seen][banner_] = one.propensity
    statistic, degrees = 0.0, 0
    for seen, picked in counts.items():
        total = sum(picked.values())
        if total > 100 and len(picked) == 3:
            assert sum(claimed[seen].values()) == pytest.approx(1.0)
            expected = [total * claimed[seen][one] for one in picked]
            statistic += chisquare(list(picked.values()), expected, sum_check=False).statistic
            degrees += 2
    assert degrees >= 20
    assert chi2.sf(statistic, degrees) > 1e-5
