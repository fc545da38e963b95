"""fullcycle.testing.predictors: each clause of a predictor's contract, broken on purpose, is told."""

import threading

import numpy as np
import pytest

import fullcycle as fc
from fullcycle.adapters.asking import matrix_of, other_width
from fullcycle.kernel import Refused

ROWS = [[1.0, 2.0], [4.0, 6.0], [0.5, -3.0]]
SUMS = [3.0, 10.0, -2.5]


class Adds:
    """The sum of two numbers, as it should be."""

    n_features = 2

    def score(self, values):
        if len(values) != 2:
            raise other_width(len(values), 2)
        return 0.0 + values[0] + values[1]

    def scores(self, rows):
        return [self.score(row) for row in rows]

    def scores_of(self, matrix, *, threads=1):
        with np.errstate(all="ignore"):
            return matrix_of(matrix, 2).sum(axis=1)


def test_what_keeps_the_contract_passes():
    fc.testing.same_predictions(Adds(), ROWS, SUMS)


def test_another_number_than_the_librarys_is_told_with_its_row():
    with pytest.raises(Refused, match=r"the row \[4.0, 6.0\] gives 10.0, its library 10.5"):
        fc.testing.same_predictions(Adds(), ROWS, [3.0, 10.5, -2.5])


def test_a_stated_tolerance_is_allowed_for_and_no_more():
    fc.testing.same_predictions(Adds(), ROWS, [3.0, 10.01, -2.5], within=0.02)
    with pytest.raises(Refused, match="its library"):
        fc.testing.same_predictions(Adds(), ROWS, [3.0, 10.03, -2.5], within=0.02)


def test_a_lost_sign_of_zero_is_told():
    with pytest.raises(Refused, match=r"gives 0.0, its library -0.0"):
        fc.testing.same_predictions(Adds(), [[1.0, -1.0]], [-0.0])


def test_other_bits_among_other_rows_are_told():
    class Rounds(Adds):
        def scores(self, rows):
            return [
                round(one, 3) if one == one and abs(one) < 5e-324 * 10 else one
                for one in super().scores(rows)
            ]

    with pytest.raises(Refused, match=r"among others, and .* alone"):
        fc.testing.same_predictions(Rounds(), ROWS, SUMS)


def test_threads_that_share_a_buffer_are_told():
    class Shares(Adds):
        def __init__(self):
            self.once = threading.Barrier(8, timeout=5)
            self.kept = None
            self.asked = 0

        def score(self, values):
            if len(values) != 2:
                raise other_width(len(values), 2)
            self.kept = values
            self.asked += 1
            if self.asked > len(ROWS) and threading.current_thread() is not threading.main_thread():
                self.once.wait()
            return 0.0 + self.kept[0] + self.kept[1]

    with pytest.raises(Refused, match="in eight threads, and"):
        fc.testing.same_predictions(Shares(), ROWS[:2] * 4, SUMS[:2] * 4)


@pytest.mark.parametrize("way", ["score", "scores", "scores_of"])
def test_a_row_of_another_width_that_is_answered_is_told(way):
    class Lax(Adds):
        pass

    def lax(self, asked, threads=1):
        rows = [asked] if way == "score" else asked
        found = [float(sum(row)) for row in rows]
        return found[0] if way == "score" else np.array(found)

    setattr(Lax, way, lax)
    with pytest.raises(Refused, match="is answered"), np.errstate(all="ignore"):
        fc.testing.same_predictions(Lax(), ROWS, SUMS)


def test_predictions_of_no_rows_are_told():
    class Makes(Adds):
        def scores(self, rows):
            return super().scores(rows) if len(rows) else [0.0]

    with pytest.raises(Refused, match="gives predictions, among others"):
        fc.testing.same_predictions(Makes(), ROWS, SUMS)
