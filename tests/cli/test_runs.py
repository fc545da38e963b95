"""``fullcycle runs``: chosen, sorted, and cheap however many there are."""

import pytest

from fullcycle.kernel import now
from fullcycle.wiring import open_project
from recorded_runs import append, evaluated, finished, started, stepped
from small_projects import write

DAY = 86_400_000_000  # microseconds


@pytest.fixture
def tried(tmp_path, monkeypatch):
    """A project with four runs: two that scored, one that failed, one that never ended."""
    toml = '[project]\ncurrency = "EUR"\n\n[environments.dev]\n'
    root = write(tmp_path / "shop", {"fullcycle.toml": toml, "winback/brief.md": "", "demand/brief.md": ""})
    monkeypatch.chdir(root)
    ledger, today = open_project().ledger, now()

    def scored(leaves, value):
        return [
            stepped("visit", parameters={"leaves": leaves, "rounds": 20}),
            evaluated("visit", value),
            finished(),
        ]

    first = started(message="first", parameters={"leaves": "31"})
    append(ledger, "ana", today - 30 * DAY, start=first, events=scored(31, 0.61))
    append(ledger, "ben", today - 2 * DAY, start=started(message="Fewer leaves"), events=scored(7, 0.64))
    append(ledger, "ben", today, start=started(message="broken"), events=[finished("failed", error="no")])
    append(ledger, "ana", today, start=started(message="killed"), events=[stepped("visit")])
    append(ledger, "ana", today, start=started(capability="demand"), events=[finished()])
    return root


def listed(typed, options=""):
    return [run["run"] for run in typed(f"fullcycle runs winback --json {options}").jsons]


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ("", [4, 3, 2, 1]),
        ("--sort visit", [1, 2, 4, 3]),
        ("--sort -visit -n 1", [2]),
        ("--where leaves=31", [1]),
        ("--where leaves<31 --where visit>0.6", [2]),
        ("--by ben", [3, 2]),
        ("--grep fewer", [2]),
        ("--since 7d", [4, 3, 2]),
        ("--since 2001-01-01 --status failed", [3]),
        ("--status running", [4]),
        ("--status died", []),
    ],
)
def test_runs_are_chosen_and_sorted(tried, typed, options, kept):
    assert listed(typed, options) == [f"winback@{number}" for number in kept]


def test_a_list_shows_scores_with_intervals_and_the_parameters_that_differ(tried, typed):
    head, best, first = typed("fullcycle runs winback --status done --sort -visit").out.splitlines()

    assert head.split() == ["run", "when", "by", "status", "visit", "leaves", "took", "cost", "message"]
    assert "0.6400 [0.5400, 0.7400]  7 " in best
    assert "0.40 EUR  Fewer leaves" in best
    assert "0.6100 [0.5100, 0.7100]  31 " in first


def test_a_run_as_json_holds_what_is_printed_of_it(tried, typed):
    (run,) = typed("fullcycle runs winback --json --grep fewer").jsons

    assert run["parameters"] == {"leaves": 7, "rounds": 20}
    assert run["scores"] == {
        "visit": {"score": "auc", "value": 0.64, "low": 0.54, "high": 0.74, "baseline": 0.5}
    }
    assert (run["by"], run["status"], run["cost"]) == ("ben", "done", {"amount": 0.4, "currency": "EUR"})


def test_without_a_capability_those_of_all_are_listed(tried, typed):
    told = {run["run"] for run in typed("fullcycle runs --json").jsons}

    assert {"winback@1", "demand@1"} <= told
    assert len(told) == 5


def test_a_run_that_came_since_is_there_the_next_time(tried, typed):
    typed("fullcycle runs winback")
    append(open_project().ledger, start=started(message="new"), events=[finished()])

    assert listed(typed, "-n 1") == ["winback@5"]


def test_a_list_is_there_where_nothing_may_be_written(tried, typed):
    (tried / ".fullcycle/lookups.db").mkdir()

    assert listed(typed) == ["winback@4", "winback@3", "winback@2", "winback@1"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--sort vist", "did you mean 'visit'"),
        ("--where leafs=1", "did you mean 'leaves'"),
        ("--where leaves", "write it like leaves=63"),
        ("--where leaves=few", "'few' is no number"),
        ("--since yesterday", "write 2026-11-01 or 7d"),
        ("-n 0", "Invalid value for '-n'"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_cure(tried, typed, options, words):
    said = typed(f"fullcycle runs winback {options}")

    assert said.code == 2
    assert words in said.err.replace("\n", " ")


def test_none_like_that_is_no_error(tried, typed):
    said = typed("fullcycle runs winback --by nobody")

    assert (said.code, said.out) == (0, "none of 4 runs is like that\n")


def test_a_message_is_shown_as_it_was_written_and_in_one_line(tried, typed):
    """What stands in brackets is markup to whoever draws the table; a code may steer the terminal."""
    message = "try [/x] and [red]leaves[1,2] :fire:\nthen \x1b[31mmore"
    append(open_project().ledger, "ana", now(), start=started(message=message), events=[finished()])

    said = typed("fullcycle runs winback")

    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[1].endswith("try [/x] and [red]leaves[1,2] :fire: then [31mmore")
