"""What is wrong with a capability is told before anything runs, and what was edited before it is released."""

from pathlib import Path

import pytest

from whole_shop import rewrite


def test_a_score_that_is_none_is_refused_before_anything_runs(shop, typed):
    rewrite("winback/flow.py", 'score="qini@No E-Mail"', 'score="acu"')

    said = typed("fullcycle run winback")

    assert said.code == 2
    assert "there is no 'acu'" in said.err
    assert "did you mean 'auc'" in said.err
    assert said.out == ""


def test_worth_in_another_currency_is_refused(shop, typed):
    rewrite("winback/brief.md", "0.80 USD", "0.80 EUR")

    said = typed("fullcycle run winback")

    assert said.code == 2
    assert "worth in EUR, the project counts costs in USD" in said.err
    assert "fullcycle.toml" in said.err


def test_a_release_says_that_the_files_here_are_others(shop, typed):
    rewrite("winback/service.py", "Send what makes a visit most likely.", "Send what brings most visits.")

    said = typed("fullcycle release winback@1")

    assert said.code == 0
    assert "the files here differ from those of winback@1" in said.out
    assert "fullcycle run winback" in said.out


def test_an_override_without_a_reason_costs_nothing(shop, typed):
    said = typed('fullcycle release winback@1 --override " "')

    assert said.code == 2
    assert "an override without a reason" in said.err
    assert said.out == ""


@pytest.mark.parametrize("garbage", [b"garbage", b""])
def test_look_up_tables_that_cannot_be_read_are_made_anew(shop, typed, garbage):
    before = typed("fullcycle record rebuild --json").json
    Path(".fullcycle/lookups.db").write_bytes(garbage)

    after = typed("fullcycle record rebuild --json")

    assert after.code == 0
    assert after.json == before


@pytest.mark.parametrize(
    ("line", "what", "mend"),
    [
        ("fullcycle check winback@v1", "'winback@v1' is no deployment", "winback@prod"),
        ("fullcycle show winback@v1/visit", "steps belong to runs", "winback@1/visit"),
        ("fullcycle show winback@prod/visit", "steps belong to runs", "winback@1/visit"),
    ],
)
def test_a_reference_of_another_kind_is_refused(shop, typed, line, what, mend):
    said = typed(line)

    assert said.code == 2
    assert what in said.err
    assert mend in said.err
