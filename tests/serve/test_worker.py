"""fullcycle.serve.worker: a worker answers with what the word names, if it holds it."""

import asyncio
from dataclasses import dataclass, field

import msgspec
import pytest

from fullcycle.adapters.shared_page import SharedPage
from fullcycle.kernel import Misconfigured
from fullcycle.record import Artifact
from fullcycle.release import LookupPublished, PinnedLookup
from fullcycle.serve import messages
from fullcycle.serve.messages import TO_SUPERVISOR, TO_WORKER, line_of
from fullcycle.serve.ports import Deployed
from fullcycle.serve.serving import Serving
from fullcycle.serve.worker import Worker


@dataclass
class Ready:
    """What stands for a staged release."""

    deployed: Deployed
    ref: str
    golden_rows: int = 3


@dataclass
class Stand:
    """A worker with its page, and the releases that were staged for it."""

    page: SharedPage
    serving: Serving = field(default_factory=Serving)
    staged: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    fails: Exception | None = None

    def __post_init__(self):
        self.worker = Worker(self.app, self.serving, self.page, self.page.slot(0), stage=self.stage)

    def stage(self, deployed):
        if self.fails is not None:
            raise self.fails
        self.staged.append(deployed.release)
        return Ready(deployed, f"winback@v{deployed.release}")

    async def app(self, scope, receive, send):
        began = self.serving.active.ref if self.serving.active is not None else ""
        await receive()
        self.asked.append(began)

    def have(self, generation, release):
        return asyncio.run(self.worker.stage(generation, Deployed(release, f"m{release}")))

    def ask(self, meanwhile=lambda: None):
        async def receive():
            meanwhile()

        asyncio.run(self.worker({"type": "http"}, receive, None))
        return self.asked[-1]


@pytest.fixture
def stand(tmp_path):
    return Stand(SharedPage(tmp_path / "page"))


def test_the_word_decides_what_answers_the_requests_that_begin(stand):
    stand.have(1, 7)
    stand.have(2, 8)
    assert stand.ask() == ""
    stand.page.generation = 1
    assert stand.ask() == "winback@v7"
    stand.page.generation = 2
    assert stand.ask() == "winback@v8"
    assert stand.worker.told() == "winback@v8 answers; 3 golden rows reproduced"


def test_a_request_ends_on_what_it_began_with(stand):
    stand.have(1, 7)
    stand.have(2, 8)
    stand.page.generation = 1

    def turned():
        stand.page.generation = 2
        stand.worker.turn()

    assert stand.ask(meanwhile=turned) == "winback@v7"
    assert stand.ask() == "winback@v8"


def test_what_is_named_before_it_is_ready_answers_once_it_is(stand):
    stand.have(1, 7)
    stand.page.generation = 1
    assert stand.ask() == "winback@v7"
    stand.page.generation = 2
    assert stand.ask() == "winback@v7"

    assert stand.have(2, 8) == messages.Staged(2)
    assert stand.ask() == "winback@v8"


def test_what_answered_before_stays_warm_and_what_is_older_goes(stand):
    for generation in range(1, 6):
        stand.have(generation, generation)
        stand.page.generation = generation
        stand.ask()

    assert list(stand.worker.held) == [3, 4, 5]
    stand.have(4, 4)
    stand.page.generation = 4
    assert stand.ask() == "winback@v4"
    assert stand.staged == [1, 2, 3, 4, 5]


def test_a_release_that_answers_already_is_not_staged_again_under_another_number(stand):
    stand.have(1, 7)
    stand.page.generation = 1
    stand.ask()
    stand.have(9, 7)

    assert stand.staged == [7]


def test_what_cannot_be_staged_is_told_in_a_line_and_changes_nothing(stand):
    stand.have(1, 7)
    stand.page.generation = 1
    stand.ask()
    stand.fails = ValueError("no\nluck")
    assert stand.have(2, 8) == messages.Staged(2, "ValueError: no")
    stand.fails = Misconfigured("made with Python 2.7", "a release", "release anew")
    assert stand.have(3, 9) == messages.Staged(3, "made with Python 2.7", misfit=True)

    assert stand.ask() == "winback@v7"
    assert stand.worker.held == {1: Deployed(7, "m7")}


def test_requests_in_flight_are_counted_whatever_becomes_of_them(stand):
    def fails():
        assert stand.page.slot(0).in_flight == 1
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        stand.ask(meanwhile=fails)

    assert stand.page.slot(0).in_flight == 0


PINNED = PinnedLookup(
    artifact=Artifact("c", "o", "json@1", 2), index="i", size=8, rows=1, contract="k", step="tastes"
)
PUBLISHED = LookupPublished(parameter="tastes", lookup=PINNED, run=3, releases=7)


@pytest.mark.parametrize(
    ("message", "decoder"),
    [
        (messages.Stage(3, Deployed(7, "m")), TO_WORKER),
        (messages.Stage(4, Deployed(7, "m", (PUBLISHED,))), TO_WORKER),
        (messages.Turn(), TO_WORKER),
        (messages.Open(), TO_WORKER),
        (messages.Retire(), TO_WORKER),
        (messages.Spread(4), TO_WORKER),
        (messages.HandOver("/run/x"), TO_WORKER),
        (messages.Standing("why", ""), TO_WORKER),
        (messages.Hello(1, 2, "python", True, {3: Deployed(7, "m")}), TO_SUPERVISOR),
        (messages.Staged(3, "why", misfit=True), TO_SUPERVISOR),
        (messages.Answering(3, "v7 answers", (1, 3)), TO_SUPERVISOR),
        (messages.Told("a line\nwith a break"), TO_SUPERVISOR),
    ],
)
def test_every_message_is_one_line_and_comes_back(message, decoder):
    line = line_of(message)

    assert line.count(b"\n") == 1
    assert decoder.decode(line) == message


def test_a_message_of_a_later_version_is_known_to_be_unknown():
    with pytest.raises(msgspec.ValidationError):
        TO_WORKER.decode(b'{"type":"dance"}')
