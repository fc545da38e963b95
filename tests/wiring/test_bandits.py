"""A bandit from its first decision on: drawn by, logged, learnt from, published, moved back, explained."""

import json
import subprocess
import sys

import pytest

import fullcycle as fc
from banner_shop import HOUR, Host, banner, click
from fullcycle.adapters.segments import read_decisions
from fullcycle.flow import last_run
from fullcycle.kernel import Invalid
from fullcycle.release import deploy, golden_rows, rollback
from fullcycle.wiring import open_project
from fullcycle.wiring.explaining import explain
from fullcycle.wiring.refreshing import live_now, move_live_back, refresh
from fullcycle.wiring.released import released
from whole_shop import rewrite, typed

__all__ = ["banner", "typed"]

VISITS = 120


@pytest.fixture
def host(banner):
    return Host()


def visited(host, first=0, *, ago=2 * HOUR):
    """Visits of which those are clicked that saw what is new; how many saw what."""
    shown = {f"d{n}": host.show(f"d{n}", ago=ago)["answer"]["banner"] for n in range(first, first + VISITS)}
    click(host.project, *(id for id, banner in shown.items() if banner == "new"), ago=ago)
    return shown


def refreshed(**more):
    return refresh(open_project(), "banner", "prod", **more)


def logged(host):
    return {one.id: one for one in read_decisions(host.project.events_folder("banner", "prod"))}


def live(name="banners"):
    return live_now(open_project(), "banner", "prod", 1)[name].lookup


def test_before_anything_was_learnt_each_banner_is_drawn_alike_and_what_was_seen_is_logged(host):
    shown = visited(host)

    decisions = logged(host)
    learnt = [one for one in decisions.values() if one.arm == "learnt"]
    assert [one.propensity for one in learnt] == pytest.approx([1 / 3] * len(learnt))
    assert set(shown.values()) == {"sale", "new", "brand"}
    assert learnt[0].features == {"phone": True, "evening": False, "visits_90d": None}
    assert {one.propensity for one in decisions.values() if one.arm == "sale"} <= {None}
    assert learnt[0].live["banners"] == live().artifact.content


def test_what_was_clicked_is_shown_more_often_after_a_refresh(host):
    visited(host)
    done = refreshed(why="an hour later")
    host.look()
    after = visited(host, first=1_000)

    assert done.changed == ["banners"]
    assert live().noun == "bandit"
    assert 80 < live().rows < VISITS  # the others saw the sale by lot: their features were not logged
    assert sum(banner == "new" for banner in after.values()) > 0.6 * VISITS
    first, second = (logged(host)[id].live["banners"] for id in ("d0", "d1000"))
    assert first != second == live().artifact.content


def test_those_whose_hour_is_not_over_are_not_learnt_from(host):
    visited(host, ago=HOUR // 2)
    done = refreshed()

    run = last_run(open_project().ledger, "banner")
    assert done.changed == []
    assert f"0 rows whose window is over, {VISITS} left out whose is not" in run.steps["shown"].note


def test_a_decision_is_explained_by_what_was_live_when_it_was_made(host):
    visited(host)
    refreshed()
    host.look()
    visited(host, first=1_000)
    refreshed()

    decisions = logged(host)
    for id in [*list(decisions)[:5], *list(decisions)[-5:]]:
        found = explain(open_project(), id)
        assert found.same, found.compared
        (weighed, picked) = (
            found.explanation.called[0].steps[-2:] if decisions[id].arm == "learnt" else (0, 0)
        )
        if weighed:
            assert weighed.content == decisions[id].live["banners"]
            assert [one.weight for one in weighed.known] == [one.weight for one in picked.options]
            assert picked.options[picked.chosen].chance == pytest.approx(decisions[id].propensity)


def test_explain_tells_what_was_known_of_each_banner(host, typed):
    visited(host)
    refreshed()
    host.look()
    id = next(f"e{n}" for n in range(50) if host.show(f"e{n}") and logged(host)[f"e{n}"].arm == "learnt")

    said = typed(f"fullcycle explain {id}")

    assert said.code == 0, said.err
    assert "weighed    banners by thompson: phone true, evening false, visits_90d none" in said.out
    assert "new    weight 0.9" in said.out
    assert "= all of it is what was logged" in said.out


def test_rolling_back_takes_the_bandit_along_only_where_it_is_told_to(host, typed):
    first = live().artifact.content
    assert typed("fullcycle run banner -m again -p floor=0.05").code == 0
    assert typed("fullcycle release banner@2 -m again --override test").code == 0
    deploy(host.project.ledger, "banner", "prod", 2, why="", by="ada")
    visited(host)
    refreshed()

    done = rollback(host.project.ledger, "banner", "prod", why="", by="ada")
    assert live().rows > 80
    assert move_live_back(host.project, done)[0] == ["banners"]

    assert live().artifact.content == first
    host.look()
    assert host.show("later")["release"] == "banner@v1"


def test_a_release_of_a_run_in_prod_begins_with_what_was_learnt_there_and_is_asked_what_was_asked(
    host, typed
):
    visited(host)
    assert typed("fullcycle run banner --in prod -m more").code == 0
    assert typed("fullcycle release banner@2 -m more --override test").code == 0

    _, manifest = released(host.project, "banner", 2)
    assert manifest.lookups["banners"].rows > 80
    golden = golden_rows(host.project.objects, manifest)
    assert len(golden) == 20
    assert {one.request["visitor_id"] for one in golden} <= {f"d{n}" for n in range(VISITS)}


def test_a_bandit_that_is_asked_by_another_row_goes_out_with_a_release(banner, typed):
    rewrite("banner/rows.py", "    evening: bool\n", "    evening: bool\n    known: bool = False\n")
    rewrite("banner/rows.py", "visits_90d: int | None\n\n\n@fc", "visits_90d: int | None = None\n\n\n@fc")
    assert typed("fullcycle run banner -m known").code == 0

    with pytest.raises(Invalid, match="the features of banner@2/banners keep another contract"):
        refreshed(number=2)


def test_it_is_shown_as_what_it_is(banner, typed):
    assert "banners: 0 decisions of run 1" in typed("fullcycle show banner@prod").out
    assert "bandit     banners: step banners, 0 decisions" in typed("fullcycle show banner@v1").out
    assert "none yet: all weights are equal" in typed("fullcycle show banner@1/banners").out
    assert "already: nothing is published" in typed("fullcycle refresh banner@prod").out


def test_what_a_bandit_forgets_is_shown(host, typed):
    visited(host, ago=5 * HOUR)
    visited(host, first=1_000)
    rewrite("banner/flow.py", "floor=floor)", 'floor=floor, half_life="3h", window="2d")')
    assert typed("fullcycle run banner --in prod -m forgetful").code == 0

    said = typed("fullcycle show banner@2/banners")

    assert "half-life: 3 hours, as good as " in said.out
    assert "window: 2 days, 0 older are forgotten" in said.out
    form = fc.open("banner@2/banners").form
    counts = sum(one.counts for one in form.learnt)
    assert counts == pytest.approx(form.rows * (1 + 0.5) / 2, rel=0.1)  # half of them are three hours old


def test_the_same_bandit_is_opened_in_a_notebook(host):
    visited(host)
    refreshed()

    bandit = fc.open("banner@2/banners")
    assert bandit.rows == live().rows
    assert bandit.contract.__name__ == "Context"


SERVES = """
import asyncio, json, msgspec, sys
from fullcycle.kernel import now
from fullcycle.serve import Follower, LedgerDeployments
from fullcycle.serve.serving import Serving
from fullcycle.wiring.project import open_project
from fullcycle.wiring.serving import stager

project, serving = open_project(), Serving()
stage = stager(project, "prod", project.events_folder("banner", "prod"), lambda told: None)
deployments = LedgerDeployments(project.ledger, "banner", "prod")
asyncio.run(Follower(deployments, stage, serving, tell=lambda told: None, every=0.0).look())
decider = serving.active.decider
for n in range(20):
    asked = {"visitor_id": f"v{n}", "client_id": None, "device": "phone", "hour": n}
    decider.decide(msgspec.convert(asked, decider.release.row), f"x{n}", now())
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
NEVER = {"pandas", "polars", "sklearn", "scipy", "numpy", "lightgbm", "duckdb", "pyarrow"}


def test_a_service_that_asks_a_bandit_imports_no_library_of_numbers(host):
    visited(host)
    refreshed()

    done = subprocess.run([sys.executable, "-c", SERVES], capture_output=True, text=True, check=True)

    assert set(json.loads(done.stdout.splitlines()[-1])) & NEVER == set()
    assert logged(host)["x19"].live["banners"] == live().artifact.content


LOGS = """

log = fc.decisions()
letters = fc.decisions("winback")


@fc.step
def both(log: pl.DataFrame, letters: pl.DataFrame) -> list[int]:
    return [log.height, letters.height]
"""


def test_the_log_is_a_source_of_its_own_and_so_is_another_capabilitys(host, typed):
    visited(host)
    flow = host.project.root / "banner/flow.py"
    flow.write_text(flow.read_text() + LOGS)

    assert typed("fullcycle run banner --in prod --only both -m log").code == 0

    assert fc.open("banner@2/both") == [VISITS, 0]
    log = fc.open("banner@2/log")
    assert set(log["arm"]) == {"sale", "learnt"}
    assert json.loads(log["answer"][0])["banner"] in ("sale", "new", "brand")


def test_before_there_is_a_service_a_flow_has_no_decisions(banner, typed):
    (banner / "banner/service.py").unlink()
    (banner / "banner/experiment.py").unlink()
    (banner / "banner/test_banner.py").unlink()

    assert typed("fullcycle run banner -m 'the flow first'").code == 0
    assert fc.open("banner@2/banners").rows == 0


def answer_lists(typed):
    """Two banners at once, each drawn; the bandit learns from nothing."""
    rewrite("banner/service.py", '-> Shown:\n    """Today', '-> list[Shown]:\n    """Today')
    rewrite("banner/service.py", 'return Shown("sale")', 'return [Shown("sale"), Shown("new")]')
    rewrite("banner/service.py", "draw: fc.Draw) -> Shown:", "draw: fc.Draw) -> list[Shown]:")
    rewrite(
        "banner/service.py",
        "    return Shown(draw.pick(banners.weights(context(visit, habit), BANNERS)))",
        TWO,
    )
    rewrite(
        "banner/flow.py",
        "context, shown, floor",
        'context, pl.DataFrame({"action": [], "outcome": []}), floor',
    )
    released_anew(typed)


def released_anew(typed):
    for command in (
        "run banner -m lists",
        "release banner@2 -m lists --override test",
        "deploy banner@v2 --to prod -m lists",
    ):
        said = typed(f"fullcycle {command}")
        assert said.code == 0, said.err


TWO = """\
    seen = context(visit, habit)
    first = draw.pick(banners.weights(seen, BANNERS))
    rest = [banner for banner in BANNERS if banner != first]
    return [Shown(first), Shown(draw.pick(banners.weights(seen, rest)))]
"""


def outcomes_of(typed):
    assert typed("fullcycle run banner --in prod --only shown -m outcomes").code == 0
    return fc.open("banner@3/shown")


def test_each_item_of_a_list_has_an_outcome_of_its_own_where_events_say_which_they_are_about(banner, typed):
    rewrite("banner/rows.py", "    decision_id: str\n", "    decision_id: str\n    banner: str\n")
    answer_lists(typed)
    host = Host()
    shown = {f"d{n}": [one["banner"] for one in host.show(f"d{n}")["answer"]] for n in range(40)}
    click(host.project, *shown, banner="new")
    click(host.project, "d3", banner="brand")

    frame = outcomes_of(typed)

    assert frame.height == 80
    clicked = {(row["decision_id"], row["banner"]): row for row in frame.iter_rows(named=True)}
    for id, banners in shown.items():
        for place, banner_ in enumerate(banners, 1):
            row = clicked[id, banner_]
            assert (row["position"], row["action"]) == (place, banner_)
            assert row["outcome"] == float(banner_ == "new" or (id, banner_) == ("d3", "brand"))
    drawn = frame.filter(arm="learnt")
    assert drawn.filter(position=1)["propensity"].to_list() == pytest.approx([1 / 3] * (drawn.height // 2))
    assert drawn.filter(position=2)["propensity"].to_list() == pytest.approx([1 / 2] * (drawn.height // 2))
    assert drawn.filter(position=1)["features"].null_count() == 0
    assert drawn.filter(position=2)["features"].null_count() == drawn.height // 2


def test_a_list_has_one_outcome_where_events_say_nothing_of_its_items(banner, typed):
    answer_lists(typed)
    host = Host()
    shown = {f"d{n}": [one["banner"] for one in host.show(f"d{n}")["answer"]] for n in range(40)}
    click(host.project, "d3", "d7")

    frame = outcomes_of(typed)

    assert dict(zip(frame["decision_id"], frame["action"].to_list(), strict=True)) == shown
    assert set(frame.filter(outcome=1.0)["decision_id"]) == {"d3", "d7"}
    drawn = frame.filter(arm="learnt")
    assert drawn["propensity"].to_list() == pytest.approx([1 / 6] * drawn.height)


def test_a_bandit_does_not_learn_from_lists_as_they_are(banner, typed):
    answer_lists(typed)
    rewrite(
        "banner/flow.py",
        'context, pl.DataFrame({"action": [], "outcome": []}), floor',
        "context, shown, floor",
    )

    said = typed("fullcycle run banner -m 'lists as actions'")

    assert said.code == 1
    assert "its actions are List(String)" in said.err
    assert "an action is text, a whole number or a truth value" in said.err


def test_it_is_said_before_a_release_what_a_bandit_will_not_learn_from(banner, typed):
    assert typed("fullcycle run banner -p floor=0.03 -m more").code == 0

    said = typed("fullcycle release banner@2 -m more --dry-run")

    assert "banners will not learn from what the arm sale decides: it does not ask it" in said.out
    assert "context reads more than a decision holds" in said.out

    rewrite("banner/rows.py", "habit: Habit | None) ->", "habit: Habit | None = None) ->")
    rewrite(
        "banner/rows.py", "def context(visit: Visit, habit: Habit | None = None)", "def context(visit: Visit)"
    )
    rewrite("banner/rows.py", "habit.visits_90d if habit is not None else None", "None")
    rewrite("banner/service.py", "context(visit, habit)", "context(visit)")
    assert typed("fullcycle run banner -m 'of the visit alone'").code == 0
    assert "will not learn" not in typed("fullcycle release banner@3 -m more --dry-run").out


def test_a_refresh_says_how_many_decisions_a_bandit_could_not_learn_from(host, typed):
    visited(host)
    sale = sum(one.arm == "sale" for one in logged(host).values())

    said = typed("fullcycle refresh banner@prod -m 'an hour later'")

    assert f"{sale} left out: what was seen is not known" in said.out


def test_the_log_tells_the_chance_of_each_banner(host, typed):
    visited(host)
    flow = host.project.root / "banner/flow.py"
    flow.write_text(flow.read_text() + LOGS)
    assert typed("fullcycle run banner --in prod --only both -m log").code == 0

    log = fc.open("banner@2/log")
    for row in log.iter_rows(named=True):
        if row["arm"] == "sale":
            assert (row["chances"], row["weights"]) == (None, None)
        else:
            weights = json.loads(row["weights"])
            assert weights == pytest.approx(dict.fromkeys(["sale", "new", "brand"], 1 / 3))
            assert row["chances"] == [row["propensity"]] == [weights[json.loads(row["answer"])["banner"]]]
