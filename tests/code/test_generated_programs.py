"""Generated programs: where an edit changes what a function gives, it must change its digest.

Each program spreads constants over modules that reach each other in many ways; one constant
is edited, and the function is really run, before and after, from the archives' bytes.
"""

import random

import pytest

from fullcycle.code import load, reach
from generated_programs import Program


@pytest.mark.parametrize("seed", range(60))
def test_what_changes_a_result_changes_the_digest(seed):
    before = Program(seed)
    edits = random.Random(seed).sample(range(before.constants), min(4, before.constants))
    programs = [before, *(Program(seed, edit) for edit in edits)]
    archives = [program.archive() for program in programs]
    told: list[list[tuple[object, str]]] = []
    for archive in archives:
        loaded = load(archive)
        flow = loaded.module("flow")
        told.append(
            [(getattr(flow, f"step{n}")(3), reach(archive, "flow", f"step{n}").digest) for n in range(4)]
        )
        loaded.unload()

    for edited in told[1:]:
        for (result, digest), (other_result, other_digest) in zip(told[0], edited, strict=True):
            assert result == other_result or digest != other_digest


def test_generated_programs_reach_little_enough_to_tell_edits_apart():
    """A digest of everything would pass the law above; it must not pass this."""
    spared = total = 0
    for seed in range(30):
        before = Program(seed)
        after = Program(seed, before.constants // 3).archive()
        for n in range(4):
            total += 1
            spared += (
                reach(before.archive(), "flow", f"step{n}").digest == reach(after, "flow", f"step{n}").digest
            )

    assert spared > total / 4


@pytest.mark.parametrize("seed", range(60))
def test_only_what_calls_an_edited_function_has_another_digest(seed):
    before = Program(seed, quiet=True)
    edit = random.Random(seed).randrange(before.constants)
    after = Program(seed, edit, quiet=True)
    other = {
        f"step{n}"
        for n in range(4)
        if reach(before.archive(), "flow", f"step{n}").digest
        != reach(after.archive(), "flow", f"step{n}").digest
    }

    assert other == after.affected()
