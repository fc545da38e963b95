"""fullcycle.wiring.past: a service's own decisions as the past that policies are valued on."""

import pytest

from banner_shop import Host, banner, click
from fullcycle.adapters.segments import read_decisions
from fullcycle.flow import last_run
from fullcycle.wiring import open_project
from fullcycle.wiring.gathering import begin
from fullcycle.wiring.offpolicy import off_policy
from whole_shop import typed

__all__ = ["banner", "typed"]

VISITS = 600


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


def test_only_decisions_that_were_drawn_count(shown, told):
    drawn = [one for one in shown.values() if one.propensity is not None]

    assert told.rows == len(drawn)
    assert 0.8 * VISITS < told.rows < VISITS  # one in ten saw today's practice, without chance
    assert not told.kept_aside


def test_todays_practice_is_valued_on_what_the_bandit_drew(shown, told):
    agreed = [
        one.id for one in shown.values() if one.propensity is not None and one.answer["banner"] == "sale"
    ]
    clicked = sum(int(id[1:]) % 5 == 0 for id in agreed)

    found = told.values["sale"]  # all banners were drawn alike, so it is a plain mean
    assert found.value == pytest.approx(clicked / len(agreed))
    assert found.effective == pytest.approx(len(agreed))
    assert (told.metric, told.control) == ("clicked", "sale")
    assert told.modelled["sale"].value == pytest.approx(found.value, abs=2 * found.stderr)
    assert told.model == "a linear model of the request"


def test_a_policy_is_not_valued_on_what_it_has_learnt_from(told):
    assert set(told.values) == set(told.modelled) == {"sale"}
    assert told.differences == {}
    assert "banners, which it asks, has learnt from these very decisions" in told.refused["learnt"].why
    assert "by fc.split" in told.refused["learnt"].instead


def test_it_is_printed_that_nothing_was_kept_aside(shown, typed):
    said = typed("fullcycle experiment off-policy banner")

    assert "past decisions, clicked (SNIPS, and doubly robust by a linear model of the request)" in said.out
    assert "that no model has learnt from" not in said.out
    assert "learnt     not told" in said.out
