"""A small shop with one service, released: what the tests of serving ask."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from fullcycle.adapters.lightgbm import BoosterCodec
from fullcycle.adapters.lightgbm_native import native_booster_codec
from fullcycle.code import read_archive
from fullcycle.experiment import ExperimentSpec
from fullcycle.kernel import Digest
from fullcycle.metric import MetricSpec
from fullcycle.record import Artifacts, Codecs, Ledger, ObjectStore, append_next
from fullcycle.release import (
    DeploymentMade,
    Manifest,
    PinnedModel,
    ReleaseMade,
    deployments_stream,
    keep_manifest,
    python_version,
    releases_stream,
)
from fullcycle.serve import with_golden

ROWS = '''
from typing import Annotated, Literal, get_args

import fullcycle as fc

Campaign = Literal["Mens E-Mail", "Womens E-Mail", "No E-Mail"]
CAMPAIGNS = get_args(Campaign)


class Client(fc.Row):
    """A client of the shop."""

    client_id: Annotated[int, fc.key]
    recency: Annotated[int, fc.between(1, 12)]
    history: Annotated[float, fc.at_least(0)]
    zip_code: Literal["Urban", "Surburban", "Rural"]
    newbie: bool
    note: str | None = None


class Traits(fc.Row):
    recency: int
    history: float
    zip_code: Literal["Urban", "Surburban", "Rural"]
    newbie: bool
    campaign: Campaign


@fc.features
def traits(client: Client, campaign: Campaign) -> Traits:
    return Traits(client.recency, client.history, client.zip_code, client.newbie, campaign)
'''

SERVICE = """
import fullcycle as fc

from shop.winback.rows import CAMPAIGNS, Campaign, Client, Traits, traits


class Offer(fc.Row):
    campaign: Campaign


def today(client: Client) -> Offer:
    return Offer("Womens E-Mail")


@fc.service(fallback=today)
def choose(client: Client, visit: fc.Model[Traits]) -> Offer:
    return Offer(max(CAMPAIGNS, key=lambda campaign: visit.predict(traits(client, campaign))))


@fc.service
def drawn(client: Client, draw: fc.Draw) -> Offer:
    return Offer(draw.pick({"Mens E-Mail": 1.0, "Womens E-Mail": 3.0}))


@fc.service
def several(client: Client, top: list[str], *, k: int = 2) -> list[Offer]:
    return [Offer(campaign) for campaign in top[:k]]


@fc.service
def by_zip(client: Client, visits: dict[str, fc.Model[Traits]]) -> Offer:
    model = visits[client.zip_code]
    return Offer(max(CAMPAIGNS, key=lambda campaign: model.predict(traits(client, campaign))))


@fc.service(fallback=today)
def fails(client: Client) -> Offer:
    raise ZeroDivisionError(f"no luck with {client.client_id}")


@fc.service(fallback=today)
def sometimes(client: Client) -> Offer:
    if client.recency == 12:
        raise RuntimeError(f"cannot decide about {client.history}")
    return Offer("No E-Mail")


@fc.service
def helpless(client: Client) -> Offer:
    if client.recency == 12:
        raise RuntimeError(f"cannot decide about {client.history}")
    return Offer("No E-Mail" if client.recency < 11 else "Nonsense")
"""

REQUESTS = [
    {"client_id": 7, "recency": 3, "history": 12.5, "zip_code": "Urban", "newbie": True},
    {"client_id": 8, "recency": 9, "history": 0.0, "zip_code": "Rural", "newbie": False},
    {"client_id": 9, "recency": 1, "history": 880.25, "zip_code": "Surburban", "newbie": False},
]


def write_shop(root: Path, *, service: str = SERVICE) -> Path:
    """Write the project's files under ``root/shop`` and return that folder."""
    shop = root / "shop"
    (shop / "winback").mkdir(parents=True, exist_ok=True)
    for name, text in {
        "__init__": "",
        "winback/__init__": "",
        "winback/rows": ROWS,
        "winback/service": service,
    }.items():
        (shop / f"{name}.py").write_text(text)
    return shop


def training(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """What a model of visits is trained on: the five traits as numbers, and who came."""
    rng = np.random.default_rng(seed)
    x = np.column_stack(
        [rng.integers(1, 13, 2000), rng.exponential(200, 2000), *rng.integers(0, 3, (3, 2000))]
    )
    y = rng.random(2000) < 0.1 + 0.2 * (x[:, 4] == x[:, 2] % 3) + 0.0002 * x[:, 1]
    return x.astype(float), y.astype(float)


@functools.cache
def booster(seed: int = 1) -> lgb.Booster:
    """A model of visits over the five traits."""
    x, y = training(seed)
    settings = {"objective": "binary", "num_leaves": 8, "num_threads": 1, "verbose": -1, "seed": seed}
    return lgb.train(settings, lgb.Dataset(x, y, categorical_feature=[2, 4]), 60)


def trial(arms: Mapping[str, str]) -> ExperimentSpec:
    """An experiment over two functions of the service."""
    metric = MetricSpec(
        name="visited", kind="proportion", source="visits", unit="client_id", time="at", within_s=14 * 86400
    )
    return ExperimentSpec(
        name="trial",
        capability="winback",
        order=tuple(arms),
        arms=dict(arms),
        weights=dict.fromkeys(arms, 1 / len(arms)),
        seed="trial",
        unit="client_id",
        metrics={"visited": metric},
        primary="visited",
    )


ARMS = {"today": "winback.service:today", "chosen": "winback.service:choose"}


def training_codecs() -> Codecs:
    """What stores the results of steps."""
    codecs = Codecs()
    codecs.register(BoosterCodec())
    return codecs


def serving_codecs() -> Codecs:
    """What a service reads them with."""
    codecs = Codecs()
    codecs.register(native_booster_codec())
    return codecs


def manifest(objects: ObjectStore, shop: Path, **changes: Any) -> Manifest:
    """A complete manifest of the service ``choose`` with its experiment, ``changes`` made to it."""
    artifacts = Artifacts(objects, training_codecs())
    features = "winback.rows:traits"
    visit = PinnedModel(artifact=artifacts.keep(booster()), features=features, step="visit")
    family = artifacts.keep({"Urban": booster(1), "Surburban": booster(2), "Rural": booster(3)})
    settled: dict[str, Any] = {
        "capability": "winback",
        "package": "shop",
        "run": 42,
        "archive": objects.put(read_archive(shop, "shop").to_bytes()),
        "python": python_version(),
        "lock": objects.put(b"{}"),
        "distributions": {},
        "service": "winback.service:choose",
        "fallback": "winback.service:today",
        "models": {"visit": visit, "visits": PinnedModel(artifact=family, features=features, step="visits")},
        "values": {"top": artifacts.keep(["No E-Mail", "Mens E-Mail", "Womens E-Mail"])},
        "experiment": trial(ARMS),
        **changes,
    }
    draft = Manifest(**settled)
    return draft if draft.golden else with_golden(draft, REQUESTS, objects, serving_codecs(), root=shop)


def alone(service: str, fallback: str | None = None) -> dict[str, Any]:
    """The changes to a manifest that let one function answer, without an experiment."""
    reference = f"winback.service:{service}"
    return {"service": reference, "fallback": fallback and f"winback.service:{fallback}", "experiment": None}


def release(objects: ObjectStore, shop: Path, **changes: Any) -> Digest:
    """A stored manifest; see ``manifest``."""
    return keep_manifest(objects, manifest(objects, shop, **changes))


def made(ledger: Ledger, digest: Digest) -> int:
    """Record a release; return its number."""
    body = ReleaseMade(manifest=digest, run=42, message="a test")
    return append_next(ledger, releases_stream("winback"), body).position


def deployed(ledger: Ledger, number: int, *, environment: str = "prod") -> int:
    """Decide that a release answers; return the deployment's position."""
    body = DeploymentMade(release=number, why="a test")
    return append_next(ledger, deployments_stream("winback", environment), body).position
