"""``fullcycle experiment read --table``: any file of one row per unit, inside a project or not."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

HERE = Path(__file__).parents[2]
HILLSTROM = HERE / "src/fullcycle/example/shop/data/hillstrom.csv.gz"
COOKIE_CATS = HERE.parent / "shared/data/cookie_cats/cookie_cats.csv.gz"


@pytest.fixture
def units(tmp_path, monkeypatch):
    """A table of 4,000 units in a folder that is no project."""
    rng = np.random.default_rng(20261121)
    arm = rng.permutation(["A", "B"] * 2_000)
    before = rng.gamma(2, 10, 4_000)
    frame = pl.DataFrame(
        {
            "variant": arm,
            "spend": before + rng.normal(5, 3, 4_000) + 0.5 * (arm == "B"),
            "converted": rng.random(4_000) < 0.2,
            "orders": rng.poisson(2, 4_000),
            "visits": 1 + rng.poisson(4, 4_000),
            "before": before,
            "device": rng.choice(["phone", "desk"], 4_000),
        }
    )
    frame.write_parquet(tmp_path / "units.parquet")
    frame.write_csv(tmp_path / "units.csv")
    monkeypatch.chdir(tmp_path)
    return frame


READ = "fullcycle experiment read --table units.parquet --arm variant --control A"


def test_a_table_is_read_outside_of_any_project(units, typed):
    said = typed(f"{READ} --metric spend --covariate before")

    assert said.code == 0
    assert said.err == ""
    assert said.out.startswith("units.parquet: A against B (fixed), as of ")
    assert "all units of the table" in said.out
    assert "Ship B: it raises spend by" in said.out


def test_its_numbers_are_those_of_its_columns(units, typed):
    data = typed(
        f"{READ} --metric spend --metric converted:proportion --ratio orders/visits --segment device --json"
    ).json

    a, b = (units.filter(pl.col("variant") == arm) for arm in "AB")
    spend, converted, ratio = data["effects"]
    assert spend["difference"] == pytest.approx(b["spend"].mean() - a["spend"].mean())
    assert spend["stderr"] == pytest.approx(
        (a["spend"].var() / a.height + b["spend"].var() / b.height) ** 0.5
    )
    assert converted["kind"] == "proportion"
    assert converted["arm_mean"] == pytest.approx(b["converted"].mean())
    assert ratio["control_mean"] == pytest.approx(a["orders"].sum() / a["visits"].sum())
    assert {(one["segment"], one["level"]) for one in data["segments"]} == {
        ("device", "desk"),
        ("device", "phone"),
    }


def test_a_covariate_narrows_the_interval_and_the_raw_one_stands_beside(units, typed):
    data = typed(f"{READ} --metric spend --covariate before --json").json

    (found,) = data["effects"]
    assert found["reduction"] > 0.9
    assert found["high"] - found["low"] < 0.4 * (found["raw_high"] - found["raw_low"])


def test_a_file_of_comma_separated_values_says_the_same(units, typed):
    asked = "--metric converted:proportion --metric spend --json"
    parquet, csv = typed(f"{READ} {asked}").json, typed(f"{READ.replace('.parquet', '.csv')} {asked}").json

    for ours, theirs in zip(csv["effects"], parquet["effects"], strict=True):
        assert ours["difference"] == pytest.approx(theirs["difference"])
        assert ours["stderr"] == pytest.approx(theirs["stderr"])


def test_a_quantile_of_units_may_be_told(units, typed):
    said = typed(f"{READ} --metric spend:p90 --guardrail orders:median:down=0.3 --covariate before")
    data = typed(f"{READ} --metric spend:p90 --json").json

    a, b = (np.sort(units.filter(pl.col("variant") == arm)["spend"].to_numpy()) for arm in "AB")
    assert data["effects"][0]["difference"] == pytest.approx(b[1_799] - a[1_799])
    assert data["verdict"]["decision"] != "unknown" or "holds zero" in data["verdict"]["reason"]
    assert said.out.count("spend p90") > 1
    assert "effects on quantiles are not adjusted for before" in said.out


def test_rows_without_an_arm_and_without_a_value_are_said(units, typed):
    lost = units.with_columns(
        pl.when(pl.int_range(pl.len()) < 30).then(None).otherwise("variant").alias("variant"),
        pl.when(pl.int_range(pl.len()) > 3_950).then(None).otherwise("spend").alias("spend"),
    )
    lost.write_parquet("units.parquet")

    said = typed(f"{READ} --metric spend --metric spend:p90")

    assert "! rows without an arm: 30 rows of the table name no arm: they take part in nothing" in said.out
    assert "qualified by: rows without an arm" in said.out
    assert "49 units have no value of spend, spend p90" in said.out


@pytest.mark.parametrize("dated", ["", " --day at"])
def test_a_column_without_any_value_waits_for_no_window(units, typed, dated):
    lost = units.with_columns(spend=pl.lit(None, pl.Float64), at=pl.lit("2026-03-01").str.to_date())
    lost.write_parquet("units.parquet")

    said = typed(f"{READ} --metric spend{dated}")

    assert "Nothing can be concluded: no unit has a value of spend." in said.out
    assert "what would change it: units that have one" in said.out
    assert "4,000 units have no value of spend" in said.out
    assert "window" not in said.out


def test_units_without_a_segment_are_a_segment_of_their_own(units, typed):
    lost = units.with_columns(
        pl.when(pl.int_range(pl.len()) < 60).then(None).otherwise("device").alias("device"),
        pl.when(pl.int_range(pl.len()) == 70).then(None).otherwise("variant").alias("variant"),
    )
    lost.write_parquet("units.parquet")

    said = typed(f"{READ} --metric spend --segment device")

    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert "device = (lacking) 60 units – too few to compare" in lines
    assert "rows without an arm: 1 row of the table names no arm: it takes part in nothing" in said.out


def test_a_guardrail_may_be_told(units, typed):
    data = typed(f"{READ} --metric spend --guardrail converted:proportion=0.5 --json").json

    (rail,) = data["guardrails"]
    assert (rail["metric"], rail["margin"], rail["standing"]) == ("converted", 0.5, "holds")


def test_weights_say_what_was_promised(units, typed):
    told = typed(f"{READ} --metric spend --weight A=3 --weight B=1")

    assert "Nothing can be concluded: the assigned units do not have the promised ratio" in told.out
    assert "A 2,000 of 3,000 expected, B 2,000 of 1,000 expected" in told.out


def test_what_a_table_leaves_open_is_told_in_units_and_not_in_days(units, typed):
    data = typed(f"{READ} --metric converted:proportion --json").json

    assert data["verdict"]["decision"] == "unknown"
    assert "days" not in data["verdict"]["reason"]
    assert "times as many units" in data["verdict"]["would_change"]


@pytest.mark.parametrize(
    ("options", "words", "cure"),
    [
        ("--metric spent", "there is no 'spent'", "did you mean 'spend'?"),
        ("--metric spend --covariate befor", "there is no 'befor'", "did you mean 'before'?"),
        ("--metric spend:middle", "'middle' is no kind of metric", "write spend, converted:proportion"),
        ("--ratio orders", "'orders' is no ratio", "--ratio revenue/sessions"),
        ("--metric spend --weight A", "'A' is no share", "write it like --weight A=0.5"),
        ("--metric spend --weight A=1", "B has no weight", "--weight B=0.5"),
        ("--metric spend --guardrail converted=5", "converted has a margin of 5", "converted=0.05"),
        (
            "--metric device",
            "device is text, and metrics and covariates take numbers",
            "name another column",
        ),
        ("--metric spend --covariate device", "device is text", "name another column"),
        ("--metric spend --weight A=1 --weight C=1", "there is no 'C'", "use one of: A, B"),
        ("--metric spend:proportion", "spend holds other values than 0 and 1", "write spend for its mean"),
        ("--metric spend --guardrail orders:proportion=0.1", "orders holds other values", "write orders"),
        ("--metric spend --alpha 0", "alpha=0.0 is no chance", "such as 0.05"),
        ("--metric spend --alpha 1.5", "alpha=1.5 is no chance", "such as 0.05"),
        ("--metric spend --alpha nan", "alpha=nan is no chance", "such as 0.05"),
        ("--metric spend --segment before", "before holds 4,000 different values", "a column of at most 300"),
        ("--metric spend --covariate spend", "the metric spend is of it", "known before the experiment"),
        ("--ratio orders/visits --covariate visits", "the metric orders/visits is of it", "known before"),
        ("--metric spend --covariate before --covariate before", "a covariate twice", "each covariate once"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_cure(units, typed, options, words, cure):
    said = typed(f"{READ} {options}")

    assert said.code == 2
    assert words in said.err
    assert cure in said.err


def test_days_that_are_none_are_refused_with_what_the_column_holds(units, typed):
    for column, held in (("orders", "Int64"), ("device", "String")):
        said = typed(f"{READ} --metric spend --day {column}")

        assert said.code == 2
        assert f"{column} holds neither dates nor times ({held})" in said.err
        assert "name a column of dates or timestamps" in said.err
        assert "Binder" not in said.err


def test_a_table_without_rows_says_so(units, typed):
    units.clear().write_parquet("units.parquet")

    said = typed(f"{READ} --metric spend")

    assert said.code == 2
    assert "units.parquet has no rows" in said.err
    assert "see whether what writes it has run" in said.err


def test_a_column_that_names_no_arm_at_all_is_refused(units, typed):
    units.with_columns(variant=pl.lit(None, pl.String)).write_parquet("units.parquet")

    said = typed(f"{READ} --metric spend")

    assert "no row of units.parquet has a value in variant" in said.err
    assert "name the column of arms" in said.err


def test_a_control_that_is_no_arm_offers_the_arms(units, typed):
    said = typed(f"{READ.replace('--control A', '--control a')} --metric spend")

    assert "there is no 'a'" in said.err
    assert "the arms in column variant" in said.err


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ("--metric variant", "--metric"),
        ("--metric spend/variant", "--metric"),
        ("--metric spend --covariate variant", "--covariate"),
        ("--metric spend --segment variant", "--segment"),
    ],
)
def test_the_column_of_arms_is_nothing_to_compare_them_by(units, typed, options, where):
    said = typed(f"{READ} {options}")

    assert "variant is the column of arms" in said.err
    assert f"where: {where}" in said.err


def test_two_kinds_of_one_metric_are_refused(units, typed):
    assert "p90 and proportion are two kinds of metric" in typed(f"{READ} --metric spend:p90:proportion").err


def test_what_belongs_together_is_asked_for(units, typed):
    assert "--table needs --metric or --ratio" in typed(READ).err
    assert "--table needs --control" in typed(READ.replace("--control A", "--metric spend")).err
    assert "name a capability, or a file" in typed("fullcycle experiment read").err
    assert "--table takes no capability" in typed(f"{READ} winback --metric spend").err


def test_a_column_of_no_arms_is_refused(units, typed):
    price = units["spend"][0]
    said = typed(
        f"fullcycle experiment read --table units.parquet --arm spend --control {price!r} --metric orders"
    )

    assert "different values" in said.err
    assert "name the column of arms" in said.err


def test_hillstroms_published_figures_come_out(tmp_path, monkeypatch, typed):
    """Welch's intervals for the spend of each e-mail against none, each at 95 %: 10 % for both together."""
    monkeypatch.chdir(tmp_path)
    data = typed(
        f"fullcycle experiment read --table {HILLSTROM} --arm segment --control 'No E-Mail' --metric spend "
        "--metric visit:proportion --metric conversion:proportion --alpha 0.1 --json"
    ).json

    found = {(one["metric"], one["arm"]): one for one in data["effects"]}
    mens, womens = found["spend", "Mens E-Mail"], found["spend", "Womens E-Mail"]
    assert [round(mens[key], 5) for key in ("difference", "low", "high")] == [0.76983, 0.48514, 1.05451]
    assert [round(womens[key], 5) for key in ("difference", "low", "high")] == [0.42441, 0.16896, 0.67987]
    assert round(found["visit", "Mens E-Mail"]["arm_mean"], 6) == 0.182757
    assert round(found["conversion", "Womens E-Mail"]["arm_mean"], 6) == 0.008837
    assert round(data["sample_ratio"]["p"], 3) == 0.904
    assert data["verdict"]["arm"] == "Mens E-Mail"


@pytest.mark.skipif(
    not COOKIE_CATS.exists(), reason="../shared/data/cookie_cats is not here: the data may not be shipped"
)
def test_cookie_cats_is_blocked_by_its_sample_ratio(tmp_path, monkeypatch, typed):
    monkeypatch.chdir(tmp_path)
    line = (
        f"fullcycle experiment read --table {COOKIE_CATS} --arm version --control gate_30 "
        "--metric retention_7:proportion --metric retention_1:proportion"
    )

    told, data = typed(line), typed(f"{line} --json").json

    assert data["verdict"]["decision"] == "unknown"
    assert round(data["sample_ratio"]["p"], 4) == 0.0086
    assert "Nothing can be concluded: the assigned units do not have the promised ratio" in told.out
    assert "gate_30 44,700 of 45,094 expected" in told.out
    week = data["effects"][0]
    assert [round(100 * week[key], 2) for key in ("difference", "low", "high")] == [-0.82, -1.33, -0.31]


def test_days_of_exposure_tell_how_the_effect_became_known(units, typed):
    dated = units.with_columns(at=pl.datetime(2026, 3, 1) + pl.duration(days=pl.int_range(pl.len()) % 10))
    dated.write_parquet("units.parquet")

    data = typed(f"{READ} --metric spend --day at --analysis always-valid --json").json
    fixed = typed(f"{READ} --metric spend --day at --json").json

    assert [step["day"] for step in data["path"]] == [f"2026-03-{day:02d}" for day in range(1, 11)]
    assert data["path"][-1]["difference"] == data["effects"][0]["difference"]
    assert (data["first_day"], data["last_day"]) == ("2026-03-01", "2026-03-10")
    assert fixed["effects"][0]["difference"] == pytest.approx(data["effects"][0]["difference"])
    assert fixed["effects"][0]["arm_units"] == 2_000
