"""fullcycle refresh, show and rollback of what is live: what they say, and what they refuse."""

import re
from pathlib import Path

import pytest

from recommend_shop import NEW_CLIENT, buys_only


def test_it_tells_what_is_asked_anew(recommend, typed):
    assert "live       tastes: 40 keys of run 1, content " in typed("fullcycle show recommend@prod").out
    buys_only(Path.cwd(), NEW_CLIENT, 777, 90.0)

    said = typed("fullcycle refresh recommend@prod -m nightly")

    assert said.code == 0
    assert "recommend@prod asks anew what recommend@2 made; recommend@v1 goes on answering" in said.out
    assert re.search(r"  tastes: 41 keys, \d+ kB; 40 keys before", said.out)
    assert re.search(r"▸ tastes +ran +orders has new content \(\+1 row\)", said.out)
    shown = typed("fullcycle show recommend@prod").out
    assert re.search(r"tastes: 41 keys of run 2, content \w{12}, since 2\S+ \S+ by \w+: nightly", shown)
    told = typed("fullcycle show recommend@prod --json").json["live"]["tastes"]
    assert (told["run"], told["lookup"]["rows"], told["why"]) == (2, 41, "nightly")


def test_it_tells_what_stays_and_that_nothing_changed(recommend, typed):
    said = typed("fullcycle refresh recommend@prod")
    assert "recommend@2 made what recommend@prod asks already: nothing is published" in said.out

    buys_only(Path.cwd(), 3, 777, 90.0)
    typed("fullcycle refresh recommend@prod")
    buys_only(Path.cwd(), 3, 777, 91.0)
    assert "shortlists: the same as before" in typed("fullcycle refresh recommend@prod").out


def test_a_release_shows_the_lookups_that_it_holds(recommend, typed):
    assert re.search(
        r"lookup +tastes: step tastes, 40 keys, content \w{12}", typed("fullcycle show recommend@v1").out
    )


def test_rolling_back_with_what_is_live_tells_what_goes_back(twice, typed):
    typed("fullcycle deploy recommend@v2 --to prod")
    buys_only(Path.cwd(), NEW_CLIENT, 777, 90.0)
    typed("fullcycle refresh recommend@prod")

    said = typed("fullcycle rollback recommend@prod --with-live")

    assert "recommend@prod is recommend@v1 again, instead of v2\n" in said.out
    assert "\nasked as then: items, shortlists, tastes\n" in said.out
    assert "rolled back to recommend@v1" in typed("fullcycle show recommend@prod").out


REFUSED = {
    "refresh recommend": (2, "'recommend' names no environment", "write recommend@prod"),
    "refresh recommend@dev": (
        2,
        "nothing is deployed to recommend@dev",
        "fullcycle deploy recommend@v1 --to dev",
    ),
    "refresh recommend@prd": (2, "there is no 'prd'", "did you mean 'prod'?"),
    "refresh recommend@prod --from @9": (2, "there is no run recommend@9", "the last run is recommend@2"),
    "refresh recommend@prod --from recommend@v1": (2, "'recommend@v1' is no run", "write recommend@42"),
    "refresh recommend@prod --from recommend@1/tastes": (2, "is no run of recommend", "write recommend@42"),
    "refresh recommend@prod --from @2": (
        2,
        "recommend@2 has not made items",
        "fullcycle refresh recommend@prod",
    ),
}


@pytest.fixture
def held(recommend, typed):
    """A run that has not made all the lookups."""
    assert typed("fullcycle run recommend -m held --only tastes").code == 0


@pytest.mark.parametrize("line", REFUSED)
def test_what_cannot_be_refreshed_is_refused_with_the_way_out(held, typed, line):
    code, what, mend = REFUSED[line]

    said = typed(f"fullcycle {line}")

    assert said.code == code
    assert what in said.err
    assert mend in said.err


def test_a_release_without_lookups_has_nothing_to_refresh(shop, typed):
    said = typed("fullcycle refresh winback@prod")

    assert (said.code, "winback@v1 asks no lookup" in said.err) == (2, True)
    assert "goes out with a release" in said.err
