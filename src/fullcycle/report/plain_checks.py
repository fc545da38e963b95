"""What was checked of an experiment, in plain words."""

from collections.abc import Iterator

from fullcycle.experiment import Readout

_PASSED = {
    "sample ratio": "The groups have the sizes that the lot should have given them.",
    "triggered ratio": "The groups also have the right sizes among those who count.",
    "ratio by segment": "The groups have the right sizes in each part of them, too.",
    "crossed units": "Nobody was in two groups at once.",
    "exposures": "For everybody who counts it is on record what was decided.",
    "before the exposure": "The groups were alike before it began.",
    "novelty": "The effect did not wear off while it was watched.",
    "late rows": "No data came too late to be counted.",
}

_FAILED = {
    "sample ratio": "The groups do not have the sizes that the lot should have given them.",
    "triggered ratio": "The groups have the wrong sizes among those who count: some went missing.",
    "ratio by segment": "In some parts of them the groups have the wrong sizes: look there first.",
    "units without an id": "Some cannot be told apart, and are counted nowhere.",
    "crossed units": "Some were in two groups at once, and are left out.",
    "moved units": "Some were in another group in an earlier phase of the test.",
    "early units": "Some were in it before the day on which it should have begun.",
    "exposures": "For some it is not on record what was decided, and they cannot be counted.",
    "peeking": "This is a look before the planned end, which finds effects that are none too often.",
    "before the exposure": "The groups differed before it began; chance does that once in a while.",
    "novelty": "The effect was not the same at first and later, and may be another one in the long run.",
    "late rows": "Some data came too late to be counted.",
}


def told_checks(readout: Readout) -> Iterator[str]:
    """What each check found, with a sign in front: passed, to keep in mind, or spoilt."""
    for check in readout.checks:
        if check.standing == "ok":
            if check.name in _PASSED:
                yield f"✓ {_PASSED[check.name]}"
        else:
            stands = "✗ This spoils the test" if check.standing == "blocks" else "! To keep in mind"
            yield f"{stands}: {_FAILED.get(check.name, check.said)}"
    if not readout.checks:
        ok = readout.sample_ratio.ok
        yield f"✓ {_PASSED['sample ratio']}" if ok else "✗ The groups have not the sizes they should have."
