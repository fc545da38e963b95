"""The contract of a ledger, kept by SQLite, PostgreSQL and the one in memory."""

import itertools
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facts_for_tests import Noted
from fullcycle.adapters.postgres import PostgresLedger
from fullcycle.adapters.sqlite import SqliteLedger, connect
from fullcycle.kernel import Conflict, Invalid, Misconfigured, digest_bytes, now
from fullcycle.record import Entry, Ledger, MemoryLedger, append_next
from postgres_server import PASSWORD, in_schema
from record_children import open_ledger

CHILDREN = Path(__file__).parents[1] / "record_children.py"
_schemas = itertools.count()


@pytest.fixture
def schema(postgres: str) -> str:
    """A connection string to a schema that nobody used before."""
    name = f"s{next(_schemas)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"create schema {name}")
    return in_schema(postgres, name)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    if request.param == "memory":
        yield MemoryLedger()
        return
    if request.param == "sqlite":
        made: SqliteLedger | PostgresLedger = SqliteLedger(tmp_path / "ledger.db")
    else:
        made = PostgresLedger(request.getfixturevalue("schema"))
    yield made
    made.close()


def test_a_fact_is_read_as_it_was_appended(ledger):
    before = now()
    fact = ledger.append("runs/winback", 0, Noted("first", 7), by="ana")

    assert ledger.read("runs/winback") == [fact]
    assert (fact.stream, fact.position, fact.kind, fact.by) == ("runs/winback", 1, "test.noted", "ana")
    assert fact.body == Noted("first", 7)
    assert before <= fact.at <= now()


def test_positions_count_from_one_without_gaps(ledger):
    for n in range(5):
        ledger.append("a", n, Noted(number=n), at=n)

    assert [(f.position, f.body.number, f.at) for f in ledger.read("a")] == [(n + 1, n, n) for n in range(5)]
    assert [f.position for f in ledger.read("a", since=3)] == [4, 5]
    assert ledger.read("a", since=5) == ledger.read("nowhere") == []


def test_heads_are_the_last_positions(ledger):
    for stream in ("runs/a", "runs/b", "runs/b", "run/a/1"):
        append_next(ledger, stream, Noted())

    assert ledger.heads() == {"run/a/1": 1, "runs/a": 1, "runs/b": 2}
    assert ledger.heads("runs/") == {"runs/a": 1, "runs/b": 2}
    assert ledger.heads("runs/b") == {"runs/b": 2}
    assert ledger.heads("x") == {}


def test_a_prefix_means_its_own_letters(ledger):
    for stream in ("a_c", "abc", "a%c", "A_c", "a", "ä_c", "a_\U0001f600"):
        append_next(ledger, stream, Noted())

    assert list(ledger.heads("a_")) == ["a_c", "a_\U0001f600"]
    assert list(ledger.heads("a%")) == ["a%c"]
    assert list(ledger.heads("ä")) == ["ä_c"]


def test_text_comes_back_letter_for_letter(ledger):
    text = "naïve \x00 \u2028 \U0001f600 '; drop table fact; -- \\ \""
    ledger.append("a", 0, Noted(text), by="Zoë 'O%s'")

    (fact,) = ledger.read("a")
    assert (fact.body.text, fact.by) == (text, "Zoë 'O%s'")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(["a", "a/b", "b"]), st.integers(-1, 6)), max_size=12))
def test_a_ledger_answers_like_the_one_in_memory(ledger, steps):
    model, prefix = MemoryLedger(), f"law{next(_schemas)}/"
    for stream, expected in steps:
        results = [_outcome(one, prefix + stream, expected) for one in (ledger, model)]
        assert results[0] == results[1]
    assert ledger.heads(prefix) == model.heads(prefix)


def _outcome(ledger: Ledger, stream: str, expected: int) -> object:
    try:
        return ledger.append(stream, expected, Noted(stream), at=1)
    except Conflict as error:
        return str(error)


def test_threads_that_race_never_lose_or_double_a_position(ledger):
    def race(name: int) -> None:
        for n in range(15):
            append_next(ledger, "race", Noted(str(name), n))

    threads = [threading.Thread(target=race, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _assert_all_raced(ledger, 4, 15)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_processes_that_race_never_lose_or_double_a_position(kind, tmp_path, request):
    target = str(tmp_path / "ledger.db") if kind == "sqlite" else request.getfixturevalue("schema")
    children = [subprocess.Popen([sys.executable, CHILDREN, "race", target, str(n), "40"]) for n in range(4)]
    assert [child.wait(60) for child in children] == [0] * 4
    _assert_all_raced(open_ledger(target), 4, 40)


def _assert_all_raced(ledger: Ledger, racers: int, each: int) -> None:
    facts = ledger.read("race")
    assert [f.position for f in facts] == list(range(1, racers * each + 1))
    for name in range(racers):
        assert [f.body.number for f in facts if f.body.text == str(name)] == list(range(each))


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_forked_child_and_its_parent_both_go_on_writing(kind, tmp_path, request):
    target = str(tmp_path / "ledger.db") if kind == "sqlite" else request.getfixturevalue("schema")
    subprocess.run([sys.executable, CHILDREN, "fork", target], check=True, timeout=60)

    assert sorted(f.body.text for f in open_ledger(target).read("forked")) == ["child"] * 20 + ["parent"] * 21


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_heads_seek_in_the_index_once_per_stream(kind, tmp_path, request):
    if kind == "sqlite":
        from fullcycle.adapters.sqlite import _HEADS, _SCHEMA

        connection = connect(tmp_path / "ledger.db", _SCHEMA)
        plan = connection.execute("explain query plan " + _HEADS, {"low": "a", "high": "b"}).fetchall()
        connection.close()
        steps = [row[3] for row in plan if " fact" in row[3]]
        assert steps
        assert all("USING COVERING INDEX" in step and step.startswith("SEARCH") for step in steps), steps
    else:
        from fullcycle.adapters.postgres import _HEADS

        PostgresLedger(request.getfixturevalue("schema")).heads()
        with psycopg.connect(request.getfixturevalue("schema")) as connection:
            connection.execute("set enable_seqscan = off")  # three rows: it would be right to scan them
            told = connection.execute("explain " + _HEADS, {"low": "a", "high": "b"}).fetchall()
        plan = "\n".join(row[0] for row in told)
        assert plan.count("Index Cond: ((stream >=") == 1
        assert "Seq Scan" not in plan


def test_several_facts_are_appended_together(ledger):
    ledger.append("a", 0, Noted("first"))
    facts = ledger.append_all(
        [Entry("a", 1, Noted("second")), Entry("b", 0, Noted()), Entry("a", 2, Noted())]
    )

    assert [(fact.stream, fact.position) for fact in facts] == [("a", 2), ("b", 1), ("a", 3)]
    assert ledger.read("a")[1:] == [facts[0], facts[2]]
    assert ledger.append_all([]) == []


def test_of_several_facts_all_are_appended_or_none(ledger):
    ledger.append("a", 0, Noted("first"))

    with pytest.raises(Conflict, match="a is at position 1, not 0"):
        ledger.append_all([Entry("b", 0, Noted()), Entry("a", 0, Noted("other"))])
    with pytest.raises(Invalid, match="no kind of fact"):
        ledger.append_all([Entry("b", 0, Noted()), Entry("b", 1, "other")])
    assert ledger.heads() == {"a": 1}


def test_the_latest_of_streams_is_their_last_fact(ledger):
    for n in range(3):
        ledger.append("a", n, Noted(number=n))
    ledger.append("b", 0, Noted("only"))

    latest = ledger.latest(["a", "b", "nowhere"])
    assert {stream: fact.position for stream, fact in latest.items()} == {"a": 3, "b": 1}
    assert latest["a"] == ledger.read("a")[-1]


def test_what_is_attached_is_read_at_once(ledger):
    digest = ledger.attach(b"small")

    assert digest == digest_bytes(b"small")
    assert ledger.attached(digest) == b"small"
    assert ledger.attached(digest_bytes(b"never")) is None


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_what_is_attached_is_written_with_the_next_append_and_once(kind, tmp_path, request):
    target = str(tmp_path / "ledger.db") if kind == "sqlite" else request.getfixturevalue("schema")
    mine, other = open_ledger(target), open_ledger(target)
    digest = mine.attach(b"small")
    assert other.attached(digest) is None
    with pytest.raises(Conflict):
        mine.append("a", 5, Noted())
    assert other.attached(digest) is None
    mine.append("a", 0, Noted())
    assert other.attached(digest) == b"small"

    other.attach(b"small")
    also = other.attach(b"other")
    other.append_all([])
    assert mine.attached(also) == b"other"
    assert sorted((one.digest, one.size) for one in mine.attachments()) == sorted([(digest, 5), (also, 5)])
    mine.detach([digest])
    assert other.attached(digest) is None


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_what_is_attached_again_counts_as_attached_then(kind, tmp_path, request):
    """Who clears away what is old does not take from a run what it has just stored once more."""
    target = str(tmp_path / "ledger.db") if kind == "sqlite" else request.getfixturevalue("schema")
    mine, other = open_ledger(target), open_ledger(target)
    again, old = mine.attach(b"again"), mine.attach(b"old")
    mine.append("a", 0, Noted(), at=1_000)
    other.attach(b"again")
    other.append("a", 1, Noted(), at=9_000_000_000)

    assert {one.digest: one.at for one in mine.attachments()} == {again: 9_000_000_000, old: 1_000}
    mine.detach([again, old], before=5_000_000_000)
    assert (other.attached(again), other.attached(old)) == (b"again", None)


@pytest.mark.parametrize("expected", [-1, 0, 2, 10])
def test_a_wrong_position_is_refused_with_the_right_one(ledger, expected):
    ledger.append("a", 0, Noted("first"))

    with pytest.raises(Conflict, match=rf"a is at position 1, not {expected}\n.*\n.*read the stream again"):
        ledger.append("a", expected, Noted("second"))
    assert [f.body.text for f in ledger.read("a")] == ["first"]


@pytest.mark.parametrize("stream", ["", "a\nb", "a\x00", "x" * 401])
def test_a_stream_needs_a_name_that_can_be_printed(ledger, stream):
    with pytest.raises(Invalid, match="cannot name a stream"):
        ledger.append(stream, 0, Noted())


def test_a_body_without_a_kind_is_refused(ledger):
    with pytest.raises(Invalid, match="put @fact on its class"):
        ledger.append("a", 0, {"text": "hello"})
    assert ledger.heads() == {}


# SQLite's own


# PostgreSQL's own


def test_postgres_orders_names_by_their_bytes_whatever_its_language(schema):
    PostgresLedger(schema).heads()
    with psycopg.connect(schema) as connection:
        query = "select collation_name from information_schema.columns where column_name = 'stream'"
        assert connection.execute(query).fetchone() == ("C",)


def test_a_server_that_does_not_answer_is_named_without_the_password():
    with pytest.raises(Misconfigured, match="does not answer") as caught:
        PostgresLedger(f"postgresql://ana:{PASSWORD.replace(' ', '%20')}@127.0.0.1:1/shop").heads()

    assert "postgresql://ana:***@127.0.0.1:1/shop" in caught.value.where
    _assert_hidden(caught.value, PASSWORD)


def test_a_wrong_password_is_not_repeated(postgres):
    with pytest.raises(Misconfigured, match="password authentication failed") as caught:
        PostgresLedger(postgres.replace("quiet", "hasty")).heads()
    _assert_hidden(caught.value, "hasty")


def test_a_connection_string_that_cannot_be_read_is_not_quoted():
    with pytest.raises(Misconfigured) as caught:
        PostgresLedger("postgresql://ana:hunter%2@host/shop").heads()
    _assert_hidden(caught.value, "hunter")


def _assert_hidden(error: BaseException | None, secret: str) -> None:
    while error is not None:
        assert secret not in str(error)
        error = error.__cause__


def test_a_user_without_rights_is_told_which(schema, postgres):
    PostgresLedger(schema).append("a", 0, Noted("kept"))
    name = schema.rpartition("%3D")[2]
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("drop role if exists guest")
        connection.execute("create role guest login password 'guest'")
        connection.execute(f"grant usage on schema {name} to guest; grant select on {name}.fact to guest")
    guest = PostgresLedger(schema.replace("fullcycle:quiet%20elephant", "guest:guest"))

    assert guest.read("a")[0].body == Noted("kept")
    with pytest.raises(Misconfigured, match=r"does not allow it: .*fact\n"):
        guest.append("a", 1, Noted())


def test_reading_goes_on_after_the_server_ended_the_connections(schema, postgres):
    ledger = PostgresLedger(schema)
    ledger.append("a", 0, Noted("kept"))
    _end_sessions(postgres)
    assert ledger.read("a")[0].body == Noted("kept")

    _end_sessions(postgres)
    with pytest.raises(Misconfigured, match=r"the connection broke(.|\n)*read the stream again"):
        ledger.append("a", 1, Noted())
    ledger.append("a", 1, Noted())
    ledger.close()


def _end_sessions(postgres: str) -> None:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'fullcycle' and pid <> pg_backend_pid()"
        )
