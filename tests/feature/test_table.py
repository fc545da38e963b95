"""fullcycle.feature over tables: examples, then laws, then refusals. Parity has its own file."""

import math
import time
import warnings
from datetime import UTC, date, datetime
from typing import Annotated, Literal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fullcycle as fc
from feature_parity import bits, frame_of, python, table
from feature_rows import Number, Plain, Taste, Vector
from fullcycle.code import load, read_archive
from fullcycle.feature.table import ElementByElement
from fullcycle.kernel import Invalid, UnknownName

Campaign = Literal["Mens E-Mail", "Womens E-Mail", "No E-Mail"]
ZipCode = Literal["Urban", "Surburban", "Rural"]


class Client(fc.Row):
    client_id: Annotated[int, fc.key]
    recency: Annotated[int, fc.between(1, 12)]
    history: Annotated[float, fc.at_least(0)]
    zip_code: ZipCode
    newbie: bool


class Traits(fc.Row):
    recency: int
    log_history: float
    zip_code: ZipCode
    newbie: bool
    campaign: Campaign


@fc.features
def traits(client: Client, campaign: Campaign) -> Traits:
    """What the model sees."""
    return Traits(
        recency=client.recency,
        log_history=math.log1p(client.history),
        zip_code=client.zip_code,
        newbie=client.newbie,
        campaign=campaign,
    )


class Series(fc.Row):
    store: Annotated[int, fc.key]
    day: Annotated[date, fc.time]
    sold_7d: float
    sold_28d: float
    last_year: float | None


class Shape(fc.Row):
    weekday: int
    month: int
    sold_7d: float
    trend: float
    last_year: float | None


@fc.features
def shape(series: Series) -> Shape:
    return Shape(
        weekday=series.day.weekday(),
        month=series.day.month,
        sold_7d=series.sold_7d,
        trend=series.sold_7d / series.sold_28d if series.sold_28d > 0 else 1.0,
        last_year=series.last_year,
    )


class Item(fc.Row):
    item_id: Annotated[int, fc.key]
    day: Annotated[datetime, fc.time]
    price: Annotated[float, fc.at_least(0)]
    orders_7d: int
    vector: Vector


class Pair(fc.Row):
    price: float
    orders_7d: int
    match: float | None
    dearer: float | None


@fc.features
def pair(taste: Taste | None, item: Item) -> Pair:
    known = taste is not None and taste.orders_90d > 0
    return Pair(
        price=item.price,
        orders_7d=item.orders_7d,
        match=fc.dot(taste.vector, item.vector) if taste is not None else None,
        dearer=item.price - taste.mean_price_90d if taste is not None and known else None,
    )


class Visit(fc.Row):
    visitor_id: Annotated[str, fc.key]
    client_id: int | None
    device: Literal["phone", "desktop"]
    hour: Annotated[int, fc.between(0, 23)]


class Habit(fc.Row):
    client_id: Annotated[int, fc.key]
    day: Annotated[datetime, fc.time]
    orders_90d: int


class Context(fc.Row):
    phone: bool
    evening: bool
    orders_90d: int | None


@fc.features
def context(visit: Visit, habit: Habit | None) -> Context:
    return Context(
        phone=visit.device == "phone",
        evening=visit.hour >= 18,
        orders_90d=habit.orders_90d if habit is not None else None,
    )


def doubled(value: float) -> float:
    return value * 2


seeds = st.integers(0, 2**32)


def named(frame: pl.DataFrame, parameter: str) -> pl.DataFrame:
    return frame.rename({name: f"{parameter}.{name}" for name in frame.columns})


def mailed(n: int) -> pl.DataFrame:
    return fc.testing.frame(Client, n).with_columns(campaign=pl.lit("No E-Mail"))


def same(features: fc.features, frame: pl.DataFrame, arguments: list[tuple[object, ...]]) -> None:  # type: ignore[valid-type]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        features.over(frame)
    assert table(features, frame) == python(features, arguments)
    encoded = [features.encode(features(*given)) for given in arguments]
    matrix = features.matrix(frame)
    assert matrix.flags.c_contiguous
    assert matrix.shape == (len(arguments), len(features.names))
    assert [[bits(v, float) for v in row] for row in matrix.tolist()] == [
        [bits(v, float) for v in row] for row in encoded
    ]


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_the_traits_of_a_client(seed):
    clients = fc.testing.rows(Client, 20, seed=seed)
    campaigns = [row.campaign for row in fc.testing.rows(Traits, 20, seed=seed)]
    frame = frame_of(clients, Client).with_columns(campaign=pl.Series(campaigns))

    same(traits, frame, list(zip(clients, campaigns, strict=True)))


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_the_shape_of_a_series(seed):
    series = fc.testing.rows(Series, 20, seed=seed)

    same(shape, frame_of(series, Series), [(one,) for one in series])


@settings(max_examples=15, deadline=None)
@given(seeds, st.lists(st.booleans(), min_size=20, max_size=20))
def test_a_pair_of_which_one_may_be_unknown(seed, unknown):
    tastes, items = fc.testing.rows(Taste, 20, seed=seed), fc.testing.rows(Item, 20, seed=seed + 1)
    left = frame_of(tastes, Taste).with_columns(pl.when(~pl.Series(unknown)).then(pl.all()))
    frame = pl.concat([named(left, "taste"), named(frame_of(items, Item), "item")], how="horizontal")

    same(pair, frame, [(None if u else t, i) for t, i, u in zip(tastes, items, unknown, strict=True)])


@settings(max_examples=15, deadline=None)
@given(seeds, st.lists(st.booleans(), min_size=20, max_size=20))
def test_the_context_of_a_visit(seed, unknown):
    visits, habits = fc.testing.rows(Visit, 20, seed=seed), fc.testing.rows(Habit, 20, seed=seed + 1)
    left = frame_of(habits, Habit).drop("client_id").with_columns(pl.when(~pl.Series(unknown)).then(pl.all()))
    frame = pl.concat([frame_of(visits, Visit), left], how="horizontal")

    same(context, frame, [(v, None if u else h) for v, h, u in zip(visits, habits, unknown, strict=True)])


def test_a_field_that_two_rows_share_is_read_where_its_parameter_is_named():
    @fc.features
    def both(taste: Taste, item: Item) -> Number:
        return Number(taste.vector[0] - item.vector[0])

    frame = pl.DataFrame({"taste.vector": [[1.0] * 4], "item.vector": [[0.25] * 4]})

    assert both.over(frame)["out"].to_list() == [0.75]


def test_a_column_that_could_be_meant_for_two_rows_is_refused_naming_both():
    with pytest.raises(Invalid, match=r"'vector' could be meant for taste\.vector and item\.vector"):
        pair.over(pl.DataFrame({"vector": [[1.0] * 4], "price": [1.0], "orders_7d": [1]}))


def test_an_absent_column_is_named_with_the_nearest():
    frame = mailed(3)

    with pytest.raises(UnknownName, match=r"no 'history'(.|\n)*traits\(\)(.|\n)*did you mean 'histry'"):
        traits.over(frame.rename({"history": "histry"}))
    with pytest.raises(UnknownName, match="no 'campaign'"):
        traits.over(frame.drop("campaign"))


def test_columns_that_the_function_does_not_read_may_be_absent():
    frame = mailed(3)

    assert traits.over(frame.drop("client_id")).equals(traits.over(frame))


def test_a_column_of_another_kind_is_refused():
    with pytest.raises(Invalid, match=r"'history' is String, and traits\(\) takes float"):
        traits.over(
            fc.testing.frame(Client, 3).with_columns(campaign=pl.lit("No E-Mail"), history=pl.lit("a"))
        )


def test_a_table_without_rows_gives_one_without_rows():
    frame = fc.testing.frame(Client, 0).with_columns(campaign=pl.lit("No E-Mail"))

    assert traits.over(frame).schema == traits.over(mailed(3)).schema
    assert traits.matrix(frame).shape == (0, 5)


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_times_are_read_in_utc(zone):
    class At(fc.Row):
        at: datetime

    @fc.features
    def hour(seen: At) -> Number:
        return Number(float(seen.at.hour))

    at = pl.Series("at", [datetime(2026, 7, 1, 23, 30, tzinfo=UTC)])
    at = at.dt.convert_time_zone(zone) if zone else at.dt.replace_time_zone(None)

    assert hour.over(at.to_frame())["out"].to_list() == [23.0]


def test_an_error_is_pythons_own_and_names_the_first_row_and_the_line():
    @fc.features
    def share(plain: Plain) -> Number:
        part = plain.x + 1
        return Number(part / plain.a)

    with pytest.raises(ZeroDivisionError) as raised:
        share.over(pl.DataFrame({"a": [1, 2, 0, 0], "x": [1.0] * 4}))

    line = share.function.__code__.co_firstlineno + 3
    assert raised.value.__notes__ == [f"in row 2 of the table, counted from 0: {__file__}:{line}, in share"]


def test_only_rows_that_reach_an_operation_can_fail_on_it():
    @fc.features
    def share(plain: Plain) -> Number:
        if plain.a != 0 and 10 / plain.a > 1:
            return Number(plain.x / plain.a)
        return Number(0.0)

    assert share.over(pl.DataFrame({"a": [0, 2, 20], "x": [1.0] * 3}))["out"].to_list() == [0.0, 0.5, 0.0]


def test_features_may_call_features_and_functions_of_their_own():
    @fc.features
    def halved(plain: Plain) -> Number:
        return Number(plain.x / 2)

    @fc.features
    def again(plain: Plain) -> Number:
        return Number(doubled(halved(plain).out) + halved(plain).out)

    assert again.over(pl.DataFrame({"a": [1], "x": [3.0]}))["out"].to_list() == [4.5]


def test_a_loop_runs_row_by_row_and_says_so_once():
    @fc.features
    def summed(plain: Plain) -> Number:
        total = 0.0
        for power in range(3):
            total += plain.x**power
        return Number(total)

    with pytest.warns(ElementByElement, match=r"summed runs.*test_table.py:\d+ .*a for statement") as caught:
        assert summed.over(pl.DataFrame({"a": [1, 2], "x": [2.0, 3.0]}))["out"].to_list() == [7.0, 13.0]
    assert len(caught) == 1


def test_a_comprehension_runs_element_by_element_within_a_function_that_does_not():
    @fc.features
    def summed(plain: Plain) -> Number:
        return Number(sum(plain.x**power for power in range(3)) + plain.a)

    with pytest.warns(ElementByElement, match=r"sum\(.*only Python can evaluate it"):
        assert summed.over(pl.DataFrame({"a": [1, 2], "x": [2.0, 3.0]}))["out"].to_list() == [8.0, 15.0]


def test_a_function_whose_source_is_gone_is_called_row_by_row():
    names = {"fc": fc, "Plain": Plain, "Number": Number}
    exec("@fc.features\ndef made(plain: Plain) -> Number:\n    return Number(plain.x / 2)", names)

    with pytest.warns(ElementByElement, match="is not what was loaded"):
        assert names["made"].over(pl.DataFrame({"a": [1], "x": [3.0]}))["out"].to_list() == [1.5]


def test_a_million_rows_take_a_fraction_of_what_python_takes():
    n = 200_000
    frame = pl.DataFrame({"a": np.arange(n) % 7 + 1, "x": np.linspace(0, 9, n)})

    @fc.features
    def many(plain: Plain) -> Number:
        ratio = plain.x / plain.a if plain.x > 1 else plain.x * plain.a
        return Number(min(ratio, 5.0) + (1.0 if plain.a in (1, 2) else -1.0))

    start = time.process_time()
    over = many.over(frame)
    spent = time.process_time() - start

    start = time.process_time()
    assert over["out"].to_list() == [many(Plain(a, x)).out for a, x in frame.iter_rows()]
    assert spent < (time.process_time() - start) / 2


def test_a_feature_that_its_row_cannot_hold_is_refused_naming_row_and_field():
    class Whole(fc.Row):
        out: int

    @fc.features
    def halved(plain: Plain) -> Whole:
        return Whole(plain.x / 2)  # type: ignore[arg-type]

    with pytest.raises(Invalid, match="'out' is a float in row 0, and its row says int"):
        halved.over(pl.DataFrame({"a": [1], "x": [3.0]}))


def test_a_value_that_is_no_choice_is_refused_in_a_matrix():
    frame = fc.testing.frame(Client, 3).with_columns(campaign=pl.lit("Pigeon"))

    with pytest.raises(Invalid, match="'campaign' is none of its 3 choices") as refused:
        traits.matrix(frame)
    assert "Pigeon" not in str(refused.value)


def test_nulls_where_the_contract_has_none_are_pythons_to_judge():
    frame = pl.DataFrame({"a": [1, None], "x": [1.0, 2.0]})

    @fc.features
    def share(plain: Plain) -> Number:
        return Number(plain.x / plain.a)

    with pytest.raises(TypeError, match="NoneType") as raised:
        share.over(frame)
    assert "in row 1" in raised.value.__notes__[0]


def test_features_of_a_loaded_archive_run_on_columns_whatever_the_file_says_by_now(tmp_path):
    root = tmp_path / "shop"
    root.mkdir()
    file = root / "rows.py"
    text = (
        "import fullcycle as fc\n\n"
        "class Plain(fc.Row):\n    x: float\n\n"
        "class Number(fc.Row):\n    out: float\n\n"
        "def scaled(x: float) -> float:\n    return x * FACTOR\n\n\n"
        "@fc.features\ndef made(plain: Plain) -> Number:\n    return Number(scaled(plain.x))\n"
    )
    loaded = []
    for factor in ("2.0", "3.0"):
        file.write_text(f"FACTOR = {factor}\n" + text)
        loaded.append(load(read_archive(root, "shop"), root=root).module("rows"))
    file.write_text("")

    frame = pl.DataFrame({"x": [1.5]})
    assert [module.made.over(frame)["out"].to_list() for module in loaded] == [[3.0], [4.5]]
