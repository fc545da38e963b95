"""A service through deployments and kills: clients that remember what they were answered, and the log beside.

``python tests/chaos.py --requests 100000 --deploys 100`` does at length what the tests do in short: first
deployments and rollbacks under load, then the same while a worker is killed every second.
"""

import argparse
import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fullcycle.adapters.segments import Hole, read_decisions, scan_segment, segments
from fullcycle.record import decode_decision
from fullcycle.wiring.deploying import go_back, put_to_work
from fullcycle.wiring.project import Project
from hosted import BODY, Supervisor, deploy, hosting, lay_out, left_behind, until
from served_process import Connection

CLIENTS = 8


@dataclass
class Outcome:
    """What came of it: what clients saw, and what the log says."""

    asked: int = 0
    deployed: int = 0
    killed: int = 0
    failed: list[str] = field(default_factory=list)  # what a client that asks once more notices
    lost: int = 0  # requests whose connection was closed before an answer came
    missing: set[str] = field(default_factory=set)  # answered, and not in the log
    twice: list[str] = field(default_factory=list)  # ids that are read more than once
    repeated: set[str] = field(default_factory=set)  # written twice, though nobody asked twice
    holes: int = 0
    undelivered: int = 0  # in the log, and never answered
    changed: int = 0  # answered once more by another release than the log tells of
    strange: set[str] = field(default_factory=set)  # the same, though nobody asked once more
    took_s: float = 0.0

    def __str__(self) -> str:
        """The figures, in a line."""
        return (
            f"{self.asked:,} requests, {self.deployed} deployments and rollbacks, {self.killed} kills in "
            f"{self.took_s:.0f} s: {len(self.failed)} failed, {self.lost} lost with a connection; of those "
            f"answered {len(self.missing)} are missing from the log; {len(self.twice)} ids read twice; "
            f"{self.undelivered} records without a delivered answer; {self.holes} holes; {self.changed} "
            "asked again were answered by another release than their first record tells of"
        )


class Asker(threading.Thread):
    """Asks so many times, once more where the connection is closed; every other asker sends keys."""

    def __init__(self, port: int, name: str, count: int) -> None:
        super().__init__(daemon=True)
        self._port, self._prefix, self._count = port, name, count
        self._keyed = int(name[-1]) % 2 == 1
        self._connection: Connection | None = None
        self.answered: dict[str, str] = {}  # by id: the release
        self.failed: list[str] = []
        self.again: set[str] = set()  # keys that were sent twice
        self.lost = self.asked = 0

    def run(self) -> None:
        while self.asked < self._count:
            self.asked += 1
            key = f"{self._prefix}-{self.asked}"
            if not self._ask(key):
                self.again.add(key)
                if not self._ask(key):
                    self.failed.append(f"{key}: closed twice")
        self._leave()

    def _ask(self, key: str) -> bool:
        """Whether there was an answer."""
        try:
            self._connection = self._connection or Connection(self._port)
            lines = [f"Idempotency-Key: {key}"] if self._keyed else []
            status, answer = self._connection.ask("POST", "/winback", BODY, *lines)
        except OSError:
            self.lost += 1
            self._leave()
            return False
        if status != 200:
            self.failed.append(f"{key}: {status} {answer}")
        else:
            self.answered[answer["decision_id"]] = answer["release"]
        if self._connection.closes:
            self._leave()
        return True

    def _leave(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def go_through(
    folder: Path, *, requests: int, deploys: int, kill_every_s: float | None = None, seed: int = 1
) -> Outcome:
    """Ask a service of two workers so often, deploy and roll back meanwhile, and kill if told so."""
    project = lay_out(folder)
    deploy(project, 1)
    outcome, began = Outcome(), time.monotonic()
    with hosting(project, workers="2") as service:
        port = service.port
        until(lambda: len(service.workers) == 2)
        askers = [Asker(port, f"asker-{n}", requests // CLIENTS) for n in range(CLIENTS)]
        for asker in askers:
            asker.start()
        with killing(service, kill_every_s, seed) as kills:
            outcome.deployed = _deploy_meanwhile(project, askers, requests, deploys)
            for asker in askers:
                asker.join()
        ended = service.end()
        outcome.failed += [f"worker {pid} was left behind" for pid in left_behind(project)]
    outcome.failed += [] if ended == 0 else [f"the supervisor ended with {ended}"]
    outcome.killed, outcome.took_s = len(kills), time.monotonic() - began
    _reckon(outcome, project, askers)
    return outcome


@contextmanager
def killing(service: Supervisor, every_s: float | None, seed: int) -> Iterator[list[int]]:
    """A worker is killed every so often while another one answers; the processes that were.

    Of a machine so busy that the next worker is not there yet, no service could ask more: a client
    that asks again has nobody to ask.
    """
    killed: list[int] = []
    over, moments = threading.Event(), random.Random(seed)

    def kill() -> None:
        pause_s = 0.02  # the first comes soon: a quiet machine answers thousands in a moment
        while every_s is not None and not over.wait(pause_s):
            if len(workers := service.workers) > 1:
                pid = moments.choice(workers)
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
                pause_s = every_s

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    try:
        yield killed
    finally:
        over.set()
        killer.join()


def _deploy_meanwhile(project: Project, askers: list[Asker], requests: int, deploys: int) -> int:
    """Deploy and roll back in turns, evenly over the requests."""
    for n in range(deploys):
        while any(each.is_alive() for each in askers) and _asked(askers) < requests * n // deploys:
            time.sleep(0.005)
        if n % 2 == 0:
            done = put_to_work(project, "winback", 2, "prod", why="chaos")
        else:
            done = go_back(project, "winback", "prod", why="chaos")
        if done.late:
            raise AssertionError(f"deployment {done.done.number} was not answered: {done.late}")
    return deploys


def _asked(askers: list[Asker]) -> int:
    return sum(asker.asked for asker in askers)


def _reckon(outcome: Outcome, project: Project, askers: list[Asker]) -> None:
    """Hold what clients saw against the log."""
    folder = project.events_folder("winback", "prod")
    found = [event for path in segments(folder) for event in scan_segment(path)]
    written = Counter(decode_decision(one.payload).id for one in found if not isinstance(one, Hole))
    read = [(one.id, f"winback@v{one.release}") for one in read_decisions(folder)]
    logged = dict(read)
    answered = {id: release for asker in askers for id, release in asker.answered.items()}
    again = {key for asker in askers for key in asker.again}
    otherwise = {id for id, release in answered.items() if logged.get(id, release) != release}
    outcome.asked = _asked(askers)
    outcome.failed += [line for asker in askers for line in asker.failed]
    outcome.lost = sum(asker.lost for asker in askers)
    outcome.missing = set(answered) - set(logged)
    outcome.twice = [id for id, times in Counter(id for id, _ in read).items() if times > 1]
    outcome.repeated = {id for id, times in written.items() if times > 1} - again
    outcome.holes = sum(isinstance(one, Hole) for one in found)
    outcome.undelivered = len(set(logged) - set(answered))
    outcome.changed, outcome.strange = len(otherwise & again), otherwise - again


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--deploys", type=int, default=100)
    parser.add_argument("--kill-every", type=float, default=1.0, help="seconds")
    told = parser.parse_args()
    for every_s in (None, told.kill_every):
        with tempfile.TemporaryDirectory() as folder:
            amount = {"requests": told.requests, "deploys": told.deploys}
            outcome = go_through(Path(folder), **amount, kill_every_s=every_s)
        print(outcome, *outcome.failed[:5], *sorted(outcome.strange)[:5], sep="\n  ", flush=True)


if __name__ == "__main__":
    main()
