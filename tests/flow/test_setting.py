"""fullcycle.flow.setting: what each parameter of a run was, and who said so."""

from fullcycle.flow import RunRecord, Setting, settings
from recorded_runs import started, stepped


def run(parameters, steps, from_environment=()):
    body = started(parameters=parameters, from_environment=list(from_environment))
    told = {name: stepped(name, parameters=values) for name, values in steps.items()}
    return RunRecord(1, 0, "ana", body, told)


def test_a_parameter_is_given_bound_by_the_environment_or_a_default():
    found = settings(
        run(
            {"leaves": "63", "holdout": 0.3},
            {"training": {"holdout": 0.3}, "visit": {"leaves": 63, "rounds": 20}},
            ["holdout"],
        )
    )

    assert found == {
        "holdout": Setting(0.3, "environment"),
        "leaves": Setting(63, "given"),
        "rounds": Setting(20, "default"),
    }


def test_steps_that_disagree_are_told_one_by_one():
    found = settings(run({"spend.seed": 2}, {"visit": {"seed": 1}, "spend": {"seed": 2}}))

    assert found == {"visit.seed": Setting(1, "default"), "spend.seed": Setting(2, "given")}


def test_one_that_names_the_only_step_that_takes_it_is_told_once():
    assert settings(run({"visit.leaves": "7"}, {"visit": {"leaves": 7}})) == {"leaves": Setting(7, "given")}


def test_a_step_that_was_not_reached_leaves_what_was_typed():
    assert settings(run({"leaves": "7"}, {})) == {"leaves": Setting("7", "given")}
