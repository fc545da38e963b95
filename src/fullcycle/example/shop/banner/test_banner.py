from collections.abc import Sequence
from typing import TypeVar

import fullcycle as fc
import polars as pl

from shop.banner.flow import banners
from shop.banner.rows import BANNERS, Context, Habit, Visit, context
from shop.banner.service import Shown, show

A = TypeVar("A")


class OnlyNew:
    def weights(self, x: Context, among: Sequence[A]) -> dict[A, float]:
        return {action: float(action == "new") for action in among}


def test_a_banner_without_weight_is_never_shown() -> None:
    visit = fc.testing.row(Visit, client_id=None)

    assert show(visit, fc.testing.empty(Habit), OnlyNew(), fc.testing.draw(seed=1)) == Shown("new")


def test_somebody_who_is_not_known_has_no_habit() -> None:
    visit = fc.testing.row(Visit, client_id=None, device="phone", hour=20)

    assert context(visit, None) == Context(phone=True, evening=True, visits_90d=None)


def test_before_anything_was_learnt_all_banners_are_shown_alike() -> None:
    bandit = banners(pl.DataFrame({"action": [], "outcome": []}))

    weights = bandit.weights(Context(phone=True, evening=False, visits_90d=None), BANNERS)

    assert max(weights.values()) - min(weights.values()) < 1e-9


def test_a_banner_that_is_clicked_is_shown_more_often() -> None:
    seen = '{"phone":true,"evening":false,"visits_90d":null}'
    past = pl.DataFrame({"action": ["new", "sale"] * 200, "outcome": [1.0, 0.0] * 200, "features": seen})

    weights = banners(past).weights(Context(phone=True, evening=False, visits_90d=None), BANNERS)

    assert weights["new"] > 0.9
    assert weights["sale"] >= 0.02
