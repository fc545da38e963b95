"""fullcycle.flow.running: what is computed and what is reused, and the reason printed for each."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

import polars as pl
import pytest

from fullcycle.adapters.files import FileObjects
from fullcycle.flow import InProcess, last_run, run_record, runs
from fullcycle.kernel import Money
from small_flows import Shop, project, ran

FLOW = """
    from shop.library.money import euro

    class Client(fc.Row):
        client_id: Annotated[int, fc.key]
        spend: float

    @fc.source(Client)
    def clients(warehouse: fc.Warehouse) -> fc.Query:
        return warehouse.sql("select * from clients")

    @fc.step
    def big(clients: pl.DataFrame, *, least: float = 10.0) -> pl.DataFrame:
        return clients.filter(pl.col("spend") >= least)

    @fc.step
    def worth(big: pl.DataFrame, *, rate: float = 1.0) -> float:
        return euro(big["spend"].sum()) * rate

    @fc.step
    def told(worth: float) -> str:
        return f"{worth:.0f} EUR"
"""
MONEY = """\
RATE = 2

def euro(cents):
    # cents of any kind
    return cents * RATE
"""


def clients(*spend):
    return pl.DataFrame({"client_id": range(len(spend)), "spend": [float(s) for s in spend]})


@pytest.fixture
def shop():
    return Shop(tables={"clients": clients(5, 10, 20)})


def run(shop, flow=FLOW, money=MONEY, **parameters):
    return shop.run(project(flow, money=money), **parameters)


def reasons(record):
    return {name: step.reason for name, step in record.steps.items()}


def test_a_first_run_computes_everything(shop):
    record = run(shop)

    assert reasons(record) == {
        "clients": "first read",
        "big": "never ran",
        "worth": "never ran",
        "told": "never ran",
    }
    assert shop.value("told") == "60 EUR"
    assert record.steps["clients"].note == "checked 3 of 3 rows"
    assert (record.steps["clients"].rows, record.steps["big"].rows, record.steps["worth"].rows) == (
        3,
        2,
        None,
    )


def test_a_second_run_reads_the_sources_and_reuses_the_rest(shop):
    first = run(shop)
    second = run(shop)

    assert reasons(second) == {
        "clients": "read again: unchanged",
        "big": "nothing it stands on changed",
        "worth": "nothing it stands on changed",
        "told": "nothing it stands on changed",
    }
    assert all(step.reused for step in second.steps.values())
    assert shop.asked == ["select * from clients"] * 2
    for name, step in second.steps.items():
        assert step.artifact == first.steps[name].artifact
        assert step.rows == first.steps[name].rows


def test_rows_in_another_order_are_the_same_rows(shop):
    run(shop)
    shop.tables["clients"] = shop.tables["clients"].reverse()

    assert ran(run(shop)) == {}


def test_a_step_that_comes_to_the_same_result_stops_the_cascade(shop):
    run(shop)
    shop.tables["clients"] = clients(5, 10, 20, 7)

    second = run(shop)

    assert second.steps["clients"].reason == "clients has new content (+1 row)"
    assert not second.steps["clients"].reused
    assert ran(second) == {"big": "clients has new content (+1 row)"}
    assert second.steps["worth"].reused


def test_new_rows_that_matter_run_all_that_stands_on_them(shop):
    run(shop)
    shop.tables["clients"] = clients(5, 10, *[20] * 1_300)

    assert ran(run(shop)) == {
        "big": "clients has new content (+1,299 rows)",
        "worth": "big has new content (+1,299 rows)",
        "told": "worth has new content",
    }


def test_as_many_rows_of_other_values_are_new_content(shop):
    run(shop)
    shop.tables["clients"] = clients(5, 10, 21)

    assert ran(run(shop))["big"] == "clients has new content"


def test_an_edited_constant_of_a_helper_of_another_module_is_named(shop):
    run(shop)

    second = run(shop, money=MONEY.replace("RATE = 2", "RATE = 3"))

    assert ran(second) == {"worth": "library/money.py:1 RATE changed", "told": "worth has new content"}
    assert shop.value("told") == "90 EUR"


def test_an_edited_helper_is_named_with_its_line(shop):
    run(shop)

    second = run(shop, money=MONEY.replace("cents * RATE", "cents * RATE + 1"))

    assert ran(second) == {"worth": "library/money.py:3 euro() changed", "told": "worth has new content"}


def test_an_edited_step_is_named_with_its_line(shop):
    run(shop)

    second = run(shop, flow=FLOW.replace("EUR", "euro"))

    assert ran(second) == {"told": "winback/flow.py:26 told() changed"}


def test_comments_white_space_and_code_that_is_not_reached_run_nothing(shop):
    run(shop)
    money = "# all in cents\n" + MONEY.replace("# cents", "# euros").replace("\n\n", "\n\n\n\n")

    assert ran(run(shop, money=money + "\n\ndef dollars(cents):\n    return 3\n")) == {}


def test_a_changed_parameter_is_told_with_both_values(shop):
    run(shop)

    second = run(shop, rate=1.5)

    assert ran(second) == {"worth": "parameter rate 1.0 → 1.5", "told": "worth has new content"}
    assert second.started.parameters == {"rate": 1.5}
    assert second.steps["worth"].parameters == {"rate": 1.5}


def test_a_parameter_of_before_finds_the_result_of_before(shop):
    run(shop)
    run(shop, rate=1.5)

    assert ran(run(shop)) == {}
    assert shop.value("told") == "60 EUR"


def test_several_reasons_are_told_together_and_the_fourth_only_counted(shop):
    run(shop)
    shop.tables["clients"] = clients(30)
    money = MONEY.replace("RATE = 2", "RATE = 3").replace("cents * RATE", "cents + RATE")

    assert ran(run(shop, money=money, rate=2.0))["worth"] == (
        "library/money.py:1 RATE changed; library/money.py:3 euro() changed; "
        "parameter rate 1.0 → 2.0; and 1 more"
    )


def test_a_step_is_compared_with_its_own_last_time(shop):
    run(shop)
    run(shop, rate=2.0)
    shop.run("@fc.step\ndef alone() -> int: return 1")  # a run of which worth was no part

    assert ran(run(shop, rate=3.0))["worth"] == "parameter rate 2.0 → 3.0"


def test_inputs_that_come_and_go_are_named(shop):
    one = "@fc.step\ndef a() -> int: return 1\n@fc.step\ndef b() -> int: return 2\n"
    shop.run(one + "@fc.step\ndef c(a: int) -> int: return 0")

    reason = ran(shop.run(one + "@fc.step\ndef c(b: int) -> int: return 0"))["c"]

    assert reason == "winback/flow.py:11 c() changed; b has new content; a is no longer an input"


# what a step is given


def test_plain_classes_come_back_as_what_they_are_computed_or_reused(shop):
    flow = """
        from dataclasses import dataclass

        class Offer(fc.Row):
            price: float

        @dataclass
        class Plan:
            offers: list[Offer]
            @property
            def total(self) -> float:
                return sum(offer.price for offer in self.offers)

        @fc.step
        def plan() -> Plan: return Plan([Offer(price=2.0), Offer(price=3.0)])
        @fc.step
        def offers(plan: Plan) -> list[Offer]: return plan.offers
        @fc.step
        def total(plan: Plan, offers: list[Offer], *, n: int = 1) -> float:
            assert [type(offer) for offer in offers] == [Offer, Offer]
            return plan.total * n
    """
    shop.run(flow)
    assert shop.value("total") == 5.0

    second = shop.run(flow, n=2)

    assert ran(second) == {"total": "parameter n 1 → 2"}
    assert shop.value("total") == 10.0


def test_a_class_that_is_only_asked_for_counts_as_code(shop):
    flow = """
        from dataclasses import dataclass
        @dataclass
        class Plan:
            price: float
            @property
            def total(self) -> float: return self.price
        @fc.step
        def plan() -> Plan: return Plan(2.0)
        @fc.step
        def total(plan: Plan) -> float: return plan.total
    """
    shop.run(flow)

    second = shop.run(flow.replace("return self.price", "return self.price + 1"))

    assert set(ran(second)) == {"plan", "total"}
    assert shop.value("total") == 3.0


def test_an_edit_elsewhere_leaves_a_step_that_takes_classes_of_the_project_alone(shop):
    flow = """
        class Offer(fc.Row):
            price: float
        @fc.step
        def offers() -> list[Offer]: return [Offer(price=1.0)]
        @fc.step
        def count(offers: list[Offer]) -> int: return len(offers)
    """
    shop.run(project(flow, money=MONEY))

    assert ran(shop.run(project(flow, money="RATE = 4"))) == {}


QUERYING = """
    class Client(fc.Row):
        client_id: Annotated[int, fc.key]
        spend: float
    @fc.source(Client)
    def clients(warehouse: fc.Warehouse) -> fc.Query: return warehouse.sql("select * from clients")
    @fc.step
    def text(clients: fc.Query) -> str: return clients.text
    @fc.step
    def count(clients: fc.Query) -> int: return clients.frame().height
    @fc.step
    def same(clients: pl.DataFrame) -> int: return clients.height
"""


def test_a_step_may_ask_for_the_query_instead_of_its_rows(shop):
    shop.run(QUERYING)

    assert (shop.value("text"), shop.value("count")) == ("select * from clients", 3)
    assert ran(shop.run(QUERYING)) == {}


def test_a_query_of_a_step_answers_with_the_rows_that_the_run_recorded(shop):
    def rows_arrive(step):
        if step.step == "clients":
            shop.tables["clients"] = clients(1, 2, 3, 4, 5)

    shop.run(QUERYING, tell=rows_arrive)

    assert shop.value("count") == 3  # what the key of its result says


def test_a_step_that_asks_for_the_query_runs_when_the_rows_change(shop):
    shop.run(QUERYING)
    shop.tables["clients"] = clients(5, 10)

    assert ran(shop.run(QUERYING))["count"] == "clients has new content (-1 row)"
    assert shop.value("count") == 2


def test_asking_in_another_view_is_another_computation(shop):
    table = QUERYING.replace("same(clients: pl.DataFrame)", "same(clients: Any)")
    shop.run(QUERYING)

    assert set(ran(shop.run(table))) == {"same"}


def test_a_step_that_changes_its_table_in_place_changes_nobody_elses(shop):
    flow = """
        class Client(fc.Row):
            client_id: Annotated[int, fc.key]
            spend: float
        @fc.source(Client)
        def clients(warehouse: fc.Warehouse) -> fc.Query: return warehouse.sql("select * from clients")
        @fc.step
        def careless(clients: pl.DataFrame) -> list[str]:
            clients.insert_column(0, pl.Series("extra", [1, 2, 3]))
            return clients.columns
        @fc.step
        def columns(clients: pl.DataFrame) -> list[str]: return clients.columns
    """
    shop.run(flow)

    assert shop.value("careless") == ["extra", "client_id", "spend"]
    assert shop.value("columns") == ["client_id", "spend"]


# steps that do not give the same twice


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


# the record of a run


def test_runs_are_numbered_and_each_says_what_it_tried(shop):
    run(shop, message="a first try")
    run(shop, message="again")

    record = run_record(shop.ledger, "winback", 1)
    assert [r.number for r in runs(shop.ledger, "winback")] == [1, 2]
    assert (record.ref, record.started.message, record.by, record.at, record.status) == (
        "winback@1",
        "a first try",
        "ada",
        shop.now,
        "done",
    )
    assert list(record.steps) == ["clients", "big", "worth", "told"]
    assert last_run(shop.ledger, "winback").ref == "winback@2"


def test_a_run_returns_what_the_record_holds(shop):
    assert run(shop) == run_record(shop.ledger, "winback", 1)


def test_what_a_step_stands_on_and_took_is_recorded(shop):
    steps = run(shop).steps

    assert steps["big"].inputs == {"clients": steps["clients"].artifact.content}
    assert steps["big"].parameters == {"least": 10.0}
    assert steps["big"].wall > 0
    assert steps["big"].peak_memory > 1_000_000
    assert b"library/money.py:euro" in shop.objects.get(steps["worth"].reach)
    assert b"library/money.py:euro" not in shop.objects.get(steps["big"].reach)


def test_a_run_says_what_it_took_and_cost(shop):
    done = run(shop).finished

    assert done.wall > 0
    assert done.cost == Money(0.04 * done.cpu / 3600, "EUR")
    assert done.error == ""


def test_each_step_is_told_of_as_it_finishes(shop):
    told = []

    run(shop, tell=lambda step: told.append((step.step, len(shop.ledger.read("run/winback/1")))))

    assert told == [("clients", 0), ("big", 2), ("worth", 3), ("told", 4)]  # what was computed is recorded


def test_a_model_is_judged_on_the_split_it_learnt_from(shop):
    record = shop.run(
        """
        class Traits(fc.Row):
            recency: int
        @fc.features
        def traits(seen: Traits) -> Traits: return Traits(recency=seen.recency)
        @fc.step
        def training() -> int: return 1
        @fc.model(traits, score="auc")
        def visit(training: int) -> int: return training
        """
    )

    assert list(record.evaluations) == ["visit"]
    assert shop.artifacts.load(record.evaluations["visit"].evaluation) == {"worth": 1}
    assert not record.evaluations["visit"].reused
