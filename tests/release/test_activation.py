"""fullcycle.release.activation: who deploys and the hosts that answer meet in the ledger."""

import threading

import pytest

from fullcycle.kernel import Refused
from fullcycle.record import MemoryLedger, append_next
from fullcycle.release import (
    Activation,
    DeploymentAnswered,
    DeploymentStaged,
    Host,
    HostJoined,
    HostLeft,
    activation_stream,
)

STREAM = activation_stream("winback", "prod")


@pytest.fixture
def ledger():
    return MemoryLedger()


@pytest.fixture
def activation(ledger):
    return Activation(ledger, "winback", "prod")


def say(ledger, body):
    return append_next(ledger, STREAM, body).position


def join(ledger, *names):
    for name in names:
        say(ledger, HostJoined(host=name, machine="here", pid=1))


def staged(activation, proposal, wait_s=0.05, gone=lambda host: False):
    return activation.await_staged(proposal, activation.hosts(), gone=gone, wait_s=wait_s)


def test_hosts_are_those_that_joined_and_have_not_left(ledger, activation):
    join(ledger, "a", "b", "c")
    say(ledger, HostLeft(host="b"))
    join(ledger, "c")

    assert activation.hosts() == {"a": Host("a", "here", 1), "c": Host("c", "here", 1)}


def test_whoever_waits_hears_each_host_of_its_own_proposal(ledger, activation):
    join(ledger, "a", "b", "c")
    old = activation.propose(7, by="ada")
    proposal = activation.propose(8, by="ada")
    say(ledger, DeploymentStaged(proposal=old, host="a"))
    say(ledger, DeploymentStaged(proposal=proposal, host="b"))
    say(ledger, DeploymentStaged(proposal=proposal, host="c", why="no such library"))

    report = staged(activation, proposal)

    assert (report.done, report.refused, report.silent) == (["b"], {"c": "no such library"}, ["a"])


def test_what_is_said_while_waiting_is_heard_and_ends_the_waiting(ledger, activation):
    join(ledger, "a")
    proposal = activation.propose(8, by="ada")
    later = threading.Timer(0.05, say, (ledger, DeploymentStaged(proposal=proposal, host="a")))
    later.start()

    assert staged(activation, proposal, wait_s=30).done == ["a"]
    later.join()


def test_a_host_that_leaves_meanwhile_is_waited_for_no_more(ledger, activation):
    join(ledger, "a")
    proposal = activation.propose(8, by="ada")
    say(ledger, HostLeft(host="a"))

    report = activation.await_staged(
        proposal, {"a": Host("a", "here", 1)}, gone=lambda host: False, wait_s=30
    )

    assert (report.done, report.silent) == ([], [])


def test_a_host_that_is_known_to_be_dead_is_silent_at_once(ledger, activation):
    join(ledger, "a", "b")
    proposal = activation.propose(8, by="ada")
    say(ledger, DeploymentStaged(proposal=proposal, host="b"))

    assert staged(activation, proposal, wait_s=30, gone=lambda host: host.name == "a").silent == ["a"]


def test_a_host_that_answers_with_a_later_deployment_has_answered_the_earlier(ledger, activation):
    join(ledger, "a", "b")
    since = activation.propose(8, by="ada")
    say(ledger, DeploymentAnswered(deployment=4, host="a"))
    say(ledger, DeploymentAnswered(deployment=2, host="b"))

    report = activation.await_answered(3, since, activation.hosts(), gone=lambda host: False, wait_s=0.05)

    assert (report.done, report.silent) == (["a"], ["b"])


def test_a_host_that_was_given_up_is_waited_for_once_it_joins_again(ledger, activation):
    join(ledger, "a")
    activation.give_up("a", "silent at deployment 3", by="ada")
    assert activation.hosts() == {}
    join(ledger, "a")

    assert list(activation.hosts()) == ["a"]


def test_a_host_that_is_not_ready_refuses_the_deployment_and_is_named(ledger, activation):
    join(ledger, "a")
    proposal = activation.propose(8, by="ada")
    say(ledger, DeploymentStaged(proposal=proposal, host="a", why="it does not reproduce golden row 1"))

    with pytest.raises(Refused, match="winback@v8 was not deployed: one host is not ready") as caught:
        activation.require_staged("winback@v8", staged(activation, proposal))
    assert "a: it does not reproduce golden row 1" in caught.value.what
    assert "--anyway" in caught.value.mend


def test_what_was_published_is_waited_for_until_each_host_asks_it_or_a_later_one(ledger, activation):
    join(ledger, "a", "b", "c", "d")
    say(ledger, DeploymentAnswered(deployment=1, host="d", live=9))
    since = activation.position()
    say(ledger, DeploymentAnswered(deployment=1, host="a", live=3))
    say(ledger, DeploymentAnswered(deployment=2, host="b", live=4))
    say(ledger, DeploymentAnswered(deployment=1, host="c", live=3, why="its index is damaged"))
    say(ledger, DeploymentAnswered(deployment=5, host="d", live=2))

    report = activation.await_taken_up(3, since, activation.hosts(), gone=lambda host: False, wait_s=0.05)

    assert (report.done, report.refused, report.silent) == (["a", "b"], {"c": "its index is damaged"}, ["d"])
