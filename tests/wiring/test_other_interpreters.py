"""fullcycle.serve.readiness in processes: a release that needs other distributions, or another Python."""

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from fullcycle.adapters.workers import lives
from fullcycle.kernel import Refused
from fullcycle.release import Manifest, keep_manifest
from hosted import (
    BODY,
    ask,
    asking,
    deploy,
    half_asked,
    hosting,
    lay_out,
    left_behind,
    put,
    release,
    two_releases,
    until,
)
from served_process import Connection
from served_shop import made


@pytest.fixture
def project(tmp_path):
    return two_releases(tmp_path)


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
