"""fullcycle.data.codec, mapped: tables as bytes and as files. Examples, then laws, then refusals."""

import gc
import subprocess
import sys
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from any_tables import columns, frame_of, laid_out, series, tables
from fullcycle.data import FrameCodec, mapped, table_digest
from fullcycle.kernel import Damaged

CODEC = FrameCodec()
LARGE = pl.DataFrame(
    {
        "number": np.arange(50_000, dtype=np.float64),
        "text": [f"the name of product {n}" if n % 3 else None for n in range(50_000)],
        "day": pl.Series([date(2026, 1, 1)] * 50_000),
        "kind": pl.Series(["a", "b"] * 25_000, dtype=pl.Categorical),
    }
)
drawn = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def there_and_back(frame, path):
    path.unlink(missing_ok=True)
    CODEC.write(frame, path)
    return CODEC.read(path)


def test_a_small_table_is_better_kept_as_bytes():
    assert CODEC.is_small(LARGE.head(100))
    assert not CODEC.is_small(LARGE)


def test_a_large_table_comes_back_from_its_file_in_one_piece(tmp_path):
    pieces = pl.concat([LARGE[:777], LARGE[777:]], rechunk=False)

    back = there_and_back(pieces, tmp_path / "a")

    assert back.equals(LARGE)
    assert back.select("number", "text").n_chunks("all") == [1, 1]
    assert table_digest(back) == CODEC.content(pieces) == table_digest(LARGE)


def test_many_numbers_are_written_in_pieces_and_come_back_as_one_table(tmp_path):
    numbers = pl.DataFrame({f"n{n}": np.arange(1_000_000) + n for n in range(5)})

    back = there_and_back(numbers, tmp_path / "a")

    assert back.n_chunks() == 3  # of 40 MB
    assert back.equals(numbers)
    assert table_digest(back) == table_digest(numbers)


def test_many_texts_are_written_in_one_piece(tmp_path):
    texts = pl.DataFrame({"text": ["the name of a product" * 20] * 100_000})

    assert there_and_back(texts, tmp_path / "a").n_chunks() == 1


def test_the_file_is_an_arrow_file_and_nothing_more(tmp_path):
    CODEC.write(LARGE, tmp_path / "a")
    LARGE.write_ipc(tmp_path / "b", compression="uncompressed", record_batch_size=LARGE.height)

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_file_in_several_batches_is_mapped_too(tmp_path):
    LARGE.write_ipc(tmp_path / "a", compression="uncompressed", record_batch_size=7_000)

    back = CODEC.read(tmp_path / "a")

    assert back.equals(LARGE)
    assert back["number"].n_chunks() == 8


def test_a_mapped_table_is_the_file_and_no_copy_of_it(tmp_path):
    path = tmp_path / "a"
    back = there_and_back(pl.DataFrame({"a": [7.0] * 50_000}), path)

    with path.open("r+b") as file:
        file.seek(path.read_bytes().index(np.float64(7.0).tobytes() * 2))
        file.write(np.float64(8.0).tobytes())

    assert back["a"].head(2).to_list() == [8.0, 7.0]


def test_a_mapped_table_outlives_its_file(tmp_path):
    back = there_and_back(LARGE, tmp_path / "a")
    CODEC.write(LARGE.reverse(), tmp_path / "b")

    (tmp_path / "b").rename(tmp_path / "a")
    assert back.equals(LARGE)
    (tmp_path / "a").unlink()
    assert back.equals(LARGE)


def test_a_step_that_changes_a_mapped_table_changes_its_own(tmp_path):
    back = there_and_back(LARGE, tmp_path / "a")

    back[0, "number"] = -1.0
    values = back["number"].to_numpy(writable=True)
    values[:] = 0

    assert CODEC.read(tmp_path / "a").equals(LARGE)


def test_a_map_is_let_go_with_the_last_column_that_lies_on_it(tmp_path):
    gc.collect()
    mapped.recent.clear()  # which holds the last few whoever uses them
    before = len(mapped.IN_USE)
    back = there_and_back(LARGE, tmp_path / "a")
    last = back["text"].slice(10, 5)
    query = back.lazy().filter(pl.col("number") > 5).group_by("kind").agg(pl.col("number").sum())
    del back
    query.collect(engine="streaming")
    del query
    mapped.recent.clear()
    gc.collect()

    assert len(mapped.IN_USE) == before + 1
    assert last.equals(LARGE["text"].slice(10, 5))
    del last
    assert len(mapped.IN_USE) == before


def test_a_process_ends_well_with_a_mapped_table_in_use(tmp_path):
    CODEC.write(LARGE, tmp_path / "a")
    program = "import sys; from pathlib import Path; from fullcycle.data import FrameCodec\n"
    program += "frame = FrameCodec().read(Path(sys.argv[1])); part = frame['text'][5:9].to_list()"

    done = subprocess.run([sys.executable, "-c", program, tmp_path / "a"], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame(),
        pl.DataFrame(height=5),
        LARGE.clear(),
        pl.DataFrame({"n": [None] * 9}),
        pl.DataFrame({"c": pl.Series([], dtype=pl.Categorical)}),
    ],
    ids=["nothing", "no columns", "no rows", "nulls", "no categories"],
)
def test_a_table_of_almost_nothing_comes_back(frame, tmp_path):
    for back in (there_and_back(frame, tmp_path / "a"), CODEC.decode(CODEC.encode(frame))):
        assert back.shape == frame.shape
        assert back.schema == frame.schema
        assert table_digest(back) == table_digest(frame)


# laws


@given(columns())
def test_a_stored_table_comes_back_the_same(column):
    frame = series(*column).to_frame()
    data = CODEC.encode(frame)
    back = CODEC.decode(data)

    assert CODEC.matches(frame)
    assert not CODEC.matches(column[1])
    assert back.schema == frame.schema
    assert CODEC.content(back) == CODEC.content(frame, data) == table_digest(frame)


@drawn
@given(data=st.data())
def test_a_mapped_table_is_the_one_that_was_written(data, tmp_path):
    table = data.draw(tables())

    back = there_and_back(data.draw(laid_out(table)), tmp_path / "a")

    assert back.schema == frame_of(table).schema
    assert repr(back.rows()) == repr(frame_of(table).rows())
    assert table_digest(back) == table_digest(frame_of(table))


# refusals


@pytest.mark.parametrize("data", [b"", b"nonsense", b"ARROW1\0\0" + b"\0" * 50, b"ARROW1\0\0ARROW1"])
def test_damaged_bytes_are_told(data, tmp_path):
    (tmp_path / "a").write_bytes(data)

    with pytest.raises(Damaged, match="not readable as a table") as caught:
        CODEC.decode(data)
    assert "run the step again" in caught.value.mend
    with pytest.raises(Damaged, match="not readable as a table") as caught:
        CODEC.read(tmp_path / "a")
    assert str(tmp_path / "a") in caught.value.where


def test_a_file_that_is_gone_is_told(tmp_path):
    with pytest.raises(Damaged, match="No such file"):
        CODEC.read(tmp_path / "a")


@pytest.mark.parametrize("cut", [-1, -7, -200, 1_000, 500_000])
def test_a_file_that_is_cut_short_is_told_and_ends_no_process(cut, tmp_path):
    CODEC.write(LARGE, tmp_path / "a")
    data = (tmp_path / "a").read_bytes()[:cut]
    (tmp_path / "a").write_bytes(data)

    with pytest.raises(Damaged):
        CODEC.read(tmp_path / "a")
    with pytest.raises(Damaged):
        CODEC.decode(data)


def test_a_file_that_cannot_be_mapped_is_read(tmp_path):
    LARGE.write_ipc(tmp_path / "a", compression="zstd")

    assert CODEC.read(tmp_path / "a").equals(LARGE)


GARBLING = """
import random, sys
from pathlib import Path
import polars as pl
from fullcycle.data import FrameCodec, table_digest
from fullcycle.kernel import Damaged

text = ["short", "a text that is longer than twelve bytes é", None] * 40
lists = [["x" * 20], None, []] * 40
frame = pl.DataFrame({"t": text, "l": [[1, 2], [], None] * 40, "n": range(120), "m": lists})
codec, known = FrameCodec(), table_digest(frame)
good = codec.encode(frame.with_columns(pl.col("t").cast(pl.Categorical).alias("c")))
told = found = 0
for seed in range(400):
    chosen = random.Random(seed)
    data = bytearray(good)
    at = chosen.choice([chosen.randrange(len(data)), len(data) - chosen.randrange(1, 900)])
    data[at] ^= chosen.randrange(1, 256)
    try:
        table_digest(codec.decode(bytes(data)))
        found += 1
    except Damaged:
        told += 1
print(told > 100, found + told)
"""


def test_a_garbled_table_is_told_or_differs_and_ends_no_process():
    done = subprocess.run([sys.executable, "-c", GARBLING], capture_output=True, text=True, timeout=120)

    assert done.stdout == "True 400\n", done.stderr[-2000:]


def test_an_error_passes_as_it_is_where_a_mapped_table_is_let_go_by_it(tmp_path):
    path = tmp_path / "table.arrow"
    pl.DataFrame({"x": range(1000)}).write_ipc(path, compression="uncompressed")

    with pytest.raises(ZeroDivisionError):
        print(mapped.map_table(path), 1 / 0)


def test_of_tables_that_nobody_uses_only_a_few_stay_mapped(tmp_path):
    path = tmp_path / "table.arrow"
    pl.DataFrame({"x": range(1000)}).write_ipc(path, compression="uncompressed")
    mapped.recent.clear()
    before = len(mapped.IN_USE)
    for _ in range(20):
        mapped.map_table(path)

    assert len(mapped.IN_USE) - before <= mapped.recent.maxlen <= 4
