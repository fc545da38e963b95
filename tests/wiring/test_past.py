"""fullcycle.wiring.past: a service's own decisions as the past that policies are valued on."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import fullcycle as fc
from banner_shop import Host, banner, click
from fullcycle.adapters.segments import read_decisions
from fullcycle.flow import last_run
from fullcycle.wiring import open_project
from fullcycle.wiring.gathering import begin
from fullcycle.wiring.offpolicy import off_policy
from whole_shop import typed

__all__ = ["banner", "typed"]

VISITS = 1_000


@pytest.fixture
def shown(banner, typed):
    """Visits, one in five of which clicked, and a run that has read them; by id what was decided."""
    host = Host()
    for n in range(VISITS):
        host.show(f"d{n}", device="phone" if n % 2 else "desktop")
    click(host.project, *(f"d{n}" for n in range(0, VISITS, 5)))
    assert typed("fullcycle experiment off-policy banner").code != 0  # nothing was read yet
    assert typed("fullcycle run banner --in prod -m 'after a day'").code == 0
    return {one.id: one for one in read_decisions(host.project.events_folder("banner", "prod"))}


@pytest.fixture
def told(shown):
    project = open_project()
    return off_policy(begin(project, "banner", last_run(project.ledger, "banner").number))


def drawn(shown):
    """Those that were drawn, in their order, and the moment in the middle."""
    found = sorted((one for one in shown.values() if one.propensity is not None), key=lambda one: one.at)
    return found, found[len(found) // 2].at


def test_only_decisions_that_were_drawn_count_and_the_second_half_judges(shown, told):
    every, middle = drawn(shown)

    assert 0.8 * VISITS < len(every) < VISITS  # one in ten saw today's practice, without chance
    assert told.rows == sum(one.at >= middle for one in every)
    assert (told.since, told.learnt) == (middle, sum(one.at < middle for one in shown.values()))
    assert told.anew == {"learnt": ("banners",)}
    assert not told.kept_aside


def test_todays_practice_is_valued_on_what_the_bandit_drew(shown, told):
    every, middle = drawn(shown)
    agreed = [one.id for one in every if one.at >= middle and one.answer["banner"] == "sale"]
    clicked = sum(int(id[1:]) % 5 == 0 for id in agreed)

    found = told.values["sale"]  # all banners were drawn alike, so it is a plain mean
    assert found.value == pytest.approx(clicked / len(agreed))
    assert found.effective == pytest.approx(len(agreed))
    assert (told.metric, told.control) == ("clicked", "sale")
    assert told.modelled["sale"].value == pytest.approx(found.value, abs=2 * found.stderr)
    assert told.model == "a linear model of the request"


class Context(fc.Row):
    phone: bool
    evening: bool
    visits_90d: int | None


@fc.features
def context(context: Context) -> Context:
    return context


def by_hand(shown, learn):
    """What a bandit that knows the first half alone would be worth in the second: SNIPS."""
    every, middle = drawn(shown)
    past = pl.DataFrame(
        {
            "features": [json.dumps(one.features) for one in every if one.at < middle],
            "action": [one.answer["banner"] for one in every if one.at < middle],
            "outcome": [float(int(one.id[1:]) % 5 == 0) for one in every if one.at < middle],
        }
    )
    bandit = learn(context, past)
    weights, rewards = [], []
    for one in every:
        if one.at >= middle:
            chances = bandit.weights(Context(**one.features), ("sale", "new", "brand"))
            weights.append(chances[one.answer["banner"]] / one.propensity)
            rewards.append(float(int(one.id[1:]) % 5 == 0))
    return np.average(rewards, weights=weights), sum(weights) / len(weights)


def test_a_bandit_is_learnt_anew_from_the_first_half_and_judged_by_the_second(shown, told):
    value, mean_weight = by_hand(shown, lambda *past: fc.thompson(*past, floor=0.02))

    assert told.values["learnt"].value == pytest.approx(value, rel=1e-9)
    assert told.weights["learnt"].mean == pytest.approx(mean_weight, rel=1e-9)
    assert set(told.values) == set(told.modelled) == {"sale", "learnt"}
    assert set(told.differences) == {"learnt"}
    assert told.refused == {}


ANOTHER = """

@fc.step
def challengers(shown: pl.DataFrame) -> fc.Bandit[Context]:
    return fc.linucb(context, shown, floor=0.1)
"""
CHALLENGE = """

def challenge(visit: Visit, challengers: fc.Bandit[Context], draw: fc.Draw) -> Shown:
    return Shown(draw.pick(challengers.weights(context(visit, None), BANNERS)))
"""


def append(path, text):
    path.write_text(path.read_text() + text)


def test_another_bandit_is_valued_on_the_decisions_of_this_one_by_every_method(shown, typed):
    append(Path("banner/flow.py"), ANOTHER)
    append(Path("banner/service.py"), CHALLENGE)
    assert typed("fullcycle run banner --in prod -m 'another bandit'").code == 0
    asked = "fullcycle experiment off-policy banner --policy challenge"
    methods = "--method ips --method switch-dr --method replay"

    found = typed(f"{asked} {methods} --json").json
    said = typed(f"{asked} {methods}")

    value, _ = by_hand(shown, lambda *past: fc.linucb(*past, floor=0.1))
    assert found["values"]["challenge"]["value"] == pytest.approx(value, rel=1e-9)
    assert found["anew"] == {"challenge": ["challengers"]}
    for method in ("ips", "switch-dr", "replay"):
        one = found["methods"][method]["challenge"]
        assert one["low"] < one["value"] < one["high"]
        assert one["value"] == pytest.approx(value, abs=3 * found["values"]["challenge"]["stderr"])
        assert f"{method:<9} {one['value']:.4f}" in said.out
    assert f"challengers of challenge, learnt anew from the {found['learnt']:,} decisions before" in said.out


def test_what_fails_on_half_of_the_rows_is_not_told(shown, typed):
    append(Path("banner/flow.py"), ANOTHER.replace("    return", "    assert shown.height > 700\n    return"))
    append(Path("banner/service.py"), CHALLENGE)
    assert typed("fullcycle run banner --in prod -m 'another bandit'").code == 0

    said = typed("fullcycle experiment off-policy banner --policy challenge")

    assert "challenge  not told" in said.out
    assert "from half of them challengers fails: AssertionError" in said.out
    assert "by fc.split" in said.out


def test_it_is_printed_that_nothing_was_kept_aside_and_what_was_learnt_anew(shown, typed):
    said = typed("fullcycle experiment off-policy banner")

    assert "past decisions, clicked (SNIPS, and doubly robust by a linear model of the request)" in said.out
    assert "that no model has learnt from" not in said.out
    assert "banners of learnt, learnt anew from the" in said.out


def test_so_few_decisions_of_a_bandit_are_refused_with_what_would_do(banner, typed):
    host = Host()
    for n in range(150):
        host.show(f"d{n}")
    click(host.project, *(f"d{n}" for n in range(0, 150, 5)))
    assert typed("fullcycle run banner --in prod -m few").code == 0

    said = typed("fullcycle experiment off-policy banner")
    found = typed("fullcycle experiment off-policy banner --json").json

    assert found["values"] == found["modelled"] == found["differences"] == found["anew"] == {}
    assert set(found["refused"]) == {"sale", "learnt"}
    assert "100 are needed" in said.out
    assert "decide some by lot among the 3 actions, in more than 300 rows" in said.out
