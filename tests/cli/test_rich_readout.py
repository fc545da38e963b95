"""A readout with everything: ratio and quantile, covariates, segments, and looks; over HTTP, end to end."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from fullcycle.experiment import Readout, headline
from fullcycle.record import Artifact
from fullcycle.wiring import open_project
from shop_scripts import script
from whole_shop import _all_well, rewrite, serving, typed

__all__ = ["typed"]

CLIENTS = 4_000
METRICS = """
visits_made = fc.mean(visits, within="14d")
spend_per_visit = fc.ratio(spent, visits_made)
large = fc.quantile(visits, "spend", 0.9, within="14d")
past ="""
JUDGED = """    secondary=[spent, spend_per_visit, large],
    covariates=["recency", "history", visits_made],
    segments=["channel"],
    analysis="group-sequential",
    looks=[0.25, 0.5, 0.75, 1],
    matters="2000 USD",
"""
READ = "fullcycle experiment read winback"


@pytest.fixture(scope="module")
def rich_shop(tmp_path_factory):
    """The example with such an experiment, its clients decided for."""
    folder = tmp_path_factory.mktemp("rich")
    root = folder / "shop"
    _all_well(folder, "new shop --example winback")
    script("load").load(root / "warehouse.duckdb", datetime.now(UTC).date())
    rewrite(root / "winback/flow.py", "\npast =", METRICS)
    experiment = root / "winback/experiment.py"
    names = "import converted, deliveries, large, past, spend_per_visit, spent, visited, visits_made"
    rewrite(experiment, "import converted, deliveries, past, spent, visited", names)
    rewrite(experiment, "    secondary=[spent],\n", JUDGED)
    _all_well(root, "run winback -m rich", "release winback@1 -m rich", "deploy winback@v1 --to prod -m rich")
    with serving(root) as url:
        script("replay").replay(root / "warehouse.duckdb", url, CLIENTS)
    return root


@pytest.fixture
def rich(rich_shop, tmp_path, monkeypatch) -> Path:
    root = Path(shutil.copytree(rich_shop, tmp_path / "shop"))
    monkeypatch.chdir(root)
    return root


def test_each_kind_of_metric_is_read_and_told(rich, typed):
    told, data = typed(READ), typed(f"{READ} --json").json

    found = {one["metric"]: one for one in data["effects"]}
    assert {name: one["kind"] for name, one in found.items()} == {
        "visited": "proportion",
        "spent": "mean",
        "spend_per_visit": "ratio",
        "large": "quantile",
        "converted": "proportion",
    }
    for name, one in found.items():
        assert one["difference"] is not None
        assert any(line.startswith(f"{name} ") for line in told.out.splitlines())


def test_covariates_adjust_all_but_quantiles_and_the_raw_effect_stands_beside(rich, typed):
    data = typed(f"{READ} --json").json

    assert "adjusted for recency, history, visits_made before" in " ".join(data["notes"])
    for one in data["effects"]:
        assert (one["raw_difference"] is None) == (one["kind"] == "quantile")
        assert (one["imbalance"] is None) == (one["kind"] == "quantile")
    assert {check["name"] for check in data["checks"]} >= {"before the exposure", "ratio by segment"}


def test_segments_are_read_at_the_last_look(rich, typed):
    data = typed(f"{READ} --json").json

    assert data["next_look"] is None
    found = {(one["segment"], one["level"]) for one in data["segments"]}
    assert found >= {("channel", "Phone"), ("channel", "Web")}  # too few came over several channels


def test_before_the_first_look_nothing_is_seen_and_the_day_of_it_is_told(rich, typed):
    whole = typed(f"{READ} --json").json
    early = date.fromisoformat(whole["first_day"]) + timedelta(days=16)

    told = typed(f"{READ} --as-of {early}")
    data = typed(f"{READ} --as-of {early} --json").json

    assert data["looks"] == data["path"] == data["segments"] == data["ages"] == []
    assert all(one["difference"] is None for one in data["effects"])
    assert (
        f"Keep going: no planned look is over yet; the first can be read on {data['next_look']}" in told.out
    )
    assert [look["fraction"] for look in data["looks_ahead"]] == [0.25, 0.5, 0.75, 1.0]


def test_between_two_looks_the_readout_stands_as_at_the_last(rich, typed):
    whole = typed(f"{READ} --json").json
    second = date.fromisoformat(whole["looks"][1]["day"]) + timedelta(days=16)

    data = typed(f"{READ} --as-of {second} --json").json
    later = typed(f"{READ} --as-of {second + timedelta(days=2)} --json").json

    assert [look["day"] for look in data["looks"]] == [look["day"] for look in whole["looks"][:2]]
    for one, other in zip(data["effects"], later["effects"], strict=True):
        assert one["arm_units"] == other["arm_units"]
        assert one["difference"] == pytest.approx(other["difference"])
    for one, other in zip(data["path"], whole["path"][:2], strict=True):
        assert (one["day"], one["units"]) == (other["day"], other["units"])
        assert one["low"] == pytest.approx(other["low"])
    assert data["segments"] == []
    assert len(data["looks_ahead"]) == 2


def test_the_money_stands_in_the_readout_that_is_kept(rich, typed):
    data = typed(f"{READ} --json").json

    (worth,) = data["worth"]
    effect = data["effects"][0]
    assert worth["currency"] == "USD"
    assert worth["measured"] == pytest.approx(effect["difference"] * 500_000 * 0.8)
    assert 0 < worth["weight"] < 1


def test_the_page_tells_it_all(rich, typed):
    typed("fullcycle report winback")

    page = (rich / "reports/winback.html").read_text()
    for words in ("The looks: visited", "By segment: visited", "spend_per_visit", "as measured", "In money"):
        assert words in page


def test_the_page_of_a_closed_experiment_tells_what_it_was_closed_with(rich, typed):
    closed = typed("fullcycle experiment close winback --early -m enough --json").json

    typed("fullcycle report winback")

    page = (rich / "reports/winback.html").read_text()
    assert "; closed 20" in page
    assert headline_of(rich, closed) in page.replace("\u2212", "-").replace("\u202f%", " %")


def headline_of(root, closed) -> str:
    """The first sentence of the readout that was kept when it was closed."""
    kept = open_project(root).artifacts.load(msgspec.convert(closed["readout"], Artifact))
    return headline(msgspec.convert(kept, Readout))
