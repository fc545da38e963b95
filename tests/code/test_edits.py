"""Which edit is a step's affair, and which is not: a matrix, and faults that it must catch."""

from collections.abc import Iterator

import pytest

from digester_faults import IN_CODE
from edited_shop import EDITS, STEPS, digests, edited, forget_everything, sources, steps_of
from fullcycle.code import changed, reach
from small_projects import of

BASE = digests(of(sources()))


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_the_affair_of_exactly_these_steps(name):
    path, old, new, expected = EDITS[name]

    after = digests(edited(path, old, new))

    assert {step for step in STEPS if after[step] != BASE[step]} == steps_of(expected)


@pytest.mark.parametrize("name", EDITS)
def test_whatever_changed_can_be_told(name):
    path, old, new, expected = EDITS[name]
    before, after = of(sources()), edited(path, old, new)

    told = {
        step: changed(reach(before, "flow", step).symbols, reach(after, "flow", step).symbols)
        for step in STEPS
    }

    assert {step for step, lines in told.items() if lines} == steps_of(expected)


@pytest.fixture
def fresh() -> Iterator[None]:
    forget_everything()
    yield
    forget_everything()


@pytest.mark.parametrize("fault", IN_CODE)
def test_the_matrix_catches_a_fault(fault, fresh, monkeypatch):
    IN_CODE[fault](monkeypatch)

    assert any(_is_caught(*edit) for edit in EDITS.values())


def _is_caught(path: str, old: str, new: str, expected: str | frozenset[str]) -> bool:
    try:
        before, after = digests(of(sources())), digests(edited(path, old, new))
    except Exception:  # noqa: BLE001 - a digester that breaks is caught, too
        return True
    return {step for step in STEPS if after[step] != before[step]} != steps_of(expected)
