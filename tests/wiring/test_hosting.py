"""fullcycle.wiring.hosting: a service as its user has it, in real processes that are killed."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fullcycle.adapters.workers import lives
from fullcycle.release import Activation
from hosted import (
    BODY,
    add_release,
    ask,
    asking,
    deploy,
    half_asked,
    hosting,
    lay_out,
    put,
    two_releases,
    until,
)
from served_process import Connection


@pytest.fixture
def project(tmp_path):
    return two_releases(tmp_path)


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
