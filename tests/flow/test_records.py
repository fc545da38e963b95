"""fullcycle.flow.records: runs as the record tells them; examples first, then refusals."""

import msgspec
import pytest

from fullcycle.flow import StepFailed, last_run, run_record, runs
from fullcycle.flow.records import last_times
from fullcycle.kernel import Missing, now, this_process
from fullcycle.record import MemoryLedger
from recorded_runs import append, started, stepped
from small_flows import Shop

ONE = "@fc.step\ndef one(*, n: int = 1) -> int: return 1 // n\n"
TWO = ONE + "@fc.step\ndef two(one: int) -> int: return one + 1\n"


class Counting(MemoryLedger):
    """Tells which streams were read."""

    def __init__(self):
        super().__init__()
        self.read_streams = []

    def read(self, stream, since=0):
        self.read_streams.append(stream)
        return super().read(stream, since)


@pytest.fixture
def shop():
    return Shop(ledger=Counting())


def fails(shop):
    with pytest.raises(StepFailed):
        shop.run(TWO, n=0)


def test_a_capability_that_never_ran_has_no_runs(shop):
    assert runs(shop.ledger, "winback") == []
    assert last_run(shop.ledger, "winback") is None
    assert last_times(shop.ledger, "winback", ["one"]) == {}


def test_the_last_run_of_a_status_may_be_an_older_one(shop):
    shop.run(TWO)
    fails(shop)

    assert last_run(shop.ledger, "winback").ref == "winback@2"
    assert last_run(shop.ledger, "winback", status="done").ref == "winback@1"
    assert last_run(shop.ledger, "winback", status="died") is None


def test_a_run_that_was_killed_died_with_what_it_had_finished(shop):
    """Of real processes this is told in test_state."""
    gone = started(process=msgspec.structs.replace(this_process(), began="1"))
    append(shop.ledger, at=now(), start=gone, events=[stepped("one")])

    record = last_run(shop.ledger, "winback")
    assert (record.status, record.finished, list(record.steps)) == ("died", None, ["one"])


def test_a_run_that_ends_by_whatever_is_raised_is_recorded_as_failed(shop):
    class Stopped(BaseException):
        pass

    def stop(step):
        raise Stopped("at once")

    with pytest.raises(Stopped):
        shop.run(TWO, tell=stop)

    record = last_run(shop.ledger, "winback")
    assert (record.status, record.told, list(record.steps)) == (
        "failed",
        "failed: Stopped: at once",
        ["one"],
    )


def test_capabilities_of_similar_names_are_told_apart(shop):
    for number in range(11):
        shop.run(ONE, n=number + 1)

    assert run_record(shop.ledger, "winback", 1).steps["one"].parameters == {"n": 1}
    assert run_record(shop.ledger, "winback", 11).steps["one"].parameters == {"n": 11}
    assert runs(shop.ledger, "win") == []


def test_the_last_time_of_a_step_may_lie_some_runs_back(shop):
    shop.run(TWO)
    shop.run(ONE, n=2)
    fails(shop)

    found = last_times(shop.ledger, "winback", ["one", "two"])

    assert found["one"] == run_record(shop.ledger, "winback", 2).steps["one"]
    assert found["two"] == run_record(shop.ledger, "winback", 1).steps["two"]


def test_only_as_many_runs_are_read_as_are_needed(shop):
    for number in range(20):
        shop.run(TWO, n=number + 1)
    shop.ledger.read_streams.clear()

    last_times(shop.ledger, "winback", ["one", "two"])

    assert shop.ledger.read_streams == ["run/winback/20"]


# refusals


@pytest.mark.parametrize("number", [0, -1, 3])
def test_a_run_that_is_not_there_names_the_last_one(shop, number):
    shop.run(ONE)
    shop.run(ONE)

    with pytest.raises(Missing) as caught:
        run_record(shop.ledger, "winback", number)

    assert caught.value.what == f"there is no run winback@{number}"
    assert caught.value.mend == "the last run is winback@2"


def test_the_first_run_has_to_be_started(shop):
    with pytest.raises(Missing) as caught:
        run_record(shop.ledger, "winback", 1)

    assert caught.value.mend == "start one: fullcycle run winback"
