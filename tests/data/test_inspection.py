"""fullcycle.data: tables held against contracts. Examples, then laws, then refusals."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fullcycle as fc
from fullcycle.data import check, conform, decode, dtype_of, fields
from fullcycle.data.request import Unfit
from fullcycle.kernel import Invalid, UnknownName


class Client(fc.Row):
    client_id: Annotated[int, fc.key]
    email: Annotated[str, fc.personal, fc.matching("@")]
    recency: Annotated[int, fc.between(1, 12)]
    history: Annotated[float, fc.at_least(0)]
    zone: Literal["Urban", "Rural"] | None
    code: Annotated[str, fc.length(2)] = "xx"


GOOD = pl.DataFrame(
    {
        "client_id": [1, 2, 3],
        "email": ["a@b", "c@d", "e@f"],
        "recency": [1, 12, 5],
        "history": [0.0, 3.5, 1e9],
        "zone": ["Urban", None, "Rural"],
        "code": ["ab", "éü", "xx"],
    }
)


def found(frame: pl.DataFrame) -> dict[str, tuple[str, int]]:
    return {p.field: (p.rule, p.rows) for p in check(frame, Client, table="crm.clients").problems}


def test_a_good_table_is_good_and_says_how_many_rows_were_looked_at():
    report = check(GOOD, Client, table="crm.clients")

    assert report.good
    assert str(report) == "checked 3 of 3 rows"


def test_each_rule_counts_the_rows_that_break_it():
    bad = pl.DataFrame(
        {
            "client_id": [1, 1, None],
            "email": ["a@b", "nobody", "e@f"],
            "recency": [0, 13, 99],
            "history": [-1.0, float("nan"), 2.0],
            "zone": ["Urban", None, "Mars"],
            "code": ["a", "abc", "ab"],
        }
    )

    told = {(p.field, p.rule): p.rows for p in check(bad, Client, table="t").problems}

    assert told == {
        ("client_id", "a value is missing"): 1,
        ("client_id", "more than one row has the same"): 2,
        ("email", "a value does not match '@'"): 1,
        ("recency", "a value is below 1"): 1,
        ("recency", "a value is above 12"): 2,
        ("history", "NaN is no value"): 1,
        ("history", "a value is below 0"): 1,
        ("zone", "a value is none of 'Urban', 'Rural'"): 1,
        ("code", "a value is not 2 characters long"): 2,
    }


def test_up_to_five_rows_are_shown_with_their_key_and_personal_values_masked():
    many = pl.concat([GOOD.head(1)] * 9).with_columns(
        client_id=pl.int_range(9, dtype=pl.Int64), email=pl.lit("s3cr3t")
    )

    (problem,) = check(many, Client, table="t").problems

    assert [row["row"] for row in problem.examples] == [0, 1, 2, 3, 4]
    assert problem.examples[2] == {"row": 2, "client_id": 2, "email": "•••"}
    assert problem.rows == 9
    assert "s3cr3t" not in str(problem)


def test_a_report_reads_well():
    report = check(GOOD.with_columns(recency=pl.Series([1, 12, 50])), Client, table="t")

    assert str(report) == (
        "checked 3 of 3 rows\n  recency: a value is above 12 (1 row)\n    row=2  client_id=3  recency=50"
    )


def test_an_absent_column_is_named_with_the_nearest_that_is_there():
    assert found(GOOD.rename({"recency": "recncy"})) == {
        "recency": ("the table has no such column; did you mean its column 'recncy'?", 3)
    }


def test_a_column_with_a_default_may_be_absent():
    assert found(GOOD.drop("code")) == {}
    assert conform(GOOD.drop("code"), Client)["code"].to_list() == ["xx"] * 3


def test_a_column_of_another_kind_is_one_problem():
    assert found(GOOD.with_columns(recency=pl.col("recency").cast(pl.String))) == {
        "recency": ("is String, the contract says int: cast it in the query", 3)
    }


def test_a_key_with_a_time_may_come_again_at_another_time():
    class Visit(fc.Row):
        client_id: Annotated[int, fc.key]
        at: Annotated[date, fc.time]

    visits = pl.DataFrame(
        {"client_id": [1, 1, 1], "at": [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 2)]}
    )

    (problem,) = check(visits, Visit, table="t").problems
    assert (problem.field, problem.rows) == ("client_id and at", 2)


def test_vectors_are_checked_within():
    class Taste(fc.Row):
        vector: Annotated[list[float], fc.length(2)]

    tastes = pl.DataFrame({"vector": [[1.0, 2.0], [1.0], [1.0, None], [float("nan"), 2.0], None]})

    assert {(p.rule, p.rows) for p in check(tastes, Taste, table="t").problems} == {
        ("a value is missing", 1),
        ("a value within it is missing", 1),
        ("NaN within it is no value", 1),
        ("it does not hold 2 values", 1),
    }


def test_a_table_without_rows_is_checked_for_its_columns():
    assert check(GOOD.clear(), Client, table="t").good
    assert not check(GOOD.clear().drop("email"), Client, table="t").good


def test_a_whole_number_beyond_64_bits_is_a_problem_not_a_crash():
    wide = GOOD.with_columns(recency=pl.lit(2**70, dtype=pl.Int128))

    assert ("recency", "a value is beyond 64 bits") in {
        (p.field, p.rule) for p in check(wide, Client, table="t").problems
    }
    with pytest.raises(Invalid, match="beyond what the contract Client can hold"):
        conform(wide, Client)


def test_conformed_tables_have_the_contracts_columns_and_dtypes():
    odd = GOOD.with_columns(
        recency=pl.col("recency").cast(pl.Int8),
        history=pl.Series([1, 2, 3]),
        zone=pl.col("zone").cast(pl.Categorical),
        extra=pl.lit(1),
    ).select(reversed([*GOOD.columns, "extra"]))

    conformed = conform(odd, Client)

    assert conformed.schema == {field.name: dtype_of(field) for field in fields(Client)}
    assert conformed["history"].to_list() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_times_conform_to_utc(zone, unit):
    class Visit(fc.Row):
        at: datetime

    at = pl.Series("at", [datetime(2026, 7, 1, 12, tzinfo=UTC)]).dt.cast_time_unit(unit)
    at = at.dt.convert_time_zone(zone) if zone else at.dt.replace_time_zone(None)

    conformed = conform(at.to_frame(), Visit)
    assert conformed["at"].dtype == pl.Datetime("us", "UTC")
    assert conformed["at"].to_list() == [datetime(2026, 7, 1, 12, tzinfo=UTC)]


@given(
    st.fixed_dictionaries(
        {
            "client_id": st.integers(-(2**60), 2**60),
            "email": st.text(max_size=3) | st.just("a@b"),
            "recency": st.integers(-1, 14),
            "history": st.floats(-1, 1e12),
            "zone": st.none() | st.sampled_from(["Urban", "Rural", "Mars"]),
            "code": st.text(min_size=1, max_size=3),
        }
    )
)
def test_a_table_and_a_request_are_held_to_the_same_contract(row):
    data = msgspec.json.encode(row)
    try:
        decode(Client, data)
        good = True
    except Unfit:
        good = False

    frame = pl.DataFrame([row], schema={field.name: dtype_of(field) for field in fields(Client)})
    assert check(frame, Client, table="t").good == good


def test_conform_refuses_an_absent_column_with_the_nearest_name():
    with pytest.raises(UnknownName, match="did you mean 'recncy'"):
        conform(GOOD.rename({"recency": "recncy"}), Client)


def test_conform_refuses_a_column_of_another_kind():
    with pytest.raises(Invalid, match="'history' is String, and its contract says float"):
        conform(GOOD.with_columns(history=pl.lit("a lot")), Client)
