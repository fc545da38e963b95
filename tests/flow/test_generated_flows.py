"""Generated flows: run with a memory and from nothing, they give the same, and run no more than they must.

Each flow's steps call functions that are spread over modules and reach each other in many
ways (helpers of helpers, constants, closures, defaults, classes, partials, lambdas,
re-exports, conditional imports, recursion). One constant after the other is edited.
"""

import random

import pytest

from digester_faults import IN_CODE
from edited_flow import contents
from edited_shop import forget_everything
from fullcycle.flow import RunRecord
from generated_programs import Program
from small_flows import Shop, ran

EDITS = 3


def program(seed: int, edit: int | None, *, quiet: bool) -> Program:
    return Program(seed, edit, quiet=quiet, steps=True)


def edits_of(seed: int, *, quiet: bool) -> list[int | None]:
    """Edits one after the other, and at the end none: the flow as it was."""
    constants = program(seed, None, quiet=quiet).constants
    return [*random.Random(seed).sample(range(constants), min(EDITS, constants)), None]


def run(shop: Shop, made: Program) -> RunRecord:
    return shop.run(made.archive(), module="flow")


def must_run(before: Program, after: Program, was: RunRecord, now: RunRecord) -> set[str]:
    """The steps that call what differs, known from the making of the program, or are given something else."""
    called = {name for made in (before, after) if made.edit is not None for name in made.affected()}
    old, new = contents(was), contents(now)
    given = {name for name, step in now.steps.items() if any(old[one] != new[one] for one in step.inputs)}
    return (called & now.steps.keys()) | given


def faults_found(seed: int, *, quiet: bool) -> list[str]:
    """What is wrong with a memoised run after each of a flow's edits."""
    shop, made = Shop(), program(seed, None, quiet=quiet)
    run(shop, made)
    before, was = made, run(Shop(), made)
    seen = [contents(was)]
    wrong = []
    for edit in edits_of(seed, quiet=quiet):
        made = program(seed, edit, quiet=quiet)
        memoised, now = run(shop, made), run(Shop(), made)
        if contents(memoised) != contents(now):
            wrong.append(f"stale after edit {edit}")
        needed = must_run(before, made, was, now)
        if quiet and edit is not None and set(ran(memoised)) - needed:
            wrong.append(f"needless after edit {edit}: {set(ran(memoised)) - needed}")
        if edit is None and ran(memoised):
            wrong.append("an edit taken back runs again")
        before, was = made, now
        seen.append(contents(now))
    return wrong


@pytest.mark.parametrize("seed", range(60))
def test_a_memory_changes_no_result(seed):
    assert faults_found(seed, quiet=False) == []


@pytest.mark.parametrize("seed", range(60))
def test_no_step_runs_needlessly(seed):
    assert faults_found(seed, quiet=True) == []


def test_generated_edits_do_change_results():
    changed = total = 0
    for seed in range(10):
        first = run(Shop(), program(seed, None, quiet=True))
        for edit in edits_of(seed, quiet=True)[:-1]:
            changed += contents(run(Shop(), program(seed, edit, quiet=True))) != contents(first)
            total += 1

    assert changed > total / 4


HARMLESS = {  # to these programs, which have neither docstrings nor annotations nor types of their own
    "docstrings count",
    "positions count",
    "annotations always count",
    "annotations never count",
    "types of constants are left out",
    "what only type checkers import counts",
    "what is not there is not noted",
    "a local is taken for a global",
    "the first binding counts alone",  # the order of the statements tells of the others
}


@pytest.fixture
def fresh():
    forget_everything()
    yield
    forget_everything()


@pytest.mark.slow
@pytest.mark.parametrize("fault", sorted(IN_CODE.keys() - HARMLESS))
def test_generated_flows_catch_a_fault(fault, fresh, monkeypatch):
    IN_CODE[fault](monkeypatch)
    forget_everything()

    assert any(_is_caught(seed) for seed in range(40))


def _is_caught(seed: int) -> bool:
    try:
        return bool(faults_found(seed, quiet=False) or faults_found(seed, quiet=True))
    except Exception:  # noqa: BLE001 - a digester that breaks is caught, too
        return True
