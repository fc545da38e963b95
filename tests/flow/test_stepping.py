"""fullcycle.flow.stepping: steps that do not give the same twice, and results that are lost."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from fullcycle.adapters.files import FileObjects
from fullcycle.flow import InProcess
from small_flows import Shop, ran
from spending_flow import clients, run


@pytest.fixture
def shop():
    return Shop(tables={"clients": clients(5, 10, 20)})


def test_a_volatile_step_runs_every_time_and_its_new_result_goes_on():
    shop = Shop()
    flow = """
        import time
        @fc.step(volatile=True)
        def today() -> str: return f"today {time.perf_counter_ns()}"
        @fc.step
        def told(today: str) -> str: return today.upper()
    """
    shop.run(flow)
    before = shop.value("told")

    second = shop.run(flow)

    assert ran(second) == {"today": "volatile: runs every time", "told": "today has new content"}
    assert second.steps["today"].deterministic
    assert shop.value("told") != before


def test_a_volatile_step_that_says_the_same_again_runs_nothing_else(shop):
    flow = """
        @fc.step(volatile=True)
        def today() -> str: return "today"
        @fc.step
        def told(today: str) -> str: return today.upper()
    """
    shop.run(flow)

    assert ran(shop.run(flow)) == {"today": "volatile: runs every time"}


def lose(shop, artifact):
    shop.objects.path(artifact.object).unlink()


def test_a_lost_artifact_is_computed_again(shop, tmp_path):
    shop.objects = FileObjects(tmp_path)
    first = run(shop)
    lose(shop, first.steps["big"].artifact)

    second = run(shop)

    assert ran(second) == {"big": "its stored result is gone"}
    assert second.steps["big"].deterministic
    assert ran(run(shop)) == {}


def test_a_lost_artifact_that_comes_out_differently_is_reported_and_replaced(tmp_path):
    shop = Shop(objects=FileObjects(tmp_path))
    flow = f"{DRAWN}\n@fc.step\ndef told(drawn: str) -> str: return drawn"
    first = shop.run(flow)
    lose(shop, first.steps["drawn"].artifact)

    second = shop.run(flow)

    assert ran(second) == {"drawn": "its stored result is gone", "told": "drawn has new content"}
    assert not second.steps["drawn"].deterministic
    assert second.steps["drawn"].note == "not deterministic: the result that is gone was another"
    assert ran(shop.run(flow)) == {}


DRAWN = "import time\n@fc.step\ndef drawn() -> str: return str(time.perf_counter_ns())"


@dataclass
class Together(InProcess):
    """Lets two runs compute a step at the same time."""

    both: threading.Barrier = field(default_factory=lambda: threading.Barrier(2, timeout=20))

    @contextmanager
    def limited(self, threads):
        self.both.wait()
        yield
        self.both.wait()


def two_at_once(shop, flow):
    records = []
    threads = [threading.Thread(target=lambda: records.append(shop.run(flow))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(records, key=lambda record: record.number)


def test_of_two_runs_at_once_that_disagree_the_first_result_counts_for_both():
    shop = Shop(executor=Together())

    one, other = two_at_once(shop, DRAWN)

    assert (one.number, other.number) == (1, 2)
    assert one.steps["drawn"].artifact.content == other.steps["drawn"].artifact.content
    assert [one.steps["drawn"].deterministic, other.steps["drawn"].deterministic].count(False) == 1
    assert {one.steps["drawn"].note, other.steps["drawn"].note} == {
        "",
        "not deterministic: the result recorded first counts",
    }
