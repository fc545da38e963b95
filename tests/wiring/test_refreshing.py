"""fullcycle.wiring.refreshing: lookups made anew, published, asked, moved back."""

from datetime import timedelta

import pytest

import fullcycle as fc
from asgi_client import ask
from fullcycle.adapters.segments import read_decisions
from fullcycle.flow import last_run
from fullcycle.kernel import Invalid, Missing, now
from fullcycle.release import deploy, golden_rows, publications, rollback
from fullcycle.wiring import open_project
from fullcycle.wiring.pruning import plan_pruning
from fullcycle.wiring.refreshing import live_now, move_live_back
from fullcycle.wiring.released import released
from fullcycle.wiring.runs import Watcher
from recommend_host import DEAREST, Host, asked_now, buys, refreshed, runs_asked
from recommend_shop import NEW_CLIENT
from whole_shop import rewrite


@pytest.fixture
def host(recommend, tmp_path):
    made = Host(tmp_path)
    yield made
    made.close()


def test_a_service_takes_up_what_was_made_anew_without_a_release(host):
    before = host.items()
    buys()
    done = refreshed(why="nightly")
    assert host.items() == before

    host.look()

    assert (before != [DEAREST], host.items()) == (True, [DEAREST])
    assert host.answer()["release"] == "recommend@v1"
    assert sorted(done.changed) == ["items", "shortlists", "tastes"]
    assert (done.run, done.release) == ("recommend@2", "recommend@v1")


def test_each_decision_logs_what_it_could_ask(host):
    host.answer()
    own = {name: one.lookup.artifact.content for name, one in asked_now().items()}
    buys()
    refreshed()
    host.look()
    host.answer()
    new = {name: one.lookup.artifact.content for name, one in asked_now().items()}

    logged = [decision.live for decision in read_decisions(host.folder)]

    assert logged == [own, new]
    assert all(own[name] != new[name] for name in own)


def test_only_what_the_lookups_need_runs_and_nothing_is_published_where_nothing_changed(recommend):
    done = refreshed()

    run = last_run(open_project().ledger, "recommend")
    assert set(run.steps) == {"orders", "tastes", "items", "shortlists"}
    assert done.changed == []
    assert publications(open_project().ledger, "recommend", "prod") == []


def test_they_are_made_by_what_was_released_not_by_what_is_being_edited(recommend):
    rewrite("recommend/flow.py", 'mean_price=pl.mean("amount")', 'mean_price=pl.mean("amount") * 0')

    assert refreshed().changed == []


def test_they_are_made_with_the_parameters_of_the_released_run(recommend, typed):
    typed("fullcycle run recommend -m short -p shortlists.n=1")
    assert typed("fullcycle release recommend@2 -m short --override 'a test'").code == 0
    assert typed("fullcycle deploy recommend@v2 --to prod -m short").code == 0
    buys()

    refreshed()

    project = open_project()
    run = last_run(project.ledger, "recommend")
    shortlists = project.artifacts.load(run.steps["shortlists"].artifact)
    assert run.started.parameters == {"shortlists.n": "1"} | run.started.parameters
    assert {len(row.items) for row in shortlists} == {1}


def test_what_a_run_has_made_already_can_be_published(host, typed):
    buys()
    assert typed("fullcycle run recommend -m 'the whole flow'").code == 0

    done = refreshed(number=2)
    host.look()

    assert (done.run, host.items()) == ("recommend@2", [DEAREST])


def test_a_changed_contract_is_refused_and_nothing_is_published(recommend, typed):
    rewrite("recommend/rows.py", "class Taste(fc.Row):", "class Taste(fc.Row):\n    region: str | None")
    rewrite(
        "recommend/flow.py",
        "Lookup(Taste, frame.with_columns(",
        "Lookup(Taste, frame.with_columns(region=pl.lit(None, dtype=pl.String), ",
    )
    buys()
    assert typed("fullcycle run recommend -m regions").code == 0

    with pytest.raises(Invalid, match=r"recommend@2/tastes keep another contract than recommend@v1 asks by"):
        refreshed(number=2)

    assert publications(open_project().ledger, "recommend", "prod") == []


def test_a_refresh_that_a_later_one_has_overtaken_publishes_nothing(recommend):
    begun = []

    def overtake(step):
        if not begun:
            begun.append(step)
            buys()
            refreshed()

    done = refreshed(watch=Watcher(overtake))

    assert (done.run, done.changed, runs_asked(1)) == ("recommend@2", [], {3})


def test_a_later_release_keeps_its_own_until_something_newer_is_published(recommend, typed):
    buys()
    refreshed()
    assert typed("fullcycle run recommend -m 'with its own'").code == 0
    assert typed("fullcycle release recommend@3 -m newer --override test").code == 0
    assert (runs_asked(1), runs_asked(2)) == ({2}, {3})

    ledger = open_project().ledger
    deploy(ledger, "recommend", "prod", 2, why="", by="ada")
    buys(778)
    refreshed()

    assert (runs_asked(1), runs_asked(2)) == ({4}, {4})


def test_rolling_back_leaves_the_lookups_unless_they_are_to_go_back_too(twice, tmp_path):
    host, ledger = Host(tmp_path), open_project().ledger
    first = host.items()
    deploy(ledger, "recommend", "prod", 2, why="", by="ada")
    buys()
    refreshed()

    done = rollback(ledger, "recommend", "prod", why="", by="ada")
    host.look()
    assert (host.answer()["release"], host.items()) == ("recommend@v1", [DEAREST])

    assert sorted(move_live_back(host.project, done)[0]) == ["items", "shortlists", "tastes"]
    host.look()
    assert (host.answer()["release"], host.items()) == ("recommend@v1", first)
    assert {one.why for one in asked_now().values()} == {"rolled back to recommend@v1"}
    assert move_live_back(host.project, done)[0] == []


def test_what_a_release_asked_when_it_answered_last_is_what_it_goes_back_to(twice, tmp_path):
    """Its index is written again, if it was given up with its age; rows that are gone are told."""
    host, project = Host(tmp_path), open_project()
    buys()
    refreshed()
    then = asked_now()
    deploy(project.ledger, "recommend", "prod", 2, why="", by="ada")
    buys(778)
    refreshed()
    project.objects.remove(then["tastes"].lookup.index)
    done = rollback(project.ledger, "recommend", "prod", why="", by="ada")

    move_live_back(project, done)
    host.look()

    assert {name: one.lookup for name, one in asked_now().items()} == {
        n: one.lookup for n, one in then.items()
    }
    assert host.items() == [DEAREST]


def test_what_was_given_up_with_its_rows_cannot_be_gone_back_to(twice):
    project = open_project()
    buys()
    refreshed()
    then = asked_now()["tastes"].lookup
    deploy(project.ledger, "recommend", "prod", 2, why="", by="ada")
    buys(778)
    refreshed()
    project.objects.remove_all([then.index, then.artifact.object])
    done = rollback(project.ledger, "recommend", "prod", why="", by="ada")

    with pytest.raises(Missing, match=r"the lookup tastes of then is gone.*\n.*\n.*without --with-live"):
        move_live_back(project, done)


def test_golden_rows_are_asked_over_what_is_pinned(host):
    _, manifest = released(host.project, "recommend", 1)
    golden = golden_rows(host.project.objects, manifest)
    buys()
    refreshed()
    host.look()

    assert host.serving.active.golden_rows == len(golden) == 20
    assert all(isinstance(row.answers["recommend.service:recommend"], list) for row in golden)
    assert host.told[-1] == "recommend@v1 answers; 20 golden rows reproduced"


def test_a_list_of_rows_is_answered_logged_and_described(host):
    told = host.answer(7)
    document = ask(host.app, "GET", "/openapi.json").json
    (logged,) = read_decisions(host.folder)

    answered = document["paths"]["/recommend"]["post"]["responses"]["200"]["content"]["application/json"]
    alone, _ = answered["schema"]["oneOf"]
    envelope = document["components"]["schemas"][alone["$ref"].rpartition("/")[2]]
    assert [set(one) for one in told["answer"]] == [{"item_id"}] * 3
    assert logged.answer == told["answer"]
    assert envelope["properties"]["answer"]["type"] == "array"


def test_in_python_what_is_asked_is_opened_by_the_environment_and_what_is_pinned_by_the_release(recommend):
    buys()
    refreshed()

    asked = fc.open("recommend@prod/shortlists", fc.Lookup)

    assert asked.get(NEW_CLIENT).items == [DEAREST]
    assert fc.open("recommend@v1/shortlists", fc.Lookup).get(NEW_CLIENT) is None


def test_a_lookup_that_cannot_be_read_leaves_what_answers(host):
    first = host.items()
    buys()
    refreshed()
    project = open_project()
    path = project.objects.path(live_now(project, "recommend", "prod", 1)["tastes"].lookup.index)
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)

    host.look()

    assert host.items() == first
    assert "the index of a lookup is damaged: its bytes are not those that were written" in host.told[-1]
    assert "recommend@v1 goes on answering" in host.told[-1]


def test_publishing_again_mends_a_damaged_index(host):
    buys()
    refreshed()
    project = open_project()
    index = live_now(project, "recommend", "prod", 1)["tastes"].lookup.index
    path = project.objects.path(index)
    path.chmod(0o644)
    path.write_bytes(b"damaged")

    refreshed()
    host.look()

    assert host.items() == [DEAREST]


def test_pruning_keeps_what_is_asked_and_gives_up_what_was_asked_before(recommend):
    for item in (701, 702):
        buys(item)
        refreshed()
    project = open_project()
    facts = publications(project.ledger, "recommend", "prod")
    old, new = ({one.body.lookup.index for one in told} for told in (facts[:3], facts[3:]))
    own = {one.index for one in released(project, "recommend", 1)[1].lookups.values()}

    def goes(keep: int) -> set[str]:
        plan = plan_pruning(project, timedelta(days=keep), clock=lambda: now() + 3 * 86_400_000_000)
        return {one.digest for one in plan.objects}

    assert old <= goes(2)
    assert not goes(2) & (new | own)
    assert not goes(30) & (old | new | own)


def test_pruning_keeps_the_last_whole_run_however_often_lookups_were_made_since(recommend, typed):
    assert typed("fullcycle run recommend -m whole -p leaves=5").code == 0
    for item in (701, 702):
        buys(item)
        refreshed()

    plan = plan_pruning(open_project(), timedelta(days=2), clock=lambda: now() + 3 * 86_400_000_000)

    assert set(plan.kept) == {"recommend@1", "recommend@2", "recommend@4"}
    assert plan.kept["recommend@2"] == "the last that is done"
