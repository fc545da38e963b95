"""What is stored is lost or damaged, in every way and place: runs compute it again, and never read half."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.adapters.files import FileObjects
from fullcycle.adapters.sqlite import SqliteLedger
from fullcycle.adapters.tiered import TieredObjects
from fullcycle.flow import RunOptions
from fullcycle.kernel import Damaged, Missing
from small_flows import Shop, ran

FLOW = """
    class Client(fc.Row):
        client_id: Annotated[int, fc.key]
        spend: float

    @fc.source(Client)
    def clients(warehouse: fc.Warehouse) -> fc.Query:
        return warehouse.sql("select * from clients")

    @fc.step
    def table(clients: pl.DataFrame) -> pl.DataFrame:
        return clients.with_columns(twice=pl.col("spend") * 2)

    @fc.step
    def small(clients: pl.DataFrame) -> dict[str, float]:
        return {"sum": clients["spend"].sum()}

    @fc.step
    def family(clients: pl.DataFrame) -> dict[str, pl.DataFrame]:
        return {"few": clients.head(3), "many": clients.head(15_000)}

    @fc.step
    def numbers(clients: pl.DataFrame) -> list[int]:
        return [1, 2, 3]

    @fc.step
    def each(numbers: fc.Each[int]) -> dict[str, int]:
        return {"square": numbers**2}

    @fc.step
    def told(
        table: pl.DataFrame, small: dict[str, float], family: dict[str, pl.DataFrame],
        each: list[dict[str, int]], *, n: int = 0,
    ) -> dict[str, float]:
        return {
            "n": n, "twice": table["twice"].sum(), "sum": small["sum"], "few": family["few"]["spend"].sum(),
            "many": family["many"]["spend"].sum(), "squares": sum(one["square"] for one in each),
        }
"""
ROWS = 20_000
CLIENTS = pl.DataFrame({"client_id": range(ROWS), "spend": [float(n % 97) for n in range(ROWS)]})


class Stored:
    """A shop on disk, and hands that damage what it holds."""

    def __init__(self, folder):
        self.ledger = SqliteLedger(folder / "ledger.db")
        self.file = folder / "ledger.db"
        objects = TieredObjects(self.ledger, FileObjects(folder / "objects"))
        self.shop = Shop(ledger=self.ledger, objects=objects, tables={"clients": CLIENTS})

    def expected(self, n):
        return self.clean | {"n": n}

    def run(self, n, **options):
        record = self.shop.run(FLOW, n=n, **options)
        return record, self.shop.value("told")

    def spoil(self, digest, how):
        """Change the bytes of an object with ``how``; None takes them away."""
        path = self.shop.objects.path(digest)
        if path is not None:
            data = how(path.read_bytes())
            path.chmod(0o644)
            if data is None:
                path.unlink()
            else:
                path.write_bytes(data)
            return
        with closing(sqlite3.connect(self.file, isolation_level=None)) as connection:
            row = connection.execute("select data from attachment where digest = ?", (digest,)).fetchone()
            assert row is not None
            data = how(row[0])
            if data is None:
                connection.execute("delete from attachment where digest = ?", (digest,))
            else:
                connection.execute("update attachment set data = ? where digest = ?", (data, digest))


@pytest.fixture
def stored(tmp_path):
    made = Stored(tmp_path)
    _, made.clean = made.run(0)
    yield made
    made.ledger.close()


def flipped(data, at=0.5):
    where = int(at * (len(data) - 1))
    return data[:where] + bytes([data[where] ^ 0x40]) + data[where + 1 :]


WAYS = {
    "missing": lambda data: None,
    "empty": lambda data: b"",
    "truncated": lambda data: data[: len(data) // 2],
    "longer": lambda data: data + b"more",
    "flipped": flipped,
    "garbage": lambda data: os.urandom(len(data)),
}


def places(stored):
    """Objects by what they hold: a table's own file, small bytes, an index, parts of families, elements."""
    artifacts, steps = stored.shop.artifacts, stored.shop.last().steps
    family = artifacts.parts(steps["family"].artifact)
    return {
        "table": ("table", steps["table"].artifact.object),
        "small": ("small", steps["small"].artifact.object),
        "index": ("family", steps["family"].artifact.object),
        "small part": ("family", family.parts[0].object),
        "large part": ("family", family.parts[1].object),
        "elements": ("each", steps["each"].artifact.object),
        "element": ("each", artifacts.parts(steps["each"].artifact).parts[1].object),
    }


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "place", ["table", "small", "index", "small part", "large part", "elements", "element"]
)
def test_what_is_lost_or_damaged_is_computed_again_where_it_is_needed(stored, place, way):
    step, digest = places(stored)[place]
    stored.spoil(digest, WAYS[way])

    record, value = stored.run(1)
    assert value == stored.expected(1)
    assert record.status == "done"
    again = ran(record)
    if place == "elements":  # the elements themselves are there: they are only put together again
        assert again.keys() <= {step, "told"}
    else:
        assert again.keys() == {step, "told"}
        reason = again[step]
        assert "its stored result is gone" in reason or "its stored result cannot be read: " in reason
    assert record.steps[step].deterministic
    third, _ = stored.run(2)
    assert ran(third).keys() == {"told"}
    assert all(stored.shop.artifacts.verify(one.artifact) for one in third.steps.values())


@settings(max_examples=40, deadline=None)
@given(at=st.floats(0, 1), place=st.sampled_from(["table", "small", "index", "large part", "element"]))
def test_whichever_byte_is_changed_nothing_wrong_is_ever_read(at, place):
    with TemporaryDirectory() as folder:
        stored = Stored(Path(folder))
        _, stored.clean = stored.run(0)
        step, digest = places(stored)[place]
        stored.spoil(digest, lambda data: flipped(data, at))

        record, value = stored.run(1)
        assert value == stored.expected(1)
        assert ran(record).keys() in ({step, "told"}, {"told"})
        stored.ledger.close()


@pytest.mark.parametrize("way", WAYS)
def test_a_reason_may_be_poorer_where_what_code_was_reached_is_lost(stored, way):
    """It is there to explain a new run, and no run fails for want of an explanation."""
    stored.spoil(stored.shop.last().steps["told"].reach, WAYS[way])

    record = stored.shop.run(FLOW.replace('"n": n,', '"n": n + 0,'), n=0)
    assert ran(record).keys() == {"told"}
    assert stored.shop.value("told") == stored.clean
    assert stored.shop.objects.get(record.steps["told"].reach)


@pytest.mark.parametrize("way", WAYS)
def test_a_source_is_read_again_where_its_rows_are_damaged(stored, way):
    stored.spoil(stored.shop.last().steps["clients"].artifact.object, WAYS[way])

    record = stored.shop.run(FLOW.replace('"spend") * 2', '"spend") * 3'), n=0)
    assert ran(record).keys() == {"table", "told"}
    assert stored.shop.value("told")["twice"] == stored.clean["twice"] / 2 * 3
    third, _ = stored.run(3)
    assert stored.shop.artifacts.verify(third.steps["clients"].artifact)


@pytest.mark.parametrize("way", WAYS)
def test_a_run_on_the_sources_of_another_says_where_they_are_lost(stored, way):
    first = stored.shop.last()
    stored.spoil(first.steps["clients"].artifact.object, WAYS[way])
    options = RunOptions(sources={"clients": first.steps["clients"]}, sources_of=first.ref)

    with pytest.raises(
        (Missing, Damaged), match="the rows of clients as winback@1 read them are lost: "
    ) as caught:
        stored.shop.run(FLOW.replace('"spend") * 2', '"spend") * 3'), n=0, options=options)
    assert caught.value.mend.endswith("or read clients anew: leave out --sources")
    assert stored.shop.last().status == "failed"
    assert stored.shop.run(FLOW, n=0).status == "done"
