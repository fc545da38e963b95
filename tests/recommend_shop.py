"""A shop that recommends: shortlists, tastes and items are looked up, a ranker orders them."""

import shutil
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from whole_shop import _all_well, _copied, _stage

BRIEF = """\
---
problem: Clients see bestsellers, whatever they bought before.
owner: growth@example.com
tier: low
metric: bought
estimate:
  effect: 0.02 to 0.10 USD
  reach: 200_000 per week
  worth: 1 USD
budget: {p99: 200ms, memory: 900MB}
---
A test.
"""

ROWS = """
from datetime import datetime
from typing import Annotated

import fullcycle as fc


class Order(fc.Row):
    client_id: Annotated[int, fc.key]
    item_id: int
    day: Annotated[datetime, fc.time]
    amount: Annotated[float, fc.at_least(0)]


class Ask(fc.Row):
    client_id: Annotated[int, fc.key]


class Taste(fc.Row):
    client_id: Annotated[int, fc.key]
    orders: int
    mean_price: float
    likes: Annotated[list[float], fc.length(2)]


class Item(fc.Row):
    item_id: Annotated[int, fc.key]
    price: Annotated[float, fc.at_least(0)]
    sold: int
    looks: Annotated[list[float], fc.length(2)]


class Shortlist(fc.Row):
    client_id: Annotated[int, fc.key]
    items: list[int]


class Pair(fc.Row):
    price: float
    sold: int
    match: float | None
    dearer: float | None


@fc.features
def pair(taste: Taste | None, item: Item) -> Pair:
    return Pair(
        price=item.price,
        sold=item.sold,
        match=fc.dot(taste.likes, item.looks) if taste is not None else None,
        dearer=item.price - taste.mean_price if taste is not None else None,
    )
"""

FLOW = """
import fullcycle as fc
import lightgbm as lgb
import polars as pl

from shop.recommend.rows import Item, Order, Shortlist, Taste, pair


@fc.source(Order)
def orders(warehouse: fc.Warehouse) -> fc.Query:
    return warehouse.sql("select * from orders")


bought = fc.mean(orders, "amount", within="7d")


@fc.step
def tastes(orders: pl.DataFrame) -> fc.Lookup[Taste]:
    frame = orders.group_by("client_id").agg(orders=pl.len(), mean_price=pl.mean("amount"))
    likes = pl.concat_list(pl.col("mean_price") / 10, pl.col("orders").cast(pl.Float64))
    return fc.Lookup(Taste, frame.with_columns(likes=likes))


@fc.step
def items(orders: pl.DataFrame) -> fc.Lookup[Item]:
    frame = orders.group_by("item_id").agg(price=pl.mean("amount"), sold=pl.len())
    looks = pl.concat_list(pl.col("price") / 10, pl.lit(1.0))
    return fc.Lookup(Item, frame.with_columns(looks=looks))


@fc.step
def shortlists(orders: pl.DataFrame, *, n: int = 5) -> fc.Lookup[Shortlist]:
    frame = orders.group_by("client_id").agg(items=pl.col("item_id").unique().sort().head(n))
    return fc.Lookup(Shortlist, frame)


@fc.step
def bestsellers(orders: pl.DataFrame, *, n: int = 5) -> list[int]:
    counted = orders.group_by("item_id").len().sort("len", "item_id", descending=[True, False])
    return counted.head(n)["item_id"].to_list()


@fc.step
def training(orders: pl.DataFrame, tastes: fc.Lookup[Taste], items: fc.Lookup[Item]) -> fc.Split:
    seen = orders.join(tastes.frame, on="client_id").join(items.frame, on="item_id")
    return fc.split(seen, "amount", test=0.3)


@fc.model(pair, score="mae")
def ranker(training: fc.Split, *, leaves: int = 7) -> lgb.Booster:
    train = training.train
    settings = {"num_leaves": leaves, "num_threads": 1, "verbose": -1, "min_data_in_leaf": 5}
    return lgb.train(settings, lgb.Dataset(train.x(pair), train.y), 10)
"""

SERVICE = """
import fullcycle as fc

from shop.recommend.rows import Ask, Item, Pair, Shortlist, Taste, pair


class Suggestion(fc.Row):
    item_id: int


def together(ask: Ask, shortlists: fc.Lookup[Shortlist], bestsellers: list[int]) -> list[Suggestion]:
    found = shortlists.get(ask.client_id)
    return [Suggestion(item) for item in (found.items if found is not None else bestsellers)[:3]]


@fc.service(fallback=together)
def recommend(
    ask: Ask,
    shortlists: fc.Lookup[Shortlist],
    bestsellers: list[int],
    tastes: fc.Lookup[Taste],
    items: fc.Lookup[Item],
    ranker: fc.Model[Pair],
    *,
    k: int = 3,
) -> list[Suggestion]:
    found = shortlists.get(ask.client_id)
    known = found.items if found is not None else bestsellers
    candidates = [item for one in known if (item := items.get(one)) is not None]
    taste = tastes.get(ask.client_id)
    scores = ranker.predict([pair(taste, item) for item in candidates])
    ranked = sorted(zip(scores, candidates, strict=True), key=lambda scored: (-scored[0], scored[1].item_id))
    return [Suggestion(item.item_id) for _, item in ranked[:k]]
"""

TESTS = """
import fullcycle as fc

from shop.recommend.rows import Ask, Item, Shortlist, Taste
from shop.recommend.service import recommend


def test_a_new_client_gets_the_best_ranked_bestsellers() -> None:
    cheap, dear = fc.testing.row(Item, item_id=1, price=5.0), fc.testing.row(Item, item_id=2, price=9.0)
    shortlists, tastes = fc.testing.empty(Shortlist), fc.testing.empty(Taste)
    items, model = fc.testing.lookup(cheap, dear), fc.testing.model(lambda seen: seen.price)

    answer = recommend(Ask(client_id=7), shortlists, [1, 2], tastes, items, model, k=1)

    assert [suggestion.item_id for suggestion in answer] == [2]
"""

NEW_CLIENT = 999


def buys_only(folder: Path, client: int, item: int, amount: float) -> None:
    """A client of the shop has bought one item, and nothing else."""
    with duckdb.connect(folder / "warehouse.duckdb") as warehouse:
        warehouse.execute("delete from orders where client_id = ?", [client])
        bought = [client, item, datetime(2026, 11, 1), amount]
        warehouse.execute("insert into orders values (?, ?, ?, ?)", bought)


def recommending(folders: pytest.TempPathFactory) -> Path:
    """The folder of the project that ``shop`` copies, one run released and deployed; not to be changed."""

    def make(folder: Path) -> Path:
        _all_well(folder, "new shop")
        root = folder / "shop"
        home = root / "recommend"
        home.mkdir()
        (home / "__init__.py").touch()
        (home / "brief.md").write_text(BRIEF)
        for name, text in {"rows": ROWS, "flow": FLOW, "service": SERVICE, "test_recommend": TESTS}.items():
            (home / f"{name}.py").write_text(text)
        with duckdb.connect(root / "warehouse.duckdb") as warehouse:
            warehouse.execute(
                "create table orders (client_id bigint, item_id bigint, day timestamp, amount double)"
            )
            warehouse.execute(
                "insert into orders select i % 40, (i * 7) % 23, timestamp '2026-10-01' + interval (i) hour, "
                "5 + (i * 13) % 50 from range(600) t(i)"
            )
        _all_well(
            root,
            "run recommend -m first",
            "release recommend@1 -m first",
            "deploy recommend@v1 --to prod -m begin",
        )
        return root

    return _stage("recommending", folders, make)


def recommending_twice(folders: pytest.TempPathFactory) -> Path:
    """The same with a v2 of another run, recommend@2, which is deployed nowhere; not to be changed."""

    def make(folder: Path) -> Path:
        root = Path(shutil.copytree(recommending(folders), folder / "shop"))
        _all_well(root, "run recommend -m again -p leaves=5", "release recommend@2 -m again --override test")
        return root

    return _stage("recommending twice", folders, make)


@pytest.fixture
def recommend(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of it; it is the current folder."""
    return _copied(recommending(tmp_path_factory), tmp_path, monkeypatch)


@pytest.fixture
def twice(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy with two releases, of which the first is deployed; it is the current folder."""
    return _copied(recommending_twice(tmp_path_factory), tmp_path, monkeypatch)
