"""fullcycle.wiring.deploying where hosts answer: each is ready before, and answers after, or is named."""

import itertools
import os
import signal
import statistics
import threading
import time

import msgspec
import pytest

from fullcycle.kernel import Refused, now
from fullcycle.release import (
    Activation,
    DeploymentAnswered,
    Manifest,
    activation_stream,
    deployed,
    history,
    keep_manifest,
)
from fullcycle.serve.lookout import EVERY_S
from fullcycle.wiring.deploying import go_back
from hosted import ask, asking, deploy, hosting, lay_out, logged, put, release, two_releases, until
from killing import killed
from postgres_server import running_postgres
from served_shop import made


@pytest.fixture
def project(tmp_path):
    return two_releases(tmp_path)


def test_deploying_and_rolling_back_under_load_fails_no_request(project):
    with hosting(project, workers="2") as service:
        port = service.port
        with asking(port, 2) as clients, asking(port, 1, fresh=20) as others:
            for n in range(20):
                done = put(project, 2) if n % 2 == 0 else go_back(project, "winback", "prod", why="a test")
                assert done.late == {}
                assert done.said[-1] == "host here answers with it"
                assert ask(port)["release"] == done.done.ref
        assert service.end() == 0

    every = [*clients, *others]
    assert [client.failed for client in every] == [[], [], []]
    assert {answered for client in every for _, answered in client.answers} == {"winback@v1", "winback@v2"}


def keyed(port, key, times=12):
    """The releases that answer a request with a key, each time on a connection of its own."""
    return {ask(port, "/winback", f"Idempotency-Key: {key}")["release"] for _ in range(times)}


def test_a_key_is_answered_alike_by_every_worker_across_a_deployment_and_a_restart(project):
    with hosting(project, workers="3") as service:
        port = service.port
        until(lambda: len(service.workers) == 3)
        first = ask(port, "/winback", "Idempotency-Key: order-1")
        put(project, 2)

        assert first["release"] == "winback@v1"
        assert keyed(port, "order-1", 30) == {"winback@v1"}
        assert keyed(port, "order-2", 30) == {"winback@v2"}
        assert service.end() == 0
    with hosting(project) as service:
        assert keyed(service.port, "order-1") == {"winback@v1"}
    assert [release for _, release in logged(project)] == [1, 2]


def test_requests_that_begin_a_moment_after_a_deployment_are_decided_by_the_new_release(project):
    naps, over = [], threading.Event()

    def nap():  # as long as the lookout does: what this machine makes of it is the measure
        while not over.is_set():
            began = time.monotonic()
            time.sleep(EVERY_S)
            naps.append(time.monotonic() - began)

    commits = []
    with hosting(project) as service, asking(service.port, 1):
        beside = threading.Thread(target=nap)
        beside.start()
        for n in range(41):
            put(project, 2 - n % 2)
            commits.append((history(project.ledger, "winback", "prod")[-1], now()))
        over.set()
        beside.join()

    decisions, lags = logged(project), []
    for (done, returned), (following, _) in itertools.pairwise(commits):
        old = [at for at, by in decisions if done.at < at < following.at and by != done.release]
        lags.append((max(old, default=done.at) - done.at) / 1e6)
        assert not [at for at in old if at > returned]
    assert statistics.median(lags) <= 2.5 * statistics.median(naps)


def test_every_host_is_ready_before_and_answers_after_a_deployment(project):
    with hosting(project, host="a") as a, hosting(project, host="b", workers="2") as b:
        ports = a.port, b.port
        until(lambda: len(Activation(project.ledger, "winback", "prod").hosts()) == 2)

        done = put(project, 2)

        assert done.said[-1] == "2 hosts answer with it"
        assert [ask(port)["release"] for port in ports] == ["winback@v2"] * 2
        assert go_back(project, "winback", "prod", why="a test").late == {}
        assert [ask(port)["release"] for port in ports] == ["winback@v1"] * 2


def test_hosts_that_share_a_ledger_in_postgres_are_one_environment(tmp_path):
    with running_postgres() as url:
        project = lay_out(tmp_path, ledger=url)
        deploy(project, 1)
        with hosting(project, host="a") as a, hosting(project, host="b") as b:
            ports = a.port, b.port
            until(lambda: len(Activation(project.ledger, "winback", "prod").hosts()) == 2)

            assert put(project, 2).said[-1] == "2 hosts answer with it"
            assert [ask(port)["release"] for port in ports] == ["winback@v2"] * 2
        project.ledger.close()


def test_a_host_that_is_dead_is_named_and_not_waited_for_again(project):
    with hosting(project, host="a") as a, hosting(project, host="b") as b:
        ports = a.port, b.port
        until(lambda: len(Activation(project.ledger, "winback", "prod").hosts()) == 2)
        b.end(signal.SIGKILL)

        done = put(project, 2)

        assert list(done.late) == ["b"]
        assert f"its supervisor (process {b.process.pid}) is gone" in done.late["b"]
        assert done.said[-1] == "host a answers with it"
        assert [ask(port)["release"] for port in ports] == ["winback@v2", "winback@v1"]
        assert put(project, 1).late == {}
        with hosting(project, host="b", port=None) as again:
            until(lambda: len(Activation(project.ledger, "winback", "prod").hosts()) == 2)
            assert put(project, 2).said[-1] == "2 hosts answer with it"
            assert ask(again.port)["release"] == "winback@v2"


def test_a_host_that_says_nothing_is_named_in_time_and_joins_again_by_itself(project):
    with hosting(project, host="a") as a:
        port = a.port
        until(lambda: Activation(project.ledger, "winback", "prod").hosts())
        a.process.send_signal(signal.SIGSTOP)
        done = put(project, 2, wait_s=0.3)
        a.process.send_signal(signal.SIGCONT)

        assert done.late == {"a": "nothing was heard of it within 0.3 s"}
        until(lambda: ask(port)["release"] == "winback@v2")
        until(lambda: Activation(project.ledger, "winback", "prod").hosts())
        assert put(project, 1).late == {}


def broken(project):
    """A release that does not reproduce its golden rows."""
    good, other = (Manifest.from_bytes(project.objects.get(release(project, number))) for number in (0, 1))
    return made(
        project.ledger, keep_manifest(project.objects, msgspec.structs.replace(good, golden=other.golden))
    )


def test_a_release_that_a_host_cannot_answer_with_is_refused_before_anything_is_decided(project):
    number = broken(project)
    with hosting(project) as service:
        port = service.port
        until(lambda: Activation(project.ledger, "winback", "prod").hosts())

        with pytest.raises(Refused, match="winback@v3 was not deployed: one host is not ready") as caught:
            put(project, number)

        assert "here: the release of winback@42 does not reproduce golden row golden-1" in caught.value.what
        assert deployed(project.ledger, "winback", "prod").release == 1
        assert ask(port)["release"] == "winback@v1"
        done = put(project, number, anyway=True)
        assert "does not reproduce golden row" in done.late["here"]
        assert ask(port)["release"] == "winback@v1"
        os.kill(service.workers[0], signal.SIGKILL)  # whoever comes later answers with what answers now
        until(lambda: service.workers and ask(port)["release"] == "winback@v1")


def test_a_deployment_of_which_the_record_lacks_the_release_is_never_told_as_answered(project):
    stream = activation_stream("winback", "prod")
    with hosting(project) as service:
        port = service.port
        first = len(until(lambda: project.ledger.read(stream)))
        deploy(project, 99)
        until(lambda: "was not activated" in str(ask(port, "/readyz")))
        os.kill(service.workers[0], signal.SIGKILL)  # which has others answer with what answers now
        until(lambda: service.workers and ask(port)["release"] == "winback@v1")

        until(lambda: "was not activated" in str(ask(port, "/readyz")))
        said = [fact.body for fact in project.ledger.read(stream, first)]
        assert {bool(one.why) for one in said if isinstance(one, DeploymentAnswered)} == {True}


def test_what_is_deployed_with_no_host_is_told_and_answers_with_the_first(project):
    done = put(project, 2)

    assert done.said[-1] == "nothing serves it yet: fullcycle serve winback@prod"
    with hosting(project) as service:
        assert ask(service.port)["release"] == "winback@v2"


def test_what_never_answered_is_not_gone_back_to(project):
    put(project, 2)

    with pytest.raises(Refused, match="winback@v2 answers already"):
        go_back(project, "winback", "prod", why="", to=2)
    with pytest.raises(Refused, match="winback@v7 never answered there"):
        go_back(project, "winback", "prod", why="", to=7)
    assert go_back(project, "winback", "prod", why="", to=1).done.rolled_back_from == 2


@pytest.mark.slow
def test_who_deploys_killed_at_two_hundred_moments_leaves_the_old_or_the_new(project, monkeypatch):
    with hosting(project, workers="2") as service:
        port = service.port
        monkeypatch.setenv("HOSTED", f"{project.root}={port}")
        with asking(port, 1) as clients:
            told = killed("deploying_work:deploy_back_and_forth", project.root, times=200, longest=0.12)
        assert ask(port)["release"] == history(project.ledger, "winback", "prod")[-1].ref
        assert put(project, 3 - deployed(project.ledger, "winback", "prod").release).late == {}

    assert clients[0].failed == []
    steps = {line.partition(" ")[0] for line in told}
    assert {"begins", "ends"} <= steps
    assert {f"begins {step}" for step in ("propose", "await_staged", "await_answered")} <= set(told)
