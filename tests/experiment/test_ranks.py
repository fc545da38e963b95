"""fullcycle.experiment.ranks: which rows are read beside a quantile, and how far it may be off."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.experiment import quantile_cell, rank_shares


def cell(q, rows_by_unit):
    """The cell of rows that are held by units, as a warehouse tells it."""
    rows = np.sort(np.concatenate(rows_by_unit))
    found = [float(rows[max(int(np.ceil(share * len(rows))), 1) - 1]) for share in rank_shares(q)]
    n = np.array([len(one) for one in rows_by_unit], dtype=float)
    s = np.array([(np.array(one) <= found[0]).sum() for one in rows_by_unit], dtype=float)
    told = [s.sum(), n.sum(), s @ s, s @ n, n @ n]
    return quantile_cell("m", q, "a", ("", ""), (len(rows), found), (len(rows_by_unit), told))


def test_units_of_one_row_have_the_spread_of_a_share():
    found = cell(0.5, [[float(n)] for n in range(100)])

    assert (found.value, found.rows, found.units) == (49.0, 100, 100)
    assert found.spread_of_share == pytest.approx(0.5 * 0.5 / 99)


def test_units_whose_rows_are_all_alike_count_once():
    alone = cell(0.3, [[float(n)] for n in range(50)])
    tenfold = cell(0.3, [[float(n)] * 10 for n in range(50)])

    assert tenfold.value == alone.value
    assert tenfold.rows == 10 * alone.rows
    assert tenfold.spread_of_share == pytest.approx(alone.spread_of_share)


def test_the_spread_is_that_of_redrawing_whole_units():
    rng = np.random.default_rng(20260612)
    units = [rng.gamma(2, 1 + 3 * rng.random(), rng.integers(1, 9)) for _ in range(300)]
    found = cell(0.8, units)

    drawn = []
    for _ in range(4_000):
        rows = np.concatenate([units[i] for i in rng.integers(0, len(units), len(units))])
        drawn.append((rows <= found.value).mean())

    assert found.spread_of_share == pytest.approx(np.var(drawn), rel=0.1)  # its own error is 2 %
    assert found.spread_of_share > 1.2 * 0.8 * 0.2 / found.rows  # more than if rows were drawn


def test_a_single_unit_tells_no_spread():
    assert cell(0.5, [[1.0, 2.0]]).spread_of_share == inf


@given(st.integers(1, 400), st.sampled_from([0.01, 0.05, 0.07, 0.25, 0.5, 0.9, 0.95, 0.99]))
def test_the_quantile_is_the_first_row_that_reaches_its_share(rows, q):
    percent = round(q * 100)

    found = cell(q, [[float(n + 1)] for n in range(rows)])

    assert found.value == -(-percent * rows // 100)  # the rank, in whole numbers


@given(st.floats(0.001, 0.999))
def test_the_ladder_stays_inside_and_grows_outwards(q):
    found = cell(q, [[float(n)] for n in range(500)])

    offsets = [offset for offset, _, _ in found.ladder]
    assert offsets == sorted(offsets)
    for offset, low, high in found.ladder:
        assert 0 < q - offset < q + offset < 1
        assert low <= found.value <= high
