"""fullcycle.evaluate.sample: examples first, then laws, then refusals."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.evaluate import Split, refuse_shared_keys, split
from fullcycle.kernel import FullcycleError, Invalid, NotEnoughData, UnknownName


def frame(n=100, **columns):
    return pl.DataFrame(
        {
            "client": [i // 2 for i in range(n)],
            "day": [date(2026, 1, 1) + timedelta(i // 2) for i in range(n)],
            "y": [float(i % 3) for i in range(n)],
            **columns,
        }
    )


def test_a_share_of_the_rows_is_drawn_by_chance_and_keeps_its_order():
    halves = split(frame().with_row_index("row"), "y", test=0.3)

    assert (len(halves.train), len(halves.test)) == (70, 30)
    assert halves.test.frame["row"].is_sorted()
    assert halves.test.y.tolist() == [float(row % 3) for row in halves.test.frame["row"]]


def test_another_seed_draws_other_rows_and_the_same_seed_the_same():
    first, again, other = (split(frame(), "y", test=0.5, seed=seed) for seed in (1, 1, 2))

    assert first.test.frame.equals(again.test.frame)
    assert not first.test.frame.equals(other.test.frame)


def test_since_puts_the_day_itself_and_all_that_follows_on_the_test_side():
    halves = split(frame(), "y", since=date(2026, 2, 1))

    assert halves.train.frame["day"].max() == date(2026, 1, 31)
    assert halves.test.frame["day"].min() == date(2026, 2, 1)
    assert halves.by_time


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
@pytest.mark.parametrize("since", [date(2026, 7, 2), datetime(2026, 7, 2)])
def test_a_date_means_midnight_where_the_clients_are(zone, since):
    at = pl.Series([datetime(2026, 7, 1, 23, 59), datetime(2026, 7, 2)]).dt.replace_time_zone(zone)

    halves = split(pl.DataFrame({"at": at, "y": [0, 1]}), "y", since=since)

    assert halves.test.y.tolist() == [1.0]


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_an_aware_instant_is_the_same_instant_in_any_zone(zone):
    at = pl.Series([datetime(2026, 7, 1, 11, 59), datetime(2026, 7, 1, 12)]).dt.replace_time_zone("UTC")
    at = at.dt.convert_time_zone(zone) if zone else at.dt.replace_time_zone(None)

    halves = split(pl.DataFrame({"at": at, "y": [0, 1]}), "y", since=datetime(2026, 7, 1, 12, tzinfo=UTC))

    assert halves.test.y.tolist() == [1.0]


def test_of_several_dates_the_one_named_divides():
    two = frame().with_columns(born=pl.lit(date(1990, 1, 1)))

    assert len(split(two, "y", since=date(2026, 2, 1), time="day").train) == 62


def test_groups_come_together_and_are_counted_in_the_order_of_the_rows():
    mixed = pl.DataFrame({"list": ["b", "a", "b", "c", "a", "b"], "y": [1, 2, 3, 4, 5, 6]})

    halves = split(mixed, "y", test=0.5, group="list", seed=1)

    for side in (halves.train, halves.test):
        sizes = side.group.tolist()
        assert sum(sizes) == len(side)
        assert len(sizes) == side.frame["list"].n_unique()
        assert [run["len"] for run in side.frame["list"].rle().to_list()] == sizes


def test_weights_are_handed_on_and_absent_ones_are_none():
    weighted = split(frame(w=[i % 4 for i in range(100)]), "y", test=0.3, weight="w").test

    assert weighted.weight.tolist() == weighted.frame["w"].to_list()
    assert weighted.weight.dtype == np.float64
    assert (split(frame(), "y", test=0.3).test.weight, split(frame(), "y", test=0.3).test.group) == (
        None,
        None,
    )


def test_true_and_false_are_one_and_zero():
    halves = split(pl.DataFrame({"y": [True, False] * 4}), "y", test=0.25)

    assert set(halves.train.y.tolist()) == {0.0, 1.0}


def test_a_sample_shows_the_features_what_its_rows_hold():
    class Doubled:
        def matrix(self, frame):
            return frame.select(pl.col("y") * 2).to_numpy()

    test = split(frame(), "y", test=0.3).test

    assert test.x(Doubled()).tolist() == (test.y[:, None] * 2).tolist()


# laws


@given(n=st.integers(2, 200), share=st.floats(0.05, 0.95), seed=st.integers(0, 99))
def test_every_row_stands_on_exactly_one_side(n, share, seed):
    rows = pl.DataFrame({"row": range(n), "y": [0.0] * n})
    try:
        halves = split(rows, "y", test=share, seed=seed)
    except NotEnoughData:
        assert round(n * share) in (0, n)
        return

    both = pl.concat([halves.train.frame, halves.test.frame])["row"].to_list()
    assert sorted(both) == list(range(n))


@given(
    groups=st.lists(st.sampled_from("abcdefghij"), min_size=2, max_size=60),
    share=st.floats(0.2, 0.8),
    seed=st.integers(0, 9),
)
def test_a_group_is_never_on_both_sides_and_stays_where_it_is_when_rows_are_added(groups, share, seed):
    def side_of(names):
        rows = pl.DataFrame({"g": names, "y": [0] * len(names)})
        halves = split(rows, "y", test=share, group="g", seed=seed)
        train, test = (set(side.frame["g"].to_list()) for side in (halves.train, halves.test))
        assert not train & test
        return {name: name in test for name in train | test}

    try:
        few, many = side_of(groups), side_of([*"klmnopqrst", *groups])
    except NotEnoughData:
        return
    assert all(many[name] == side for name, side in few.items())


def test_a_hash_gives_the_test_side_the_share_asked_for():
    halves = split(frame(20_000), "y", test=0.3, group="client")

    assert halves.test.frame["client"].n_unique() / 10_000 == pytest.approx(0.3, abs=0.02)


# refusals


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"label": "z", "test": 0.3}, UnknownName, "there is no 'z'"),
        ({"label": "y", "test": 0.3, "weight": "dey"}, UnknownName, "did you mean 'day'"),
        ({"label": "day", "test": 0.3}, Invalid, "the label 'day' is Date, not a number"),
        ({"label": "y"}, Invalid, "either test= or since=, not neither"),
        ({"label": "y", "test": 0.3, "since": date(2026, 1, 9)}, Invalid, "not both"),
        ({"label": "y", "test": 30}, Invalid, "write test=0.3 for 30 %"),
        ({"label": "y", "test": 0.001}, NotEnoughData, "the test side is empty: there are 100 rows"),
        ({"label": "y", "since": date(2000, 1, 1)}, NotEnoughData, "the training side is empty"),
        ({"label": "y", "since": date(2026, 1, 9), "time": "y"}, Invalid, "'y' is Float64, no date"),
        ({"label": "gap", "test": 0.3}, Invalid, "the label 'gap' is null, NaN or infinite in 2 of 100 rows"),
        ({"label": "y", "test": 0.3, "weight": "debt"}, Invalid, "negative values, the least -3"),
        ({"label": "y", "test": 0.3, "group": "hole"}, Invalid, "the group 'hole' is missing in 1 of 100"),
    ],
)
def test_what_cannot_be_split_is_refused_with_the_cure(arguments, error, words):
    rows = frame(gap=[None, float("nan"), *[1.0] * 98], debt=[-3, *[1] * 99], hole=[None, *["x"] * 99])

    with pytest.raises(error, match="mend:") as caught:
        split(rows, arguments.pop("label"), **arguments)

    assert words in str(caught.value)


def test_a_query_is_no_table_in_memory():
    with pytest.raises(Invalid, match="LazyFrame is no table in memory"):
        split(frame().lazy(), "y", test=0.3)


def test_since_asks_which_of_two_dates_is_meant():
    two = frame().with_columns(born=pl.lit(date(1990, 1, 1)))

    with pytest.raises(Invalid, match="say which: time='day'"):
        split(two, "y", since=date(2026, 2, 1))
    with pytest.raises(Invalid, match="the frame has none"):
        split(two.drop("day", "born"), "y", since=date(2026, 2, 1))


def test_a_row_without_its_time_is_refused():
    rows = pl.DataFrame({"day": [None, date(2026, 1, 1), date(2026, 1, 2)], "y": [0, 1, 2]})

    with pytest.raises(Invalid, match="the time 'day' is missing in 1 of 3 rows"):
        split(rows, "y", since=date(2026, 1, 2))


def test_a_group_that_reaches_across_the_date_is_refused_by_name():
    with pytest.raises(Invalid, match=r"such as client 2[\s\S]*another date than 2026-01-03"):
        split(frame().with_columns(client=pl.lit(2)), "y", since=date(2026, 1, 3), group="client")


def test_a_key_on_both_sides_is_refused_and_grouping_by_it_is_the_cure():
    halves = split(frame(), "y", test=0.5)

    with pytest.raises(Invalid, match=r"client[\s\S]*group='client'"):
        refuse_shared_keys(halves, ("client",))
    refuse_shared_keys(split(frame(), "y", test=0.5, group="client"), ("client",))


def test_the_same_key_may_come_again_later_or_be_no_column_at_all():
    later = split(frame().with_columns(client=pl.lit(2)), "y", since=date(2026, 1, 3))

    refuse_shared_keys(later, ("client",))
    refuse_shared_keys(split(frame(), "y", test=0.5), ("store",))
    assert isinstance(later, Split)


def test_refusals_are_fullcycle_errors():
    assert issubclass(Invalid, FullcycleError)
