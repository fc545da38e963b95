"""fullcycle.evaluate.codec: a split comes back equal, and its digest is of what it means."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.evaluate import Split, SplitCodec, split
from fullcycle.kernel import Damaged
from fullcycle.record import Codecs

CODEC = SplitCodec()


def halves(frame, **how):
    return split(frame, "y", test=0.4, **how)


FRAME = pl.DataFrame(
    {
        "g": ["a", "b", "c", "d", "e", "f"],
        "day": [date(2026, 1, n) for n in range(1, 7)],
        "w": [1, 2, 3, 4, 5, 6],
        "y": [0.0, 1.0, 0.0, 1.0, 1.0, 0.0],
    }
)


@pytest.mark.parametrize("how", [{}, {"weight": "w"}, {"group": "g", "seed": 3}])
def test_a_split_comes_back_equal(how):
    kept = halves(FRAME, **how)

    again = CODEC.decode(CODEC.encode(kept))

    assert isinstance(again, Split)
    for side, other in ((kept.train, again.train), (kept.test, again.test)):
        assert side.frame.equals(other.frame)
        assert (side.label, side.weight_column, side.group_column) == (
            other.label,
            other.weight_column,
            other.group_column,
        )


def test_a_split_by_time_remembers_that_it_is_one():
    assert CODEC.decode(CODEC.encode(split(FRAME, "y", since=date(2026, 1, 4)))).by_time


def test_the_store_finds_the_codec_by_the_value_and_by_its_name():
    codecs = Codecs()
    codecs.register(CODEC)

    assert codecs.of(halves(FRAME)) is CODEC
    assert codecs.named("split@1") is CODEC
    assert codecs.find({"a": halves(FRAME)}) is not None


@given(at=st.integers(1, 5), seed=st.integers(0, 5))
def test_the_layout_of_a_frame_in_memory_changes_neither_bytes_nor_digest(at, seed):
    pieces = pl.concat([FRAME[:at], FRAME[at:]], rechunk=False)
    one, other = halves(FRAME, seed=seed), halves(pieces, seed=seed)
    data = CODEC.encode(one)

    assert CODEC.encode(other) == data
    assert CODEC.content(other, data) == CODEC.content(one, data)


def test_another_value_another_role_and_another_side_are_other_contents():
    kept = halves(FRAME)
    swapped = Split(kept.test, kept.train)
    weighted = halves(FRAME, weight="w")
    changed = halves(FRAME.with_columns(pl.col("w") + 1))
    by_time = Split(kept.train, kept.test, by_time=True)

    found = {
        CODEC.content(value, CODEC.encode(value)) for value in (kept, swapped, weighted, changed, by_time)
    }

    assert len(found) == 5


@pytest.mark.parametrize("cut", [3, 40, -1])
def test_bytes_that_end_too_early_are_refused(cut):
    with pytest.raises(Damaged, match="run the step again"):
        CODEC.decode(CODEC.encode(halves(FRAME))[:cut])
