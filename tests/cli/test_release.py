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
    assert "winback@2 is not released: 1 of 10 gates say no" in refused.err
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


def test_an_override_is_listed_with_the_releases(shop, typed):
    with_a_failing_test(typed)
    typed('fullcycle release winback@2 -m late --override "the test is wrong, see W-12"')

    listed = typed("fullcycle releases winback")
    told = typed("fullcycle releases winback --json").jsons

    typed("fullcycle deploy winback@v2 --to prod -m late")
    typed("fullcycle report winback -o page.html")

    assert "late (past tests: the test is wrong, see W-12)" in listed.out
    assert "released past tests: the test is wrong, see W-12" in Path("page.html").read_text()
    assert [one["override"] for one in told] == [
        {"gates": ["tests"], "reason": "the test is wrong, see W-12"},
        None,
    ]


def test_a_dry_run_shows_the_evidence(shop, typed):
    typed("fullcycle run winback -m deeper -p leaves=12")

    said = typed("fullcycle release winback@2 --dry-run")
    told = typed("fullcycle release winback@2 --dry-run --json").json

    assert said.code == 0
    for words in (
        "features traits, on rows at the edges of the contract: 500 equal",
        "against v1 in prod on 7,731 same rows",
        "decisions a second",
        "USD for 1,000 decisions: ",
        "none of them; loading it took",
        "every gate passes",
    ):
        assert words in said.out
    assert said.out.count("zip_code ") == 3
    assert told["decisions_per_core_s"] > 1_000
    assert 0 < told["cost_per_thousand"]["amount"] < 0.01
    assert told["evidence"]["assessment"]["imports"]["heavy"] == []
    (compared,) = told["evidence"]["incumbent"]["compared"]
    assert len(compared["slices"]) == 5
    assert compared["difference"]["low"] < compared["difference"]["high"]


def test_what_gets_pandas_into_the_service_is_named_and_what_it_costs(shop, typed):
    rewrite("winback/rows.py", "import math\n", "import math\n\nimport pandas as pd\n")
    typed("fullcycle run winback -m 'a table in rows.py'")

    refused = typed("fullcycle release winback@2")

    assert refused.code == 1
    assert "winback/service.py:5 → winback/rows.py:5 → pandas (" in refused.out
    assert " ms, " in refused.out
    assert "take pandas out at winback/rows.py:5" in refused.err


HIGH = [("winback/brief.md", "tier: low", "tier: high")]


def released_at_tier_high(typed):
    for change in HIGH:
        rewrite(*change)
    typed("fullcycle run winback -m risky")
    assert typed("fullcycle release winback@2 --override 'a test of what comes after'").code == 0


def test_a_release_of_tier_high_waits_for_a_second_person(shop, typed):
    released_at_tier_high(typed)

    refused = typed("fullcycle deploy winback@v2 --to prod")
    approved = typed("fullcycle approve winback@v2 -m 'looked at slices'")
    still = typed("fullcycle deploy winback@v2 --to prod")

    assert refused.code == still.code == 1
    assert "winback@v2 is not deployed: a gate says no" in refused.err
    assert "this ledger does not know who writes to it: nobody has approved it" in refused.err
    assert approved.code == 0
    assert "is recorded, and does not count" in approved.out
    assert "is only what was typed" in still.err
    assert typed("fullcycle deployments winback --json").jsons[0]["release"] == "winback@v1"


def test_an_override_of_the_approval_is_recorded(shop, typed):
    released_at_tier_high(typed)

    empty = typed("fullcycle deploy winback@v2 --to prod --override ' '")
    done = typed("fullcycle deploy winback@v2 --to prod --override 'ben is on holiday'")

    assert empty.code == 2
    assert "an override without a reason" in empty.err
    assert done.code == 0
    assert "v2" in typed("fullcycle show winback@prod").out
    assert (
        "without the approval that its tier asks for: ben is on holiday"
        in typed("fullcycle show winback@prod").out
    )
    assert typed("fullcycle deployments winback --json").jsons[0]["override"] == "ben is on holiday"
    for told in (
        typed("fullcycle deployments winback"),
        typed("fullcycle deployments winback --at 2100-01-01"),
    ):
        assert "(without approval: ben is on holiday)" in " ".join(told.out.split())


def test_an_environment_may_do_without_approval(shop, typed):
    released_at_tier_high(typed)
    append("fullcycle.toml", "\n[environments.staging]\napproval = false\n")

    assert typed("fullcycle deploy winback@v2 --to staging").code == 0


def test_an_approval_says_what_was_looked_at_and_of_which_release(shop, typed):
    assert "an approval without a word" in typed("fullcycle approve winback@v1").err
    assert "is not a release" in typed("fullcycle approve winback@1 -m x").err
    assert "there is no release winback@v9" in typed("fullcycle approve winback@v9 -m x").err


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
