"""Who wrote a fact, as PostgreSQL itself knows it: nobody may sign by another name, or sign again."""

import uuid
from urllib.parse import quote

import psycopg
import pytest
from psycopg import errors

from facts_for_tests import Noted
from fullcycle.adapters.postgres import PostgresLedger
from fullcycle.kernel import Conflict
from fullcycle.record import Witnessing, append_witnessed
from fullcycle.release import ReleaseMade, approval, approvals_of, approve, releases_stream
from postgres_server import PASSWORD, in_schema

MANIFEST = "ab" * 32
ADMIN = f"fullcycle:{quote(PASSWORD)}"


@pytest.fixture
def team(postgres):
    """A ledger made by its owner, and the connection strings of two people who may use it."""
    schema, people = f"s{uuid.uuid4().hex}", {}
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"create schema {schema}")
        url = in_schema(postgres, schema)
        PostgresLedger(url).heads()
        for name in ("ana", "ben"):
            role = f"{name}_{schema[1:9]}"
            connection.execute(f"create role {role} login password '{name}'")
            connection.execute(f"grant usage on schema {schema} to {role}")
            connection.execute(f"grant select, insert on all tables in schema {schema} to {role}")
            people[name] = (role, url.replace(ADMIN, f"{role}:{name}"))
    return people


def released(ledger):
    body = ReleaseMade(manifest=MANIFEST, run=1, message="risky")
    return append_witnessed(ledger, releases_stream("loans"), body, by="ana").position


def verdict(ledger):
    return approval("loans@v1", "high", approvals_of(ledger, "loans", 1, MANIFEST))


def test_the_server_says_who_wrote_whatever_the_client_claims(team):
    role, url = team["ana"]
    ledger = PostgresLedger(url)

    ledger.append_witnessed("a", 0, Noted("x"), by="the queen")
    ledger.append("a", 1, Noted("y"), by="the queen")

    assert isinstance(ledger, Witnessing)
    assert ledger.witnesses("a") == {1: role}
    assert [fact.by for fact in ledger.read("a")] == ["the queen", "the queen"]


def test_a_witnessed_append_loses_like_any_other(team):
    ledger = PostgresLedger(team["ana"][1])
    ledger.append("a", 0, Noted("x"))

    with pytest.raises(Conflict):
        ledger.append_witnessed("a", 0, Noted("y"))

    assert ledger.witnesses("a") == {}


def test_two_people_let_a_release_of_tier_high_out_and_one_person_does_not(team):
    ana, ben = (PostgresLedger(url) for _, url in team.values())
    released(ana)

    approve(ana, "loans", 1, MANIFEST, message="mine", by="ben")  # ana says that she is ben
    assert verdict(ana).found == f"approved only by {team['ana'][0]}, who released it"
    approve(ben, "loans", 1, MANIFEST, message="slices, answers", by="ben")

    assert verdict(ana).passed
    assert verdict(ana).found == f"approved by {team['ben'][0]}, released by {team['ana'][0]}"


def test_an_approval_that_no_server_signed_is_not_counted(team):
    ana, ben = (PostgresLedger(url) for _, url in team.values())
    released(ana)
    given = approve(ana, "loans", 1, MANIFEST, message="mine", by="ben")
    with psycopg.connect(team["ana"][1], autocommit=True) as connection:
        connection.execute(
            "insert into fact select stream, position + 1, kind, at, 'ben', body from fact "
            "where kind = 'release.approved'"
        )

    known = approvals_of(ben, "loans", 1, MANIFEST)

    assert given.person == team["ana"][0]
    assert [one.person for one in known.given] == [team["ana"][0], None]
    assert not verdict(ben).passed


@pytest.mark.parametrize(
    "forgery",
    [
        "insert into witness values ('approvals/loans', 1, '{ben}')",
        "set role none; insert into witness values ('approvals/loans', 1, '{ben}')",
    ],
)
def test_nobody_signs_by_another_name(team, forgery):
    with (
        psycopg.connect(team["ana"][1], autocommit=True) as connection,
        pytest.raises(errors.InsufficientPrivilege, match="row-level security"),
    ):
        connection.execute(forgery.format(ben=team["ben"][0]))


@pytest.mark.parametrize(
    "change",
    [
        "update witness set person = '{ben}'",
        "delete from witness",
        "alter table witness disable row level security",
        "drop policy signed on witness",
        "set session authorization {ben}",
    ],
)
def test_what_is_signed_stays(team, change):
    ledger = PostgresLedger(team["ana"][1])
    ledger.append_witnessed("a", 0, Noted("x"))
    with (
        psycopg.connect(team["ana"][1], autocommit=True) as connection,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        connection.execute(change.format(ben=team["ben"][0]))

    assert ledger.witnesses("a") == {1: team["ana"][0]}


def test_a_ledger_of_before_there_were_witnesses_goes_on_without(postgres, team):
    schema = team["ana"][1].rpartition("%3D")[2]
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"drop table {schema}.witness")
    ana = PostgresLedger(team["ana"][1])

    assert not ana.witnesses_me()
    assert released(ana) == 1
    assert approve(ana, "loans", 1, MANIFEST, message="looked", by="ben").person is None
    assert "select and insert on its table witness" in verdict(ana).mend

    PostgresLedger(in_schema(postgres, schema)).heads()  # the owner opens it once
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"grant select, insert on {schema}.witness to {team['ana'][0]}")
    assert ana.witnesses_me()
    assert verdict(ana).found == "nobody knows who released it: it was not witnessed"
