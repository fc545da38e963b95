"""fullcycle.flow.parameters: examples first, then refusals."""

from datetime import date
from typing import Literal

import pytest

from fullcycle.flow import choose
from fullcycle.kernel import Invalid, UnknownName
from small_flows import graph_of

FLOW = """
    @fc.step
    def training(*, seed: int = 7, holdout: float = 0.3) -> int: return 0
    @fc.step
    def visit(training: int, *, seed: int = 7, leaves: int = 31) -> int: return 0
    @fc.step
    def plain(training: int) -> int: return 0
"""


def one(annotation, default="", **given):
    """What a step's only parameter ``it`` becomes."""
    graph = graph_of(f"@fc.step\ndef step(*, it: {annotation}{default}) -> int: return 0")
    return choose(graph, given)["step"]["it"]


def test_what_is_not_said_keeps_its_default():
    assert choose(graph_of(FLOW), {}) == {
        "training": {"seed": 7, "holdout": 0.3},
        "visit": {"seed": 7, "leaves": 31},
    }


def test_a_name_alone_sets_it_for_every_step_that_declares_it():
    chosen = choose(graph_of(FLOW), {"seed": "11", "leaves": "63"})

    assert chosen == {"training": {"seed": 11, "holdout": 0.3}, "visit": {"seed": 11, "leaves": 63}}


def test_a_name_behind_a_step_sets_it_for_that_step():
    chosen = choose(graph_of(FLOW), {"visit.seed": "11"})

    assert (chosen["training"]["seed"], chosen["visit"]["seed"]) == (7, 11)


@pytest.mark.parametrize(
    ("annotation", "given", "value"),
    [
        ("int", "-3", -3),
        ("int", 3, 3),
        ("float", "0.25", 0.25),
        ("float", "1", 1.0),
        ("float", "1e-3", 0.001),
        ("float", 2, 2.0),
        ("bool", "true", True),
        ("bool", "0", False),
        ("bool", False, False),
        ("str", "31", "31"),
        ("date", "2026-11-01", date(2026, 11, 1)),
        ("Literal['gain', 'split']", "split", "split"),
        ("int | None", "null", None),
        ("int | None", "4", 4),
        ("int | None", None, None),
        ("float | None", "0.5", 0.5),
        ("list[int]", [1, 2], [1, 2]),
        ("Annotated[int, 'leaves']", "5", 5),
    ],
)
def test_text_is_read_as_the_type_of_the_parameter(annotation, given, value):
    found = one(annotation, it=given)

    assert found == value
    assert type(found) is type(value)


def test_a_default_of_none_stays_none():
    assert one("int | None", " = None") is None


def test_a_required_parameter_takes_what_is_given():
    assert one("int", it="5") == 5


# refusals


def refused(given, flow=FLOW):
    with pytest.raises((Invalid, UnknownName)) as caught:
        choose(graph_of(flow), given, where="-p")
    return caught.value


def test_a_required_parameter_without_a_value_says_how_to_give_it():
    error = refused({}, "@fc.step\ndef visit(*, leaves: int) -> int: return 0")

    assert error.what == "visit needs a value for 'leaves'"
    assert error.where == "-p"
    assert error.mend == "give it: -p visit.leaves=…"


@pytest.mark.parametrize(
    ("given", "what", "mend"),
    [
        ("leafs", "there is no 'leafs'", "did you mean 'leaves'?"),
        ("visit.leafs", "there is no 'visit.leafs'", "did you mean 'visit.leaves'?"),
        ("visits.leaves", "there is no 'visits.leaves'", "did you mean 'visit.leaves'?"),
        ("plain.leaves", "there is no 'plain.leaves'", "did you mean 'visit.leaves'?"),
        ("zzz", "there is no 'zzz'", "use one of: holdout, leaves, seed"),
    ],
)
def test_an_unknown_name_offers_the_nearest(given, what, mend):
    error = refused({given: "1"})

    assert (error.what, error.where, error.mend) == (what, "-p", mend)


def test_a_flow_without_parameters_takes_none():
    assert refused({"leaves": "1"}, "@fc.step\ndef a() -> int: return 0").mend == (
        "nothing is defined there yet; write, say:\n"
        "         @fc.step\n"
        "         def step(*, leaves: int = 3) -> int: ..."
    )


def test_a_name_that_means_different_things_has_to_be_told_apart():
    error = refused(
        {"size": "4"},
        """
        @fc.step
        def a(*, size: int = 3) -> int: return 0
        @fc.step
        def b(*, size: int = 5) -> int: return 0
        """,
    )

    assert error.what == "'size' means different things to a, b"
    assert error.mend == "say -p a.size=… or -p b.size=…"


@pytest.mark.parametrize(
    ("annotation", "given", "what", "such_as"),
    [
        ("int", "many", "'many' is not of type int, which it of step takes", "3"),
        ("int", "1.5", "'1.5' is not of type int", "3"),
        ("int", 1.5, "1.5 is not of type int", "3"),
        ("int", True, "True is not of type int", "3"),
        ("bool", 1, "1 is not of type bool", "true"),
        ("bool", "perhaps", "'perhaps' is not of type bool", "true"),
        ("date", "yesterday", "'yesterday' is not of type date", "2026-11-30"),
        ("Literal['gain', 'split']", "spilt", "'spilt' is not of type Literal['gain', 'split']", "gain"),
        ("int | None", "nothing", "'nothing' is not of type int | None", "3"),
    ],
)
def test_a_value_of_another_type_is_refused(annotation, given, what, such_as):
    error = refused({"it": given}, f"@fc.step\ndef step(*, it: {annotation}) -> int: return 0")

    assert error.what.startswith(what)
    assert error.where == "-p, it"
    assert error.mend == f"write, say, -p step.it={such_as}; the parameters are step.it: {annotation}"


def test_what_is_written_as_a_list_and_is_none_is_told_with_an_example_that_works():
    flow = "@fc.step\ndef a(*, names: list[str], n: int = 7) -> int: return 0"
    error = refused({"names": "x", "n": "1"}, flow)

    assert error.what == "'x' is not of type list[str], which names of a takes"
    assert error.mend == (
        """write, say, -p a.names='["text"]'; the parameters are a.names: list[str], a.n: int = 7"""
    )
    assert choose(graph_of(flow), {"a.names": '["text"]'})["a"] == {"names": ["text"], "n": 7}
    assert "-p a.n=7;" in refused({"names": '["x"]', "n": "[1"}, flow).mend


def test_a_value_of_no_choice_names_the_choices():
    assert (
        "'gain', 'split'"
        in refused(
            {"it": "spilt"}, "@fc.step\ndef step(*, it: Literal['gain', 'split']) -> int: return 0"
        ).what
    )


def test_the_type_is_what_the_module_says():
    graph = graph_of("Way = Literal['a', 'b']\n@fc.step\ndef step(*, way: Way = 'a') -> int: return 0")

    assert graph.nodes["step"].parameters[0].type == Literal["a", "b"]
    assert choose(graph, {"way": "b"}) == {"step": {"way": "b"}}
