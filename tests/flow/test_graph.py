"""fullcycle.flow.graph: examples first, then refusals."""

import pytest

from fullcycle.data import Query
from fullcycle.kernel import Invalid, UnknownName
from small_flows import graph_of

CRM = """
    from datetime import datetime
    from typing import Annotated
    import fullcycle as fc

    class Client(fc.Row):
        client_id: Annotated[int, fc.key]

    class Visit(fc.Row):
        client_id: Annotated[int, fc.key]
        at: Annotated[datetime, fc.time]

    @fc.source(Client)
    def clients(warehouse: fc.Warehouse) -> fc.Query:
        return warehouse.sql("select * from clients")

    @fc.source(Visit)
    def visits(warehouse: fc.Warehouse) -> fc.Query:
        return warehouse.sql("select * from visits")
"""


def test_steps_are_wired_by_the_names_of_their_parameters():
    graph = graph_of(
        """
        @fc.step
        def total(small: int, large: int) -> int: return small + large
        @fc.step
        def small() -> int: return 1
        @fc.step
        def large(small: int, *, times: int = 10) -> int: return small * times
        """
    )

    assert graph.capability == "winback"
    assert {name: node.upstream for name, node in graph.nodes.items()} == {
        "small": (),
        "large": ("small",),
        "total": ("small", "large"),
    }
    (times,) = graph.nodes["large"].parameters
    assert (times.name, times.type, times.default, times.required) == ("times", int, 10, False)


def test_nodes_stand_in_an_order_in_which_they_can_run_and_else_as_written():
    graph = graph_of(
        """
        @fc.step
        def last(b: int, a: int) -> int: return 0
        @fc.step
        def alone() -> int: return 0
        @fc.step
        def a() -> int: return 0
        @fc.step
        def b() -> int: return 0
        """
    )

    assert list(graph.nodes) == ["b", "a", "last", "alone"]


def test_ancestors_are_told_nearest_first_and_once():
    graph = graph_of(
        """
        @fc.step
        def root() -> int: return 0
        @fc.step
        def left(root: int) -> int: return 0
        @fc.step
        def right(root: int) -> int: return 0
        @fc.step
        def tip(left: int, right: int) -> int: return 0
        """
    )

    assert [node.name for node in graph.ancestors("tip")] == ["left", "right", "root"]
    assert list(graph.ancestors("root")) == []


def test_a_source_of_the_library_belongs_to_each_flow_that_imports_it():
    graph = graph_of(
        """
        from shop.library.crm import clients, visits as visits
        @fc.step
        def count(clients: pl.DataFrame) -> int: return clients.height
        @fc.step
        def asked(clients: fc.Query) -> str: return clients.text
        """,
        crm=CRM,
    )

    assert {name: node.role for name, node in graph.nodes.items()} == {
        "clients": "source",
        "visits": "source",
        "count": "step",
        "asked": "step",
    }
    assert graph.nodes["asked"].inputs == {"clients": Query}
    assert graph.nodes["clients"].line.endswith("library/crm.py:13")  # its decorator
    assert graph.nodes["clients"].declared.name == "clients"


def test_metrics_and_outcomes_are_called_what_they_are_bound_to():
    graph = graph_of(
        """
        from shop.library.crm import Visit, visits
        @fc.source(Visit)
        def mailings(warehouse: fc.Warehouse) -> fc.Query: return warehouse.sql("select * from mailings")
        visited = fc.proportion(visits, within="14d")
        past = fc.outcomes(visited, of=mailings)
        @fc.step
        def training(past: pl.DataFrame) -> pl.DataFrame: return past
        """,
        crm=CRM,
    )

    assert graph.nodes["past"].role == "outcomes"
    assert graph.nodes["past"].upstream == ("mailings", "visits")
    assert graph.nodes["past"].declared.name == "past"
    assert {name: metric.name for name, metric in graph.metrics.items()} == {"visited": "visited"}
    assert [node.name for node in graph.ancestors("training")] == ["past", "mailings", "visits"]


def test_outcomes_bring_the_sources_that_only_another_module_names():
    graph = graph_of(
        """
        from shop.library import crm
        past = fc.outcomes(fc.proportion(crm.visits, within="14d"), of=crm.visits)
        """,
        crm=CRM,
    )

    assert list(graph.nodes) == ["visits", "past"]
    assert graph.nodes["past"].upstream == ("visits", "visits")


def test_a_model_is_a_step_that_can_be_judged():
    graph = graph_of(
        """
        class Traits(fc.Row):
            recency: int
        @fc.features
        def traits(seen: Traits) -> Traits: return Traits(recency=seen.recency)
        @fc.step
        def training() -> int: return 1
        @fc.model(traits, score="auc", slices=["recency"])
        def visit(training: int) -> int: return training
        """
    )

    assert graph.nodes["visit"].role == "model"
    assert graph.nodes["visit"].declared.slices == ("recency",)


def test_declared_steps_can_be_called_as_the_functions_they_are():
    step = graph_of(
        """
        @fc.step(volatile=True)
        def total(small: int, *, times: int = 2) -> int:
            "Multiply."
            return small * times
        @fc.step
        def small() -> int: return 1
        """
    ).nodes["total"]

    assert step.declared(3) == 6
    assert step.declared(3, times=5) == 15
    assert (step.declared.__name__, step.declared.__doc__) == ("total", "Multiply.")
    assert step.declared.volatile


def test_types_of_the_project_fit_themselves_and_their_unions():
    graph = graph_of(
        """
        from dataclasses import dataclass
        @dataclass
        class Offer:
            price: float
        @fc.step
        def best() -> Offer: return Offer(1.0)
        @fc.step
        def every() -> list[Offer]: return [Offer(1.0)]
        @fc.step
        def shown(best: Offer | None, every: list[Offer]) -> str: return ""
        """
    )

    assert list(graph.nodes) == ["best", "every", "shown"]


# refusals

STEPS = "@fc.step\ndef clients() -> pl.DataFrame: return pl.DataFrame()\n@fc.step\n"


@pytest.mark.parametrize(
    ("step", "what", "mend"),
    [
        (
            "def count(client: pl.DataFrame) -> int: return 0",
            "there is no 'client'",
            "did you mean 'clients'?",
        ),
        (
            "def count(zebra: pl.DataFrame) -> int: return 0",
            "there is no 'zebra'",
            "use one of: clients, count",
        ),
        (
            "def count(clients) -> int: return 0",
            "parameter 'clients' of count has no type",
            "annotate it, say clients: pl.DataFrame",
        ),
        (
            "def count(clients: pl.DataFrame): return 0",
            "count does not say what it returns",
            "annotate it, say -> pl.DataFrame",
        ),
        (
            "def count(*clients: pl.DataFrame) -> int: return 0",
            "count takes *clients",
            "name each step it needs as a parameter of its own",
        ),
        ("def count(**clients) -> int: return 0", "count takes **clients", "name each step it needs"),
        (
            "def count(clients: pl.DataFrame, /) -> int: return 0",
            "count takes 'clients' by position only",
            "leave out the / of its parameters",
        ),
        (
            "def count(clients: pl.DataFrame, top: int = 3) -> int: return 0",
            "count gives its input 'top' a default",
            "write a * before it: def count(…, *, top=…)",
        ),
        (
            "def count(clients: 'Missing') -> int: return 0",
            "an annotation cannot be read: name 'Missing' is not defined",
            "import the name it uses",
        ),
        (
            "def count(clients: 'pl.') -> int: return 0",
            "an annotation cannot be read",
            "import the name it uses",
        ),
        (
            "def count(clients: list[int]) -> int: return 0",
            "count asks for clients: list[int], but clients gives DataFrame",
            "annotate it as DataFrame, or change what clients returns",
        ),
        (
            "def count(clients: fc.Query) -> int: return 0",
            "count asks for clients: Query, but clients gives DataFrame",
            "annotate it as DataFrame, or change what clients returns",
        ),
        (
            "def count(plain: int) -> int: return 0\ndef plain() -> int: return 0",
            "plain is a plain function, no step",
            "decorate plain with @fc.step",
        ),
    ],
)
def test_a_step_that_cannot_be_wired_is_refused_with_its_line(step, what, mend):
    with pytest.raises((Invalid, UnknownName)) as caught:
        graph_of(STEPS + step)

    assert caught.value.what.startswith(what)
    assert mend in caught.value.mend
    assert "winback/flow.py:8" in caught.value.where


def test_steps_that_need_each_other_are_refused_by_naming_the_circle():
    with pytest.raises(Invalid) as caught:
        graph_of(
            """
            @fc.step
            def start(b: int) -> int: return 0
            @fc.step
            def a(c: int) -> int: return 0
            @fc.step
            def b(a: int) -> int: return 0
            @fc.step
            def c(b: int) -> int: return 0
            """
        )

    assert caught.value.what == "the flow goes in a circle: b → a → c → b"
    assert "winback/flow.py:" in caught.value.where
    assert caught.value.mend == "let one of them take what both need as a step of its own"


def test_a_step_that_needs_itself_is_a_circle():
    with pytest.raises(Invalid, match="in a circle: a → a"):
        graph_of("@fc.step\ndef a(a: int) -> int: return 0")


@pytest.mark.parametrize("given", ["clients", "past"])
def test_rows_of_a_source_or_of_outcomes_are_a_table_and_nothing_else(given):
    with pytest.raises(Invalid, match=f"count asks for {given}: dict") as caught:
        graph_of(
            f"""
            from shop.library.crm import clients, visits
            past = fc.outcomes(fc.proportion(visits, within="14d"), of=visits)
            @fc.step
            def count({given}: dict[str, int]) -> int: return 0
            """,
            crm=CRM,
        )

    assert caught.value.mend == "annotate it as pl.DataFrame"


def test_a_model_of_no_feature_set_is_refused():
    with pytest.raises(Invalid, match="'traits' is not a feature set") as caught:
        graph_of('@fc.model("traits", score="auc")\ndef visit() -> int: return 1')

    assert caught.value.mend == "pass a function decorated with @fc.features"
