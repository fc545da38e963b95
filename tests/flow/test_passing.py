"""fullcycle.flow.passing: what a step is given."""

import pytest

from small_flows import Shop, project, ran
from spending_flow import MONEY, clients


@pytest.fixture
def shop():
    return Shop(tables={"clients": clients(5, 10, 20)})


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
