"""fullcycle.evaluate.codec: a split comes back equal, and its digest is of what it means."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.data import FrameCodec, table_digest
from fullcycle.evaluate import FirstSplitCodec, Sample, Split, SplitCodec, split
from fullcycle.kernel import Damaged, digest_parts
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


def same(kept, again):
    assert isinstance(again, Split)
    assert again.by_time is kept.by_time
    for side, other in ((kept.train, again.train), (kept.test, again.test)):
        assert side.frame.schema == other.frame.schema
        assert side.frame.equals(other.frame)
        assert (side.label, side.weight_column, side.group_column) == (
            other.label,
            other.weight_column,
            other.group_column,
        )


def mapped(kept, path):
    CODEC.write(kept, path)
    return CODEC.read(path)


def uneven():
    """Sides whose columns differ, as no ``fc.split`` makes them."""
    kept = halves(FRAME)
    return Split(Sample(kept.train.frame.drop("day"), "y"), kept.test)


@pytest.mark.parametrize("how", [{}, {"weight": "w"}, {"group": "g", "seed": 3}])
def test_a_split_comes_back_equal(how, tmp_path):
    kept = halves(FRAME, **how)

    same(kept, CODEC.decode(CODEC.encode(kept)))
    same(kept, mapped(kept, tmp_path / "split"))


def test_sides_whose_columns_differ_come_back_equal(tmp_path):
    same(uneven(), CODEC.decode(CODEC.encode(uneven())))
    same(uneven(), mapped(uneven(), tmp_path / "split"))


def test_a_split_in_a_file_is_one_table_that_anything_reads(tmp_path):
    kept = halves(FRAME)
    CODEC.write(kept, tmp_path / "split")

    both = pl.read_ipc(tmp_path / "split")

    assert both[:, :-1].equals(pl.concat([kept.train.frame, kept.test.frame]))
    assert both.dtypes[-1] == pl.Null


def test_a_split_that_was_stored_in_the_first_layout_is_read_and_has_the_same_content():
    kept = halves(FRAME, weight="w")
    header = b'{"label":"y","weight":"w","group":null,"by_time":false}'
    tables = [FrameCodec().encode(side.frame) for side in (kept.train, kept.test)]
    data = b"".join(len(part).to_bytes(8, "little") + part for part in (header, *tables))
    digests = [table_digest(side.frame).encode() for side in (kept.train, kept.test)]

    same(kept, FirstSplitCodec().decode(data))
    assert CODEC.content(kept) == digest_parts("split@1", [header, *digests])


def test_a_large_split_is_worth_a_file():
    assert CODEC.is_small(halves(FRAME))
    assert not CODEC.is_small(halves(pl.concat([FRAME] * 2_000)))


def test_a_split_by_time_remembers_that_it_is_one():
    assert CODEC.decode(CODEC.encode(split(FRAME, "y", since=date(2026, 1, 4)))).by_time


def test_the_store_finds_the_codec_by_the_value_and_by_its_name():
    codecs = Codecs()
    codecs.register(CODEC)
    codecs.register(first := FirstSplitCodec())

    assert codecs.of(halves(FRAME)) is CODEC
    assert codecs.named("split@2") is CODEC
    assert codecs.named("split@1") is first
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


@pytest.mark.parametrize("make", [lambda: halves(FRAME), uneven])
@pytest.mark.parametrize("cut", [0, 3, 40, -1])
def test_a_file_that_ends_too_early_is_refused(cut, make, tmp_path):
    path = tmp_path / "split"
    CODEC.write(make(), path)
    path.write_bytes(path.read_bytes()[:cut])

    with pytest.raises(Damaged, match="run the step again"):
        CODEC.read(path)


def test_a_table_that_is_no_split_is_refused(tmp_path):
    FrameCodec().write(FRAME, tmp_path / "frame")

    with pytest.raises(Damaged, match="does not say how it is divided"):
        CODEC.read(tmp_path / "frame")
