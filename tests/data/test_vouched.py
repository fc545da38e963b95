"""fullcycle.data.vouched: columns in a mapped file. Examples, laws, and what must not be believed."""

import gc
import os

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from any_tables import DTYPES, frame_of, tables
from fullcycle.adapters.files import FileObjects
from fullcycle.data import FrameCodec, canonical, table_digest, vouched
from fullcycle.data import codec as codec_module
from fullcycle.data.mapped import recent
from fullcycle.record import Artifacts, Codecs

TABLE = pl.DataFrame(
    {
        "n": range(9),
        "x": [0.5, None, -0.0, 1.5, None, 2.5, 3.5, 4.5, 5.5],
        "even": [True, False, None] * 3,
        "text": ["short", "a text that lies outside of its view", None] * 3,
        "raw": [b"short", b"bytes that lie outside of their view", None] * 3,
    }
)


@pytest.fixture(autouse=True)
def _small_columns_count(monkeypatch):
    monkeypatch.setattr(vouched, "_WORTH", 0)


@pytest.fixture
def digested(monkeypatch) -> list[str]:
    """The columns that were read to be digested."""
    names: list[str] = []

    def noting(series: pl.Series) -> str:
        names.append(series.name)
        return canonical.column_digest(series)

    monkeypatch.setattr(vouched, "column_digest", noting)
    return names


@pytest.fixture
def in_pieces(monkeypatch) -> None:
    """Two rows to a batch of the file, as of a table of 80 MB there are several."""
    monkeypatch.setattr(codec_module, "_rows_at_once", lambda value: 2)


def mapped(frame: pl.DataFrame, path) -> tuple[FrameCodec, pl.DataFrame]:
    """A codec that has stored a table, and the table as it reads it from the file that holds it."""
    codec = FrameCodec()
    content = codec.content_vouched(frame)
    codec.write(frame, path)
    back = codec.read(path)
    codec.vouch(back, content)
    return codec, back


# examples


def test_of_a_table_with_a_new_column_only_that_is_digested(tmp_path, digested):
    codec, back = mapped(TABLE, tmp_path / "a")
    digested.clear()

    changed = back.with_columns(n=pl.col("n") + 1).rename({"x": "y"}).select("text", "y", "n", "raw", "even")

    assert codec.content_vouched(changed) == table_digest(changed)
    assert digested == ["n"]


def test_what_comes_after_is_known_by_what_it_is_made_of(tmp_path, digested):
    """The chain of steps: each maps what the one before wrote."""
    codec, frame = mapped(TABLE, tmp_path / "0")
    for n in range(1, 4):
        frame = frame.with_columns(n=pl.col("n") * 2)
        digested.clear()
        content = codec.content_vouched(frame)
        assert (content, digested) == (table_digest(frame), ["n"])
        codec.write(frame, tmp_path / f"{n}")
        frame = codec.read(tmp_path / f"{n}")
        codec.vouch(frame, content)


def test_small_columns_are_digested(tmp_path, digested, monkeypatch):
    monkeypatch.setattr(vouched, "_WORTH", 1024)
    codec, back = mapped(TABLE, tmp_path / "a")
    digested.clear()

    codec.content_vouched(back)

    assert digested == TABLE.columns


def test_a_place_is_forgotten_with_the_last_that_lies_there(tmp_path):
    codec, back = mapped(TABLE, tmp_path / "a")
    column = back["text"]
    assert codec._vouched._placed
    del back
    recent.clear()  # the last few tables stay, whoever lets go of them
    gc.collect()
    assert codec._vouched._placed
    del column
    gc.collect()

    assert not codec._vouched._placed


def test_only_so_many_columns_are_kept_in_memory(monkeypatch):
    monkeypatch.setattr(vouched, "_MOST", 12)
    columns = vouched.VouchedColumns()
    for n in range(9):
        columns.content(TABLE.with_columns(n=pl.lit(n)))

    assert [len(kept) for kept in columns._columns_of.values()] == [5, 5]


@pytest.mark.parametrize(
    ("column", "dtype"),
    [("text", pl.Binary), ("raw", pl.String), ("n", pl.UInt64), ("n", pl.Time), ("even", pl.Int8)],
)
def test_the_same_bytes_read_as_something_else_are_something_else(column, dtype, tmp_path):
    codec, back = mapped(TABLE, tmp_path / "a")
    other = back.with_columns(pl.col(column).cast(dtype))

    assert codec.content_vouched(other) == table_digest(other) != table_digest(TABLE)


def test_the_same_values_behind_another_mask_are_others(tmp_path):
    """Polars gives a column another mask without copying its values."""
    codec, back = mapped(TABLE, tmp_path / "a")
    for hidden in range(TABLE.height):
        shown = pl.int_range(pl.len()) != hidden
        masked = back.select(pl.when(shown).then(pl.all()).otherwise(None))

        assert codec.content_vouched(masked) == table_digest(masked)


def test_rows_beside_those_that_were_vouched_for_are_others(tmp_path):
    _, back = mapped(TABLE, tmp_path / "a")
    columns = vouched.VouchedColumns()
    columns.vouch(back.head(4), columns.content(TABLE.head(4)))

    for at in range(6):
        assert columns.content(back.slice(at, 4)) == table_digest(TABLE.slice(at, 4))


def test_the_order_of_pieces_counts(tmp_path, in_pieces):
    codec, back = mapped(TABLE, tmp_path / "a")
    turned = pl.concat([back.slice(2), back.head(2)], rechunk=False)

    assert turned["n"].n_chunks() == back["n"].n_chunks() == 5
    assert codec.content_vouched(turned) == table_digest(turned) != table_digest(TABLE)


# laws

CASTS = [
    pl.Int64,
    pl.UInt64,
    pl.Int32,
    pl.Float64,
    pl.String,
    pl.Binary,
    pl.Date,
    pl.Datetime("us", "UTC"),
    pl.Time,
]

STEPS = {
    "slice": lambda frame, a, b: frame.slice(a, b),
    "head": lambda frame, a, b: frame.head(a),
    "filter": lambda frame, a, b: frame.filter(pl.int_range(pl.len()) % (b + 1) != a),
    "every row": lambda frame, a, b: frame.filter(pl.lit(True)),
    "rename": lambda frame, a, b: frame.rename({frame.columns[a % frame.width]: "new name"}),
    "swap names": lambda frame, a, b: frame.rename(
        dict(zip(frame.columns, frame.columns[1:] + frame.columns[:1], strict=True))
    ),
    "reverse": lambda frame, a, b: frame.reverse(),
    "sorted": lambda frame, a, b: frame.with_row_index("#").sort("#", descending=b % 2 == 0),
    "twice": lambda frame, a, b: pl.concat([frame, frame], rechunk=a % 2 == 0),
    "parts": lambda frame, a, b: pl.concat([frame.slice(a), frame.head(a)], rechunk=False),
    "apart and together": lambda frame, a, b: pl.concat([frame.head(a), frame.slice(a)], rechunk=False),
    "together": lambda frame, a, b: frame.rechunk(),
    "copied": lambda frame, a, b: frame.clone(),
    "shifted": lambda frame, a, b: frame.select(pl.all().shift(a)),
    "masked": lambda frame, a, b: frame.select(
        pl.when(pl.int_range(pl.len()) % (a + 1) != 0).then(pl.all()).otherwise(None)
    ),
    "without nulls": lambda frame, a, b: frame.drop_nulls(),
    "another column": lambda frame, a, b: frame.with_columns(other=pl.lit(a)),
    "one column twice": lambda frame, a, b: frame.with_columns(
        frame.to_series(a % frame.width).alias("twin")
    ),
    "one column": lambda frame, a, b: frame.select(frame.columns[a % frame.width]),
    "cast": lambda frame, a, b: frame.with_columns(
        frame.to_series(a % frame.width).cast(CASTS[b % len(CASTS)], strict=False)
    ),
    "as numbers": lambda frame, a, b: frame.with_columns(frame.to_series(a % frame.width).to_physical()),
    "lazily": lambda frame, a, b: frame.lazy().with_row_index("#").filter(pl.col("#") >= a).collect(),
}


@st.composite
def steps(draw):
    """What a user may do to a table, one after another: name and two small numbers each."""
    return draw(
        st.lists(st.tuples(st.sampled_from(list(STEPS)), st.integers(0, 4), st.integers(0, 12)), max_size=4)
    )


def taken(frame: pl.DataFrame, name: str, a: int, b: int) -> pl.DataFrame:
    """The table after a step; as it is where the step does not go with its dtypes."""
    try:
        return STEPS[name](frame, a, b) if frame.width else frame
    except pl.exceptions.PolarsError:
        return frame


drawn = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@drawn
@given(table=tables(), todo=steps())
def test_the_digest_is_that_of_the_values_whatever_was_vouched_for(table, todo, tmp_path, in_pieces):
    path = tmp_path / "a"
    path.unlink(missing_ok=True)
    codec, frame = mapped(frame_of(table), path)
    for name, a, b in todo:
        frame = taken(frame, name, a, b)

        assert codec.content_vouched(frame) == table_digest(frame)


@drawn
@given(dtype=st.sampled_from([kind for kind in DTYPES if not kind.is_nested()]), data=st.data())
def test_columns_over_one_file_are_not_mixed_up(dtype, data, tmp_path):
    """Two columns of one dtype, rows of each, in every order: the place decides, not the name."""
    values = [data.draw(st.lists(st.none() | DTYPES[dtype], min_size=5, max_size=5)) for _ in range(2)]
    path = tmp_path / "a"
    path.unlink(missing_ok=True)
    codec, back = mapped(frame_of([["a", dtype, values[0]], ["b", dtype, values[1]]]), path)
    at, length = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 5))
    part = back.slice(at, length)

    for frame in (back.select(a="b", b="a"), part, part.select(b="a", a="b"), back.select("b", twin="b")):
        assert codec.content_vouched(frame) == table_digest(frame)


# what must not be believed


def test_a_file_that_was_written_to_is_digested_anew(tmp_path):
    path = tmp_path / "a"
    codec, back = mapped(TABLE, path)
    before = codec.content_vouched(back)
    at = path.read_bytes().index((8).to_bytes(8, "little"))

    with path.open("r+b") as file:
        file.seek(at)
        file.write((88).to_bytes(8, "little"))

    assert back["n"].to_list()[-1] == 88
    assert codec.content_vouched(back) == table_digest(back) != before


@pytest.mark.parametrize("gone", ["removed", "replaced", "touched"])
def test_a_file_that_is_not_what_it_was_vouches_for_nothing(gone, tmp_path, digested):
    path = tmp_path / "a"
    codec, back = mapped(TABLE, path)
    if gone == "removed":
        path.unlink()
    elif gone == "replaced":
        codec.write(TABLE.reverse(), tmp_path / "b")
        (tmp_path / "b").rename(path)
    else:
        os.utime(path, (1, 1))
    digested.clear()

    assert codec.content_vouched(back) == table_digest(TABLE)
    assert digested == TABLE.columns


def test_a_word_that_was_given_for_another_table_counts_for_nothing(tmp_path, digested):
    codec = FrameCodec()
    other = codec.content_vouched(TABLE.select("n", "x"))
    codec.write(TABLE.reverse(), tmp_path / "b")
    read = codec.read(tmp_path / "b")
    codec.vouch(read, other)
    digested.clear()

    assert codec.content_vouched(read) == table_digest(TABLE.reverse())
    assert digested == TABLE.columns


def test_what_a_step_changes_in_place_is_its_own(tmp_path):
    codec, back = mapped(TABLE, tmp_path / "a")
    back[0, "n"] = 99
    back.insert_column(1, back["x"].fill_null(0.0).alias("filled"))

    assert codec.content_vouched(back) == table_digest(back)


@pytest.fixture
def shelf(tmp_path) -> Artifacts:
    codecs = Codecs()
    codecs.register(FrameCodec())
    return Artifacts(FileObjects(tmp_path), codecs)


BIG = pl.DataFrame({"n": range(9_000), "x": [0.5] * 9_000})


def test_the_store_vouches_for_what_it_reads_by_its_seal(shelf, digested):
    back = shelf.load(shelf.keep(BIG))
    digested.clear()

    kept = shelf.keep(back.with_columns(x=pl.col("x") + 1))

    assert digested == ["x"]
    assert kept.content == table_digest(BIG.with_columns(x=pl.col("x") + 1))


def test_verifying_believes_nobody(shelf):
    """Not even a file whose times were set back, which passes for one that nobody wrote to."""
    artifact = shelf.keep(BIG)
    path = shelf.objects.path(artifact.object)
    was = path.stat()
    path.chmod(0o644)
    at = path.read_bytes().index((8_999).to_bytes(8, "little"))
    with path.open("r+b") as file:
        file.seek(at)
        file.write((99).to_bytes(8, "little"))
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))

    assert shelf.objects.is_sealed(artifact.object)
    assert not shelf.verify(artifact)
