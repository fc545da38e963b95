"""``fullcycle release``, ``deploy``, ``rollback``: what is refused, what is recorded."""

from pathlib import Path

from whole_shop import rewrite

FAILS = "\n\ndef test_of_something_else() -> None:\n    assert 1 == 2\n"


def append(path, text):
    Path(path).write_text(Path(path).read_text() + text)


def with_a_failing_test(typed):
    append("winback/test_winback.py", FAILS)
    assert typed("fullcycle run winback -m 'a test fails'").code == 0


def test_the_same_content_keeps_its_number(shop, typed):
    again = typed("fullcycle release winback@1 -m again")

    assert again.code == 0
    assert "winback@v1 already holds winback@1" in again.out
    assert len(typed("fullcycle releases winback --json").jsons) == 1


def test_a_gate_that_says_no_refuses_and_names_the_cure(shop, typed):
    with_a_failing_test(typed)

    refused = typed("fullcycle release winback@2")

    assert refused.code == 1
    assert "✗ tests" in refused.out
    assert "winback@2 is not released: 1 of 7 gates say no" in refused.err
    assert "tests: 3 passed, 1 failed, 0 skipped" in refused.err
    assert "mend the tests" in refused.err
    assert len(typed("fullcycle releases winback --json").jsons) == 1


def test_a_dry_run_says_what_the_gates_say_and_changes_nothing(shop, typed):
    with_a_failing_test(typed)

    said = typed("fullcycle release winback@2 --dry-run")

    assert said.code == 1
    assert said.out.endswith("it would not be released\n")
    assert len(typed("fullcycle releases winback --json").jsons) == 1


def test_an_override_is_recorded_with_its_reason_and_shown(shop, typed):
    with_a_failing_test(typed)

    said = typed('fullcycle release winback@2 --override "the test is wrong, see W-12"')

    assert said.code == 0
    assert "winback@v2 holds winback@2" in said.out
    shown = typed("fullcycle show winback@v2")
    assert "✗ tests: 3 passed, 1 failed, 0 skipped" in shown.out
    assert "tests: the test is wrong, see W-12" in shown.out
    override = typed("fullcycle show winback@v2 --json").json["judgement"]["override"]
    assert override == {"gates": ["tests"], "reason": "the test is wrong, see W-12"}


def test_an_override_without_a_reason_is_none(shop, typed):
    with_a_failing_test(typed)

    refused = typed('fullcycle release winback@2 --override " "')

    assert refused.code == 2
    assert "an override without a reason" in refused.err
    assert len(typed("fullcycle releases winback --json").jsons) == 1


def test_deploying_and_rolling_back_tell_what_answers_instead_of_what(shop, typed):
    typed("fullcycle run winback -m deeper -p leaves=12")
    assert typed("fullcycle release winback@2").code == 0

    deployed = typed("fullcycle deploy winback@v2 --to prod -m deeper")
    again = typed("fullcycle deploy winback@v2 --to prod")
    back = typed("fullcycle rollback winback@prod -m 'fewer visits'")

    assert "winback@prod is winback@v2 now, instead of v1" in deployed.out
    assert "experiment trial goes on" in deployed.out
    assert "winback@prod is winback@v2 already, since deployment 2" in again.out
    assert back.out.startswith("winback@prod is winback@v1 again, instead of v2\n")
    listed = typed("fullcycle deployments winback --json").jsons
    assert [one["release"] for one in listed] == ["winback@v1", "winback@v2", "winback@v1"]
    assert [one["rolled_back_from"] for one in listed] == [2, None, None]
    assert "rolled back from v2: fewer visits" in " ".join(typed("fullcycle deployments winback").out.split())


def test_two_services_in_one_file_cannot_be_released(shop, typed):
    append(
        "winback/service.py", '\n\n@fc.service\ndef other(client: Client) -> Offer:\n    return Offer("x")\n'
    )
    typed("fullcycle run winback")

    refused = typed("fullcycle release winback")

    assert refused.code == 2
    assert "winback/service.py declares 2 services" in refused.err
    assert "decorate exactly one function with @fc.service" in refused.err


def test_a_service_that_asks_for_no_step_of_the_flow_is_told(shop, typed):
    rewrite("winback/service.py", "visit: fc.Model[Traits]", "visti: fc.Model[Traits]")
    rewrite("winback/service.py", "visit.predict", "visti.predict")
    typed("fullcycle run winback")

    refused = typed("fullcycle release winback")

    assert refused.code == 2
    assert "'visti'" in refused.err
    assert "winback/service.py" in refused.err
    assert "visit" in refused.err
