"""fullcycle.serve.staffing: how many workers, and when one that died comes back."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel import Invalid
from fullcycle.serve.staffing import MOST, Backoff, Staffing, Workers


@pytest.mark.parametrize(
    ("text", "meant"),
    [("1", Workers(1, 1)), ("2", Workers(2, 2)), ("1-4", Workers(1, 4)), (" 2 - 3 ", Workers(2, 3))],
)
def test_a_number_or_a_range_of_workers_is_read_and_told_alike(text, meant):
    assert Workers.parse(text) == meant
    assert Workers.parse(str(meant)) == meant


@pytest.mark.parametrize("text", ["0", "", "two", "4-1", "-1", "1-", f"{MOST + 1}", "1-99", "1.5"])
def test_what_is_no_number_of_workers_is_refused_with_an_example(text):
    with pytest.raises(Invalid, match="is no number of workers") as caught:
        Workers.parse(text)
    assert "write 2, or 1-4" in caught.value.mend


def staffed(workers, loads, *, count=1, step=0.1):
    """The count after each of these numbers of requests in flight, a tenth of a second apart."""
    staffing, counts = Staffing(workers), []
    for n, load in enumerate(loads):
        count = staffing.wanted(count, load, n * step)
        counts.append(count)
    return counts


def test_a_worker_comes_while_more_is_in_flight_than_they_can_do_and_goes_when_it_ends():
    counts = staffed(Workers(1, 3), [5] * 100 + [0] * 600)

    assert counts[5] == 1
    assert max(counts) == counts[99] == 3
    assert counts[-1] == 1


def test_a_moment_of_load_or_of_quiet_changes_nothing():
    assert set(staffed(Workers(1, 4), [2] * 5 + [0] * 20, count=1)) == {1}
    assert set(staffed(Workers(1, 4), [1] * 30 + [0] * 100, count=2)) == {2}


def test_a_load_between_the_two_thresholds_moves_nothing_either_way():
    assert set(staffed(Workers(1, 4), [1] * 1000, count=2)) == {2}


def refusing(workers, refused, *, count=1):
    """The count after each tenth of a second, of a service that answers at once what it does not refuse."""
    staffing, counts = Staffing(workers), []
    for n, one in enumerate(refused):
        count = staffing.wanted(count, 0, n / 10, refused=one)
        counts.append(count)
    return counts


def test_a_service_that_refuses_requests_hires_though_nothing_is_in_flight():
    assert max(refusing(Workers(1, 3), [True] * 15)) == 2
    assert refusing(Workers(1, 3), [True] * 100)[-1] == 3
    assert refusing(Workers(1, 3), [True, False, False, False, False] * 20)[-1] == 3  # two a second


def test_one_refusal_hires_nobody_and_none_is_sent_away_while_requests_are_refused():
    assert set(refusing(Workers(1, 3), [True] + [False] * 100)) == {1}
    assert set(refusing(Workers(1, 2), [True] + [False] * 8, count=2)) == {2}
    assert refusing(Workers(1, 2), [n % 9 == 0 for n in range(600)], count=2)[-1] == 2
    assert refusing(Workers(1, 2), [False] * 600, count=2)[-1] == 1


def test_a_worker_goes_later_than_one_comes():
    up, down = staffed(Workers(1, 2), [3] * 300), staffed(Workers(1, 2), [0] * 300, count=2)

    assert 3 * up.index(2) < down.index(1)


@given(
    st.lists(st.integers(0, 200), max_size=200),
    st.integers(1, 4),
    st.integers(0, 4),
    st.floats(0.01, 5.0),
)
def test_there_are_never_fewer_or_more_than_asked_for_and_one_comes_at_a_time(loads, fewest, room, step):
    workers = Workers(fewest, fewest + room)
    counts = [fewest, *staffed(workers, loads, count=fewest, step=step)]

    assert all(workers.fewest <= count <= workers.most for count in counts)
    assert all(abs(a - b) <= 1 for a, b in pairwise(counts))


def test_a_worker_that_dies_again_and_again_is_waited_for_longer_each_time_up_to_a_limit():
    backoff = Backoff()
    waits = [backoff.after_death(0.1, answered=False) for _ in range(30)]

    assert all(b == 2 * a for a, b in pairwise(waits[:8]))
    assert waits[0] < 0.1
    assert waits[-1] == waits[-2] == 30


def test_one_that_had_answered_is_soon_back_and_one_that_lasted_at_once():
    backoff = Backoff()
    waits = [backoff.after_death(0.5, answered=True) for _ in range(30)]

    assert max(waits) == 1
    assert backoff.after_death(60.0, answered=True) == 0
    assert backoff.after_death(0.5, answered=True) == waits[0]
