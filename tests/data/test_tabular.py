"""fullcycle.data.tabular: files of tables, a part at a time, and every fault by its path."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

import polars as pl
import pytest

import fullcycle as fc
from fullcycle.data import TableFile, rows_of, write_parts
from fullcycle.kernel import Invalid, Missing, UnknownName


class Client(fc.Row):
    client_id: Annotated[int, fc.key]
    recency: Annotated[int, fc.between(1, 12)]
    history: Annotated[float, fc.at_least(0)]
    channel: Literal["Web", "Phone"]
    since: date
    seen: datetime | None = None
    newbie: bool = False


GOOD = pl.DataFrame(
    {
        "client_id": [1, 2, 3],
        "recency": [1, 12, 6],
        "history": [0.0, 1.5, 2e6],
        "channel": ["Web", "Phone", "Web"],
        "since": [date(2020, 1, 1), date(2021, 2, 28), date(2022, 12, 31)],
        "seen": [datetime(2023, 1, 1, 12, tzinfo=UTC), None, datetime(2024, 1, 1, tzinfo=UTC)],
        "other": ["left", "out", "of it"],
    }
)
WRITE = {
    ".parquet": pl.DataFrame.write_parquet,
    ".csv": pl.DataFrame.write_csv,
    ".arrow": pl.DataFrame.write_ipc,
    ".feather": pl.DataFrame.write_ipc,
}


def written(folder, frame, suffix):
    path = folder / f"table{suffix}"
    WRITE[suffix](frame, path)
    return path


@pytest.mark.parametrize("suffix", WRITE)
def test_every_kind_of_file_gives_the_same_rows_in_parts(tmp_path, suffix):
    table = TableFile(written(tmp_path, GOOD, suffix), Client)

    assert table.check(2) == (3, [], 0)
    parts = list(table.parts(2))
    assert [part.height for part in parts] == [2, 1]
    rows = [row for part in parts for row in rows_of(part, Client)]
    assert rows[0] == Client(1, 1, 0.0, "Web", date(2020, 1, 1), datetime(2023, 1, 1, 12, tzinfo=UTC))
    assert [row.seen is None for row in rows] == [False, True, False]


@pytest.mark.parametrize("suffix", WRITE)
def test_every_bad_value_is_named_by_row_and_field(tmp_path, suffix):
    bad = GOOD.with_columns(
        recency=pl.Series([0, 6, None]),
        channel=pl.Series(["Web", "Fax", "Web"]),
        history=pl.Series([1.0, -1.0, 2.0]),
    )

    rows, faults, number = TableFile(written(tmp_path, bad, suffix), Client).check(2)

    assert rows == 3
    assert number == 4
    assert faults == [
        ("$[0].recency", "a value is below 1"),
        ("$[1].channel", "a value is none of 'Web', 'Phone'"),
        ("$[1].history", "a value is below 0"),
        ("$[2].recency", "a value is missing"),
    ]


def test_text_that_is_none_of_the_fields_type_is_named_once(tmp_path):
    bad = GOOD.with_columns(
        history=pl.Series(["1", "many", "3"]), since=pl.Series(["2020-01-01", "", "1.1.2020"])
    )

    _, faults, _ = TableFile(written(tmp_path, bad, ".csv"), Client).check(100)

    assert faults == [
        ("$[1].history", "it cannot be read as float"),
        ("$[1].since", "a value is missing"),
        ("$[2].since", "it cannot be read as date"),
    ]


def test_columns_that_are_wrong_are_all_named_before_any_row(tmp_path):
    bad = GOOD.drop("since").rename({"recency": "recensy"}).with_columns(history=pl.lit("x"))

    _, faults, _ = TableFile(written(tmp_path, bad, ".parquet"), Client).check(100)

    assert faults == [
        ("$.recency", "the table has no such column; did you mean its column 'recensy'?"),
        ("$.history", "is String, the contract says float: cast it in the query"),
        ("$.since", "the table has no such column"),
    ]


def test_no_more_than_a_hundred_faults_are_listed_and_all_are_counted(tmp_path):
    bad = pl.concat([GOOD.with_columns(recency=pl.lit(99))] * 200)

    _, faults, number = TableFile(written(tmp_path, bad, ".parquet"), Client).check(50)

    assert len(faults) == 100
    assert number == 600


def test_a_limit_is_of_the_first_rows(tmp_path):
    table = TableFile(written(tmp_path, GOOD, ".parquet"), Client, limit=2)

    assert table.check(10)[0] == 2
    assert sum(part.height for part in table.parts(10)) == 2


@pytest.mark.parametrize("suffix", WRITE)
def test_parts_are_put_together_in_their_order(tmp_path, suffix):
    parts = [tmp_path / f"{n}.out" for n in range(3)]
    for n, path in enumerate(parts):
        pl.DataFrame({"n": [n, n]}).write_ipc(path)

    write_parts(parts, tmp_path / f"whole{suffix}")

    read = {".parquet": pl.read_parquet, ".csv": pl.read_csv}.get(suffix, pl.read_ipc)
    assert read(tmp_path / f"whole{suffix}")["n"].to_list() == [0, 0, 1, 1, 2, 2]


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Missing, match="there is no file"):
        TableFile(tmp_path / "clients.parquet", Client)


def test_a_kind_of_file_that_is_not_known_is_refused_with_those_that_are(tmp_path):
    (tmp_path / "clients.xlsx").write_bytes(b"")

    with pytest.raises(UnknownName, match=r"\.parquet"):
        TableFile(tmp_path / "clients.xlsx", Client)


def test_a_file_that_is_not_what_its_suffix_says_is_refused(tmp_path):
    (tmp_path / "clients.parquet").write_bytes(b"client_id,recency\n1,2\n")

    with pytest.raises(Invalid, match="cannot be read as parquet"):
        TableFile(tmp_path / "clients.parquet", Client)


def test_a_list_is_not_looked_for_in_a_csv(tmp_path):
    class Listed(fc.Row):
        id: int
        vector: list[float]

    (tmp_path / "listed.csv").write_text("id,vector\n1,2\n")

    with pytest.raises(Invalid, match="give the table as Parquet"):
        TableFile(tmp_path / "listed.csv", Listed).check(10)
