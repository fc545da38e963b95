"""fullcycle.wiring.projections: look-up tables follow the facts, and are never the truth."""

from fullcycle.adapters.lookups import SqliteLookups
from fullcycle.flow import runs
from fullcycle.record import MemoryLedger
from fullcycle.wiring import open_project
from fullcycle.wiring.projections import COSTS, MEMO, PROJECTIONS, RUNS, SCORES, lookups, rebuild


def every_row(tables):
    return {one.name: tables.rows(one) for one in PROJECTIONS}


def facts(ledger):
    return [fact for stream in ledger.heads() for fact in ledger.read(stream)]


def test_tables_hold_what_the_record_tells_of_runs(shop, typed):
    typed("fullcycle run winback -m more -p rounds=5")
    project = open_project()

    memo = len(project.ledger.heads("memo/"))
    assert rebuild(project) == {
        "runs": 2,
        "scores": 2,
        "settings": 4,
        "memo": memo,
        "costs": 2,
    }
    tables = lookups(project)
    told = runs(project.ledger, "winback")
    assert [(row["number"], row["message"], row["status"]) for row in tables.rows(RUNS)] == [
        (1, "first", "done"),
        (2, "more", "done"),
    ]
    assert [row["value"] for row in tables.rows(SCORES)] == [run.evaluations["visit"].value for run in told]
    assert [row["amount"] for row in tables.rows(COSTS)] == [run.finished.cost.amount for run in told]
    assert {row["step"] for row in tables.rows(MEMO)} == {"training", "visit", "visit evaluated"}
    tables.close()


def test_following_fact_by_fact_makes_what_a_rebuild_makes(shop, typed, tmp_path):
    typed("fullcycle run winback -m more -p rounds=5")
    typed("fullcycle run winback -m 'will fail' -p holdout=2")
    whole = open_project().ledger
    followed, ledger = SqliteLookups(tmp_path / "followed.db"), MemoryLedger()

    for fact in sorted(facts(whole), key=lambda fact: fact.at):
        ledger.append(fact.stream, fact.position - 1, fact.body, by=fact.by, at=fact.at)
        followed.catch_up(ledger, PROJECTIONS)

    rebuilt = SqliteLookups(tmp_path / "rebuilt.db")
    rebuilt.rebuild(whole, PROJECTIONS)
    assert every_row(followed) == every_row(rebuilt)
    assert [row["status"] for row in followed.rows(RUNS)] == ["done", "done", "failed"]
    followed.close()
    rebuilt.close()


def test_tables_that_are_gone_are_made_again(shop):
    project = open_project()
    tables = lookups(project)
    tables.rebuild(project.ledger, PROJECTIONS)
    before = every_row(tables)
    tables.close()
    (shop / ".fullcycle/lookups.db").unlink()

    rebuild(project)

    assert every_row(tables) == before
    tables.close()
