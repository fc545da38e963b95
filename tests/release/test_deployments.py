"""fullcycle.release.deployments: examples first, then laws, then refusals, then killing it."""

import random
import signal
import subprocess
import sys
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.adapters.sqlite import SqliteLedger
from fullcycle.kernel import Conflict, Missing, Refused, digest_bytes
from fullcycle.record import MemoryLedger
from fullcycle.release.deployments import deploy, deployed, deployed_at, history, rollback
from fullcycle.release.facts import ReleaseMade, releases_stream


def with_releases(ledger, count=3):
    for number in range(count):
        body = ReleaseMade(manifest=digest_bytes(b"%d" % number), run=number + 1, message="")
        ledger.append(releases_stream("winback"), number, body)
    return ledger


@pytest.fixture
def ledger():
    return with_releases(MemoryLedger())


def put(ledger, release, **more):
    return deploy(ledger, "winback", "prod", release, **{"why": "it is better", "by": "ada", **more})


def back(ledger):
    return rollback(ledger, "winback", "prod", why="visits fell", by="bob")


def answers(ledger):
    return deployed(ledger, "winback", "prod").release


def test_nothing_answers_until_something_is_deployed(ledger):
    assert deployed(ledger, "winback", "prod") is None
    assert history(ledger, "winback", "prod") == []


def test_what_is_deployed_last_answers_and_says_who_and_why(ledger):
    put(ledger, 1)
    made = put(ledger, 2, at=5_000_000)

    assert deployed(ledger, "winback", "prod") == made
    assert (made.ref, made.number, made.by, made.why, made.at) == (
        "winback@v2",
        2,
        "ada",
        "it is better",
        5_000_000,
    )


def test_environments_do_not_see_each_other(ledger):
    put(ledger, 1)
    deploy(ledger, "winback", "prod2", 2, why="a try", by="ada")

    assert answers(ledger) == 1


def test_deploying_what_answers_already_changes_nothing(ledger):
    assert put(ledger, 1) == put(ledger, 1, why="again")
    assert len(history(ledger, "winback", "prod")) == 1


def test_a_rollback_returns_to_the_release_before_and_records_from_where(ledger):
    put(ledger, 1)
    put(ledger, 2)

    made = back(ledger)

    assert (made.release, made.rolled_back_from, made.why) == (1, 2, "visits fell")
    assert answers(ledger) == 1


def test_rolling_back_twice_goes_back_twice(ledger):
    for release in (1, 2, 3):
        put(ledger, release)

    assert [back(ledger).release, back(ledger).release] == [2, 1]


def test_after_a_rollback_one_can_go_forward_and_back_again(ledger):
    for release in (1, 2):
        put(ledger, release)
    back(ledger)
    put(ledger, 3)

    assert back(ledger).release == 1


def test_what_answered_at_a_time_is_known_afterwards(ledger):
    put(ledger, 1, at=100)
    put(ledger, 2, at=200)

    assert deployed_at(ledger, "winback", "prod", 99) is None
    assert [deployed_at(ledger, "winback", "prod", at).release for at in (100, 199, 200, 10**9)] == [
        1,
        1,
        2,
        2,
    ]


# laws


@given(st.lists(st.sampled_from([1, 2, 3, "back"]), max_size=12))
def test_the_last_decision_is_what_answers_and_a_rollback_never_stays(moves):
    ledger = with_releases(MemoryLedger())
    for move in moves:
        before = deployed(ledger, "winback", "prod")
        if move == "back":
            try:
                made = back(ledger)
            except Refused:
                continue
            assert made.release != before.release
        else:
            made = put(ledger, move)
            assert made.release == move
        assert deployed(ledger, "winback", "prod") == made


@given(st.permutations([1, 2, 3]))
def test_rollbacks_walk_deployments_backwards(order):
    ledger = with_releases(MemoryLedger())
    for release in order:
        put(ledger, release)

    assert [back(ledger).release, back(ledger).release] == [order[1], order[0]]
    with pytest.raises(Refused):
        back(ledger)


# refusals


def test_a_release_that_is_not_there_is_refused(ledger):
    with pytest.raises(Missing, match="the last one is winback@v3"):
        put(ledger, 4)
    with pytest.raises(Missing, match="make one: fullcycle release demand"):
        deploy(ledger, "demand", "prod", 1, why="", by="ada")


def test_a_rollback_to_nothing_is_refused(ledger):
    with pytest.raises(Refused, match="nothing is deployed"):
        back(ledger)
    put(ledger, 1)
    with pytest.raises(Refused, match="only winback@v1 ever answered"):
        back(ledger)


def test_who_decided_on_an_older_deployment_is_told_what_happened_since(ledger):
    put(ledger, 1, by="ada")

    with pytest.raises(Conflict, match=r"v2 was not deployed: meanwhile winback@v1 was deployed by ada"):
        put(ledger, 2, seen=0)
    assert answers(ledger) == 1


def test_of_deployments_at_once_each_is_in_the_order_or_is_told(tmp_path):
    path = tmp_path / "ledger.db"
    with_releases(SqliteLedger(path), 8)
    start, told = threading.Barrier(8), []

    def one(release):
        ledger = SqliteLedger(path)
        start.wait()
        try:
            put(ledger, release, seen=0)
        except Conflict as lost:
            told.append(lost.where)
        finally:
            ledger.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    ledger = SqliteLedger(path)
    assert len(history(ledger, "winback", "prod")) == 1
    assert told == ["winback@prod"] * 7
    ledger.close()


# killing it

DEPLOYING = """
import sys
from pathlib import Path
from fullcycle.adapters.sqlite import SqliteLedger
from fullcycle.release.deployments import deploy, deployed

ledger = SqliteLedger(Path(sys.argv[1]))
now = deployed(ledger, "winback", "prod")
release = now.release if now else 0
print(release, flush=True)
while True:
    release = release % 3 + 1
    deploy(ledger, "winback", "prod", release, why="a try", by="child")
    print(release, flush=True)
"""


@pytest.mark.slow
def test_a_deploying_process_killed_at_any_moment_leaves_the_old_or_the_new_deployment(tmp_path):
    path, moments, many = tmp_path / "ledger.db", random.Random(7), 0
    ledger = with_releases(SqliteLedger(path))

    for _ in range(50):
        child = subprocess.Popen([sys.executable, "-c", DEPLOYING, path], stdout=subprocess.PIPE, text=True)
        first = child.stdout.readline()
        time.sleep(moments.uniform(0, 0.03))
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read()
        child.wait()
        child.stdout.close()
        acknowledged = [int(line) for line in (first + rest).splitlines(keepends=True) if line.endswith("\n")]
        many += len(acknowledged) - 1

        past = history(ledger, "winback", "prod")
        assert (past[-1].release if past else 0) in (acknowledged[-1], acknowledged[-1] % 3 + 1)
        assert [each.release for each in past] == [number % 3 + 1 for number in range(len(past))]
        assert [each.number for each in past] == list(range(1, len(past) + 1))
        assert len(past) >= many  # nothing that was acknowledged is lost

    assert many > 50
    ledger.close()
