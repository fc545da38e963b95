"""fullcycle.report.graph: layers follow the inputs, and the picture shows what ran."""

from hypothesis import given
from hypothesis import strategies as st

from fullcycle.report import FlowStep
from fullcycle.report.graph import layers, picture


def steps(**inputs):
    return [FlowStep(name, "step", tuple(taken)) for name, taken in inputs.items()]


def test_a_step_stands_after_the_last_of_its_inputs():
    assert layers(steps(model=["rows", "past"], past=["rows"], rows=[])) == [["rows"], ["past"], ["model"]]


def test_lines_that_need_not_cross_do_not():
    crossed = steps(a=[], b=[], of_b=["b"], of_a=["a"])

    assert layers(crossed) in ([["a", "b"], ["of_a", "of_b"]], [["b", "a"], ["of_b", "of_a"]])


def test_an_input_from_elsewhere_and_a_circle_do_no_harm():
    assert layers(steps(a=["elsewhere"])) == [["a"]]
    assert sorted(name for row in layers(steps(a=["b"], b=["a"])) for name in row) == ["a", "b"]
    assert layers([]) == []
    assert picture([], width=400, downwards=True).startswith("<svg")


def test_the_picture_tells_times_and_what_was_reused_and_shortens_long_names():
    flow = [
        FlowStep("rows", "source", (), 0.062),
        FlowStep("a_name_that_is_much_too_long_for_its_box", "model", ("rows",), 1.0, reused=True),
    ]

    wide, narrow = (picture(flow, width=width, downwards=width == 400) for width in (860, 400))

    for drawn in (wide, narrow):
        assert "source, 62" in drawn
        assert "model, reused" in drawn
        assert "stroke-dasharray" in drawn
        assert "a_name" in drawn
        assert ">a_name_that_is_much_too_long_for_its_box<" not in drawn
        assert drawn.count("<path") == 1


@given(
    links=st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda link: link[0] < link[1]), max_size=25
    )
)
def test_every_input_stands_in_an_earlier_layer(links):
    flow = [FlowStep(str(n), "step", tuple(str(a) for a, b in links if b == n)) for n in range(10)]
    depth = {name: level for level, row in enumerate(layers(flow)) for name in row}

    assert len(depth) == 10
    assert all(depth[str(a)] < depth[str(b)] for a, b in links)
