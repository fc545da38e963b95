"""fullcycle.serve.supervisor: what it does about workers, seen without any."""

import asyncio
import signal
import time
from dataclasses import dataclass, field
from itertools import count

import pytest

from fullcycle.adapters.shared_page import SharedPage
from fullcycle.serve import supervisor
from fullcycle.serve.messages import Hello
from fullcycle.serve.metrics import Meter
from fullcycle.serve.staffing import Terms, Workers
from fullcycle.serve.supervisor import Staff


@dataclass
class Started:
    """A process that ends when it is told to."""

    pid: int
    told: list[int] = field(default_factory=list)

    def ended(self) -> str | None:
        return "ended with status 0" if self.told else None

    def send(self, number: int) -> None:
        self.told.append(number)

    def memory(self) -> int | None:
        return None


class Now:
    """A clock that is set."""

    def __init__(self) -> None:
        self.at = time.monotonic()

    def monotonic(self) -> float:
        return self.at


@pytest.fixture
def started():
    return []


@pytest.fixture
def staff(tmp_path, started):
    """Of two workers."""
    numbers = count(1000)

    def start(slot: int, python: str) -> Started:
        started.append(Started(next(numbers)))
        return started[-1]

    made = Staff(
        page=SharedPage(tmp_path / "page"),
        terms=Terms(Workers(2, 2)),
        start=start,
        reach=Started,
        tell=lambda line: None,
        changed=lambda came: None,
    )
    made.keep()
    made.tend()
    return made


def long_at_work(staff):
    """As after an hour: whoever ends now is replaced at once."""
    for member in staff.members:
        member.greeted, member.beat = True, (0, time.monotonic())
        member.began -= 3600
        member.opened = member.began


def test_a_worker_that_dies_is_replaced(staff, started):
    long_at_work(staff)
    started[0].told.append(9)
    staff.tend()

    assert [member.pid for member in staff.members] == [1001, 1002]


def test_one_of_many_that_dies_takes_none_of_the_others_with_it(staff, started):
    staff.terms = Terms(Workers(4, 4))
    staff.__post_init__()
    staff.tend()
    long_at_work(staff)
    started[1].told.append(9)
    staff.tend()

    assert [member.pid for member in staff.staying] == [1000, 1002, 1003, 1004]


def test_a_worker_that_ends_as_all_are_dismissed_is_replaced_by_none(staff, started):
    long_at_work(staff)
    asyncio.run(staff.dismiss())
    staff.tend()  # as when it hangs up

    assert len(started) == 2


def test_a_service_whose_workers_refuse_requests_gets_another(staff, monkeypatch):
    clock = Now()
    monkeypatch.setattr(supervisor, "time", clock)
    staff.terms = Terms(Workers(2, 3))
    staff.__post_init__()
    long_at_work(staff)
    meter = Meter(staff.members[0].slot.counters)
    for n in range(30):
        clock.at += 0.1
        meter.shed() if n > 3 else None
        staff.tend()

    assert [member.pid for member in staff.members] == [1000, 1001, 1002]


def test_what_a_slot_counted_before_its_worker_came_is_no_refusal_of_its(staff, monkeypatch):
    clock = Now()
    monkeypatch.setattr(supervisor, "time", clock)
    staff.terms = Terms(Workers(2, 3))
    staff.__post_init__()
    long_at_work(staff)
    Meter(staff.members[0].slot.counters).shed()
    for _ in range(30):
        clock.at += 0.1
        staff.tend()

    assert len(staff.members) == 2


def test_a_worker_that_greets_once_all_were_dismissed_is_sent_away_too(staff):
    asyncio.run(staff.dismiss())
    late = staff._greeted(Hello(4000, 7, "python", opened=False, held={}), None)

    assert late.process.told == [signal.SIGTERM]
