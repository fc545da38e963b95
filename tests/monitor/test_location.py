"""fullcycle.monitor.location: where a drift sits, and whether it looks like a change of unit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.monitor import locate
from fullcycle.monitor.location import unit_of
from monitor.tallying import clients, tally

BY = ("channel", "newbie", "zip_code")


def located(change, field="history", rows=3000, seed=1):
    was, now = clients(5000, seed), clients(rows, seed + 1)
    change(now)
    return locate(field, tally(was, was, BY), tally(now, was, BY))


def where(rows, field, value):
    return rows[field] == value


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rows", [500, 5000])
def test_cents_for_dollars_in_one_channel_are_found_in_that_channel(rows, seed):
    def in_cents(now):
        now["history"] = np.where(where(now, "channel", "Web"), now["history"] * 100, now["history"])

    found = located(in_cents, rows=rows, seed=seed)

    assert found.segment == "channel = Web"
    assert found.factor == pytest.approx(100, rel=0.2)
    assert found.rest_psi < 0.1
    assert 0.35 < found.share < 0.55
    if rows == 5000:
        assert "history moved where channel = Web (4" in found.says
        assert "like a change of unit by 100 (cents for whole units" in found.says


def test_a_change_of_unit_everywhere_is_told_of_all_rows():
    def in_thousandths(now):
        now["history"] = now["history"] / 1000

    found = located(in_thousandths)

    assert found.segment is None
    assert "in all segments" in found.says
    assert "like a change of unit by 0.001 (the other way round" in found.says


def test_a_move_that_is_no_multiple_is_told_by_its_median():
    def add(now):
        now["history"] = now["history"] + 500 * where(now, "newbie", "True")

    found = located(add)

    assert (found.segment, found.factor) == ("newbie = True", None)
    assert "its median went from" in found.says


def test_a_category_that_grew_is_told_by_its_share():
    def urban(now):
        now["zip_code"] = np.where(where(now, "channel", "Phone"), "Urban", now["zip_code"])

    found = located(urban, field="zip_code")

    assert found.segment == "channel = Phone"
    assert "Urban went from 40" in found.says
    assert found.says.endswith("to 100.0%")


def test_a_drift_without_segments_is_told_of_all_rows():
    was, now = clients(3000, 1), clients(3000, 2)
    now["recency"] = now["recency"] + 4

    found = locate("recency", tally(was, was), tally(now, was))

    assert (found.segment, found.share) == (None, 1)


# laws


@given(st.sampled_from([10, 100, 1000, 60, 24, 2.54, 1.609344]), st.floats(0.95, 1.05), st.booleans())
def test_a_factor_near_a_known_unit_is_that_unit_either_way_round(unit, noise, down):
    known = unit_of(unit * noise if not down else 1 / (unit * noise))

    assert known is not None
    assert known[0] == pytest.approx(1 / unit if down else unit)
    assert known[1].startswith("the other way round") is down


@given(st.floats(3, 5))
def test_a_factor_near_no_unit_is_none(factor):
    assert unit_of(factor) is None
