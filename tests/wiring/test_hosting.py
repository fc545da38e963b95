"""fullcycle.wiring.hosting: a service as its user has it, in real processes that are killed."""

import itertools
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from fullcycle.adapters.segments import scan_segment, segments
from fullcycle.adapters.workers import lives
from fullcycle.kernel import Refused, now
from fullcycle.record import decode_decision
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
from fullcycle.wiring.deploying import go_back, put_to_work
from fullcycle.wiring.meeting import Patience
from hosted import BODY, add_release, ask, asking, deploy, hosting, lay_out, left_behind, release, until
from killing import killed
from postgres_server import running_postgres
from served_process import Connection
from served_shop import made


@pytest.fixture
def project(tmp_path):
    """Two releases, the first deployed."""
    made = lay_out(tmp_path)
    deploy(made, 1)
    return made


def put(project, number, **patience):
    return put_to_work(
        project, "winback", number, "prod", why="a test", patience=Patience(**patience) if patience else None
    )


def logged(project):
    """Each decision in the log: when its request began (µs), and the release that decided."""
    folder = project.events_folder("winback", "prod")
    found = (decode_decision(event.payload) for path in segments(folder) for event in scan_segment(path))
    return sorted((one.at, one.release) for one in found)


def test_a_service_answers_in_as_many_processes_as_it_was_asked_for_and_ends_with_them(project):
    with hosting(project, workers="2") as service:
        port = service.port
        pids = until(lambda: service.workers if len(service.workers) == 2 else [])
        assert ask(port)["release"] == "winback@v1"
        assert list(Activation(project.ledger, "winback", "prod").hosts()) == ["here"]

        assert service.end() == 0

    assert not any(lives(pid) for pid in pids)
    assert Activation(project.ledger, "winback", "prod").hosts() == {}
    run = project.root / ".fullcycle" / "run"
    assert [path.name for path in run.iterdir()] == ["winback@prod~here.lock"]


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Linux alone tells what is loaded")
def test_neither_supervisor_nor_worker_loads_what_only_training_needs(project):
    with hosting(project) as service:
        assert ask(service.port)["release"] == "winback@v1"
        pids = [service.process.pid, *service.workers]
        loaded = "".join(Path(f"/proc/{pid}/maps").read_text() for pid in pids)

    for name in ("polars", "numpy", "scipy", "sklearn", "pandas", "pydantic", "duckdb", "pyarrow"):
        assert f"/{name}" not in loaded


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Linux alone tells what is loaded")
def test_a_supervisor_holds_no_openssl(project):
    with hosting(project) as service:
        assert ask(service.port)["release"] == "winback@v1"
        loaded = Path(f"/proc/{service.process.pid}/maps").read_text()

    assert "/libcrypto" not in loaded
    assert "/libssl" not in loaded


def test_asyncio_without_tls_leaves_tls_to_whoever_asks_for_it():
    done = modules(
        "from fullcycle.wiring.hosting import import_asyncio_without_tls as once\n"
        "once(); once()\n"
        "import asyncio, ssl\n"
        "assert asyncio.base_events.ssl is None\n"
        "ssl.create_default_context()"
    )

    assert {"asyncio", "ssl"} <= done


def modules(code):
    """What a new interpreter has imported after ``code``."""
    told = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(told.stdout.split())


def test_a_supervisor_starts_its_first_worker_before_it_loads_what_it_needs_itself():
    begun = modules("import fullcycle.cli.serve")

    for late in ("asyncio", "fullcycle.serve.converging", "fullcycle.serve.guard", "fullcycle.serve.app"):
        assert late not in begun


def test_a_worker_imports_nothing_that_it_has_no_use_for():
    loaded = modules("import fullcycle.wiring.__main__, fullcycle.wiring.serving")
    stages = {name.split(".")[1] for name in loaded if name.startswith("fullcycle.")}
    code = {name.removeprefix("fullcycle.code.") for name in loaded if name.startswith("fullcycle.code.")}

    assert stages == {
        *("adapters", "code", "data", "evaluate", "experiment", "feature", "kernel", "metric"),
        *("record", "release", "serve", "wiring"),
    }
    assert code == {
        *("archive", "beside", "installed", "layout", "loader", "redirect", "resources", "stamps")
    }  # and no syntax trees
    for name in ("rich", "fullcycle.serve.assessment", "fullcycle.serve.supervisor"):
        assert name not in loaded


def counted(service):
    """The connections of each worker."""
    return [slot.connections for slot in service.page.slots() if slot.accepts]


def test_connections_that_live_long_are_spread_over_the_workers(project):
    with hosting(project, workers="2") as service:
        port = service.port
        until(lambda: len(service.workers) == 2)
        open = [Connection(port) for _ in range(16)]
        for connection in open * 2:
            assert connection.ask("POST", "/winback", BODY)[0] == 200

        counts = until(lambda: counted(service) if sum(counted(service)) == 16 else [])
        for connection in open:
            connection.close()

    assert min(counts) >= 4


def test_a_worker_that_is_killed_is_replaced_and_a_client_that_retries_notices_nothing(project):
    with hosting(project, workers="2") as service:
        port = service.port
        until(lambda: len(service.workers) == 2)
        with asking(port, 2, retry=True) as clients:
            for _ in range(3):
                before = service.workers
                os.kill(before[0], signal.SIGKILL)
                until(lambda before=before: len(set(service.workers) - {before[0]}) == 2)
        line = service.heard(f"worker {before[0]} was killed by signal 9; another begins")

    assert line
    assert all(client.failed == [] for client in clients)
    assert sum(client.retried for client in clients) <= 3 * len(clients)


def test_workers_answer_while_their_supervisor_is_dead_and_the_next_one_takes_them_over(project):
    with hosting(project, workers="2") as first:
        port = first.port
        pids = set(until(lambda: first.workers if len(first.workers) == 2 else []))
        with asking(port, 2) as clients:
            first.end(signal.SIGKILL)
            deploy(project, 2)
            time.sleep(0.1)
            assert ask(port)["release"] == "winback@v1"  # nobody is there to tell them
            with hosting(project, workers="2", port=None) as second:
                assert second.port == port
                until(lambda: ask(port)["release"] == "winback@v2")
                assert set(second.workers) == pids
                for pid in pids:
                    assert second.heard(f"worker {pid} runs already and is taken over")
                put(project, 1)
                assert ask(port)["release"] == "winback@v1"
                for client in clients:
                    client.stop()
                assert second.end() == 0
    assert all(client.failed == [] for client in clients)
    assert not any(lives(pid) for pid in pids)


def test_a_second_supervisor_of_the_same_host_is_refused_and_told_of_the_first(project):
    with hosting(project) as first:
        assert first.port
        with hosting(project) as second:
            assert second.process.wait(30) == 1
            assert f"process {first.process.pid} serves that here already" in second.heard("serves that here")


def half_asked(port):
    """A connection on which a request has begun, and waits for the rest of its body."""
    connection = Connection(port)
    head = f"POST /winback HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(BODY)}\r\n\r\n"
    connection.send(head.encode() + BODY[:10])
    return connection


def test_requests_that_began_before_the_end_are_answered_and_none_fails(project):
    with hosting(project, workers="2") as service:
        port = service.port
        until(lambda: len(service.workers) == 2)
        begun = [half_asked(port) for _ in range(6)]
        until(lambda: sum(slot.in_flight for slot in service.page.slots()) == 6)
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        for connection in begun:
            connection.send(BODY[10:])

        assert [connection.read()[0] for connection in begun] == [200] * 6
        for connection in begun:
            connection.close()
        assert service.process.wait(30) == 0


def asked_to_the_end(port, answered):
    """Ask on one connection until it is to be closed; whether the next one is refused."""
    with Connection(port) as connection:
        closes = False
        while not closes:
            status, _, closes = connection.ask_and_see("POST", "/winback", BODY)
            answered.append(status)
    with pytest.raises(ConnectionRefusedError):
        Connection(port)
    return True


def test_whoever_asks_on_and_on_loses_no_request_when_the_service_ends(project):
    with hosting(project) as service, ThreadPoolExecutor(4) as threads:
        port, answered = service.port, []
        asking = [threads.submit(asked_to_the_end, port, answered) for _ in range(4)]
        until(lambda: len(answered) > 100)
        service.process.send_signal(signal.SIGTERM)

        assert all(one.result(30) for one in asking)
        assert set(answered) == {200}
        assert service.process.wait(30) == 0


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


def test_a_worker_above_its_ceiling_is_replaced_after_its_successor_answers(tmp_path):
    leaks = "HELD.append(bytearray(2_000_000)) if client.client_id == 7 else None\nHELD: list = []"
    body = leaks.partition("\n")[0]
    project = lay_out(tmp_path, more='service.memory = "150MB"', bodies=("",))
    add_release(project, 1, f"globals().setdefault('HELD', [])\n    {body}")
    deploy(project, 2)
    with hosting(project) as service:
        port = service.port
        first = service.workers[0]
        with asking(port, 1) as clients:
            until(lambda: len(clients[0].answers) > 60)
            told = service.heard(f"worker {first} holds", wait_s=30)
            until(lambda: first not in service.workers and service.workers)
        until(lambda: not lives(first))

    assert "more than 150 MB: another takes its place" in told
    assert clients[0].failed == []


def test_another_worker_comes_while_requests_are_in_flight_all_the_time(project):
    with hosting(project, workers="1-2") as service:
        port = service.port
        assert len(service.workers) == 1
        begun = [half_asked(port) for _ in range(2)]
        until(lambda: len(service.workers) == 2)
        assert service.heard("2 workers from now on, instead of 1")
        for connection in begun:
            connection.send(BODY[10:])
            assert connection.read()[0] == 200
            connection.close()


def installed(folder, version):
    """A distribution that only its metadata tells of."""
    for path in folder.glob("shelf-*.dist-info"):
        (path / "METADATA").unlink()
        path.rmdir()
    info = folder / f"shelf-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: shelf\nVersion: {version}\n")
    return str(folder)


def standing_on(project, version):
    """A release that was made with a version of that distribution."""
    manifest = Manifest.from_bytes(project.objects.get(release(project, 2)))
    changed = msgspec.structs.replace(manifest, distributions={"shelf": version})
    return made(project.ledger, keep_manifest(project.objects, changed))


def test_a_release_of_other_distributions_is_answered_by_new_workers_that_take_over_the_socket(
    project, tmp_path
):
    path = installed(tmp_path / "site", "1.0")
    old, new = standing_on(project, "1.0"), standing_on(project, "2.0")
    deploy(project, old)
    with hosting(project, workers="2", PYTHONPATH=path) as service:
        port = service.port
        before = until(lambda: service.workers if len(service.workers) == 2 else [])
        with asking(port, 3) as clients:
            with pytest.raises(Refused, match=r"shelf 2\.0, here 1\.0"):
                put(project, new)
            installed(tmp_path / "site", "2.0")  # as pip does it

            assert put(project, new).late == {}

            assert ask(port)["release"] == f"winback@v{new}"
            assert not set(before) & set(service.workers)
            until(lambda: not any(lives(pid) for pid in before))
            assert put(project, 2).late == {}  # stands on nothing: the new workers answer it
    assert [client.failed for client in clients] == [[], [], []], service.lines


def test_a_connection_that_is_kept_gets_one_more_answer_of_those_that_are_replaced(project, tmp_path):
    path = installed(tmp_path / "site", "1.0")
    old, new = standing_on(project, "1.0"), standing_on(project, "2.0")
    deploy(project, old)
    with hosting(project, PYTHONPATH=path) as service:
        asks, idle = Connection(service.port), Connection(service.port)
        before = service.workers
        for connection in (asks, idle):
            assert connection.ask_and_see("POST", "/winback", BODY)[2] is False
        installed(tmp_path / "site", "2.0")
        put(project, new)
        until(lambda: not set(before) & set(service.workers))  # they listen no more

        status, answer, closes = asks.ask_and_see("POST", "/winback", BODY)
        assert (status, answer["release"], closes) == (200, f"winback@v{old}", True)
        assert ask(service.port)["release"] == f"winback@v{new}"
        for connection in (asks, idle):
            with pytest.raises(ConnectionError):
                connection.read()  # before it times out
            connection.close()


_SLOW_TO_SAY = """#!/bin/sh
case "$*" in *" fits "*)
    touch {folder}/asked
    while [ ! -e {folder}/say ]; do sleep 0.01; done
    touch {folder}/said;;
esac
exec "{python}" "$@"
"""


def test_no_worker_for_what_is_proposed_outlasts_a_service_that_ends_meanwhile(tmp_path):
    python = tmp_path / "python"
    python.write_text(_SLOW_TO_SAY.format(folder=tmp_path, python=sys.executable))
    python.chmod(0o755)
    project = lay_out(tmp_path, more=f'python = "{python}"\nservice.grace_s = 5')
    path = installed(tmp_path / "site", "1.0")
    old, new = standing_on(project, "1.0"), standing_on(project, "2.0")
    deploy(project, old)
    with hosting(project, PYTHONPATH=path) as service, ThreadPoolExecutor(1) as beside:
        begun = half_asked(service.port)
        until(lambda: sum(slot.in_flight for slot in service.page.slots()) == 1)
        installed(tmp_path / "site", "2.0")
        deploying = beside.submit(put, project, new)
        until((tmp_path / "asked").exists)
        service.process.send_signal(signal.SIGTERM)
        until(lambda: not service.workers)  # it is seeing them out
        (tmp_path / "say").touch()
        until((tmp_path / "said").exists)
        time.sleep(0.5)  # in which a worker would be hired
        begun.send(BODY[10:])

        assert begun.read()[0] == 200
        assert service.process.wait(30) == 0
        begun.close()
        deploying.result(60)
        assert not [line for line in service.lines if "is killed" in line]
        assert left_behind(project) == set()


def test_a_configured_interpreter_answers(tmp_path):
    python = tmp_path / "python"
    path = installed(tmp_path / "site", "3.0")
    python.write_text(f'#!/bin/sh\nPYTHONPATH={path} exec "{os.sys.executable}" "$@"\n')
    python.chmod(0o755)
    project = lay_out(tmp_path, more=f'python = "{python}"')
    deploy(project, standing_on(project, "3.0"))

    with hosting(project) as service:
        assert ask(service.port)["release"] == "winback@v3"


def test_what_never_answered_is_not_gone_back_to(project):
    put(project, 2)

    with pytest.raises(Refused, match="winback@v2 answers already"):
        go_back(project, "winback", "prod", why="", to=2)
    with pytest.raises(Refused, match="winback@v7 never answered there"):
        go_back(project, "winback", "prod", why="", to=7)
    assert go_back(project, "winback", "prod", why="", to=1).done.rolled_back_from == 2


def test_metrics_add_up_over_workers_that_have_ended(project):
    def decisions(port):
        text = ask(port, "/metrics").decode()
        lines = [line for line in text.splitlines() if line.startswith("fullcycle_decision_seconds_count")]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    with hosting(project, workers="2") as service:
        port = service.port
        until(lambda: len(service.workers) == 2)
        for _ in range(20):
            ask(port)
        os.kill(service.workers[0], signal.SIGKILL)
        until(lambda: len(service.workers) == 2)
        for _ in range(20):
            ask(port)

        assert decisions(port) == 40


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
