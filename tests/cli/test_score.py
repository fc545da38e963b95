"""fullcycle score: a table decided by the function that serves, from file to file."""

import json
import os
from pathlib import Path

import duckdb
import polars as pl
import pytest

from fullcycle.adapters.segments import read_decisions
from fullcycle.serve.decider import Decider
from fullcycle.wiring import open_project, scoring
from fullcycle.wiring.parts import PartScorer
from fullcycle.wiring.scoring import asked_for
from whole_shop import Typed, rewrite

HILLSTROM = 500


@pytest.fixture
def clients(shop: Path) -> pl.DataFrame:
    """Clients of the shop, written to clients.parquet."""
    with duckdb.connect("warehouse.duckdb", read_only=True) as connection:
        some = f"select * from crm.clients order by client_id limit {HILLSTROM}"
        connection.execute(f"copy ({some}) to 'clients.parquet'")
    return pl.read_parquet("clients.parquet")


class Log:
    def append(self, payload): ...
    def append_all(self, payloads): ...


def served(ids: list[str], clients: pl.DataFrame) -> list[tuple[str, str | None]]:
    """Campaign and arm that the service answers, row by row."""
    scorer = PartScorer(open_project(), asked_for(open_project(), "winback@prod"))
    decider = Decider(scorer.release, number=1, environment="prod", log=Log(), tell=print)
    rows = [scorer.release.row(**row) for row in clients.iter_rows(named=True)]
    made = [decider.made(row, id, 5) for row, id in zip(rows, ids, strict=True)]
    return [(json.loads(bytes(one.answer))["campaign"], one.arm) for one in made]


def test_a_table_is_answered_as_the_service_answers_its_rows(clients: pl.DataFrame, typed: Typed) -> None:
    said = typed("fullcycle score winback@v1 clients.parquet -o out.parquet")

    assert said.code == 0
    assert said.out.startswith(f"winback@v1 scored {HILLSTROM} rows in ")
    found = pl.read_parquet("out.parquet")
    assert found.columns == ["client_id", "campaign", "decision_id", "release", "arm", "fallback", "error"]
    assert found["client_id"].equals(clients["client_id"])
    assert found["decision_id"].n_unique() == HILLSTROM
    assert found["release"].unique().to_list() == ["winback@v1"]
    assert found["error"].null_count() == HILLSTROM
    assert found.select("campaign", "arm").rows() == served(found["decision_id"].to_list(), clients)


@pytest.mark.parametrize("suffix", [".csv", ".arrow"])
def test_every_kind_of_file_gives_the_same_answers(clients: pl.DataFrame, typed: Typed, suffix: str) -> None:
    write = {".csv": clients.write_csv, ".arrow": clients.write_ipc}[suffix]
    write(f"clients{suffix}")
    typed("fullcycle score winback@v1 clients.parquet -o one.parquet")

    assert typed(f"fullcycle score winback@v1 clients{suffix} -o other{suffix}").code == 0

    read = {".csv": pl.read_csv, ".arrow": pl.read_ipc}[suffix]
    answers = ["client_id", "campaign", "arm", "fallback"]
    assert read(f"other{suffix}").select(answers).equals(pl.read_parquet("one.parquet").select(answers))


def test_to_score_again_gives_the_same_file_content(clients: pl.DataFrame, typed: Typed) -> None:
    typed("fullcycle score winback@v1 clients.parquet -o one.parquet")
    typed("fullcycle score winback@v1 clients.parquet -o two.parquet --limit 100")

    assert pl.read_parquet("two.parquet").equals(pl.read_parquet("one.parquet").head(100))


def test_processes_beside_this_one_give_the_same_in_the_same_order(
    clients: pl.DataFrame, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "PART", 60)
    typed("fullcycle score winback@v1 clients.parquet -o one.parquet")

    assert typed("fullcycle score winback@v1 clients.parquet -o two.parquet --workers 2").code == 0

    assert pl.read_parquet("two.parquet").equals(pl.read_parquet("one.parquet"))


def test_a_row_that_nobody_can_answer_is_in_the_output_and_named(clients: pl.DataFrame, typed: Typed) -> None:
    rich = "if client.history > 1e6:\n        raise OverflowError(client.history)\n    return Offer"
    rewrite("winback/service.py", "return Offer", rich)
    for line in ("run winback -m strict", "release winback -m strict", "deploy winback@v2 --to dev -m try"):
        assert typed(f"fullcycle {line}").code == 0
    richer = clients.with_columns(history=pl.when(pl.int_range(pl.len()) == 7).then(2e6).otherwise("history"))
    richer.write_parquet("richer.parquet")

    said = typed("fullcycle score winback@dev richer.parquet -o out.parquet --log")

    assert said.code == 1
    assert "1 row without an answer" in said.err
    assert "row 7: winback.service:today failed: OverflowError at " in said.err
    assert "2000000" not in said.err
    found = pl.read_parquet("out.parquet")
    assert found.height == HILLSTROM
    assert found.filter(pl.col("campaign").is_null())["client_id"].to_list() == [clients["client_id"][7]]
    assert found["error"].drop_nulls().item().startswith("winback.service:today failed: OverflowError at ")
    assert len(list(read_decisions(open_project().events_folder("winback", "dev")))) == HILLSTROM - 1


def test_nothing_is_logged_unless_it_is_asked_for(clients: pl.DataFrame, typed: Typed) -> None:
    folder = open_project().events_folder("winback", "prod")
    typed("fullcycle score winback@prod clients.parquet -o one.parquet --limit 20")
    assert list(read_decisions(folder)) == []

    for out in ("two", "three"):  # the same rows again are the same decisions
        assert (
            typed(f"fullcycle score winback@prod clients.parquet -o {out}.parquet --limit 20 --log").code == 0
        )

    logged = list(read_decisions(folder))
    assert [one.id for one in logged] == pl.read_parquet("two.parquet")["decision_id"].to_list()
    assert [one.answer["campaign"] for one in logged] == pl.read_parquet("two.parquet")["campaign"].to_list()


def test_wrong_rows_are_all_named_and_nothing_is_scored(clients: pl.DataFrame, typed: Typed) -> None:
    bad = clients.with_columns(
        recency=pl.when(pl.int_range(pl.len()) == 7).then(0).otherwise("recency"), zip_code=pl.lit("Moon")
    )
    bad.write_parquet("bad.parquet")

    said = typed("fullcycle score winback@v1 bad.parquet -o out.parquet")

    assert said.code == 1
    assert "$[7].recency: a value is below 1" in said.err
    assert "$[0].zip_code: a value is none of 'Urban', 'Surburban', 'Rural'" in said.err
    assert f"and {HILLSTROM + 1 - 100} more" in said.err
    assert "Moon" not in said.err
    assert not Path("out.parquet").exists()


def test_a_table_without_rows_has_answers_without_rows(clients: pl.DataFrame, typed: Typed) -> None:
    clients.clear().write_parquet("none.parquet")

    assert typed("fullcycle score winback@v1 none.parquet -o out.parquet").code == 0

    assert pl.read_parquet("out.parquet").shape == (0, 7)


def test_a_failure_leaves_neither_output_nor_parts(
    clients: pl.DataFrame, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(parts: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(scoring, "write_parts", full)
    before = sorted(os.listdir())

    with pytest.raises(OSError, match="No space"):
        typed("fullcycle score winback@v1 clients.parquet -o out.parquet")

    assert sorted(os.listdir()) == before


REFUSED = {
    "score winback@1 clients.parquet -o o.csv": "release it first: fullcycle release winback@1",
    "score winback@v9 clients.parquet -o o.csv": "the last one is winback@v1",
    "score winback clients.parquet -o o.csv": "write winback@v7, or winback@prod",
    "score winback@dev clients.parquet -o o.csv": "fullcycle deploy winback@v1 --to dev",
    "score winback@v1 -o o.csv": "needs a table to score",
    "score winback@v1 clients.parquet": "--out is not given",
    "score winback@v1 nowhere.parquet -o o.csv": "there is no file nowhere.parquet",
    "score winback@v1 load.py -o o.csv": "use one of: .arrow, .csv",
    "score winback@v1 clients.parquet -o o.xlsx": "use one of: .arrow, .csv",
    "score winback@v1 clients.parquet -o there.csv": "--force",
    "score winback@v1 clients.parquet -o clients.parquet --force": "is the table itself",
    "score winback@v1 clients.parquet -o nowhere/o.csv": "mkdir -p nowhere",
    "score winback@v1 clients.parquet -o o.csv --log": "winback@prod",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_cannot_be_scored_is_refused_with_what_to_do(
    clients: pl.DataFrame, typed: Typed, line: str
) -> None:
    Path("there.csv").write_text("mine")

    said = typed(f"fullcycle {line}")

    assert said.code == 2
    assert REFUSED[line] in said.err
    assert Path("there.csv").read_text() == "mine"
