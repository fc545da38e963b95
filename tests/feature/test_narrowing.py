"""fullcycle.feature over tables: what may be None is asked for first."""

import math

import polars as pl
import pytest

import fullcycle as fc
from feature_parity import alike
from feature_rows import Number, Plain, Taste
from fullcycle.kernel import Invalid


@fc.features
def careless_arithmetic(plain: Plain) -> Number:
    return Number(plain.m + 1)  # type: ignore[operator]


@fc.features
def careless_comparison(plain: Plain) -> Number:
    return Number(1.0 if plain.m > 0 else 0.0)  # type: ignore[operator]


@fc.features
def careless_call(plain: Plain) -> Number:
    return Number(math.log1p(plain.m))  # type: ignore[arg-type]


@fc.features
def careless_field(plain: Plain) -> Number:
    return Number(out=plain.m)  # type: ignore[arg-type]


@fc.features
def careless_row(taste: Taste | None) -> Number:
    return Number(taste.mean_price_90d)  # type: ignore[union-attr]


@fc.features
def careless_variable(plain: Plain) -> Number:
    kept = plain.m
    if plain.a > 0:
        return Number(kept * 2)  # type: ignore[operator]
    return Number(0.0)


@pytest.mark.parametrize(
    ("features", "words"),
    [
        (careless_arithmetic, "plain.m may be None, and is used without asking"),
        (careless_comparison, "plain.m may be None"),
        (careless_call, "plain.m may be None"),
        (careless_field, "out=plain.m may be None, and Number says it never is"),
        (careless_row, "taste may be None"),
        (careless_variable, "kept may be None"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_using_what_may_be_none_without_asking_is_refused_before_any_row_is_seen(features, words):
    with pytest.raises(Invalid, match=words) as refused:
        features.check()
    assert "test_narrowing.py:" in refused.value.where
    with pytest.raises(Invalid, match=words):
        features.over(pl.DataFrame(schema={"a": pl.Int64, "x": pl.Float64, "m": pl.Float64}))


def asking_first(plain: Plain) -> Number:
    if plain.m is None:
        return Number(0.0)
    return Number(plain.m + 1)


def asking_in_a_conditional(plain: Plain) -> Number:
    return Number(plain.m + 1 if plain.m is not None else 0.0)


def asking_with_or(plain: Plain) -> Number:
    return Number((plain.m or 0.5) + (0.0 if plain.m is None or plain.m < 1 else plain.m))


def asking_for_the_opposite(plain: Plain) -> Number:
    return Number(0.0 if not plain.m else 1 / plain.m)


def asking_a_variable(plain: Plain) -> Number:
    kept = plain.m
    if kept is None or kept > 5:
        kept = 5.0
    return Number(kept * 2)


@pytest.mark.parametrize(
    "function",
    [asking_first, asking_in_a_conditional, asking_with_or, asking_for_the_opposite, asking_a_variable],
)
def test_asking_first_is_enough(function):
    rows = [Plain(1, 1.0, m) for m in (None, 0.0, 0.5, 3.0, 9.0)]

    alike(fc.features(function), rows, Plain)
