"""fullcycle.flow.listing: runs chosen and sorted; examples, laws, refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.flow import Condition, RunLine, RunScore, Wanted, chosen, differing
from fullcycle.kernel import Invalid, UnknownName


def line(number, *, by="ana", message="", status="done", visit=None, at=0, **parameters):
    scores = {} if visit is None else {"visit": RunScore("auc", visit)}
    return RunLine(
        capability="winback",
        number=number,
        at=at,
        by=by,
        message=message,
        status=status,
        scores=scores,
        parameters=parameters,
    )


RUNS = [
    line(1, visit=0.7, leaves=31, kind="gain", message="First try"),
    line(2, visit=0.9, leaves=63, kind="gain", by="ben", at=50),
    line(3, status="failed", leaves=63, exact=True, at=100),
]


def numbers(*conditions, sort="-run", **wanted):
    where = [Condition.parse(text) for text in conditions]
    return [run.number for run in chosen(RUNS, Wanted(where=where, **wanted), sort=sort)]


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("leaves=63", [3, 2]),
        ("leaves != 63", [1]),
        ("leaves<63", [1]),
        ("leaves>=31", [3, 2, 1]),
        ("visit>0.8", [2]),
        ("kind=gain", [2, 1]),
        ("exact=true", [3]),
        ("exact=1", []),
        ("by=ben", [2]),
        ("run<=2", [2, 1]),
    ],
)
def test_a_condition_holds_a_parameter_a_score_or_a_column_against_a_value(condition, kept):
    assert numbers(condition) == kept


def test_author_message_status_and_date_choose_too():
    assert numbers(by="ben") == [2]
    assert numbers(grep="first") == [1]
    assert numbers(status="failed") == [3]
    assert numbers(since=50) == [3, 2]
    assert numbers("leaves=63", by="ben") == [2]


def test_newest_stand_first_unless_a_score_or_a_parameter_sorts():
    assert numbers() == [3, 2, 1]
    assert numbers(sort="visit") == [1, 2, 3]
    assert numbers(sort="-visit") == [2, 1, 3]
    assert numbers(sort="leaves") == [1, 3, 2]
    assert numbers(sort="when") == [1, 2, 3]


def test_parameters_that_differ_are_those_not_the_same_in_every_run():
    assert differing(RUNS) == ["leaves", "kind", "exact"]
    assert differing(RUNS[:2]) == ["leaves"]
    assert differing(RUNS[:1]) == []


lines = st.lists(
    st.builds(
        line,
        st.integers(1, 100),
        visit=st.none() | st.floats(0, 1),
        leaves=st.integers(0, 3) | st.sampled_from(["x", "y"]),
    ),
    unique_by=lambda run: run.number,
)


@given(runs=lines, sort=st.sampled_from(["run", "-run", "took", "-when"]))
def test_sorting_loses_and_invents_no_run(runs, sort):
    assert {run.number for run in chosen(runs, Wanted(), sort=sort)} == {run.number for run in runs}


@given(runs=lines.filter(lambda runs: any(run.scores for run in runs)))
def test_the_highest_score_stands_first_and_none_last(runs):
    values = [
        run.scores["visit"].value if run.scores else None for run in chosen(runs, Wanted(), sort="-visit")
    ]
    known = [value for value in values if value is not None]

    assert values == [*sorted(known, reverse=True), *[None] * (len(values) - len(known))]


def test_a_name_that_no_run_has_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'leaves'"):
        numbers("leafs=63")
    with pytest.raises(UnknownName, match="did you mean 'visit'"):
        numbers(sort="-vist")


def test_a_condition_that_is_none_says_how_to_write_one():
    with pytest.raises(Invalid, match="leaves=63"):
        Condition.parse("leaves")
    with pytest.raises(Invalid, match="'many' is no number"):
        numbers("leaves>many")
