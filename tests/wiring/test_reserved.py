"""fullcycle.wiring.reserved: a holdout outlives experiments, and who was ever forced is never counted."""

from pathlib import Path

import msgspec
import pytest

from fullcycle.experiment import HOLDOUT, ExperimentSpec, Holdout
from fullcycle.kernel import Conflict, Invalid
from fullcycle.release import load_release
from fullcycle.serve.arms import Arms
from fullcycle.value import Launch
from fullcycle.wiring import open_project
from fullcycle.wiring.deploying import put_to_work
from fullcycle.wiring.designing import design
from fullcycle.wiring.experiments import conclude, read
from fullcycle.wiring.holding_out import _Launched, _side
from fullcycle.wiring.predictors import serving_codecs
from fullcycle.wiring.released import released
from fullcycle.wiring.reserved import ever_forced, told_holdout
from made_releases import made_release
from served_shop import ARMS, trial
from whole_shop import rewrite

SPEC = trial(ARMS)
HELD = Holdout("winback/holdout", 0.05)
TODAY, CHOOSE = "winback.service:today", "winback.service:choose"


def spec(**changes) -> ExperimentSpec:
    return msgspec.structs.replace(SPEC, **changes)


def put(number):
    return put_to_work(open_project(), "winback", number, "prod", why="a test").said


def next_release(typed, number, *changes):
    for old, new in changes:
        rewrite("winback/experiment.py", old, new)
    for line in (f"run winback -m v{number}", f"release winback@{number} -m v{number}"):
        found = typed(f"fullcycle {line}")
        assert found.code == 0, found.err


def close(project):
    conclude(project, read(project, "winback"), early=True, why="enough")


def test_a_holdout_goes_on_once_its_experiment_is_closed(played, typed):
    project = open_project()
    close(project)
    next_release(typed, 2, ("    days=28,", '    days=28, coverage=0, holdout="20%",'))

    said = put(2)

    assert (
        "nobody takes part in experiment trial; 0.2 are held out, and answered by winback.service:today"
        in said
    )
    made, _ = released(project, "winback", 2)
    loaded = load_release(project.objects, made.manifest, serving_codecs())
    asked = {**dict.fromkeys(loaded.row.__struct_fields__, 1), "zip_code": "Urban"}
    arms = Arms.of(loaded)
    found = [arms.assign(loaded.row(**{**asked, "client_id": unit})) for unit in range(400)]
    held = [one for one in found if one.arm == HOLDOUT]
    assert 40 < len(held) < 130
    assert {(one.experiment, one.policy.reference, one.probability) for one in held} == {
        ("winback/holdout", TODAY, 0.2)
    }
    assert {(one.experiment, one.arm, one.policy.reference) for one in found if one not in held} == {
        (None, None, CHOOSE)
    }


def test_an_open_experiment_that_nobody_takes_part_in_is_told(played, typed):
    next_release(typed, 2, ("    days=28,", '    days=28, coverage=0, holdout="20%",'))

    assert "trial is still open: fullcycle experiment close winback" in put(2)


def test_a_closed_experiment_with_units_is_refused_as_before(played, typed):
    close(open_project())
    next_release(typed, 2, ("    days=28,", '    days=28, coverage=0.5, holdout="20%",'))

    with pytest.raises(Conflict, match="it is closed"):
        put(2)


def test_nothing_is_designed_for_nobody(shop, typed):
    next_release(typed, 2, ("    days=28,", '    days=28, coverage=0, holdout="20%",'))

    with pytest.raises(Invalid, match="nobody takes part in trial") as refused:
        design(open_project(), "winback")

    assert "write the next experiment" in refused.value.mend


def test_who_is_held_out_stays_on_a_function_of_its_own_from_one_experiment_to_the_next(played, typed):
    project = open_project()
    close(project)
    next_release(typed, 2, ("    days=28,", '    days=28, coverage=0, holdout="20%",'))
    put(2)
    next_release(
        typed,
        3,
        ("trial = ", "better = "),
        ('{"today": today, "chosen": choose}', '{"chosen": choose, "again": choose}'),
        (', coverage=0, holdout="20%",', ', holdout="20%", held_out=today,'),
    )

    said = put(3)

    assert any(
        "better begins" in line and "held out by winback/holdout, answered by winback.service:today" in line
        for line in said
    )
    assert not any("from now on" in line for line in said)
    made, manifest = released(project, "winback", 3)
    assert manifest.experiment.held == HOLDOUT
    assert manifest.experiment.arms[HOLDOUT] == TODAY
    loaded = load_release(project.objects, made.manifest, serving_codecs())
    assert loaded.arms[HOLDOUT].reference == TODAY


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, {}, ""),
        ({}, {"holdout": HELD}, ""),
        ({"holdout": HELD}, {"holdout": HELD, "coverage": 0.0}, ""),
        ({"holdout": HELD}, None, "are held out no more"),
        ({"holdout": HELD}, {}, 'holdout="winback/holdout:5%" and coverage=0'),
        ({"holdout": HELD}, {"holdout": Holdout("winter", 0.05)}, "are held out no more"),
        ({"holdout": HELD}, {"holdout": Holdout("winback/holdout", 0.02)}, "only 0.02 of all units stay"),
        ({"holdout": HELD}, {"holdout": HELD, "order": ("chosen", "today")}, "held_out=today"),
        (
            {"holdout": HELD},
            {"holdout": HELD, "order": ("chosen", "today"), "arms": {**ARMS, HOLDOUT: ARMS["today"]}},
            "",
        ),
    ],
)
def test_a_deployment_tells_what_it_changes_for_who_was_held_out(before, after, told):
    found = told_holdout(None if before is None else spec(**before), None if after is None else spec(**after))

    assert (told in found) if told else found == ""


def test_who_was_ever_forced_is_counted_neither_before_nor_after(played, typed):
    project = open_project()
    before = read(project, "winback")
    forced = _one_assigned(played)
    next_release(typed, 2, ("    days=28,", f'    days=28, forced={{{forced}: "chosen"}},'))
    put(2)
    during = read(project, "winback")
    next_release(typed, 3, (f', forced={{{forced}: "chosen"}},', ","))
    put(3)
    after = read(project, "winback")

    assert ever_forced(project, "winback", "prod") == {str(forced): "chosen"}
    assert ever_forced(project, "winback", "prod", "trial") == {str(forced): "chosen"}
    assert ever_forced(project, "winback", "prod", "another") == {}
    assert during.record.phases == after.record.phases
    units = [sum(arm.assigned for arm in one.readout.arms) for one in (before, during, after)]
    assert units == [units[0], units[0] - 1, units[0] - 1]
    assert any("1 unit that a release forces into an arm" in note for note in after.readout.notes)
    assert not any("forces" in note for note in before.readout.notes)


def test_who_is_held_out_from_one_experiment_to_the_next_measures_the_same_launch(shop):
    project = open_project()
    alone = made_release(project, "winback", spec(holdout=HELD, coverage=0.0))
    kept = {**ARMS, HOLDOUT: TODAY}
    apart = made_release(
        project, "winback", spec(name="next", holdout=HELD, order=("chosen", "today"), arms=kept)
    )
    moved = made_release(project, "winback", spec(name="next", holdout=HELD, order=("chosen", "today")))
    launch = Launch(function=CHOOSE, release=alone, since=0)
    found = _Launched(None, SPEC, launch, released(project, "winback", alone)[1])

    sides = [
        _side(project, found, number, experiment, arm)
        for number in (alone, apart, moved)
        for experiment, arm in ((HELD.name, HOLDOUT), (None, None), ("next", "chosen"), ("next", "today"))
    ]

    assert sides[:2] == ["held out", "the rest"]
    assert sides[4:8] == ["held out", "the rest", "the rest", ""]
    assert sides[8:] == ["", "the rest", "the rest", ""]


def _one_assigned(root: Path):
    import duckdb

    files = [str(path) for path in root.rglob("*.parquet") if "events" in str(path)]
    (unit,) = duckdb.execute(
        "select unit from read_parquet($1, union_by_name => true) where experiment = 'trial' "
        "order by unit limit 1",
        [files],
    ).fetchone()
    return unit
