"""fullcycle.adapters.parts: parts made by several processes come back in their order."""

import os

import pytest

import parts_work
from fullcycle.adapters.parts import in_processes
from fullcycle.kernel import Misconfigured


def test_parts_come_back_in_their_order_from_several_processes():
    made = list(in_processes(parts_work.squares, (100,), iter(range(20)), 2))

    assert [value for value, _ in made] == [100 + n * n for n in range(20)]
    assert len({pid for _, pid in made}) == 2
    assert os.getpid() not in {pid for _, pid in made}


def test_no_more_wait_than_the_processes_can_soon_make():
    asked = []

    def items():
        for n in range(20):
            asked.append(n)
            yield n

    made = in_processes(parts_work.squares, (0,), items(), 2)
    next(made)

    assert len(asked) <= 5
    made.close()


def test_each_process_computes_with_one_thread():
    assert list(in_processes(parts_work.threads, (), iter([1]), 1)) == ["1"]
    assert os.environ.get("POLARS_MAX_THREADS") != "1"


def test_what_a_part_raises_is_raised_here():
    with pytest.raises(ZeroDivisionError, match="no square of -1"):
        list(in_processes(parts_work.squares, (0,), iter([1, -1]), 2))


def test_what_keeps_a_process_from_beginning_is_raised_here():
    with pytest.raises(LookupError, match="nothing to begin with"):
        list(in_processes(parts_work.never, (), iter([1]), 1))


def test_a_process_that_dies_is_told_with_what_to_do():
    with pytest.raises(Misconfigured, match="--workers 1"):
        list(in_processes(parts_work.squares, (0,), iter([1, 99, 2]), 2))
