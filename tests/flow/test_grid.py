"""fullcycle.flow.grid: examples first, then laws, then refusals."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.flow import RunRecord, chosen_by, combinations, decisive, ranked, split_values
from fullcycle.kernel import Invalid
from recorded_runs import evaluated, started
from small_flows import graph_of

FLOW = """
    @fc.step
    def fitted(*, leaves: int = 31, days: list[int] = [7], name: str = "a", rate: float = 0.1) -> float:
        return leaves * len(days)
"""


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("31", ["31"]),
        ("15,31,63", ["15", "31", "63"]),
        ("[1,7]", ["[1,7]"]),
        ("[1,7],[2,8]", ["[1,7]", "[2,8]"]),
        ('{"a": [1,2]},{}', ['{"a": [1,2]}', "{}"]),
        ('"a,b"', ["a,b"]),
        ('"a,b",c', ["a,b", "c"]),
        ("[half, open", ["[half", " open"]),
        ('"a"b', ['"a"b']),
        ("", [""]),
        ('"",x', ["", "x"]),
    ],
)
def test_values_are_split_at_commas_but_not_inside_of_json(typed, values):
    assert split_values(typed) == values


def test_the_last_parameter_changes_first():
    axes = {"leaves": [15, 31], "rate": [0.1, 0.2]}

    assert [tuple(one.values()) for one in combinations(axes)] == [(15, 0.1), (15, 0.2), (31, 0.1), (31, 0.2)]


def test_each_value_is_read_as_its_parameter_and_a_list_as_json():
    graph = graph_of(FLOW)

    chosen = chosen_by(graph, {"name": "b"}, {"leaves": ["15", "31"], "days": ["[1, 7]"]})

    assert [one["fitted"] for one in chosen] == [
        {"leaves": 15, "days": [1, 7], "name": "b", "rate": 0.1},
        {"leaves": 31, "days": [1, 7], "name": "b", "rate": 0.1},
    ]


def run_of(number, **scores):
    evaluations = {step: evaluated(step, value) for step, value in scores.items()}
    return RunRecord(number, 0, "ana", started(), evaluations=evaluations)


def test_the_best_come_first_and_what_was_not_judged_last():
    runs = [run_of(1, chance=0.5), run_of(2), run_of(3, chance=0.7)]

    assert [one.number for one in ranked(runs, "chance", higher_is_better=True)] == [3, 1, 2]
    assert [one.number for one in ranked(runs, "chance", higher_is_better=False)] == [1, 3, 2]


def test_a_grid_is_ranked_by_the_model_that_it_makes_differ():
    assert decisive([run_of(1, visit=0.5, spend=0.1), run_of(2, visit=0.6, spend=0.1)]) == "visit"
    assert decisive([run_of(1, visit=0.5, spend=0.1)]) == "spend"
    assert decisive([run_of(1)]) is None


@given(
    st.lists(
        st.text(st.characters(exclude_characters='[{",', exclude_categories=["Cs"]), min_size=1), min_size=1
    )
)
def test_plain_texts_come_back_as_they_were_typed(values):
    assert split_values(",".join(values)) == values


@given(st.lists(st.lists(st.integers()) | st.dictionaries(st.text(), st.integers()), min_size=1))
def test_json_values_come_back_whole(values):
    assert [json.loads(one) for one in split_values(",".join(map(json.dumps, values)))] == values


def test_two_names_for_one_value_are_one_trial_too_many():
    with pytest.raises(Invalid, match=r"rate=0\.1 and rate=0\.10 are the same trial") as caught:
        chosen_by(graph_of(FLOW), {}, {"rate": ["0.1", "0.10"]})

    assert "name each value once" in str(caught.value)


@pytest.mark.parametrize("text", ["15,,31", "15,"])
def test_an_empty_value_among_others_is_refused(text):
    with pytest.raises(Invalid, match="names an empty value"):
        split_values(text)


def test_a_value_of_another_type_is_refused_before_anything_runs():
    with pytest.raises(Invalid, match="'many' is not of type int"):
        chosen_by(graph_of(FLOW), {}, {"leaves": ["15", "many"]})
    with pytest.raises(Invalid, match=r"'\[1, x\]' is not of type list"):
        chosen_by(graph_of(FLOW), {}, {"days": ["[1, x]"]})
