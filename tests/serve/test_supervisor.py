"""fullcycle.serve.supervisor: what it does about workers, seen without any."""

import asyncio
from dataclasses import dataclass, field
from itertools import count

import pytest

from fullcycle.adapters.shared_page import SharedPage
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
        member.began -= 3600
        member.opened = member.began


def test_a_worker_that_dies_is_replaced(staff, started):
    long_at_work(staff)
    started[0].told.append(9)
    staff.tend()

    assert [member.pid for member in staff.members] == [1001, 1002]


def test_a_worker_that_ends_as_all_are_dismissed_is_replaced_by_none(staff, started):
    long_at_work(staff)
    asyncio.run(staff.dismiss())
    staff.tend()  # as when it hangs up

    assert len(started) == 2
