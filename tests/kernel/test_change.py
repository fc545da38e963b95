"""fullcycle.kernel.change: examples, then laws."""

from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel import Change, changes

sides = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3) | st.booleans() | st.none())


def test_what_is_gone_other_and_new_is_told_in_that_order_of_names():
    assert changes({"a": 1, "b": 2, "c": 3}, {"b": 2, "c": 4, "d": 5}) == (
        Change("a", "removed", 1),
        Change("c", "changed", 3, 4),
        Change("d", "added", None, 5),
    )


def test_true_is_not_one_and_a_nan_is_itself():
    assert changes({"a": True, "b": float("nan")}, {"a": 1, "b": float("nan")}) == (
        Change("a", "changed", True, 1),
    )


@given(was=sides, now=sides)
def test_applying_the_changes_to_the_first_gives_the_second(was, now):
    mended = dict(was)
    for change in changes(was, now):
        if change.kind == "removed":
            del mended[change.name]
        else:
            mended[change.name] = change.now

    assert mended == now


@given(side=sides)
def test_nothing_changed_between_a_thing_and_itself(side):
    assert changes(side, dict(side)) == ()
