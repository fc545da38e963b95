"""The example's capability demand: what its runs train again, and what they leave as it is.

The panel is small here: three stores of ten items over two years, so each of thirty models
learns from one series.
"""

import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from demand_shop import laid_out, open_store, query
from fullcycle.flow import RunRecord, last_run
from fullcycle.wiring import open_project
from fullcycle.wiring.judge import load_evaluations
from shop_scripts import script
from whole_shop import Typed, rewrite

RUN = "fullcycle run demand -m tried -p rounds=30"
SLICES = [f"{store}/{digit}" for store in (1, 2, 3) for digit in (*range(1, 10), 0)]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the capability, its sales loaded, run once; not to be changed."""
    return laid_out(tmp_path_factory.mktemp("demand"), RUN)


@pytest.fixture
def shop(first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it; it is the current folder."""
    root = Path(shutil.copytree(first, tmp_path / "shop"))
    monkeypatch.chdir(root)
    return root


def last() -> RunRecord:
    run = last_run(open_project().ledger, "demand")
    assert run is not None
    return run


def made() -> tuple[int, int]:
    """How many models the last run trained, and of how many."""
    step = last().steps["demand"]
    return 0 if step.reused else step.made or 0, step.elements or 0


def test_its_own_tests_pass(shop: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "demand"],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout


def test_there_is_a_model_for_each_store_and_digit_and_it_beats_last_year(shop: Path) -> None:
    project, run = open_project(), last()
    judged = run.evaluations["demand"]

    every = load_evaluations(project.artifacts, judged.evaluation)

    assert list(every) == SLICES
    assert judged.baseline is not None
    assert judged.high < judged.baseline
    assert {one.baseline_name for one in every.values()} == {"seasonal"}
    assert {influence.feature for influence in every["1/0"].influences} == {
        "weekday", "month", "sold_7d", "trend", "last_year",
    }  # fmt: skip


def test_how_far_off_each_model_was_can_be_looked_up(shop: Path) -> None:
    spreads = open_project().artifacts.load(last().steps["spreads"].artifact)

    assert sorted(one.slice for one in spreads) == sorted(SLICES)
    for one in spreads:
        assert len(one.errors) == 99
        assert one.errors == sorted(one.errors)
        assert one.errors[0] < 0 < one.errors[-1]


def test_tomorrow_is_the_day_after_the_data(shop: Path) -> None:
    tomorrow = open_project().artifacts.load(last().steps["tomorrow"].artifact)

    assert tomorrow.height == 30
    assert tomorrow["day"].unique().to_list() == [date(2018, 1, 1)]


def test_nothing_is_trained_again_where_nothing_changed(shop: Path, typed: Typed) -> None:
    assert typed(RUN).code == 0

    assert all(step.reused for step in last().steps.values())


def test_other_sales_in_one_store_train_its_models_only(shop: Path, typed: Typed) -> None:
    query("update shop.sales set sold = sold + 1 where store = 2 and day >= '2017-06-01'")

    said = typed(RUN)

    assert made() == (10, 30)
    assert "10 of 30 elements anew: training has new content" in said.out


def test_one_days_sales_train_one_model(shop: Path, typed: Typed) -> None:
    query("update shop.sales set sold = sold + 1 where store = 2 and item = 7 and day = '2017-06-01'")

    assert typed(RUN).code == 0

    assert made() == (1, 30)


def test_a_new_store_trains_its_own_models_only(shop: Path, typed: Typed) -> None:
    open_store(4)

    assert typed(RUN).code == 0

    assert made() == (10, 40)
    told = typed("fullcycle diff demand@1 demand@2 --only scores").out  # no model is better or worse for it
    assert "10 models not judged on the same rows in both" in told


def test_a_store_that_has_just_opened_has_no_models_yet(shop: Path, typed: Typed) -> None:
    sales = script("made_up_sales").sold_by(4, items=10, first=date(2017, 10, 5))
    query("insert into shop.sales from one", one=sales)

    assert typed(RUN).code == 0

    assert made() == (0, 30)
    tomorrow = open_project().artifacts.load(last().steps["tomorrow"].artifact)
    assert tomorrow["store"].unique().sort().to_list() == [1, 2, 3, 4]  # and are decided for all the same


def test_a_parameter_and_a_feature_train_them_all(shop: Path, typed: Typed) -> None:
    typed(f"{RUN} -p leaves=7")
    assert made() == (30, 30)

    rewrite("demand/rows.py", "else 1.0,", "else 0.0,")
    typed(RUN)
    assert made() == (30, 30)


def test_the_page_and_the_lists_tell_of_the_family(shop: Path, typed: Typed) -> None:
    typed(f"{RUN} -p leaves=7")

    said = {
        line: typed(f"fullcycle {line}")
        for line in (
            "show demand@2",
            "show demand@2/demand",
            "show demand@2/spreads",
            "runs demand",
            "diff demand@1 demand@2",
        )
    }
    reports = [typed(f"fullcycle report {which}") for which in ("demand", "demand@1 demand@2")]

    assert [one.code for one in (*said.values(), *reports)] == [0] * 7
    assert "keys: 30" in said["show demand@2/spreads"].out
    assert "parts: 30" in said["show demand@2/demand"].out
    assert "30 of 30 parts with other content" in said["diff demand@1 demand@2"].out
    assert "on the same rows" in said["diff demand@1 demand@2"].out
    page = Path("reports/demand.html").read_text()
    assert "of 30 models beat their baselines" in page
    assert "What the models of demand rest on" in page
    assert len(page) < 3_000_000


def test_a_page_of_a_run_tells_of_that_run(shop: Path, typed: Typed) -> None:
    typed(f"{RUN} -p leaves=7")

    said = typed("fullcycle report demand@1")

    assert said.code == 0
    assert said.out.startswith(str(shop / "reports/demand-1.html"))
    assert "demand@1 · score mae" in Path("reports/demand-1.html").read_text()
    refused = typed("fullcycle report demand@1/spreads")
    assert refused.code == 2
    assert "a page is of a capability, or of a run of it" in refused.err


def test_a_slice_in_which_nothing_was_sold_fails_alone(shop: Path, typed: Typed) -> None:
    query("update shop.sales set sold = 0 where store = 2 and item in (3, 4)")
    query("update shop.sales set sold = sold + 1 where store = 3 and item = 1")

    said = typed(f"{RUN} --keep-going")

    assert said.code == 1
    assert "step demand of demand@2 failed for 2 of 30 elements" in said.err
    assert "2/3: LightGBMError" in said.err
    query("update shop.sales set sold = 1 where store = 2 and item in (3, 4)")
    assert typed(RUN).code == 0
    assert made() == (2, 30)  # what could be trained was kept
