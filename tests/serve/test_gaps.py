"""fullcycle.serve.gaps: what a log does not take is refused, or answered and counted; never neither."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import served_full
import served_shop
from asgi_client import ask
from fullcycle.kernel import Misconfigured
from fullcycle.record import MemoryObjects, unlogged_in
from fullcycle.serve import App, Deployed, Stager
from fullcycle.serve.gaps import Gaps
from fullcycle.serve.serving import Serving

MOUNT = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]


def can_mount() -> bool:
    try:
        return subprocess.run([*MOUNT, "mount -t tmpfs tmpfs /mnt"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


needs_mounts = pytest.mark.skipif(not can_mount(), reason="this machine lets nobody mount a small disk")


def on_a_full_disk(folder: Path, policy: str) -> dict:
    (folder / "disk").mkdir()
    script = f'mount -t tmpfs -o size=64k tmpfs "{folder}/disk" && exec "$@"'
    command = [*MOUNT, script, "sh", sys.executable, served_full.__file__, str(folder), policy]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ids(answers: list) -> list[str]:
    return [told["decision_id"] for status, told in answers if status == 200 and told.get("logged", True)]


@needs_mounts
def test_on_a_full_disk_nothing_is_answered_that_is_not_logged(tmp_path):
    found = on_a_full_disk(tmp_path, "refuse")
    refused = [told for status, told in found["full"] if status != 200]

    assert {status for status, _ in found["full"]} == {200, 503}
    assert len(refused) > 5
    assert all(told["later"] == "1" and "could not be recorded" in told["detail"] for told in refused)
    assert [status for status, _ in found["after"]] == [200] * 3
    assert found["logged"] == found["published"] == ids(found["full"]) + ids(found["after"])
    assert found["unlogged"] == []
    assert found["counted"] == {"fullcycle_unrecorded_total": len(refused)}
    assert [line for line in found["told"] if "told once" in line] == found["told"][:1]
    assert "No space left on device" in found["told"][0]


@needs_mounts
def test_on_a_full_disk_what_is_answered_all_the_same_says_so_and_is_counted(tmp_path):
    found = on_a_full_disk(tmp_path, "answer and count")
    unlogged = [told for _, told in found["full"] if not told.get("logged", True)]

    assert {status for status, _ in found["full"] + found["after"]} == {200}
    assert len(unlogged) > 5
    assert found["logged"] == found["published"] == ids(found["full"]) + ids(found["after"])
    assert found["unlogged"] == [len(unlogged)]
    assert found["ready"]["unlogged"] == len(unlogged)
    assert found["counted"] == {
        "fullcycle_unrecorded_total": len(unlogged),
        "fullcycle_unlogged_total": len(unlogged),
    }
    assert len(found["told"]) == 2
    assert "a decision was answered without being logged: nothing can be written there" in found["told"][0]
    assert found["told"][1].endswith(
        f"the log takes decisions again; {len(unlogged)} were answered without it"
    )


class Log:
    """A log that takes as much as it has room for."""

    def __init__(self) -> None:
        self.room = 0
        self.taken: list[bytes] = []

    def append(self, payload: bytes) -> None:
        self.append_all([payload])

    def append_all(self, payloads) -> None:
        if len(payloads) > self.room:
            raise Misconfigured("nothing can be written there", "the event log", "make room")
        self.room -= len(payloads)
        self.taken += payloads

    def close(self) -> None: ...


@pytest.fixture
def lenient(tmp_path):
    log, objects, shop = Log(), MemoryObjects(), served_shop.write_shop(tmp_path)
    stager = Stager(
        objects, served_shop.serving_codecs(), log, "prod", lambda told: None, root=shop, gaps=Gaps()
    )
    serving = Serving(stager(Deployed(3, served_shop.release(objects, shop))))
    app = App(serving, lambda: None, capability="winback", replay=False, tell=lambda told: None)
    return stager, app


def test_many_rows_that_the_log_does_not_take_are_answered_as_not_logged(lenient):
    stager, app = lenient
    answer = ask(app, "POST", "/winback", served_shop.REQUESTS)
    stager.log.room = 10
    logged = ask(app, "POST", "/winback", served_shop.REQUESTS)

    assert [one["logged"] for one in answer.json] == [False] * 3
    assert not any("logged" in one for one in logged.json)
    note = unlogged_in(stager.log.taken[-1])
    assert note is not None
    assert (note.unlogged, note.release) == (3, 3)
    assert note.why == "nothing can be written there (the event log); make room"


def test_a_note_that_the_log_does_not_take_either_is_kept_for_later(lenient):
    stager, app = lenient
    ask(app, "POST", "/winback", served_shop.REQUESTS[0])
    stager.log.room = 1
    ask(app, "POST", "/winback", served_shop.REQUESTS[0])
    ask(app, "POST", "/winback", served_shop.REQUESTS[0])
    stager.log.room = 1
    stager.close()

    decision, note = stager.log.taken
    assert unlogged_in(decision) is None
    told = unlogged_in(note)
    assert told is not None
    assert told.unlogged == 2
    assert told.since <= told.until


def test_gaps_note_nothing_where_there_are_none():
    log = Log()

    assert Gaps().note(log) == 0
    assert log.taken == []
