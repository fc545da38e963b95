"""fullcycle.kernel.counting: numbers with their nouns."""

import pytest

from fullcycle.kernel import counted


@pytest.mark.parametrize(
    ("many", "told"), [(0, "0 rows"), (1, "1 row"), (-1, "-1 row"), (2, "2 rows"), (12_345, "12,345 rows")]
)
def test_one_is_told_in_the_singular(many, told):
    assert counted(many, "row") == told


def test_a_noun_may_bring_its_plural():
    assert [counted(many, "entry", "entries") for many in (1, 2)] == ["1 entry", "2 entries"]
